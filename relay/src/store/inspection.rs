//! Looking through a store for what is wrong with it. Nothing is changed.

use techo_protocol::household::chunk::Envelope;
use techo_protocol::household::epoch_record::EpochRecord;
use techo_protocol::household::keyring_record::KeyringRecord;
use techo_protocol::household::sync_api::StreamId;

use super::{Account, RecordKept, Store, StoreError};

techo_protocol::coded_errors! {
    /// What can be wrong with what a relay keeps.
    pub enum Fault {
        /// The database's own words.
        Database { what: String } = "relay_fault.database", "The database is damaged: {what}.", "Put a backup back with `relay restore`.";
        /// A list that is not what its name says.
        Segment { hash: String } = "relay_fault.segment", "The list {hash} is damaged or not there.", "The authority has to publish it again.";
        /// Counted bytes and kept bytes differ.
        Bytes { account: String, counted: u64, kept: u64 } = "relay_fault.bytes", "Account {account} counts {counted} bytes and has {kept}.", "Put a backup back with `relay restore`, or delete the account.";
        /// A number beyond the newest.
        Cursor { account: String, number: u64 } = "relay_fault.cursor", "Account {account} has a piece with the number {number}, which it has not given out yet.", "Put a backup back with `relay restore`, or delete the account.";
        /// A chunk that is none, or another's.
        Chunk { account: String, number: u64 } = "relay_fault.chunk", "The piece number {number} of account {account} is damaged or another's.", "Devices report it and send again what they have; a backup may have it whole.";
        /// A record that cannot be read, or that is not the one that the account names.
        Record { account: String, number: u64 } = "relay_fault.record", "The epoch record number {number} of account {account} is damaged or another's.", "Put a backup back with `relay restore`.";
        /// A record that does not follow the one before.
        Chain { account: String, number: u64 } = "relay_fault.chain", "The epoch record number {number} of account {account} does not follow the one before it.", "Put a backup back with `relay restore`.";
        /// The keyring cannot be read, or it is not the one that the account names.
        Keyring { account: String } = "relay_fault.keyring", "The keyring of account {account} is damaged or another's.", "Put a backup back with `relay restore`; a device of the household can also write a new one.";
    }
}

/// What was looked through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inspected {
    /// Accounts, deleted ones too.
    pub accounts: u64,
    /// Chunks of all accounts together.
    pub chunks: u64,
    /// Their epoch records, those that were replaced too.
    pub records: u64,
    /// Segments of all authorities together.
    pub segments: u64,
    /// How many faults were found and told of.
    pub faults: u64,
}

/// How many things are read at once.
const AT_ONCE: usize = 256;

/// Looks through a whole store and gives each fault to `found`.
///
/// # Errors
/// The store's.
pub fn inspect(store: &dyn Store, found: &mut dyn FnMut(&Fault)) -> Result<Inspected, StoreError> {
    let mut inspected = Inspected::default();
    let mut faults = 0;
    let mut count = |fault: &Fault| {
        faults += 1;
        found(fault);
    };
    for what in store.database_faults()? {
        count(&Fault::Database { what });
    }
    let mut after = None;
    loop {
        let hashes = store.segments_after(after, AT_ONCE)?;
        let Some(last) = hashes.last().copied() else { break };
        after = Some(last);
        for hash in hashes {
            inspected.segments += 1;
            if store.segment_fault(&hash)? {
                count(&Fault::Segment { hash: hex::encode(hash) });
            }
        }
    }
    let mut after = None;
    loop {
        let accounts = store.accounts_after(after, AT_ONCE)?;
        let Some((last, _)) = accounts.last() else { break };
        after = Some(*last);
        for (stream, account) in accounts {
            inspected.accounts += 1;
            inspected.chunks += chunks(store, stream, &account, &mut count)?;
            inspected.records += records(store, stream, &account, &mut count)?;
        }
    }
    inspected.faults = faults;
    Ok(inspected)
}

fn chunks(store: &dyn Store, stream: StreamId, account: &Account, found: &mut dyn FnMut(&Fault)) -> Result<u64, StoreError> {
    let name = hex::encode(stream.0);
    let (mut count, mut bytes, mut after) = (0, 0_u64, 0);
    loop {
        let chunks = store.chunks_after(stream, after, AT_ONCE)?;
        let Some(last) = chunks.last() else { break };
        after = last.number;
        for chunk in chunks {
            count += 1;
            bytes = bytes.saturating_add(chunk.bytes.len() as u64);
            let number = chunk.number;
            if number > account.head.cursor {
                found(&Fault::Cursor {
                    account: name.clone(),
                    number,
                });
            }
            let is_ours = Envelope::read(&chunk.bytes).is_ok_and(|envelope| {
                envelope.stream == stream.0 && envelope.chunk_id == chunk.id.0 && envelope.epoch <= account.head.epoch
            });
            if !is_ours {
                found(&Fault::Chunk {
                    account: name.clone(),
                    number,
                });
            }
        }
    }
    if bytes != account.bytes {
        found(&Fault::Bytes {
            account: name,
            counted: account.bytes,
            kept: bytes,
        });
    }
    Ok(count)
}

fn records(store: &dyn Store, stream: StreamId, account: &Account, found: &mut dyn FnMut(&Fault)) -> Result<u64, StoreError> {
    let name = hex::encode(stream.0);
    let (kept, keyring) = store.records_kept(stream)?;
    let mut read: Vec<EpochRecord> = Vec::with_capacity(kept.len());
    for record in &kept {
        match whole(record, stream) {
            Some(record) => read.push(record),
            None => found(&Fault::Record {
                account: name.clone(),
                number: record.number,
            }),
        }
    }
    let mut words = Vec::new();
    for pair in read.windows(2) {
        let [before, next] = pair else { break };
        // What may sign a record, beside the key before it: recovery words of any record before, as when it was installed.
        words.extend(before.head.recovery.as_ref().map(|recovery| recovery.signing));
        let is_next = before.head.number.checked_add(1) == Some(next.head.number);
        if is_next && next.follows_mark(&before.head, before.hash(), &words).is_err() {
            found(&Fault::Chain {
                account: name.clone(),
                number: next.head.number,
            });
        }
    }
    let present = kept.iter().filter(|record| record.replaced_day.is_none()).count();
    let newest = read.last();
    let is_present = match account.head.record {
        None => kept.is_empty(),
        Some(mark) => {
            present == 1
                && newest.is_some_and(|record| {
                    record.mark() == mark && record.head.relay_key == account.key && record.head.epoch == account.head.epoch
                })
        }
    };
    if !is_present {
        found(&Fault::Record {
            account: name.clone(),
            number: account.head.record.map_or(0, |mark| mark.number),
        });
    }
    let keyring = keyring.map(|bytes| KeyringRecord::read(&bytes));
    let is_named = match keyring {
        None => account.head.keyring.is_none(),
        Some(keyring) => keyring.is_ok_and(|keyring| keyring.stream == stream && Some(keyring.mark()) == account.head.keyring),
    };
    if !is_named {
        found(&Fault::Keyring { account: name });
    }
    Ok(kept.len() as u64)
}

/// A record that is what it is kept as: of this stream and number, and with its slots where no other has taken its place.
fn whole(record: &RecordKept, stream: StreamId) -> Option<EpochRecord> {
    let read = EpochRecord::read(&record.bytes).ok()?;
    let is_it =
        read.head.stream == stream && read.head.number == record.number && read.has_slots() == record.replaced_day.is_none();
    is_it.then_some(read)
}

#[cfg(test)]
pub(super) mod tests;
