//! An account's epoch record and keyring at rest, and the rules by which others take their place.

use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::epoch_record::EpochRecord;
use techo_protocol::household::keyring_record::KeyringRecord;
use techo_protocol::household::recovery::RecoveryPublic;
use techo_protocol::household::sync_api::{FOLLOWED_DAYS, OLD_WORDS_DAYS, StreamId};

use super::{Account, Chunk, ChunkId, DELETED_DAYS, Refused, StreamHead};

/// Most epoch records that one installation brings, and most replaced ones that are kept: far more than a household makes in
/// [`FOLLOWED_DAYS`].
pub const MOST_INSTALLED: usize = 128;
/// Highest number of a record: what every database can hold.
const HIGHEST_NUMBER: u64 = i64::MAX as u64;

/// What an installation asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// The stream whose account is to get other records.
    pub stream: StreamId,
    /// The number of the epoch record that the device is at.
    pub record: Option<u64>,
    /// The number of the keyring that the device is at.
    pub keyring: Option<u64>,
    /// The newest chunk that the device has seen.
    pub cursor: u64,
    /// The new epoch records, oldest first, of which [`Self::are_a_chain`] holds.
    pub records: Vec<EpochRecord>,
    /// The keyring that takes the place of the one that is there, if any does.
    pub new_keyring: Option<KeyringRecord>,
    /// The epoch that the new chunks are sealed under.
    pub epoch: u32,
    /// The chunks that the installation brings.
    pub add: Vec<Chunk>,
    /// The old ones, none of which is among the new; those that are not there are passed over.
    pub remove: Vec<ChunkId>,
    /// Most bytes of chunks that an account may have afterwards.
    pub most: u64,
    /// The day of the installation, a Unix day (UTC).
    pub day: i64,
}

/// What an installation needs to know of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// The epoch record that is there.
    pub present: Option<EpochRecord>,
    /// The recovery keys that may override it: the present ones, and those replaced within [`OLD_WORDS_DAYS`].
    pub words: Vec<PublicKey>,
}

/// What an installation changes beside chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The account as the installation leaves it.
    pub account: Account,
    /// The epoch record that is there from now on, if it is another.
    pub present: Option<EpochRecord>,
    /// Those that were replaced, without their slots.
    pub replaced: Vec<EpochRecord>,
    /// Keys that sign for the household no more.
    pub old_keys: Vec<PublicKey>,
    /// What becomes of the recovery words.
    pub words: WordsAfter,
}

/// What becomes of an account's recovery words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordsAfter {
    /// The recovery words stay as they are.
    Same,
    /// Others take their place.
    Others(RecoveryPublic),
    /// There are none from now on.
    None,
}

/// The keys of an account beside its present one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeysHeld {
    /// Keys that signed for it, and the day on which another took the place of each.
    pub old: Vec<(PublicKey, i64)>,
    /// Its recovery keys, and the day on which others took the place of each that is not the present one.
    pub words: Vec<(PublicKey, Option<i64>)>,
}

/// An account's records, as a device is given them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordsHeld {
    /// Where the stream stands.
    pub head: StreamHead,
    /// Epoch records in their order: those that were replaced without their slots, the present one whole.
    pub records: Vec<Vec<u8>>,
    /// The whole keyring record, if there is one.
    pub keyring: Option<Vec<u8>>,
}

/// The first day of replacement of a key that is still answered on `day`, and of a record that is still kept.
pub fn followed_from(day: i64) -> i64 {
    day.saturating_sub(FOLLOWED_DAYS)
}

/// The first day of replacement of recovery words that still count on `day`.
pub fn words_from(day: i64) -> i64 {
    day.saturating_sub(OLD_WORDS_DAYS)
}

/// The first day of deletion of an account that is still kept on `day`.
pub fn revivable_from(day: i64) -> i64 {
    day.saturating_sub(DELETED_DAYS)
}

impl KeysHeld {
    /// The old keys that are still answered on `day`.
    pub fn old_on(&self, day: i64) -> impl Iterator<Item = &PublicKey> {
        let from = followed_from(day);
        self.old
            .iter()
            .filter(move |(_, replaced)| *replaced >= from)
            .map(|(key, _)| key)
    }

    /// The recovery key that no other has replaced.
    pub fn present_words(&self) -> Option<&PublicKey> {
        self.words.iter().find(|(_, replaced)| replaced.is_none()).map(|(key, _)| key)
    }

    /// The recovery keys that count on `day`.
    pub fn words_on(&self, day: i64) -> impl Iterator<Item = &PublicKey> {
        let from = words_from(day);
        let counts = move |(_, replaced): &&(PublicKey, Option<i64>)| replaced.is_none_or(|replaced| replaced >= from);
        self.words.iter().filter(counts).map(|(key, _)| key)
    }
}

impl Install {
    /// Whether the records, of this stream, follow each other, and the last alone has its slots. Whether the first follows what is there is
    /// decided by [`Account::installed`].
    ///
    /// A record may also be signed by recovery words of any record before it in the list: whoever can install the first of them needs no
    /// words for the rest, and a wiped relay is filled with whatever had happened before.
    pub fn are_a_chain(&self) -> bool {
        let mut words = Vec::new();
        for pair in self.records.windows(2) {
            let [before, after] = pair else { return false };
            words.extend(before.head.recovery.as_ref().map(|recovery| recovery.signing));
            if before.has_slots() || after.follows_mark(&before.head, before.hash(), &words).is_err() {
                return false;
            }
        }
        let is_ours = |record: &EpochRecord| record.head.stream == self.stream && record.head.number <= HIGHEST_NUMBER;
        self.records.iter().all(is_ours) && self.records.last().is_none_or(EpochRecord::has_slots)
    }
}

impl Account {
    /// After an installation, of whose chunks `count` with `bytes` together were not there, and which removes `removed` bytes.
    ///
    /// # Errors
    /// [`Refused`]: deleted, other records by now, something came since, records that do not follow, another epoch, or no room.
    pub fn installed(
        self,
        install: &Install,
        held: &Records,
        (count, bytes): (u64, u64),
        removed: u64,
    ) -> Result<Installed, Refused> {
        self.served()?;
        self.has_records(install.record, install.keyring)?;
        if install.cursor != self.head.cursor {
            return Err(Refused::CameSince);
        }
        let mut installed = self.with_records(install, held)?;
        if let Some(keyring) = &install.new_keyring {
            let follows = self.head.keyring.is_none_or(|before| before.number < keyring.number);
            if !follows || keyring.stream != install.stream || keyring.number > HIGHEST_NUMBER {
                return Err(Refused::RecordRefused);
            }
            installed.account.head.keyring = Some(keyring.mark());
        }
        installed.account.at_epoch(install.epoch)?;
        installed.account = installed.account.holding(count, bytes, removed, install.most)?;
        if removed > 0 {
            installed.account.head.last_swap = installed.account.head.last_swap.saturating_add(1);
        }
        Ok(installed)
    }

    /// Whether the records that are there have these numbers.
    ///
    /// # Errors
    /// [`Refused::RecordReplaced`].
    pub fn has_records(&self, record: Option<u64>, keyring: Option<u64>) -> Result<(), Refused> {
        let [record_here, keyring_here] = [self.head.record, self.head.keyring].map(|mark| mark.map(|mark| mark.number));
        if (record, keyring) == (record_here, keyring_here) {
            Ok(())
        } else {
            Err(Refused::RecordReplaced)
        }
    }

    fn with_records(self, install: &Install, held: &Records) -> Result<Installed, Refused> {
        let mut installed = Installed {
            account: self,
            present: None,
            replaced: Vec::new(),
            old_keys: Vec::new(),
            words: WordsAfter::Same,
        };
        let (Some(first), Some((last, before_last))) = (install.records.first(), install.records.split_last()) else {
            return Ok(installed);
        };
        match &held.present {
            Some(present) => first.follows_mark(&present.head, present.hash(), &held.words),
            // A chain that the account's key is not in is another household's.
            None if !install.records.iter().any(|record| record.head.relay_key == self.key) => {
                return Err(Refused::RecordRefused);
            }
            None => first.is_first(),
        }
        .map_err(|_| Refused::RecordRefused)?;
        let replaced = held.present.iter().chain(before_last);
        installed.replaced = replaced.map(EpochRecord::without_slots).collect();
        let keys = std::iter::once(self.key).chain(installed.replaced.iter().map(|record| record.head.relay_key));
        for key in keys.filter(|key| *key != last.head.relay_key) {
            if !installed.old_keys.contains(&key) {
                installed.old_keys.push(key);
            }
        }
        let words_before = held.present.as_ref().and_then(|present| present.head.recovery);
        installed.words = match last.head.recovery {
            words if words == words_before => WordsAfter::Same,
            Some(words) => WordsAfter::Others(words),
            None => WordsAfter::None,
        };
        installed.account.key = last.head.relay_key;
        installed.account.head.epoch = last.head.epoch;
        installed.account.head.record = Some(last.mark());
        installed.present = Some(last.clone());
        Ok(installed)
    }
}
