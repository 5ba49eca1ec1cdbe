//! The keyring as this device keeps it: which keys the household's documents are to have, when a new keyring is due, and what one that came
//! changes.
//!
//! Keys of weeks are made ahead, so that the first visit of a week changes no keyring and a relay learns nothing from it.
//!
//! **Example: why a deletion replaces the keyring.** Keyring 20 names the key *k* of week 2 943 and is sealed to phone and tablet. The phone deletes a
//! visit: the week goes on under a new key *m*, and keyring 21 names *m* and not *k*. Phone and tablet drop *k* when they take 21 over. But
//! a relay that hoards has keyring 20, and *k* in it, sealed to the tablet's HPKE key. So a device that takes over a keyring which drops
//! something also takes a new HPKE key, announces it with its next heartbeat, and destroys the old one once the others seal to the new: then
//! nothing opens keyring 20, whichever device is seized.
//!
//! **Example: why numbers alone do not order keyrings.** The phone makes keyring 21 for a stick; the tablet, which did not see it, makes another 21 for
//! the relay. On meeting, that of the relay stays, and the phone, whose wanted keys it does not name, makes 22.

use std::collections::BTreeMap;

use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::basics::secret::Secret;
use techo_protocol::household::body::{GenerationKey, Subject};
use techo_protocol::household::keyring_record::{DocumentKey, KeyringRecord, Recipients};

use super::SyncError;
use super::document_log::{DocumentLog, Waiting};
use super::household::KnownKey;
use super::state::State;
use super::today::Today;
use crate::documents::week::{DAYS, last_day};
use crate::ports::Random;

/// Weeks back for which keys are made: the longest retention.
const WEEKS_BACK: u32 = 9;
/// Weeks ahead: a device that was away so long needs no new keyring.
const WEEKS_AHEAD: u32 = 2;
/// Days that a document is refused after its last: the longest retention, and a week.
const REFUSED_AFTER_DAYS: i64 = 60 + 7;

/// Whether a document is so old on a day that no device takes it any more.
pub(super) fn is_expired(subject: Subject, today: u32) -> bool {
    matches!(subject, Subject::Week(week) if i64::from(today) - last_day(week) > REFUSED_AFTER_DAYS)
}

impl State {
    /// The key that a document without a log takes, if one is known.
    pub(super) fn known_key(&self, subject: Subject) -> Option<DocumentKey> {
        let its = self.household.documents.known.iter().filter(|key| key.subject == subject);
        its.map(KnownKey::open).max_by_key(DocumentKey::lineage)
    }

    /// Remembers a key, unless a log or a known key is as high.
    pub(super) fn know(&mut self, key: &DocumentKey) {
        let lineage = key.lineage();
        let log = self.logs.get(&key.subject).map(DocumentLog::lineage);
        let known = self.known_key(key.subject).map(|known| known.lineage());
        if log.max(known).is_none_or(|mine| mine < lineage) {
            self.household.documents.known.retain(|known| known.subject != key.subject);
            self.household.documents.known.push(KnownKey::of(key));
        }
    }

    /// Drops keys that a log has overtaken.
    pub(super) fn drop_overtaken(&mut self) {
        let logs = &self.logs;
        let mut forgets = false;
        self.household.documents.known.retain(|known| {
            let (log, known) = (logs.get(&known.subject).map(DocumentLog::lineage), known.open().lineage());
            // A log that has entered with this very key still has it: nothing has to be forgotten then.
            forgets |= log.is_some_and(|log| log > known);
            log.is_none_or(|log| log < known)
        });
        self.forget |= forgets;
    }

    /// Makes keys ahead, and drops those whose time is over.
    pub(super) fn provide_keys(&mut self, today: Today, random: &dyn Random) -> Result<(), SyncError> {
        let before = self.household.documents.known.len();
        self.household
            .documents
            .known
            .retain(|known| !is_expired(known.subject, today.confirmed));
        self.forget |= self.household.documents.known.len() != before;
        let week = today.day / u32::try_from(DAYS).unwrap_or(7);
        let weeks = (week.saturating_sub(WEEKS_BACK)..=week.saturating_add(WEEKS_AHEAD)).map(Subject::Week);
        for subject in weeks.chain([Subject::Settings]) {
            let is_there = self.logs.contains_key(&subject) || self.known_key(subject).is_some();
            let was_destroyed = self.household.documents.destroyed.contains(&subject);
            if !is_there && !was_destroyed && !is_expired(subject, today.confirmed) {
                let key = new_key(subject, 0, true, random)?;
                self.household.documents.known.push(KnownKey::of(&key));
            }
        }
        self.household
            .documents
            .destroyed
            .retain(|subject| !is_expired(*subject, today.confirmed));
        Ok(())
    }

    /// The key that each document is to have, by subject.
    fn wanted_keys(&self) -> BTreeMap<Subject, DocumentKey> {
        let mut wanted: BTreeMap<Subject, DocumentKey> = BTreeMap::new();
        let of_logs = self.logs.iter().filter(|(subject, _)| **subject != Subject::Heartbeat);
        let of_logs = of_logs.map(|(subject, log)| DocumentKey {
            subject: *subject,
            generation: log.generation,
            begins_empty: log.begins_empty,
            key: log.key(),
        });
        for key in of_logs.chain(self.household.documents.known.iter().map(KnownKey::open)) {
            // Another device has replaced it already, under a key that is still to come: the tablet's snapshot of (5, p) waits here for its keyring.
            // A keyring of this device that named (4, x) would give everybody the key back that the tablet's deletion has dropped.
            let is_overtaken = |waiting: &Waiting| {
                let lineage = waiting.lineage.as_ref();
                lineage.is_some_and(|(subject, generation, tag)| {
                    *subject == key.subject && (*generation, **tag) > (key.generation, key.key.tag())
                })
            };
            // Nor does any device take the key of a document whose time is over, though it may still be here.
            if is_expired(key.subject, self.confirmed_day) || self.waiting.iter().any(is_overtaken) {
                continue;
            }
            if wanted.get(&key.subject).is_none_or(|other| other.lineage() < key.lineage()) {
                wanted.insert(key.subject, key);
            }
        }
        wanted
    }

    /// Whether the household's keyring is not what it should be.
    pub(super) fn keyring_due(&self) -> bool {
        let household = &self.household;
        let keyring = &household.documents.keyring;
        let is_named = |key: &DocumentKey| {
            let tag = key.key.tag();
            let mut named = keyring.named.iter();
            named.any(|(subject, generation, named)| (*subject, *generation, **named) == (key.subject, key.generation, tag))
        };
        let sealed_to = |index: u8| keyring.sealed_to.iter().find(|(to, _)| *to == index).map(|(_, key)| **key);
        let other_devices = keyring.sealed_to.len() != household.list.devices.len()
            || household.list.devices.iter().any(|device| sealed_to(device.index).is_none());
        // One that could not open it, and has a newer key since, is given it again.
        let unread = household
            .peers
            .said
            .iter()
            .filter(|peer| household.list.device(peer.device).is_some())
            .any(|peer| peer.keyring < keyring.number && sealed_to(peer.device) != Some(*peer.hpke));
        // What was made for a stick goes to the relay too. And where the relay has another with the same number, which this device cannot open,
        // nobody would see by its heartbeat that it lacks one: it makes the next.
        let held = keyring.record.as_ref().and_then(|record| KeyringRecord::read(record).ok());
        let held = held.map(|record| record.mark());
        let at_relay = household.relay.as_ref().and_then(|relay| relay.keyring);
        let is_ahead = at_relay.is_some_and(|mark| mark.number <= keyring.number && held != Some(mark));
        is_ahead
            || keyring.record.is_none()
            || household.documents.drop_due
            || other_devices
            || unread
            || !self.wanted_keys().values().all(is_named)
    }

    /// The keyring that is due. `above` is the number that it has to be above.
    pub(super) fn make_keyring(&self, above: u64, random: &dyn Random) -> Result<KeyringRecord, SyncError> {
        let (devices, present) = (self.household.recipients(), self.household.present()?);
        let to = Recipients {
            devices: &devices,
            recovery: present.head.recovery.as_ref(),
        };
        self.make_keyring_for(&to, above, random)
    }

    /// The keyring for other recipients.
    pub(super) fn make_keyring_for(
        &self,
        to: &Recipients<'_>,
        above: u64,
        random: &dyn Random,
    ) -> Result<KeyringRecord, SyncError> {
        let household = &self.household;
        let keys: Vec<DocumentKey> = self.wanted_keys().into_values().collect();
        let number = household.documents.keyring.number.max(above).saturating_add(1);
        let author = (household.index, &household.signer());
        Ok(KeyringRecord::make(household.stream, number, &keys, to, author, random)?)
    }

    /// Takes over what a keyring says. One that is older than the newest known may add keys, and takes none away: the tablet comes back with keyring
    /// 19 on a stick, which names a person's record that the phone never heard of, and does not yet name last week's. Of two with one number that
    /// of the relay stays: the other was made for a stick.
    ///
    /// Answers whether it could be opened: one that was sealed before this device's newest key was known is made again by whoever made it.
    pub(super) fn take_keyring(
        &mut self,
        bytes: &[u8],
        from_relay: bool,
        today: Today,
        random: &dyn Random,
    ) -> Result<bool, SyncError> {
        let Ok(record) = KeyringRecord::read(bytes) else {
            return Ok(false);
        };
        let household = &self.household;
        let opened = record.open(usize::from(household.index), &household.own_hpke());
        let Some(opened) = opened.ok().filter(|_| record.stream == household.stream) else {
            return Ok(false);
        };
        let author = household.list.device(opened.author);
        if author.is_none_or(|author| !opened.is_by(&author.key)) {
            return Ok(false);
        }
        let keyring = opened.keyring;
        for key in keyring.keys.iter().filter(|key| !is_expired(key.subject, today.confirmed)) {
            self.know(key);
        }
        let held = &self.household.documents.keyring;
        let is_same = held.record.as_ref().is_some_and(|held| **held == *bytes);
        let is_older = record.number < held.number || (record.number == held.number && !from_relay);
        if is_same || (held.record.is_some() && is_older) {
            return Ok(true);
        }
        // One that was not seen may have named, to this device's present key, what is dropped by now: from 20 to 22, who knows what 21 named.
        let is_next = held.number.checked_add(1) == Some(record.number);
        let names = |subject: Subject, lineage: (u64, [u8; 8])| {
            let mut keys = keyring.keys.iter();
            keys.any(|key| key.subject == subject && (key.generation, key.key.tag()) == lineage)
        };
        let dropped: Vec<_> = held
            .named
            .iter()
            .filter(|(subject, generation, tag)| !names(*subject, (*generation, **tag)))
            .copied()
            .collect();
        if !dropped.is_empty() || !is_next {
            // Whoever kept the old keyring needs the key that it was sealed to.
            self.household.renew_hpke(random)?;
        }
        if !dropped.is_empty() {
            let is_dropped = |known: &KnownKey| {
                let key = known.open();
                let mut dropped = dropped.iter();
                dropped.any(|(subject, generation, tag)| {
                    (*subject, *generation, **tag) == (key.subject, key.generation, key.key.tag())
                })
            };
            self.household.documents.known.retain(|known| !is_dropped(known));
            self.forget = true;
        }
        let held = &mut self.household.documents.keyring;
        held.record = Some(ByteBuf::from(bytes.to_vec()));
        held.number = record.number;
        held.named = keyring
            .keys
            .iter()
            .map(|key| (key.subject, key.generation, ByteArray::new(key.key.tag())))
            .collect();
        held.sealed_to = keyring
            .sealed_to
            .iter()
            .map(|(index, key)| (*index, ByteArray::new(*key)))
            .collect();
        self.household.documents.drop_due = false;
        Ok(true)
    }

    /// The lineages that the keyring names and that begin with a snapshot which did not come, though all that the relay has was taken in: it
    /// came when it could not be read yet, or was refused.
    pub(super) fn lacking_lineages(&self) -> Vec<DocumentKey> {
        let named = self
            .household
            .documents
            .known
            .iter()
            .map(KnownKey::open)
            .filter(|known| !known.begins_empty);
        let of_keyring = named.filter(|known| self.is_named(known.subject, known.generation, known.key.tag()));
        of_keyring.collect()
    }

    /// Whether the relay should have a chunk of this lineage: the keyring names it.
    pub(super) fn is_named(&self, subject: Subject, generation: u64, tag: [u8; 8]) -> bool {
        let mut named = self.household.documents.keyring.named.iter();
        named.any(|(of, in_generation, with_tag)| (*of, *in_generation, **with_tag) == (subject, generation, tag))
    }
}

/// A new random key for a document's next lineage.
pub(super) fn new_key(
    subject: Subject,
    generation: u64,
    begins_empty: bool,
    random: &dyn Random,
) -> Result<DocumentKey, SyncError> {
    Ok(DocumentKey {
        subject,
        generation,
        begins_empty,
        key: GenerationKey(Secret::generate(random).map_err(SyncError::from)?),
    })
}

impl State {
    /// The keyring as this device holds it, whole.
    pub(super) fn keyring_bytes(&self) -> Option<Vec<u8>> {
        self.household.documents.keyring.record.as_ref().map(|record| record.to_vec())
    }
}
