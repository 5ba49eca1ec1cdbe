//! What this profile knows of the clock: up to which time may be destroyed, and which time is noted with what is kept for so long (ADR 0024).

use rusqlite::{Connection, OptionalExtension as _};
use techo_protocol::basics::confirmed_time::ServerTime;

use crate::store::StoreError;

/// Notes what the clock says, in the caller's transaction, and gives what is known of it.
pub(crate) fn read(db: &Connection, now: i64) -> Result<ServerTime, StoreError> {
    let held: Option<Vec<u8>> = db
        .prepare_cached("SELECT content FROM clock")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let before = held.map(|bytes| ServerTime::from_bytes(&bytes)).unwrap_or_default();
    let mut time = before.clone();
    time.read(now);
    if time != before {
        db.execute(
            "INSERT INTO clock (one, content) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET content = ?1",
            [time.to_bytes()],
        )?;
    }
    Ok(time)
}
