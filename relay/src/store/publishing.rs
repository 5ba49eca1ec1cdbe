//! What may change of what authorities publish and are sent: decided once for every database, over the rows of one transaction (ADR 0020).
//!
//! A database gives [`PublishedRows`]; each rule here is a function over them, and none of them looks at a clock or signs.

use techo_protocol::basics::confirmed_time::ServerTime;
use techo_protocol::exposure::relay_api::{DepositedDiary, Diaries, StoredDiary};
use techo_protocol::trust::AuthorityId;

use super::{
    Forgotten, PART_BYTES, Publication, Published, Put, Replaced, StoreError, StoredSegment, UNLISTED_SECONDS, last_day_forgotten,
};

/// The rows of one transaction, of authorities, segments and diaries.
///
/// # Errors
/// Every call: the database's; the transaction is given up then.
#[allow(clippy::missing_errors_doc, reason = "the trait says it once for all calls")]
pub trait PublishedRows {
    /// What ends a transaction: the store's errors, and what the database knows beside them.
    type Error: From<StoreError>;

    /// Until the transaction ends, nobody else changes what is of an authority.
    fn lock(&mut self, authority: AuthorityId) -> Result<(), Self::Error>;

    /// The trust list and the manifest of an authority.
    fn published(&mut self, authority: AuthorityId) -> Result<Published, Self::Error>;

    /// Puts a trust list in the place of the one that is there.
    fn put_trust_list(&mut self, authority: AuthorityId, list: &[u8]) -> Result<(), Self::Error>;

    /// Puts a trust list and a manifest in the place of those that are there.
    fn put_published(&mut self, authority: AuthorityId, next: &Publication<'_>) -> Result<(), Self::Error>;

    /// Whether all these segments are there, of that authority and length.
    fn are_there(&mut self, authority: AuthorityId, listed: &[([u8; 32], u64)]) -> Result<bool, Self::Error>;

    /// Notes these segments of an authority as listed, and all others of it as unlisted since `now`, unless they were before.
    fn list_only(&mut self, authority: AuthorityId, listed: &[([u8; 32], u64)], now: i64) -> Result<(), Self::Error>;

    /// Lets a segment that is unlisted count as unlisted since `now`, and says whether there was one.
    fn unlist_again(&mut self, hash: &[u8; 32], now: i64) -> Result<bool, Self::Error>;

    /// A segment's owner and length.
    fn segment(&mut self, hash: &[u8; 32]) -> Result<Option<StoredSegment>, Self::Error>;

    /// The bytes of all segments of an authority together.
    fn segment_bytes(&mut self, authority: AuthorityId) -> Result<u64, Self::Error>;

    /// Puts a segment in without its bytes, unlisted since `now`.
    fn put_segment(&mut self, hash: &[u8; 32], segment: StoredSegment, now: i64) -> Result<(), Self::Error>;

    /// Puts a part of a segment's bytes in.
    fn put_part(&mut self, hash: &[u8; 32], part: u32, content: &[u8]) -> Result<(), Self::Error>;

    /// Whether this diary is there.
    fn has_diary(&mut self, authority: AuthorityId, diary: &StoredDiary) -> Result<bool, Self::Error>;

    /// How many diaries wait for an authority.
    fn diaries_waiting(&mut self, authority: AuthorityId) -> Result<u64, Self::Error>;

    /// Puts a diary in that came on `day`.
    fn put_diary(&mut self, authority: AuthorityId, diary: &StoredDiary, sealed: &[u8], day: i64) -> Result<(), Self::Error>;

    /// Notes the number of an authority's call, and says whether it is higher than all before.
    fn raise_taken(&mut self, authority: AuthorityId, number: u64) -> Result<bool, Self::Error>;

    /// Removes those of these diaries that are there.
    fn remove_diaries(&mut self, authority: AuthorityId, stored: &[StoredDiary]) -> Result<(), Self::Error>;

    /// The first `most` of the diaries that came on the day `from` or later: oldest day first; within a day by mailbox, so that nobody can read off
    /// in which order they came.
    fn diaries_from(&mut self, authority: AuthorityId, from: i64, most: usize) -> Result<Vec<DepositedDiary>, Self::Error>;

    /// Removes segments that have been unlisted since `due` or longer, and says how many.
    fn remove_unlisted(&mut self, due: i64) -> Result<u64, Self::Error>;

    /// Removes diaries that came on `day` or before, and says how many.
    fn remove_diaries_until(&mut self, day: i64) -> Result<u64, Self::Error>;

    /// What was noted of the clock; until the transaction ends, nobody else changes it.
    fn clock(&mut self) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Notes something else of the clock.
    fn put_clock(&mut self, content: &[u8]) -> Result<(), Self::Error>;
}

/// Replaces a trust list, if it still is `held`.
pub fn replace_trust_list<R: PublishedRows>(
    rows: &mut R,
    authority: AuthorityId,
    held: Option<&[u8]>,
    newer: &[u8],
) -> Result<Replaced, R::Error> {
    rows.lock(authority)?;
    if rows.published(authority)?.trust_list.as_deref() != held {
        return Ok(Replaced::Raced);
    }
    rows.put_trust_list(authority, newer)?;
    Ok(Replaced::Done)
}

/// Replaces manifest and trust list, if they still are `held` and every listed segment is there.
pub fn publish<R: PublishedRows>(
    rows: &mut R,
    authority: AuthorityId,
    held: &Published,
    next: &Publication<'_>,
    now: i64,
) -> Result<Replaced, R::Error> {
    rows.lock(authority)?;
    if rows.published(authority)? != *held {
        return Ok(Replaced::Raced);
    }
    if !rows.are_there(authority, next.listed)? {
        return Ok(Replaced::SegmentMissing);
    }
    rows.list_only(authority, next.listed, now)?;
    rows.put_published(authority, next)?;
    Ok(Replaced::Done)
}

/// Puts a segment in without its bytes, within `most` bytes an authority. One that is there stays, and what is unlisted of it counts from `now` on.
pub fn note_segment<R: PublishedRows>(
    rows: &mut R,
    hash: &[u8; 32],
    segment: StoredSegment,
    now: i64,
    most: u64,
) -> Result<Put, R::Error> {
    rows.lock(segment.authority)?;
    if rows.unlist_again(hash, now)? || rows.segment(hash)?.is_some() {
        return Ok(Put::Present);
    }
    if rows.segment_bytes(segment.authority)?.saturating_add(segment.bytes) > most {
        return Ok(Put::OverQuota);
    }
    rows.put_segment(hash, segment, now)?;
    Ok(Put::New)
}

/// As [`note_segment`], with its bytes.
pub fn put_segment<R: PublishedRows>(
    rows: &mut R,
    authority: AuthorityId,
    hash: &[u8; 32],
    file: &[u8],
    now: i64,
    most: u64,
) -> Result<Put, R::Error> {
    let bytes = file.len() as u64;
    let put = note_segment(rows, hash, StoredSegment { authority, bytes }, now, most)?;
    if put == Put::New {
        for (part, content) in (0..).zip(file.chunks(PART_BYTES)) {
            rows.put_part(hash, part, content)?;
        }
    }
    Ok(put)
}

/// Puts a diary in that came on `day`, within `most` an authority.
pub fn put_diary<R: PublishedRows>(
    rows: &mut R,
    authority: AuthorityId,
    diary: &StoredDiary,
    sealed: &[u8],
    day: i64,
    most: usize,
) -> Result<Put, R::Error> {
    rows.lock(authority)?;
    if rows.has_diary(authority, diary)? {
        return Ok(Put::Present);
    }
    if rows.diaries_waiting(authority)? >= most as u64 {
        return Ok(Put::OverQuota);
    }
    rows.put_diary(authority, diary, sealed, day)?;
    Ok(Put::New)
}

/// Removes the diaries that an authority has stored, and gives the oldest of the rest; `None` for a call that is no later than another was.
pub fn take_diaries<R: PublishedRows>(
    rows: &mut R,
    authority: AuthorityId,
    number: u64,
    stored: &[StoredDiary],
    from: i64,
    most: usize,
) -> Result<Option<Diaries>, R::Error> {
    rows.lock(authority)?;
    if !rows.raise_taken(authority, number)? {
        return Ok(None);
    }
    rows.remove_diaries(authority, stored)?;
    let mut diaries = rows.diaries_from(authority, from, most.saturating_add(1))?;
    let more = diaries.len() > most;
    diaries.truncate(most);
    Ok(Some(Diaries { diaries, more }))
}

/// Notes what the clock says, and gives what is known of it.
pub fn read_clock<R: PublishedRows>(rows: &mut R, now: i64) -> Result<ServerTime, R::Error> {
    let before = rows.clock()?.map(|bytes| ServerTime::from_bytes(&bytes)).unwrap_or_default();
    let mut time = before.clone();
    time.read(now);
    if time != before {
        rows.put_clock(&time.to_bytes())?;
    }
    Ok(time)
}

/// Removes what is due at `now`.
pub fn forget<R: PublishedRows>(rows: &mut R, now: i64) -> Result<Forgotten, R::Error> {
    Ok(Forgotten {
        segments: rows.remove_unlisted(now.saturating_sub(UNLISTED_SECONDS))?,
        diaries: rows.remove_diaries_until(last_day_forgotten(now))?,
    })
}
