//! Recovery words: the way back into the household when no device is left, or when the one that is left has shut the others out.

use serde_bytes::ByteBuf;
use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::secret::Secret;
use techo_protocol::household::chunk::{Envelope, EpochKey, Padding};
use techo_protocol::household::epoch_record::{Author, Device, DeviceList, EpochRecord, Head, RECOVERY_SLOT};
use techo_protocol::household::keyring_record::{DocumentKey, KeyringRecord, Recipients};
use techo_protocol::household::recovery::{RecoveryKeys, RecoveryPublic, RecoveryWords};
use techo_protocol::household::sync_api::{Call, RecoveryCall, RecoveryRequest, SyncAnswer, relay_key};

use super::exchange::{StreamRelay, ask_as, exchange};
use super::household::{self, Household, NewIdentity, Proposal, checked, day_of, propose};
use super::pairing::become_member;
use super::state::change;
use super::today::Today;
use super::{HouseholdRefusal, SyncError};
use crate::ports::{Random, random_bytes};
use crate::vault::Vault;

/// How a relay is asked by somebody who has the words and nothing else.
pub trait RecoveryRelay: StreamRelay {
    /// Posts a signed request about a locator. `None` where the relay knows no household of it, or the account has moved on.
    ///
    /// # Errors
    /// The relay does not answer, or refuses otherwise.
    fn recover(&self, locator: &[u8; 16], signed: Vec<u8>) -> Result<Option<SyncAnswer>, Self::Error>;
}

/// Gives the household new words, which end the old ones: they stand in the epoch record when this returns, and nowhere else.
///
/// ```
/// use techo_core::ports::SystemRandom;
/// use techo_core::sync::recovery::{Restored, renew_words, restore};
/// use techo_protocol::household::recovery::{Language, RecoveryWords};
/// use techo_testing::{Phone, memory_relay::MemoryRelay};
///
/// let (relay, mut lost, mut new) = (MemoryRelay::new(1), Phone::new(), Phone::new());
/// lost.add("Bar Yoru", 1);
/// let words = RecoveryWords::generate(Language::English, &SystemRandom::new())?;
/// renew_words(lost.diary.vault(), &relay, "relay", &words, lost.now).unwrap();
/// lost.sync(&relay);
/// let restored = restore(new.diary.vault(), &relay, &words, "new phone", new.now, &SystemRandom::new()).unwrap();
/// assert_eq!(restored, Restored::Joined);
/// new.sync(&relay);
/// assert_eq!(new.names(), ["Bar Yoru"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The relay's, or a [`SyncError`]; the old words hold then.
pub fn renew_words<R: StreamRelay>(
    vault: &mut Vault,
    relay: &R,
    address: &str,
    words: &RecoveryWords,
    now: i64,
) -> Result<(), R::Error> {
    let public = words.keys().public();
    forget_wanted_words(vault)?;
    propose(vault, Proposal::Words(public))?;
    let done = exchange(vault, relay, address, now);
    if done.is_err() {
        // Nobody was shown them.
        forget_wanted_words(vault)?;
    }
    done.map(|_| ())
}

fn forget_wanted_words(vault: &mut Vault) -> Result<(), SyncError> {
    change(vault, |state, _| {
        state
            .household
            .proposals
            .retain(|proposal| !matches!(proposal, Proposal::Words(_)));
        Ok(())
    })
}

/// What the words gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// This device is in the household, and its diary comes with the next sync.
    Joined,
    /// Another device had shut the words out of its epoch: the household begins anew with this device, and nothing can be read of what is at
    /// the relay.
    TakenOver,
}

/// Lets this device in by the recovery words, at the relay and here. A diary that is here stays. A deleted account is brought back.
///
/// # Errors
/// [`HouseholdRefusal::WordsUnknown`], the relay's, or the vault cannot be written.
pub fn restore<R: RecoveryRelay>(
    vault: &mut Vault,
    relay: &R,
    words: &RecoveryWords,
    name: &str,
    now: i64,
    random: &dyn Random,
) -> Result<Restored, R::Error> {
    if let Err(SyncError::Refused(HouseholdRefusal::NewerVersion)) = household::household(vault) {
        return Err(SyncError::from(HouseholdRefusal::NewerVersion).into());
    }
    let keys = words.keys();
    let mut answer = ask_by_words(relay, &keys, RecoveryCall::Records)?;
    if answer.records.is_empty() {
        // It is deleted.
        let cursor = answer.cursor;
        ask_by_words(relay, &keys, RecoveryCall::Revive { cursor })?;
        answer = ask_by_words(relay, &keys, RecoveryCall::Records)?;
    }
    let found = Found::read(&answer, &keys)?;
    let identity = NewIdentity::generate(name, random)?;
    let entry = found.enter(&keys, &identity, checked(name).map_err(SyncError::from)?, now, random)?;
    let installed = ask_as(relay, found.present.head.stream, &entry.signer, entry.call(&answer))?;
    installed.ok_or(SyncError::from(HouseholdRefusal::Behind))?;
    let (record, keyring) = (entry.record, entry.keyring);
    vault.write(|writer| {
        let list = record.open_list(&entry.key)?.list;
        let household = Household::of(&record, list, &entry.key, entry.index, &identity.seed, &identity.hpke);
        become_member(writer, household, Some(keyring.bytes()), now)
    })?;
    Ok(if found.opened.is_some() {
        Restored::Joined
    } else {
        Restored::TakenOver
    })
}

fn ask_by_words<R: RecoveryRelay>(relay: &R, keys: &RecoveryKeys, call: RecoveryCall) -> Result<SyncAnswer, R::Error> {
    let locator = keys.locator;
    let signed = RecoveryRequest { locator, call }.write(&keys.signing);
    let answer = relay.recover(&locator, signed)?;
    Ok(answer.ok_or(SyncError::from(HouseholdRefusal::WordsUnknown))?)
}

/// The household as the words find it.
struct Found {
    present: EpochRecord,
    /// The epoch key, the list and the documents' keys; none where the words were shut out.
    opened: Option<(EpochKey, DeviceList, Vec<DocumentKey>)>,
    keyring: u64,
}

/// What lets this device in.
struct Entry {
    index: u8,
    record: EpochRecord,
    key: EpochKey,
    keyring: KeyringRecord,
    filler: Vec<u8>,
    /// Who signs the request: the household's present key, or the words.
    signer: SigningKey,
}

impl Found {
    fn read(answer: &SyncAnswer, keys: &RecoveryKeys) -> Result<Self, SyncError> {
        let present = EpochRecord::read(answer.records.last().ok_or(HouseholdRefusal::WordsUnknown)?)?;
        let sealing = || [HpkePrivate::from_secret(keys.sealing.secret())];
        let keyring = answer
            .keyring_record
            .as_deref()
            .and_then(|bytes| KeyringRecord::read(bytes).ok());
        let opened = present.open_slot(RECOVERY_SLOT, &sealing()).ok().and_then(|key| {
            let list = present.open_list(&key).ok()?.list;
            let documents = keyring.as_ref()?.open(RECOVERY_SLOT, &sealing()).ok()?;
            let author = list.device(documents.author)?;
            documents.is_by(&author.key).then_some((key, list, documents.keyring.keys))
        });
        Ok(Self {
            opened,
            keyring: keyring.map_or(0, |keyring| keyring.number),
            present,
        })
    }

    fn enter(
        &self,
        words: &RecoveryKeys,
        identity: &NewIdentity,
        name: &str,
        now: i64,
        random: &dyn Random,
    ) -> Result<Entry, SyncError> {
        let (today, head) = (day_of(now), &self.present.head);
        let (key, mut list, documents) = match &self.opened {
            Some((key, list, documents)) => (key.clone(), list.clone(), documents.clone()),
            None => (EpochKey(Secret::generate(random)?), DeviceList::default(), Vec::new()),
        };
        // Of a device that is only coming to be, nothing confirms the clock: an index that another had stays taken.
        let index = super::household::free_index(&list, Today::unconfirmed(today))?;
        let number = head.number.saturating_add(1);
        list.devices.push(Device {
            index,
            key: identity.device.key,
            agreement: identity.device.agreement,
            hpke: identity.device.hpke,
            name: name.to_owned(),
            since: number,
            by_words: true,
        });
        list.devices.sort_by_key(|device| device.index);
        let own: RecoveryPublic = words.public();
        let new = Head {
            number,
            epoch: head.epoch.saturating_add(u32::from(self.opened.is_none())),
            previous: self.present.hash(),
            day: if self.opened.is_some() { head.day } else { today },
            relay_key: relay_key(&key).public(),
            recovery: Some(own),
            ..head.clone()
        };
        let signing = || SigningKey::from_seed(words.signing.seed().expose());
        let signer = if self.opened.is_some() { relay_key(&key) } else { signing() };
        let record = EpochRecord::make(new, &list, &key, Author::Words(&signing()), &signer, random)?;
        let to = Recipients {
            devices: &list,
            recovery: Some(&own),
        };
        let device = SigningKey::from_seed(identity.seed.expose());
        let above = self.keyring.saturating_add(1);
        let keyring = KeyringRecord::make(head.stream, above, &documents, &to, (index, &device), random)?;
        let envelope = Envelope {
            stream: head.stream.0,
            chunk_id: random_bytes(random)?,
            epoch: record.head.epoch,
        };
        let filler = envelope.seal(&[], Padding::Cells, &key, random)?;
        Ok(Entry {
            index,
            record,
            key,
            keyring,
            filler,
            signer,
        })
    }
}

impl Entry {
    fn call(&self, answer: &SyncAnswer) -> Call {
        Call::Install {
            record: answer.record.map(|mark| mark.number),
            keyring: answer.keyring.map(|mark| mark.number),
            cursor: answer.cursor,
            records: vec![ByteBuf::from(self.record.write())],
            new_keyring: Some(ByteBuf::from(self.keyring.bytes().to_vec())),
            add: vec![ByteBuf::from(self.filler.clone())],
            remove: Vec::new(),
        }
    }
}
