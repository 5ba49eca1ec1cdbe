//! The rows of authorities, segments and diaries in PostgreSQL, for the rules of [`crate::store::publishing`].

use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::relay_api::{DepositedDiary, StoredDiary};
use techo_protocol::trust::AuthorityId;

use super::columns::{bytes, integer, natural};
use super::connection::{Done, Trouble, Work};
use crate::store::publishing::PublishedRows;
use crate::store::{Publication, Published, StoredSegment};

impl PublishedRows for Work<'_> {
    type Error = Trouble;

    fn lock(&mut self, authority: AuthorityId) -> Done<()> {
        // Also where there is no row to lock yet.
        let hash = sha256(&[&b"authority"[..], &authority.0].concat());
        let number = hash.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
        self.execute("SELECT pg_advisory_xact_lock($1)", &[&number])?;
        Ok(())
    }

    fn published(&mut self, authority: AuthorityId) -> Done<Published> {
        let row = self.query_opt(
            "SELECT trust_list, manifest FROM authorities WHERE id = $1",
            &[&&authority.0[..]],
        )?;
        Ok(match row {
            None => Published::default(),
            Some(row) => Published {
                trust_list: row.try_get(0)?,
                manifest: row.try_get(1)?,
            },
        })
    }

    fn put_trust_list(&mut self, authority: AuthorityId, list: &[u8]) -> Done<()> {
        self.execute(
            "INSERT INTO authorities (id, trust_list) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET trust_list = $2",
            &[&&authority.0[..], &list],
        )?;
        Ok(())
    }

    fn put_published(&mut self, authority: AuthorityId, next: &Publication<'_>) -> Done<()> {
        self.execute(
            "INSERT INTO authorities (id, trust_list, manifest) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET trust_list = $2, manifest = $3",
            &[&&authority.0[..], &next.trust_list, &next.manifest],
        )?;
        Ok(())
    }

    fn are_there(&mut self, authority: AuthorityId, listed: &[([u8; 32], u64)]) -> Done<bool> {
        let hashes: Vec<&[u8]> = listed.iter().map(|(hash, _)| &hash[..]).collect();
        let lengths = listed
            .iter()
            .map(|(_, length)| integer(*length))
            .collect::<Result<Vec<_>, _>>()?;
        let missing = self.query_opt(
            "SELECT 1 FROM unnest($2::bytea[], $3::bigint[]) AS listed (hash, bytes)
             WHERE NOT EXISTS (SELECT 1 FROM segments s WHERE s.hash = listed.hash AND s.authority = $1 AND s.bytes = listed.bytes)
             LIMIT 1",
            &[&&authority.0[..], &hashes, &lengths],
        )?;
        Ok(missing.is_none())
    }

    fn list_only(&mut self, authority: AuthorityId, listed: &[([u8; 32], u64)], now: i64) -> Done<()> {
        let hashes: Vec<&[u8]> = listed.iter().map(|(hash, _)| &hash[..]).collect();
        self.execute(
            "UPDATE segments SET unlisted_since = CASE WHEN hash = ANY($2) THEN NULL ELSE coalesce(unlisted_since, $3) END
             WHERE authority = $1",
            &[&&authority.0[..], &hashes, &now],
        )?;
        Ok(())
    }

    fn unlist_again(&mut self, hash: &[u8; 32], now: i64) -> Done<bool> {
        let again = self.execute(
            "UPDATE segments SET unlisted_since = $2 WHERE hash = $1 AND unlisted_since IS NOT NULL",
            &[&&hash[..], &now],
        )?;
        Ok(again > 0)
    }

    fn segment(&mut self, hash: &[u8; 32]) -> Done<Option<StoredSegment>> {
        let row = self.query_opt("SELECT authority, bytes FROM segments WHERE hash = $1", &[&&hash[..]])?;
        row.map(|row| {
            Ok(StoredSegment {
                authority: AuthorityId(bytes(&row, 0)?),
                bytes: natural(row.try_get(1)?),
            })
        })
        .transpose()
    }

    fn segment_bytes(&mut self, authority: AuthorityId) -> Done<u64> {
        let used = self.query_one(
            "SELECT coalesce(sum(bytes), 0)::bigint FROM segments WHERE authority = $1",
            &[&&authority.0[..]],
        )?;
        Ok(natural(used.try_get(0)?))
    }

    fn put_segment(&mut self, hash: &[u8; 32], segment: StoredSegment, now: i64) -> Done<()> {
        self.execute(
            "INSERT INTO segments (hash, authority, bytes, unlisted_since) VALUES ($1, $2, $3, $4)",
            &[&&hash[..], &&segment.authority.0[..], &integer(segment.bytes)?, &now],
        )?;
        Ok(())
    }

    fn put_part(&mut self, hash: &[u8; 32], part: u32, content: &[u8]) -> Done<()> {
        self.execute(
            "INSERT INTO segment_parts (hash, part, content) VALUES ($1, $2, $3)",
            &[&&hash[..], &i64::from(part), &content],
        )?;
        Ok(())
    }

    fn has_diary(&mut self, authority: AuthorityId, diary: &StoredDiary) -> Done<bool> {
        let held = self.query_opt(
            "SELECT 1 FROM diaries WHERE authority = $1 AND mailbox = $2 AND hash = $3",
            &[&&authority.0[..], &&diary.mailbox[..], &&diary.hash[..]],
        )?;
        Ok(held.is_some())
    }

    fn diaries_waiting(&mut self, authority: AuthorityId) -> Done<u64> {
        let waiting = self.query_one("SELECT count(*) FROM diaries WHERE authority = $1", &[&&authority.0[..]])?;
        Ok(natural(waiting.try_get(0)?))
    }

    fn put_diary(&mut self, authority: AuthorityId, diary: &StoredDiary, sealed: &[u8], day: i64) -> Done<()> {
        self.execute(
            "INSERT INTO diaries (authority, mailbox, hash, day, sealed) VALUES ($1, $2, $3, $4, $5)",
            &[&&authority.0[..], &&diary.mailbox[..], &&diary.hash[..], &day, &sealed],
        )?;
        Ok(())
    }

    fn raise_taken(&mut self, authority: AuthorityId, number: u64) -> Done<bool> {
        // Eight big-endian bytes compare like the number; the database's own integers are signed.
        let raised = self.execute(
            "INSERT INTO taken (authority, number) VALUES ($1, $2)
             ON CONFLICT (authority) DO UPDATE SET number = $2 WHERE taken.number < $2",
            &[&&authority.0[..], &&number.to_be_bytes()[..]],
        )?;
        Ok(raised > 0)
    }

    fn remove_diaries(&mut self, authority: AuthorityId, stored: &[StoredDiary]) -> Done<()> {
        let mailboxes: Vec<&[u8]> = stored.iter().map(|diary| &diary.mailbox[..]).collect();
        let hashes: Vec<&[u8]> = stored.iter().map(|diary| &diary.hash[..]).collect();
        self.execute(
            "DELETE FROM diaries d USING unnest($2::bytea[], $3::bytea[]) AS stored (mailbox, hash)
             WHERE d.authority = $1 AND d.mailbox = stored.mailbox AND d.hash = stored.hash",
            &[&&authority.0[..], &mailboxes, &hashes],
        )?;
        Ok(())
    }

    fn diaries_from(&mut self, authority: AuthorityId, from: i64, most: usize) -> Done<Vec<DepositedDiary>> {
        let rows = self.query(
            "SELECT mailbox, sealed FROM diaries WHERE authority = $1 AND day >= $2 ORDER BY day, mailbox, hash LIMIT $3",
            &[&&authority.0[..], &from, &integer(most as u64)?],
        )?;
        let diary = |row: &postgres::Row| {
            Ok(DepositedDiary {
                mailbox: bytes(row, 0)?,
                sealed: row.try_get(1)?,
            })
        };
        rows.iter().map(diary).collect()
    }

    fn remove_unlisted(&mut self, due: i64) -> Done<u64> {
        self.execute(
            "DELETE FROM segment_parts WHERE hash IN (SELECT hash FROM segments WHERE unlisted_since <= $1 FOR UPDATE)",
            &[&due],
        )?;
        self.execute("DELETE FROM segments WHERE unlisted_since <= $1", &[&due])
    }

    fn remove_diaries_until(&mut self, day: i64) -> Done<u64> {
        self.execute("DELETE FROM diaries WHERE day <= $1", &[&day])
    }

    fn clock(&mut self) -> Done<Option<Vec<u8>>> {
        self.execute("INSERT INTO clock (one, content) VALUES (1, '') ON CONFLICT DO NOTHING", &[])?;
        let held = self.query_one("SELECT content FROM clock FOR UPDATE", &[])?;
        Ok(Some(held.try_get(0)?))
    }

    fn put_clock(&mut self, content: &[u8]) -> Done<()> {
        self.execute("UPDATE clock SET content = $1", &[&content])?;
        Ok(())
    }
}
