//! Chunks in SQLite. Where an account's chunks are found lies together in their order; the order among accounts is in no row, since a counting row
//! id would tell who wrote after whom. What chunks hold lies apart, by place: that of a transaction's chunks in a row, so that it fills whole
//! pages, in the order of their accounts, from a place that is drawn at random. So places tell at most who wrote within the same few
//! milliseconds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, params};
use techo_protocol::household::sync_api::StreamId;

use super::integer;
use crate::store::StoreError;
use crate::store::account::Chunk;
use crate::store::rows::ChunkName;

/// Removes chunks and what they hold.
pub fn erase(connection: &Connection, names: &BTreeSet<ChunkName>) -> Result<(), StoreError> {
    let mut delete = connection.prepare_cached("DELETE FROM chunks WHERE stream = ?1 AND id = ?2 RETURNING place")?;
    let mut delete_piece = connection.prepare_cached("DELETE FROM pieces WHERE place = ?1")?;
    for (stream, id) in names {
        let place: Option<i64> = delete.query_row(params![stream.0, id.0], |row| row.get(0)).optional()?;
        if let Some(place) = place {
            delete_piece.execute([place])?;
        }
    }
    Ok(())
}

/// Writes chunks by stream and number, and what they hold into free places in a row.
pub fn store(connection: &Connection, chunks: &BTreeMap<(StreamId, u64), &Chunk>) -> Result<(), StoreError> {
    let places = free_places(connection, chunks.len(), draw)?;
    let mut insert =
        connection.prepare_cached("INSERT INTO chunks (stream, number, id, place, bytes) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut insert_piece = connection.prepare_cached("INSERT INTO pieces (place, content) VALUES (?1, ?2)")?;
    for (((stream, number), chunk), place) in chunks.iter().zip(places) {
        let bytes = integer(chunk.bytes.len() as u64)?;
        insert.execute(params![stream.0, integer(*number)?, chunk.id.0, place, bytes])?;
        insert_piece.execute(params![place, chunk.bytes])?;
    }
    Ok(())
}

/// Places are drawn out of this many (47 bits): so many that those of two transactions hardly ever meet, and short enough for six bytes.
const PLACES: i64 = 1 << 47;
/// Draws after which it must be the random source that fails.
const DRAWS: usize = 100;

/// So many free places in a row.
fn free_places(
    connection: &Connection,
    count: usize,
    mut draw: impl FnMut(&Connection) -> Result<i64, StoreError>,
) -> Result<Range<i64>, StoreError> {
    let count = integer(count as u64)?;
    if count == 0 {
        return Ok(0..0);
    }
    let mut is_taken = connection.prepare_cached("SELECT 1 FROM pieces WHERE place >= ?1 AND place < ?2")?;
    for _ in 0..DRAWS {
        let first = draw(connection)?;
        let places = first..first.saturating_add(count);
        if !is_taken.exists([places.start, places.end])? {
            return Ok(places);
        }
    }
    Err(StoreError::Failed)
}

/// A place at random, by SQLite's source, which the system seeds.
fn draw(connection: &Connection) -> Result<i64, StoreError> {
    let number: i64 = connection
        .prepare_cached("SELECT random()")?
        .query_row([], |row| row.get(0))?;
    Ok(number.rem_euclid(PLACES))
}

#[cfg(test)]
mod tests;
