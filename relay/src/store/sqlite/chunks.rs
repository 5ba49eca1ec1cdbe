//! Chunks in SQLite. Where an account's chunks are found lies together in their order; the order among accounts is in no row, since a counting row
//! id would tell who wrote after whom. What chunks hold lies apart, by place: that of a transaction's chunks in a row, so that it fills whole
//! pages, in the order of their accounts, from a place that is drawn at random. So places tell at most who wrote within the same few
//! milliseconds.

use std::collections::HashSet;
use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use techo_protocol::household::sync_api::{ChunkId, StreamId};

use super::{integer, natural};
use crate::store::StoreError;
use crate::store::account::{Chunk, StreamWrite};

/// Those that are not there yet, each once.
pub fn new_chunks<'c>(
    transaction: &Transaction<'_>,
    stream: StreamId,
    chunks: &'c [Chunk],
) -> Result<Vec<&'c Chunk>, StoreError> {
    let mut is_there = transaction.prepare_cached("SELECT 1 FROM chunks WHERE stream = ?1 AND id = ?2")?;
    let mut seen = HashSet::new();
    let mut new = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        if seen.insert(chunk.id) && !is_there.exists(params![stream.0, chunk.id.0])? {
            new.push(chunk);
        }
    }
    Ok(new)
}

/// How many, and their bytes together.
pub fn extent(chunks: &[&Chunk]) -> (u64, u64) {
    let bytes = chunks.iter().map(|chunk| chunk.bytes.len() as u64);
    (chunks.len() as u64, bytes.fold(0, u64::saturating_add))
}

/// Where a chunk is.
pub struct Found {
    number: i64,
    place: i64,
    /// Its length.
    pub bytes: u64,
}

/// Those of these chunks that are there.
pub fn found(transaction: &Transaction<'_>, stream: StreamId, ids: &[ChunkId]) -> Result<Vec<Found>, StoreError> {
    let mut select = transaction.prepare_cached("SELECT number, place, bytes FROM chunks WHERE stream = ?1 AND id = ?2")?;
    let mut all = Vec::new();
    for id in ids {
        let one = select.query_row(params![stream.0, id.0], |row| {
            Ok(Found {
                number: row.get(0)?,
                place: row.get(1)?,
                bytes: natural(row.get(2)?),
            })
        });
        all.extend(one.optional()?);
    }
    Ok(all)
}

/// Removes chunks.
pub fn erase(transaction: &Transaction<'_>, stream: StreamId, chunks: &[Found]) -> Result<(), StoreError> {
    let mut delete = transaction.prepare_cached("DELETE FROM chunks WHERE stream = ?1 AND number = ?2")?;
    let mut delete_piece = transaction.prepare_cached("DELETE FROM pieces WHERE place = ?1")?;
    for chunk in chunks {
        delete.execute(params![stream.0, chunk.number])?;
        delete_piece.execute([chunk.place])?;
    }
    Ok(())
}

/// Writes chunks into the next places, numbered from the one after `after`.
pub fn store(
    transaction: &Transaction<'_>,
    stream: StreamId,
    after: u64,
    chunks: &[&Chunk],
    places: &mut Range<i64>,
) -> Result<(), StoreError> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO chunks (stream, number, id, place, bytes) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut insert_piece = transaction.prepare_cached("INSERT INTO pieces (place, content) VALUES (?1, ?2)")?;
    for (number, chunk) in (after.saturating_add(1)..).zip(chunks) {
        let place = places.next().ok_or(StoreError::Failed)?;
        let bytes = integer(chunk.bytes.len() as u64)?;
        insert.execute(params![stream.0, integer(number)?, chunk.id.0, place, bytes])?;
        insert_piece.execute(params![place, chunk.bytes])?;
    }
    Ok(())
}

/// How many chunks a change brings at most.
pub fn chunks_of(write: &StreamWrite) -> usize {
    match write {
        StreamWrite::Push { chunks, .. } | StreamWrite::Swap { add: chunks, .. } => chunks.len(),
        StreamWrite::Install(install) => install.add.len(),
        _ => 0,
    }
}

/// Places are drawn out of this many (47 bits): so many that those of two transactions hardly ever meet, and short enough for six bytes.
const PLACES: i64 = 1 << 47;
/// Draws after which it must be the random source that fails.
const DRAWS: usize = 100;

/// So many free places in a row.
pub fn free_places(
    transaction: &Transaction<'_>,
    count: usize,
    mut draw: impl FnMut(&Connection) -> Result<i64, StoreError>,
) -> Result<Range<i64>, StoreError> {
    let count = integer(count as u64)?;
    if count == 0 {
        return Ok(0..0);
    }
    let mut is_taken = transaction.prepare_cached("SELECT 1 FROM pieces WHERE place >= ?1 AND place < ?2")?;
    for _ in 0..DRAWS {
        let first = draw(transaction)?;
        let places = first..first.saturating_add(count);
        if !is_taken.exists([places.start, places.end])? {
            return Ok(places);
        }
    }
    Err(StoreError::Failed)
}

/// A place at random, by SQLite's source, which the system seeds.
pub fn draw(connection: &Connection) -> Result<i64, StoreError> {
    let number: i64 = connection
        .prepare_cached("SELECT random()")?
        .query_row([], |row| row.get(0))?;
    Ok(number.rem_euclid(PLACES))
}

#[cfg(test)]
mod tests;
