//! What authorities publish and are sent, in PostgreSQL.

use techo_protocol::basics::confirmed_time::ServerTime;
use techo_protocol::basics::keys::sha256;
use techo_protocol::exposure::relay_api::{DepositedDiary, Diaries, StoredDiary};
use techo_protocol::trust::AuthorityId;

use super::PostgresStore;
use super::columns::{bytes, get, integer, natural};
use super::connection::{Done, Work};
use crate::store::{
    Forgotten, MailboxStore, PART_BYTES, Publication, Published, Put, Replaced, Store, StoreError, StoredSegment, Totals,
    UNLISTED_SECONDS, Woken, last_day_forgotten,
};

impl Store for PostgresStore {
    fn check(&self) -> Result<(), StoreError> {
        self.pool()?.write(|work| {
            work.query_one("SELECT count(*) FROM authorities", &[])?;
            Ok(())
        })
    }

    fn published(&self, authority: AuthorityId) -> Result<Published, StoreError> {
        self.pool()?.read(|work| held(work, authority))
    }

    fn replace_trust_list(&self, authority: AuthorityId, held_list: Option<&[u8]>, newer: &[u8]) -> Result<Replaced, StoreError> {
        self.pool()?.write(|work| {
            lock(work, authority)?;
            if held(work, authority)?.trust_list.as_deref() != held_list {
                return Ok(Replaced::Raced);
            }
            work.execute(
                "INSERT INTO authorities (id, trust_list) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET trust_list = $2",
                &[&&authority.0[..], &newer],
            )?;
            Ok(Replaced::Done)
        })
    }

    fn publish(
        &self,
        authority: AuthorityId,
        before: &Published,
        next: Publication<'_>,
        now: i64,
    ) -> Result<Replaced, StoreError> {
        let id = &authority.0[..];
        let hashes: Vec<&[u8]> = next.listed.iter().map(|(hash, _)| &hash[..]).collect();
        let lengths = next
            .listed
            .iter()
            .map(|(_, length)| integer(*length))
            .collect::<Result<Vec<_>, _>>()?;
        self.pool()?.write(|work| {
            lock(work, authority)?;
            if held(work, authority)? != *before {
                return Ok(Replaced::Raced);
            }
            let missing = work.query_opt(
                "SELECT 1 FROM unnest($2::bytea[], $3::bigint[]) AS listed (hash, bytes)
                 WHERE NOT EXISTS (SELECT 1 FROM segments s WHERE s.hash = listed.hash AND s.authority = $1 AND s.bytes = listed.bytes)
                 LIMIT 1",
                &[&id, &hashes, &lengths],
            )?;
            if missing.is_some() {
                return Ok(Replaced::SegmentMissing);
            }
            work.execute(
                "UPDATE segments SET unlisted_since = CASE WHEN hash = ANY($2) THEN NULL ELSE coalesce(unlisted_since, $3) END
                 WHERE authority = $1",
                &[&id, &hashes, &now],
            )?;
            work.execute(
                "INSERT INTO authorities (id, trust_list, manifest) VALUES ($1, $2, $3)
                 ON CONFLICT (id) DO UPDATE SET trust_list = $2, manifest = $3",
                &[&id, &next.trust_list, &next.manifest],
            )?;
            Ok(Replaced::Done)
        })
    }

    fn put_segment(&self, authority: AuthorityId, hash: &[u8; 32], file: &[u8], now: i64, most: u64) -> Result<Put, StoreError> {
        self.pool()?.write(|work| {
            let put = note(work, authority, hash, file.len() as u64, now, most)?;
            if put == Put::New {
                for (part, content) in (0_i64..).zip(file.chunks(PART_BYTES)) {
                    work.execute(
                        "INSERT INTO segment_parts (hash, part, content) VALUES ($1, $2, $3)",
                        &[&&hash[..], &part, &content],
                    )?;
                }
            }
            Ok(put)
        })
    }

    fn note_segment(&self, authority: AuthorityId, hash: &[u8; 32], bytes: u64, now: i64, most: u64) -> Result<Put, StoreError> {
        self.pool()?.write(|work| note(work, authority, hash, bytes, now, most))
    }

    fn due_segments(&self, now: i64) -> Result<Vec<[u8; 32]>, StoreError> {
        let due = now.saturating_sub(UNLISTED_SECONDS);
        let rows = self
            .pool()?
            .read_all("SELECT hash FROM segments WHERE unlisted_since <= $1", &[&due])?;
        rows.iter().map(|row| bytes(row, 0)).collect()
    }

    fn segments_after(&self, after: Option<[u8; 32]>, most: usize) -> Result<Vec<[u8; 32]>, StoreError> {
        let after = after.map(|hash| hash.to_vec()).unwrap_or_default();
        let rows = self.pool()?.read_all(
            "SELECT hash FROM segments WHERE hash > $1 ORDER BY hash LIMIT $2",
            &[&after, &integer(most as u64)?],
        )?;
        rows.iter().map(|row| bytes(row, 0)).collect()
    }

    fn database_faults(&self) -> Result<Vec<String>, StoreError> {
        let counts = self.pool()?.read(|work| {
            // This one does read whole tables.
            work.run("SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on")?;
            work.query(STRAYS, &[])
        })?;
        let read = |row: &postgres::Row| -> Result<(String, i64), StoreError> { Ok((get(row, 0)?, get(row, 1)?)) };
        let counts = counts.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let strays = counts.into_iter().filter(|(_, count)| *count > 0);
        Ok(strays
            .map(|(table, count)| format!("{table}: {count} rows belong to nothing"))
            .collect())
    }

    fn segment(&self, hash: &[u8; 32]) -> Result<Option<StoredSegment>, StoreError> {
        self.pool()?.read(|work| segment(work, hash))
    }

    fn segment_part(&self, hash: &[u8; 32], part: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.pool()?.read(|work| {
            let row = work.query_opt(
                "SELECT content FROM segment_parts WHERE hash = $1 AND part = $2",
                &[&&hash[..], &i64::from(part)],
            )?;
            Ok(row.map(|row| row.try_get(0)).transpose()?)
        })
    }

    fn put_diary(
        &self,
        authority: AuthorityId,
        diary: &StoredDiary,
        sealed: &[u8],
        day: i64,
        most: usize,
    ) -> Result<Put, StoreError> {
        let (id, mailbox, hash) = (&authority.0[..], &diary.mailbox[..], &diary.hash[..]);
        self.pool()?.write(|work| {
            lock(work, authority)?;
            let held = work.query_opt(
                "SELECT 1 FROM diaries WHERE authority = $1 AND mailbox = $2 AND hash = $3",
                &[&id, &mailbox, &hash],
            )?;
            if held.is_some() {
                return Ok(Put::Present);
            }
            let waiting = work.query_one("SELECT count(*) FROM diaries WHERE authority = $1", &[&id])?;
            if natural(waiting.try_get(0)?) >= most as u64 {
                return Ok(Put::OverQuota);
            }
            work.execute(
                "INSERT INTO diaries (authority, mailbox, hash, day, sealed) VALUES ($1, $2, $3, $4, $5)",
                &[&id, &mailbox, &hash, &day, &sealed],
            )?;
            Ok(Put::New)
        })
    }

    fn take_diaries(
        &self,
        authority: AuthorityId,
        number: u64,
        stored: &[StoredDiary],
        from: i64,
        most: usize,
    ) -> Result<Option<Diaries>, StoreError> {
        let id = &authority.0[..];
        let mailboxes: Vec<&[u8]> = stored.iter().map(|diary| &diary.mailbox[..]).collect();
        let hashes: Vec<&[u8]> = stored.iter().map(|diary| &diary.hash[..]).collect();
        self.pool()?.write(|work| {
            lock(work, authority)?;
            // Eight big-endian bytes compare like the number; the database's own integers are signed.
            let newer = work.execute(
                "INSERT INTO taken (authority, number) VALUES ($1, $2)
                 ON CONFLICT (authority) DO UPDATE SET number = $2 WHERE taken.number < $2",
                &[&id, &&number.to_be_bytes()[..]],
            )?;
            if newer == 0 {
                return Ok(None);
            }
            work.execute(
                "DELETE FROM diaries d USING unnest($2::bytea[], $3::bytea[]) AS stored (mailbox, hash)
                 WHERE d.authority = $1 AND d.mailbox = stored.mailbox AND d.hash = stored.hash",
                &[&id, &mailboxes, &hashes],
            )?;
            oldest(work, authority, from, most).map(Some)
        })
    }

    fn read_clock(&self, now: i64) -> Result<ServerTime, StoreError> {
        self.pool()?.write(|work| {
            work.execute("INSERT INTO clock (one, content) VALUES (1, '') ON CONFLICT DO NOTHING", &[])?;
            let held = work.query_one("SELECT content FROM clock FOR UPDATE", &[])?;
            let before = ServerTime::from_bytes(held.try_get(0)?);
            let mut time = before.clone();
            time.read(now);
            if time != before {
                work.execute("UPDATE clock SET content = $1", &[&time.to_bytes()])?;
            }
            Ok(time)
        })
    }

    fn forget(&self, now: i64) -> Result<Forgotten, StoreError> {
        let due = now.saturating_sub(UNLISTED_SECONDS);
        self.pool()?.write(|work| {
            work.execute(
                "DELETE FROM segment_parts WHERE hash IN (SELECT hash FROM segments WHERE unlisted_since <= $1 FOR UPDATE)",
                &[&due],
            )?;
            let segments = work.execute("DELETE FROM segments WHERE unlisted_since <= $1", &[&due])?;
            let diaries = work.execute("DELETE FROM diaries WHERE day <= $1", &[&last_day_forgotten(now)])?;
            Ok(Forgotten { segments, diaries })
        })
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        self.pool()?.read(|work| {
            let row = work.query_one(
                "SELECT count(*), coalesce(sum(bytes), 0)::bigint, (SELECT count(*) FROM diaries) FROM segments",
                &[],
            )?;
            Ok(Totals {
                segments: natural(row.try_get(0)?),
                segment_bytes: natural(row.try_get(1)?),
                diaries: natural(row.try_get(2)?),
            })
        })
    }

    fn tell(&self, woken: std::sync::Arc<dyn Woken>) -> Result<(), StoreError> {
        self.listen(woken)
    }

    fn mailboxes(&self) -> Option<&dyn MailboxStore> {
        Some(self)
    }
}

/// How many rows of each table belong to no account or segment.
const STRAYS: &str = "
    SELECT 'chunks', count(*) FROM chunks t WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.stream = t.stream)
    UNION ALL SELECT 'records', count(*) FROM records t WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.stream = t.stream)
    UNION ALL SELECT 'keyrings', count(*) FROM keyrings t WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.stream = t.stream)
    UNION ALL SELECT 'old_keys', count(*) FROM old_keys t WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.stream = t.stream)
    UNION ALL SELECT 'words', count(*) FROM words t WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.stream = t.stream)
    UNION ALL SELECT 'locators', count(*) FROM locators t WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.stream = t.stream)
    UNION ALL SELECT 'segment_parts', count(*) FROM segment_parts t WHERE NOT EXISTS (SELECT 1 FROM segments s WHERE s.hash = t.hash)";

/// Puts a segment in without its bytes.
fn note(work: &mut Work<'_>, authority: AuthorityId, hash: &[u8; 32], length: u64, now: i64, most: u64) -> Done<Put> {
    let name = &hash[..];
    lock(work, authority)?;
    let held = work.execute(
        "UPDATE segments SET unlisted_since = $2 WHERE hash = $1 AND unlisted_since IS NOT NULL",
        &[&name, &now],
    )? > 0
        || segment(work, hash)?.is_some();
    if held {
        return Ok(Put::Present);
    }
    let used = work.query_one(
        "SELECT coalesce(sum(bytes), 0)::bigint FROM segments WHERE authority = $1",
        &[&&authority.0[..]],
    )?;
    if natural(used.try_get(0)?).saturating_add(length) > most {
        return Ok(Put::OverQuota);
    }
    work.execute(
        "INSERT INTO segments (hash, authority, bytes, unlisted_since) VALUES ($1, $2, $3, $4)",
        &[&name, &&authority.0[..], &integer(length)?, &now],
    )?;
    Ok(Put::New)
}

/// What decides about an authority is looked at and changed by one at a time, also where there is no row to lock yet.
fn lock(work: &mut Work<'_>, authority: AuthorityId) -> Done<()> {
    let hash = sha256(&[&b"authority"[..], &authority.0].concat());
    let number = hash.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
    work.execute("SELECT pg_advisory_xact_lock($1)", &[&number])?;
    Ok(())
}

fn held(work: &mut Work<'_>, authority: AuthorityId) -> Done<Published> {
    let row = work.query_opt(
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

fn segment(work: &mut Work<'_>, hash: &[u8; 32]) -> Done<Option<StoredSegment>> {
    let row = work.query_opt("SELECT authority, bytes FROM segments WHERE hash = $1", &[&&hash[..]])?;
    row.map(|row| {
        Ok(StoredSegment {
            authority: AuthorityId(bytes(&row, 0)?),
            bytes: natural(row.try_get(1)?),
        })
    })
    .transpose()
}

/// Oldest day first; within a day by mailbox, so that nobody can read off in which order they came.
fn oldest(work: &mut Work<'_>, authority: AuthorityId, from: i64, most: usize) -> Done<Diaries> {
    let rows = work.query(
        "SELECT mailbox, sealed FROM diaries WHERE authority = $1 AND day >= $2 ORDER BY day, mailbox, hash LIMIT $3",
        &[&&authority.0[..], &from, &integer(most as u64)?.saturating_add(1)],
    )?;
    let mut diaries = rows
        .iter()
        .map(|row| {
            Ok(DepositedDiary {
                mailbox: bytes(row, 0)?,
                sealed: row.try_get(1)?,
            })
        })
        .collect::<Done<Vec<_>>>()?;
    let more = diaries.len() > most;
    diaries.truncate(most);
    Ok(Diaries { diaries, more })
}
