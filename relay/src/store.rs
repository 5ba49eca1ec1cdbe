//! Bytes at rest. A store knows no signature and no rule of the protocol but one: each call happens whole or not at all, and is on disk when
//! it returns.
//!
//! It holds segments, manifests, trust lists, sealed diaries, one number an authority, and the sealed streams of households. No address and
//! no name, and of time only days (on which a diary came, on which an account was last read or was deleted), the moment since which a
//! segment is not listed, and what the relay's own clock said.

mod account;
mod changes;
mod folder;
mod inspection;
mod mailboxes;
mod migration;
mod objects;
mod postgres;
mod publishing;
mod reading;
mod rows;
mod sqlite;
mod stream_store;
mod wake;

use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use techo_protocol::basics::clock::DAY_SECONDS as DAY;
use techo_protocol::basics::confirmed_time::ServerTime;
use techo_protocol::exposure::relay_api::{Diaries, StoredDiary};
use techo_protocol::trust::AuthorityId;

pub use account::{Account, Chunk, Install, KeysHeld, MOST_INSTALLED, RecordsHeld, Refused, StreamHead, StreamWrite, Written};
pub use folder::FolderStore;
pub use inspection::{Fault, Inspected, inspect};
pub use mailboxes::{Mailbox, MailboxStore, MailboxesInMemory, Message, Name, Opened as MailboxOpened};
pub use migration::{Copied, Progress, migrate};
pub use objects::{S3Settings, SegmentsElsewhere, SegmentsPlace};
pub use postgres::{PostgresPlace, PostgresStore};
pub use sqlite::{SqliteStore, back_up, put_back};
pub use stream_store::{AccountTotals, NumberedChunk, Page, RecordKept, StreamStore};
pub use wake::{Wake, Woken};

/// Segments are read in parts of this many bytes, so that a slow reader costs one part of memory and not a file.
pub const PART_BYTES: usize = 256 * 1024;
/// How long a segment stays after no manifest lists it any more, in seconds: who has just read the last manifest can still fetch it.
pub const UNLISTED_SECONDS: i64 = DAY;

techo_protocol::coded_errors! {
    /// What can go wrong with a store.
    pub enum StoreError {
        /// No room on the disk. Nothing was half written.
        Full = "relay.full", "The relay's disk is full.", "The operator has to make room; then try again.";
        /// It does not answer.
        Failed = "relay.store_failed", "The relay's store does not answer.", "The operator finds the cause in the relay's log.";
        /// A newer program made it.
        NewerVersion = "relay.store_newer_version", "The relay's store is of a newer version than this program knows.", "Update Techo.";
        /// It is none, or it is damaged.
        Damaged = "relay.store_damaged", "The relay's store is damaged, or it is something else.", "Name another folder, or put an intact copy back.";
        /// Another process has it open.
        InUse = "relay.store_in_use", "Another process has the relay's store open.", "End the other process, or name another folder.";
        /// The address of a PostgreSQL cannot be read.
        AddressInvalid = "relay.database_address", "This is not the address of a PostgreSQL database.", "Write postgres://USER@HOST/NAME; the password may stand in TECHO_DATABASE.";
        /// The certificates for it cannot be read.
        CertificatesInvalid = "relay.database_certificates", "There is no certificate in this file.", "Give the file of the authority that signed the database's certificate, in PEM.";
        /// The place of segments cannot be used.
        SegmentsPlaceInvalid = "relay.segments_place", "Lists cannot be kept there.", "Write folder:DIR or s3://BUCKET/PREFIX; for S3 set AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.";
        /// There is something where a file should be made.
        FileThere = "relay.file_there", "There is a file of this name already.", "Choose another name, or move that file away first.";
        /// A store has something in it already.
        NotEmpty = "relay.store_not_empty", "There is a relay's store in this database already.", "Name an empty database.";
        /// A copy is not what it was made of.
        CopyDiffers = "relay.copy_differs", "What was copied is not what it was copied from. Nothing was kept.", "Stop the relay and try again.";
        /// An older program made it.
        OlderVersion = "relay.store_older_version", "The relay's store is of an older version.", "Start the relay with this program once; it brings the store up to date.";
        /// It is a plain folder, which carries no streams.
        NoStreams = "relay.no_streams", "This relay carries public lists only: it syncs no diaries.", "Choose another relay; its operator can start it with --store sqlite.";
    }
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An SQLite database in this file.
    Sqlite(PathBuf),
    /// Plain files in this folder; its `public` part may be served by any web server.
    Folder(PathBuf),
    /// A PostgreSQL database, which several relays may share.
    Postgres(PostgresPlace),
}

/// Opens the store at a place, or makes it. Where it fails, `log` has the cause.
///
/// # Errors
/// [`StoreError`]: newer, damaged, in use, full, or the disk does not answer.
pub fn open(place: &Place, log: &tracing::Dispatch) -> Result<Arc<dyn Store>, StoreError> {
    tracing::dispatcher::with_default(log, || {
        Ok::<Arc<dyn Store>, StoreError>(match place {
            Place::Sqlite(file) => Arc::new(SqliteStore::open(file)?),
            Place::Folder(folder) => Arc::new(FolderStore::open(folder)?),
            Place::Postgres(place) => Arc::new(PostgresStore::open(place, log)?),
        })
    })
}

/// The newest trust list and manifest that an authority has published here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// Trust list, a whole file.
    pub trust_list: Option<Vec<u8>>,
    /// Manifest, a whole file.
    pub manifest: Option<Vec<u8>>,
}

/// What takes the place of what is held.
#[derive(Debug, Clone, Copy)]
pub struct Publication<'a> {
    /// Trust list, a whole file.
    pub trust_list: &'a [u8],
    /// Manifest, a whole file.
    pub manifest: &'a [u8],
    /// Hash and length of each segment that it lists.
    pub listed: &'a [([u8; 32], u64)],
}

/// What came of replacing what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// What was held is replaced, and that is on disk.
    Done,
    /// Somebody else replaced it in the meantime; nothing was changed.
    Raced,
    /// A listed segment is not there; nothing was changed.
    SegmentMissing,
}

/// What came of putting something in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is there now.
    New,
    /// It was there before.
    Present,
    /// The authority's room is used up.
    OverQuota,
}

/// What is known of a stored segment beside its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredSegment {
    /// The authority that the segment is of.
    pub authority: AuthorityId,
    /// Its length in bytes.
    pub bytes: u64,
}

/// What was forgotten because it was due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// How many segments were removed.
    pub segments: u64,
    /// How many diaries and dummies were removed.
    pub diaries: u64,
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many segments there are, listed or not.
    pub segments: u64,
    /// The bytes of all segments together.
    pub segment_bytes: u64,
    /// How many diaries and dummies wait to be taken.
    pub diaries: u64,
}

/// Bytes at rest. Calls block; they may come from several threads at once.
///
/// # Errors
/// Every call: [`StoreError`]; nothing was changed then.
#[allow(clippy::missing_errors_doc, reason = "the trait says it once for all calls")]
pub trait Store: StreamStore {
    /// Fails where the store does not answer.
    fn check(&self) -> Result<(), StoreError>;

    /// What is held of an authority.
    fn published(&self, authority: AuthorityId) -> Result<Published, StoreError>;

    /// Replaces the trust list, if it still is `held`.
    fn replace_trust_list(&self, authority: AuthorityId, held: Option<&[u8]>, newer: &[u8]) -> Result<Replaced, StoreError>;

    /// Replaces manifest and trust list, if they still are `held`, and if every listed segment is there with that length and of that
    /// authority. What the manifest does not list is unlisted since `now`, unless it was before.
    fn publish(&self, authority: AuthorityId, held: &Published, next: Publication<'_>, now: i64) -> Result<Replaced, StoreError>;

    /// Puts a segment in, unlisted since `now`; also one that was there and is unlisted. `most` bytes of segments an authority.
    fn put_segment(&self, authority: AuthorityId, hash: &[u8; 32], file: &[u8], now: i64, most: u64) -> Result<Put, StoreError>;

    /// As [`Self::put_segment`], for one of `bytes` bytes that are kept elsewhere.
    fn note_segment(&self, authority: AuthorityId, hash: &[u8; 32], bytes: u64, now: i64, most: u64) -> Result<Put, StoreError> {
        let _ = (authority, hash, bytes, now, most);
        Err(StoreError::SegmentsPlaceInvalid)
    }

    /// A segment's owner and length.
    fn segment(&self, hash: &[u8; 32]) -> Result<Option<StoredSegment>, StoreError>;

    /// The bytes of a segment from `part` times [`PART_BYTES`]; `None` where there are none.
    fn segment_part(&self, hash: &[u8; 32], part: u32) -> Result<Option<Vec<u8>>, StoreError>;

    /// Puts a diary in; `diary.hash` is that of `sealed`. `most` diaries an authority.
    fn put_diary(
        &self,
        authority: AuthorityId,
        diary: &StoredDiary,
        sealed: &[u8],
        day: i64,
        most: usize,
    ) -> Result<Put, StoreError>;

    /// Removes what `stored` names and gives the oldest of the rest that came on the day `from` or later, at most `most`; `None`, and nothing
    /// removed, where `number` is not higher than in every call before.
    fn take_diaries(
        &self,
        authority: AuthorityId,
        number: u64,
        stored: &[StoredDiary],
        from: i64,
        most: usize,
    ) -> Result<Option<Diaries>, StoreError>;

    /// Notes what the clock says, and gives what is known of it: relays that share a store note their clocks in one place. A store that keeps
    /// nothing of it never confirms a time, and then nothing is forgotten.
    fn read_clock(&self, now: i64) -> Result<ServerTime, StoreError> {
        let _ = now;
        Ok(ServerTime::default())
    }

    /// Removes segments that have been unlisted for [`UNLISTED_SECONDS`] and diaries that were kept for
    /// [`techo_protocol::exposure::diary_upload::KEPT_SECONDS`], to the day.
    fn forget(&self, now: i64) -> Result<Forgotten, StoreError>;

    /// Segments that [`Self::forget`] would remove at `now`.
    fn due_segments(&self, now: i64) -> Result<Vec<[u8; 32]>, StoreError> {
        let _ = now;
        Ok(Vec::new())
    }

    /// Names of segments in their order, after one or from the first: at most `most`.
    fn segments_after(&self, after: Option<[u8; 32]>, most: usize) -> Result<Vec<[u8; 32]>, StoreError> {
        let _ = (after, most);
        Ok(Vec::new())
    }

    /// Whether the bytes of a segment are not those of its name and length.
    fn segment_fault(&self, hash: &[u8; 32]) -> Result<bool, StoreError> {
        let mut file = Vec::new();
        for part in 0.. {
            match self.segment_part(hash, part)? {
                Some(content) => file.extend(content),
                None => break,
            }
        }
        let expected = self.segment(hash)?.map(|segment| segment.bytes);
        Ok(techo_protocol::basics::keys::sha256(&file) != *hash || Some(file.len() as u64) != expected)
    }

    /// What the database finds wrong with itself, in its own words.
    fn database_faults(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    /// How much there is.
    fn totals(&self) -> Result<Totals, StoreError>;

    /// Tells `woken`, for as long as this store is there, of what other processes write. A store that no other process writes to does nothing.
    fn tell(&self, woken: Arc<dyn Woken>) -> Result<(), StoreError> {
        drop(woken);
        Ok(())
    }

    /// Pairing mailboxes, where other processes share them.
    fn mailboxes(&self) -> Option<&dyn MailboxStore> {
        None
    }
}

/// The last day of arrival whose diaries are not given any more at `now`, and are forgotten once that time is confirmed: counted by whole days, so
/// that none is kept for less than it should.
pub(crate) fn last_day_forgotten(now: i64) -> i64 {
    now.div_euclid(DAY)
        .saturating_sub(techo_protocol::exposure::diary_upload::KEPT_SECONDS / DAY)
        .saturating_sub(1)
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};

        tracing::error!(cause = %error.kind(), "the store's disk");
        if matches!(error.kind(), StorageFull | QuotaExceeded) {
            Self::Full
        } else {
            Self::Failed
        }
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use testing::each_database;
