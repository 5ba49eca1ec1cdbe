//! What can go wrong with the vault, and how a damaged row is named.

use super::DocumentName;
use crate::ports::{KeyError, RandomError};

techo_protocol::coded_errors! {
    /// Why the vault's file could not be read or written.
    pub enum StoreError {
        /// Another process held the vault for longer than the busy timeout.
        Busy = "vault.busy", "Another Techo is writing to this profile.", "Wait until it has finished and try again.";
        /// The disk, or the vault's allowed size, is full.
        Full = "vault.full", "There is no room left to store this. Nothing was changed.", "Free some space and try again.";
        /// A newer program wrote the vault.
        NewerVersion { found: i64 } = "vault.newer_version", "The vault has version {found}, which this program does not know.", "Update Techo.";
        /// The file is a database of something else, or no database.
        NotAVault = "vault.not_a_vault", "The file in this folder is not a Techo vault.", "Choose another folder for the profile.";
        /// The key is there and the vault is not.
        Missing = "vault.missing", "The vault's file (vault.db) is not there or is empty, but its key is there.", "Put the file back from a copy together with the file vault.db-wal beside it, or erase this profile and begin anew.";
        /// Rows that were changed or lost on the disk.
        Damaged { rows: String } = "vault.damaged", "The vault is damaged: {rows}. The rest can still be read.", "Restore a backup, or go on without what is lost.";
        /// The deletion is stored, but the key that could still open what was deleted is not yet destroyed.
        NotYetForgotten = "vault.not_yet_forgotten", "The deletion is stored, but the old key could not be destroyed yet.", "Destroying the key is tried again whenever the vault is opened; check that the profile's folder can be written.";
        /// One row is larger than a row can be.
        TooLarge = "vault.too_large", "This is too large to be stored.", "Shorten it.";
        /// The operating system or SQLite failed otherwise.
        Io { reason: String } = "vault.io", "The vault's file could not be used ({reason}).", "Check the profile's folder and the disk.";
    }
}

techo_protocol::coded_union! {
    /// Why the vault could not do what was asked: its file, its key, or the random source.
    pub enum VaultError {
        /// The vault's file could not be read or written.
        Store(StoreError);
        /// The key that opens the vault could not be had.
        Key(KeyError);
        /// The random source gave nothing.
        Random(RandomError);
    }
}

impl VaultError {
    pub(super) fn too_large() -> Self {
        StoreError::TooLarge.into()
    }

    pub(super) fn damaged(rows: &[DamagedRow]) -> Self {
        let rows = rows.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        StoreError::Damaged { rows }.into()
    }
}

impl From<rusqlite::Error> for VaultError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        // Only codes go into the message: SQLite's own text may quote values.
        match error.sqlite_error_code() {
            // A full disk has no room for the file that the write-ahead log's readers share either.
            _ if error
                .sqlite_error()
                .is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE) =>
            {
                StoreError::Full
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged { rows: "the file".into() },
            Some(ErrorCode::NotADatabase) => StoreError::NotAVault,
            Some(ErrorCode::TooBig) => StoreError::TooLarge,
            Some(code) => StoreError::Io {
                reason: format!("{code:?}"),
            },
            None => StoreError::Io {
                reason: "unexpected answer".into(),
            },
        }
        .into()
    }
}

impl From<std::io::Error> for VaultError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull => StoreError::Full.into(),
            kind => StoreError::Io {
                reason: kind.to_string(),
            }
            .into(),
        }
    }
}

/// A row that is on the disk but cannot be opened, or that should be there and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedRow {
    /// What sort of row it is.
    pub kind: DamagedKind,
    /// The document that the row belongs to, for rows that belong to one.
    pub document: Option<DocumentName>,
    /// The row's number, name or opaque id on the disk.
    pub row: String,
}

/// What a damaged row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DamagedKind {
    /// The snapshot of a document.
    Snapshot,
    /// One change of a document.
    Change,
    /// A document's heads and counts.
    State,
    /// A document whose rows open but do not add up to what was stored: some are missing.
    Incomplete,
    /// A small record, such as a trust list.
    Record,
    /// A downloaded segment; it can be downloaded again.
    Segment,
}

impl std::fmt::Display for DamagedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            DamagedKind::Snapshot => "snapshot of document",
            DamagedKind::Change => "change of document",
            DamagedKind::State => "state of document",
            DamagedKind::Incomplete => "missing changes of document",
            DamagedKind::Record => "record",
            DamagedKind::Segment => "segment",
        };
        write!(f, "{kind} {}", self.row)
    }
}
