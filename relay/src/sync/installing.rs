//! Reading what replaces a household's records.

use serde_bytes::ByteBuf;
use techo_protocol::household::chunk::Envelope;
use techo_protocol::household::epoch_record::EpochRecord;
use techo_protocol::household::keyring_record::KeyringRecord;
use techo_protocol::household::sync_api::{Call, StreamId};

use super::{checked, replaced};
use crate::error::SyncError;
use crate::store::{Install, MOST_INSTALLED, StreamWrite};

/// What an installation asks of the store, on `day`. `most` bytes of chunks an account. The records are checked among themselves here, before it
/// is this account's turn to be written.
///
/// # Errors
/// [`SyncError::NotARequest`] for one that adds no chunk or removes what it adds, for too many records, and for another call;
/// [`SyncError::ChunkRefused`]; [`SyncError::RecordRefused`] for records that are none, or of another stream, or do not follow each other.
pub fn asked(stream: StreamId, call: Call, day: i64, most: u64) -> Result<StreamWrite, SyncError> {
    let Call::Install {
        record,
        keyring,
        cursor,
        records,
        new_keyring,
        add,
        remove,
    } = call
    else {
        return Err(SyncError::NotARequest);
    };
    if records.len() > MOST_INSTALLED {
        return Err(SyncError::NotARequest);
    }
    let records: Vec<EpochRecord> = records.iter().map(read).collect::<Result<_, _>>()?;
    let epoch = match (records.last(), add.first()) {
        (_, None) => return Err(SyncError::NotARequest),
        (Some(record), _) => record.head.epoch,
        // Whether it is the account's is decided when it is written.
        (None, Some(chunk)) => Envelope::read(chunk).map_err(|_| SyncError::ChunkRefused)?.epoch,
    };
    let add = checked(stream, epoch, add)?;
    let new_keyring = new_keyring.map(|bytes| KeyringRecord::read(&bytes)).transpose();
    let install = Install {
        stream,
        record,
        keyring,
        cursor,
        records,
        new_keyring: new_keyring.map_err(|_| SyncError::RecordRefused)?,
        epoch,
        remove: replaced(&add, remove)?,
        add,
        most,
        day,
    };
    if install.are_a_chain() {
        Ok(StreamWrite::Install(Box::new(install)))
    } else {
        Err(SyncError::RecordRefused)
    }
}

fn read(bytes: &ByteBuf) -> Result<EpochRecord, SyncError> {
    EpochRecord::read(bytes).map_err(|_| SyncError::RecordRefused)
}
