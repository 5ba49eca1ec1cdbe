//! What is read of one account in PostgreSQL, in a transaction.

use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::sync_api::StreamId;

use super::columns::{account_columns, bytes, get, read_account};
use super::connection::{Done, Trouble, Work};
use super::rows::PostgresRows;
use crate::store::account::{Account, KeysHeld};
use crate::store::rows::ReadRows;

pub const ACCOUNT: &str = concat!("SELECT ", account_columns!(), " FROM accounts a WHERE a.stream = $1");

impl ReadRows for PostgresRows<'_, '_> {
    type Error = Trouble;

    fn account(&mut self, stream: StreamId) -> Done<Option<Account>> {
        let row = self.work.query_opt(ACCOUNT, &[&&stream.0[..]])?;
        Ok(row.as_ref().map(read_account).transpose()?)
    }

    fn keys(&mut self, stream: StreamId) -> Done<KeysHeld> {
        let old = self
            .work
            .query("SELECT key, replaced_day FROM old_keys WHERE stream = $1", &[&&stream.0[..]])?;
        let words = self
            .work
            .query("SELECT key, replaced_day FROM words WHERE stream = $1", &[&&stream.0[..]])?;
        Ok(KeysHeld {
            old: old
                .iter()
                .map(|row| Ok((PublicKey(bytes(row, 0)?), get(row, 1)?)))
                .collect::<Done<_>>()?,
            words: words
                .iter()
                .map(|row| Ok((PublicKey(bytes(row, 0)?), get(row, 1)?)))
                .collect::<Done<_>>()?,
        })
    }

    fn records_after(&mut self, stream: StreamId, number: i64) -> Done<Vec<Vec<u8>>> {
        let rows = self.work.query(
            "SELECT content FROM records WHERE stream = $1 AND number > $2 ORDER BY number",
            &[&&stream.0[..], &number],
        )?;
        rows.iter().map(|row| Ok(get(row, 0)?)).collect()
    }

    fn keyring(&mut self, stream: StreamId) -> Done<Option<Vec<u8>>> {
        keyring(self.work, stream)
    }

    fn chunk_ids(&mut self, stream: StreamId) -> Done<Vec<u8>> {
        let rows = self
            .work
            .query("SELECT id FROM chunks WHERE stream = $1 ORDER BY number", &[&&stream.0[..]])?;
        let mut ids = Vec::with_capacity(16 * rows.len());
        for row in &rows {
            ids.extend_from_slice(&bytes::<16>(row, 0)?);
        }
        Ok(ids)
    }
}

/// The keyring of an account.
pub fn keyring(work: &mut Work<'_>, stream: StreamId) -> Done<Option<Vec<u8>>> {
    let row = work.query_opt("SELECT content FROM keyrings WHERE stream = $1", &[&&stream.0[..]])?;
    Ok(row.map(|row| get(&row, 0)).transpose()?)
}
