//! The rows of authorities, segments and diaries in SQLite, for the rules of [`crate::store::publishing`].

use rusqlite::{Connection, OptionalExtension, params};
use techo_protocol::exposure::relay_api::{DepositedDiary, StoredDiary};
use techo_protocol::trust::AuthorityId;

use super::rows::SqliteRows;
use super::{integer, natural};
use crate::store::publishing::PublishedRows;
use crate::store::{Publication, Published, StoreError, StoredSegment};

impl PublishedRows for SqliteRows<'_> {
    type Error = StoreError;

    fn lock(&mut self, _authority: AuthorityId) -> Result<(), StoreError> {
        // A transaction that changes rows has held the right to write since its start.
        Ok(())
    }

    fn published(&mut self, authority: AuthorityId) -> Result<Published, StoreError> {
        published(self.0, authority)
    }

    fn put_trust_list(&mut self, authority: AuthorityId, list: &[u8]) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO authorities (id, trust_list) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET trust_list = ?2",
            params![authority.0, list],
        )?;
        Ok(())
    }

    fn put_published(&mut self, authority: AuthorityId, next: &Publication<'_>) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO authorities (id, trust_list, manifest) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET trust_list = ?2, manifest = ?3",
            params![authority.0, next.trust_list, next.manifest],
        )?;
        Ok(())
    }

    fn are_there(&mut self, authority: AuthorityId, listed: &[([u8; 32], u64)]) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM segments WHERE hash = ?1 AND authority = ?2 AND bytes = ?3";
        let mut is_there = self.0.prepare_cached(sql)?;
        for (hash, bytes) in listed {
            if !is_there.exists(params![hash, authority.0, integer(*bytes)?])? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn list_only(&mut self, authority: AuthorityId, listed: &[([u8; 32], u64)], now: i64) -> Result<(), StoreError> {
        self.execute(
            "UPDATE segments SET unlisted_since = coalesce(unlisted_since, ?2) WHERE authority = ?1",
            params![authority.0, now],
        )?;
        for (hash, _) in listed {
            self.execute("UPDATE segments SET unlisted_since = NULL WHERE hash = ?1", [hash])?;
        }
        Ok(())
    }

    fn unlist_again(&mut self, hash: &[u8; 32], now: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE segments SET unlisted_since = ?2 WHERE hash = ?1 AND unlisted_since IS NOT NULL";
        Ok(self.execute(sql, params![hash, now])? > 0)
    }

    fn segment(&mut self, hash: &[u8; 32]) -> Result<Option<StoredSegment>, StoreError> {
        segment(self.0, hash)
    }

    fn segment_bytes(&mut self, authority: AuthorityId) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce(sum(bytes), 0) FROM segments WHERE authority = ?1";
        let used = self.0.prepare_cached(sql)?.query_row([authority.0], |row| row.get(0))?;
        Ok(natural(used))
    }

    fn put_segment(&mut self, hash: &[u8; 32], segment: StoredSegment, now: i64) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO segments (hash, authority, bytes, unlisted_since) VALUES (?1, ?2, ?3, ?4)",
            params![hash, segment.authority.0, integer(segment.bytes)?, now],
        )?;
        Ok(())
    }

    fn put_part(&mut self, hash: &[u8; 32], part: u32, content: &[u8]) -> Result<(), StoreError> {
        let sql = "INSERT INTO segment_parts (hash, part, content) VALUES (?1, ?2, ?3)";
        self.execute(sql, params![hash, part, content])?;
        Ok(())
    }

    fn has_diary(&mut self, authority: AuthorityId, diary: &StoredDiary) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM diaries WHERE authority = ?1 AND mailbox = ?2 AND hash = ?3";
        let mut select = self.0.prepare_cached(sql)?;
        Ok(select.exists(params![authority.0, diary.mailbox, diary.hash])?)
    }

    fn diaries_waiting(&mut self, authority: AuthorityId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM diaries WHERE authority = ?1";
        let waiting = self.0.prepare_cached(sql)?.query_row([authority.0], |row| row.get(0))?;
        Ok(natural(waiting))
    }

    fn put_diary(&mut self, authority: AuthorityId, diary: &StoredDiary, sealed: &[u8], day: i64) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO diaries (authority, mailbox, hash, day, sealed) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![authority.0, diary.mailbox, diary.hash, day, sealed],
        )?;
        Ok(())
    }

    fn raise_taken(&mut self, authority: AuthorityId, number: u64) -> Result<bool, StoreError> {
        // Eight big-endian bytes compare like the number; SQLite's own integers are signed.
        let raised = self.execute(
            "INSERT INTO taken (authority, number) VALUES (?1, ?2)
             ON CONFLICT (authority) DO UPDATE SET number = ?2 WHERE number < ?2",
            params![authority.0, number.to_be_bytes()],
        )?;
        Ok(raised > 0)
    }

    fn remove_diaries(&mut self, authority: AuthorityId, stored: &[StoredDiary]) -> Result<(), StoreError> {
        for diary in stored {
            self.execute(
                "DELETE FROM diaries WHERE authority = ?1 AND mailbox = ?2 AND hash = ?3",
                params![authority.0, diary.mailbox, diary.hash],
            )?;
        }
        Ok(())
    }

    fn diaries_from(&mut self, authority: AuthorityId, from: i64, most: usize) -> Result<Vec<DepositedDiary>, StoreError> {
        let sql = "SELECT mailbox, sealed FROM diaries WHERE authority = ?1 AND day >= ?2 ORDER BY day, mailbox, hash LIMIT ?3";
        let mut select = self.0.prepare_cached(sql)?;
        let rows = select.query_map(params![authority.0, from, integer(most as u64)?], |row| {
            Ok(DepositedDiary {
                mailbox: row.get(0)?,
                sealed: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn remove_unlisted(&mut self, due: i64) -> Result<u64, StoreError> {
        self.execute(
            "DELETE FROM segment_parts WHERE hash IN (SELECT hash FROM segments WHERE unlisted_since <= ?1)",
            [due],
        )?;
        Ok(self.execute("DELETE FROM segments WHERE unlisted_since <= ?1", [due])? as u64)
    }

    fn remove_diaries_until(&mut self, day: i64) -> Result<u64, StoreError> {
        Ok(self.execute("DELETE FROM diaries WHERE day <= ?1", [day])? as u64)
    }

    fn clock(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT content FROM clock";
        Ok(self.0.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?)
    }

    fn put_clock(&mut self, content: &[u8]) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO clock (one, content) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET content = ?1",
            [content],
        )?;
        Ok(())
    }
}

/// The trust list and the manifest of an authority.
pub fn published(connection: &Connection, authority: AuthorityId) -> Result<Published, StoreError> {
    let found = connection
        .prepare_cached("SELECT trust_list, manifest FROM authorities WHERE id = ?1")?
        .query_row([authority.0], |row| {
            Ok(Published {
                trust_list: row.get(0)?,
                manifest: row.get(1)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// A segment's owner and length.
pub fn segment(connection: &Connection, hash: &[u8; 32]) -> Result<Option<StoredSegment>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT authority, bytes FROM segments WHERE hash = ?1")?
        .query_row([hash], |row| {
            Ok(StoredSegment {
                authority: AuthorityId(row.get(0)?),
                bytes: natural(row.get(1)?),
            })
        })
        .optional()?)
}
