//! What authorities publish and are sent, in PostgreSQL.

use techo_protocol::basics::confirmed_time::ServerTime;
use techo_protocol::exposure::relay_api::{Diaries, StoredDiary};
use techo_protocol::trust::AuthorityId;

use super::PostgresStore;
use super::columns::{bytes, get, integer, natural};
use crate::store::publishing::{self, PublishedRows as _};
use crate::store::{
    Forgotten, MailboxStore, Publication, Published, Put, Replaced, Store, StoreError, StoredSegment, Totals, UNLISTED_SECONDS,
    Woken,
};

impl Store for PostgresStore {
    fn check(&self) -> Result<(), StoreError> {
        self.pool()?.write(|work| {
            work.query_one("SELECT count(*) FROM authorities", &[])?;
            Ok(())
        })
    }

    fn published(&self, authority: AuthorityId) -> Result<Published, StoreError> {
        self.pool()?.read(|work| work.published(authority))
    }

    fn replace_trust_list(&self, authority: AuthorityId, held_list: Option<&[u8]>, newer: &[u8]) -> Result<Replaced, StoreError> {
        self.pool()?
            .write(|work| publishing::replace_trust_list(work, authority, held_list, newer))
    }

    fn publish(
        &self,
        authority: AuthorityId,
        before: &Published,
        next: Publication<'_>,
        now: i64,
    ) -> Result<Replaced, StoreError> {
        self.pool()?
            .write(|work| publishing::publish(work, authority, before, &next, now))
    }

    fn put_segment(&self, authority: AuthorityId, hash: &[u8; 32], file: &[u8], now: i64, most: u64) -> Result<Put, StoreError> {
        self.pool()?
            .write(|work| publishing::put_segment(work, authority, hash, file, now, most))
    }

    fn note_segment(&self, authority: AuthorityId, hash: &[u8; 32], bytes: u64, now: i64, most: u64) -> Result<Put, StoreError> {
        let segment = StoredSegment { authority, bytes };
        self.pool()?
            .write(|work| publishing::note_segment(work, hash, segment, now, most))
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
        self.pool()?.read(|work| work.segment(hash))
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
        self.pool()?
            .write(|work| publishing::put_diary(work, authority, diary, sealed, day, most))
    }

    fn take_diaries(
        &self,
        authority: AuthorityId,
        number: u64,
        stored: &[StoredDiary],
        from: i64,
        most: usize,
    ) -> Result<Option<Diaries>, StoreError> {
        self.pool()?
            .write(|work| publishing::take_diaries(work, authority, number, stored, from, most))
    }

    fn read_clock(&self, now: i64) -> Result<ServerTime, StoreError> {
        self.pool()?.write(|work| publishing::read_clock(work, now))
    }

    fn forget(&self, now: i64) -> Result<Forgotten, StoreError> {
        self.pool()?.write(|work| publishing::forget(work, now))
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
