//! Epoch records as this device makes them and takes them over.

use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::basics::secret::Secret;
use techo_protocol::household::chunk::{Envelope, EpochKey, Padding, SMALLEST_SNAPSHOT_BYTES};
use techo_protocol::household::epoch_record::{Author, Device, DeviceList, EpochRecord, EpochRecordError, Head, Removed};
use techo_protocol::household::sync_api::{FOLLOWED_DAYS, relay_key};

use super::document_log::LogEntry;
use super::household::{Household, Proposal, checked, free_index};
use super::state::State;
use super::today::Today;
use super::{HouseholdRefusal, SyncError};
use crate::ports::Random;

/// Days after which an epoch ends.
const EPOCH_DAYS: u32 = 30;

/// A record that is to be installed, and its key.
pub(super) struct NewRecord {
    pub(super) record: EpochRecord,
    pub(super) key: EpochKey,
}

/// What came of records that were brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenRecords {
    /// The newest is the one that is here.
    Same,
    /// What is here is newer, or another branch of it that stays.
    Older,
    /// The newest record was taken over.
    Adopted,
    /// They do not follow what is here, or nobody of the household has written them.
    Refused,
    /// The newest gives this device no key: it was removed, or was away for too long.
    LockedOut,
}

impl Household {
    /// The record that is due at `today`, if one is: what a person wants, a month that is over, a device that was silent for too long.
    pub(super) fn due_record(&self, today: Today, random: &dyn Random) -> Result<Option<NewRecord>, SyncError> {
        let present = self.present()?;
        let mut proposals = self.unfulfilled();
        // A device whose clock stood far ahead may have begun the epoch: nobody is to wait until then.
        let is_of_the_future = today.is_agreed() && present.head.day > today.day.saturating_add(1);
        if today.confirmed.saturating_sub(present.head.day) >= EPOCH_DAYS || is_of_the_future {
            proposals.push(Proposal::Rotate(self.epoch()));
        }
        if proposals.is_empty() {
            return Ok(None);
        }
        self.next_record(&proposals, today, random).map(Some)
    }

    /// The record that lets a device in.
    pub(super) fn record_with(&self, device: Device, today: Today, random: &dyn Random) -> Result<NewRecord, SyncError> {
        let mut proposals = self.unfulfilled();
        proposals.push(Proposal::Admit(device));
        self.next_record(&proposals, today, random)
    }

    /// The record that lets a device in and does nothing else of what is wanted: of several devices, the relay decides who was first.
    pub(super) fn record_with_only(&self, device: Device, today: Today, random: &dyn Random) -> Result<NewRecord, SyncError> {
        self.next_record(&[Proposal::Admit(device)], today, random)
    }

    fn next_record(&self, proposals: &[Proposal], today: Today, random: &dyn Random) -> Result<NewRecord, SyncError> {
        let present = self.present()?;
        let mut added = Vec::new();
        let mut list = self.recipients();
        let mut recovery = present.head.recovery;
        let mut ends_epoch = false;
        for proposal in proposals {
            match proposal {
                Proposal::Rename(index, name) => {
                    let name = checked(name)?.to_owned();
                    for device in list.devices.iter_mut().filter(|device| device.index == *index) {
                        device.name.clone_from(&name);
                    }
                }
                Proposal::Remove(index, key) => ends_epoch |= self.remove(&mut list, *index, key, today.day),
                Proposal::Words(words) => recovery = Some(*words),
                Proposal::Rotate(_) => ends_epoch = true,
                Proposal::Admit(device) => added.push(device.clone()),
            }
        }
        if ends_epoch {
            for silent in self.silent_since(today.confirmed, u32::try_from(FOLLOWED_DAYS).unwrap_or(u32::MAX)) {
                self.remove(&mut list, silent.index, &silent.key, today.day);
            }
        }
        list.removed
            .retain(|removed| i64::from(today.confirmed.saturating_sub(removed.day)) < FOLLOWED_DAYS);
        for device in added {
            // Its place may have been given to another in the meantime.
            let index = match list.device(device.index) {
                None => device.index,
                Some(_) => free_index(&list, today)?,
            };
            list.devices.push(Device {
                index,
                since: present.head.number.saturating_add(1),
                ..device
            });
        }
        list.devices.sort_by_key(|device| device.index);
        let key = if ends_epoch {
            EpochKey(Secret::generate(random)?)
        } else {
            self.epoch_key()
        };
        let head = Head {
            number: present.head.number.saturating_add(1),
            epoch: self.epoch().saturating_add(u32::from(ends_epoch)),
            previous: present.hash(),
            // The month is counted from the epoch's first record.
            day: if ends_epoch {
                today.dated(present.head.day)
            } else {
                present.head.day
            },
            relay_key: relay_key(&key).public(),
            recovery,
            ..present.head
        };
        let (author, old) = (self.signer(), relay_key(&self.epoch_key()));
        let record = EpochRecord::make(head, &list, &key, Author::Device(self.index, &author), &old, random)?;
        Ok(NewRecord { record, key })
    }

    fn remove(&self, list: &mut DeviceList, index: u8, key: &techo_protocol::basics::keys::PublicKey, today: u32) -> bool {
        let before = list.devices.len();
        list.devices
            .retain(|device| device.key != *key || device.index != index || device.index == self.index);
        if list.devices.len() == before {
            return false;
        }
        let heard = self.peers.heard.iter().find(|heard| heard.device == index);
        list.removed.retain(|removed| removed.index != index);
        list.removed.push(Removed {
            index,
            key: *key,
            last: heard.map_or(0, |heard| heard.highest),
            after: heard.map_or([0; 32], |heard| heard.after),
            day: today,
        });
        true
    }

    /// The other devices that were not heard from for `days`.
    ///
    /// ```
    /// use techo_testing::Household;
    ///
    /// let mut home = Household::of(2);
    /// let today = u32::try_from(home.phones[0].now / 86_400)?;
    /// let household = home.phones[0].household();
    /// assert!(household.silent_since(today, 150).is_empty());
    /// assert_eq!(household.silent_since(today + 200, 150).len(), 1, "the other, which was not heard of since");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn silent_since(&self, today: u32, days: u32) -> Vec<&Device> {
        let others = self.list.devices.iter().filter(|device| device.index != self.index);
        others
            .filter(|device| {
                self.last_heard(device.index)
                    .is_some_and(|day| today.saturating_sub(day) >= days)
            })
            .collect()
    }
}

impl State {
    /// Takes over records that came in their order, the last with its slots. `from_relay` is whether the relay has decided for them.
    pub(super) fn take_records(
        &mut self,
        records: &[Vec<u8>],
        from_relay: bool,
        today: Today,
        random: &dyn Random,
    ) -> Result<TakenRecords, SyncError> {
        let Some(chain) = read_chain(records) else {
            return Ok(TakenRecords::Refused);
        };
        let (present, Some(newest)) = (self.household.present()?, chain.last()) else {
            return Ok(TakenRecords::Refused);
        };
        if newest.hash() == present.hash() {
            return Ok(TakenRecords::Same);
        }
        // A relay that shows an older state, or a late answer, leads nobody back to what was here before.
        let was_here = |bytes: &ByteBuf| EpochRecord::read(bytes).is_ok_and(|record| record.hash() == newest.hash());
        if self.household.epochs.replaced.iter().any(was_here) {
            return Ok(TakenRecords::Older);
        }
        let Some(first) = self.follows_what_is_here(&chain, &present) else {
            let is_older = newest.head.stream == present.head.stream && newest.head.number <= present.head.number;
            return Ok(if is_older {
                TakenRecords::Older
            } else {
                TakenRecords::Refused
            });
        };
        let taken = chain.get(first..).unwrap_or_default();
        let forks = taken.first().is_some_and(|record| record.head.number <= present.head.number);
        if !from_relay && (newest.head.number < present.head.number || self.was_at_relay(&present)) && forks {
            return Ok(TakenRecords::Older);
        }
        let Some((key, list)) = self.open_record(newest)? else {
            // Off the relay it may be of a branch that does not stay.
            self.household.locked_out |= from_relay;
            return Ok(TakenRecords::LockedOut);
        };
        let opened = newest.open_list(&key)?;
        if !self.is_author(&opened, newest, &present) {
            return Ok(TakenRecords::Refused);
        }
        if forks && !from_relay && !self.is_listed_longer(&present, newest, opened.author) {
            return Ok(TakenRecords::Older);
        }
        let me = list.device(self.household.index);
        if me.is_none_or(|me| me.key != self.household.signer().public()) {
            self.household.locked_out |= from_relay;
            return Ok(TakenRecords::LockedOut);
        }
        let between = taken.split_last().map_or(&[][..], |(_, between)| between);
        let begins_epoch = newest.head.epoch != self.household.epoch();
        let author = opened.author.and_then(|author| list.device(author)).cloned();
        self.adopt(newest, between, list, &key, today, random)?;
        if let Some(author) = author.filter(|_| begins_epoch) {
            self.household.hpke_was_named(&author);
        }
        if from_relay {
            self.household.proposals_fulfilled();
        }
        Ok(TakenRecords::Adopted)
    }

    /// Makes the record that is due and takes it over, where there is no relay to decide between two.
    pub(super) fn install_here(&mut self, today: Today, random: &dyn Random) -> Result<(), SyncError> {
        if let Some(new) = self.household.due_record(today, random)? {
            let list = new.record.open_list(&new.key)?.list;
            self.household.due.rekey |= new.record.head.epoch != self.household.epoch();
            self.adopt(&new.record, &[], list, &new.key, today, random)?;
        }
        Ok(())
    }

    /// Puts a record in the place of the present one.
    pub(super) fn adopt(
        &mut self,
        newest: &EpochRecord,
        between: &[EpochRecord],
        list: DeviceList,
        key: &EpochKey,
        today: Today,
        random: &dyn Random,
    ) -> Result<(), SyncError> {
        let old_keys: Vec<EpochKey> = self.household.epochs.keys.iter().map(|(_, key)| key.clone()).collect();
        let household = &mut self.household;
        let replaced = household.present()?;
        let followed = u32::try_from(FOLLOWED_DAYS).unwrap_or(u32::MAX);
        for record in std::iter::once(&replaced).chain(between) {
            household.epochs.replaced.push(ByteBuf::from(record.without_slots().write()));
        }
        // Of a branch that was left, nothing stays: bodies follow one another.
        let numbers_below = |bytes: &ByteBuf| {
            EpochRecord::read(bytes).is_ok_and(|record| {
                record.head.number < newest.head.number && today.confirmed.saturating_sub(record.head.day) < followed + EPOCH_DAYS
            })
        };
        household.epochs.replaced.retain(numbers_below);
        household
            .epochs
            .replaced
            .sort_by_key(|bytes| EpochRecord::read(bytes).map_or(0, |record| record.head.number));
        household.epochs.record = ByteBuf::from(newest.write());
        if household.key_of(newest.head.epoch).is_none_or(|known| known != *key) {
            household.epochs.keys.retain(|(epoch, _)| *epoch < newest.head.epoch);
            household.epochs.keys.push((newest.head.epoch, key.clone()));
            household.renew_hpke(random)?;
        } else {
            household.epochs.keys.retain(|(epoch, _)| *epoch <= newest.head.epoch);
        }
        let gone: Vec<u8> = household
            .list
            .devices
            .iter()
            .filter(|device| list.device(device.index).is_none_or(|now| now.key != device.key))
            .map(|device| device.index)
            .collect();
        let mut given_away = Vec::new();
        for device in &list.devices {
            // Another device at an index that was free again, or that a branch of the records has given to another: nothing that is known of the old
            // one is its.
            if household.list.device(device.index).is_none_or(|old| old.key != device.key) {
                household.peers.heard.retain(|heard| heard.device != device.index);
                household.peers.vector.forget(device.index);
                given_away.push(device.index);
            }
        }
        if list.removed.iter().any(|removed| !household.list.removed.contains(removed)) {
            // The snapshot that such a key waits for may have been the removed device's to send. What stands is in the keyring of who has it.
            household.documents.known.retain(|known| known.begins_empty);
            self.forget = true;
        }
        household.list = list;
        household.due.heartbeat = true;
        household.locked_out = false;
        self.let_go_of_bodies_of(&given_away);
        for index in gone {
            self.household.peers.said.retain(|peer| peer.device != index);
            self.supersede_heartbeats(index, u64::MAX);
        }
        self.seal_unsent_anew(&old_keys, random)
    }

    /// Lets go of chunks of devices whose index another has now: a chunk of the new one may bear the very same number. What they held is in the
    /// documents, which are written anew as this device's own.
    ///
    /// The phone let the tablet in, at index 2; the relay was wiped, and the laptop, which had not heard of it, let a watch in, at index 2. The
    /// laptop's record stays. The watch's chunk 1 is not the tablet's chunk 1, and no sign that anything was copied.
    fn let_go_of_bodies_of(&mut self, devices: &[u8]) {
        for log in self.logs.values_mut() {
            let (theirs, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut log.entries)
                .into_iter()
                .partition(|entry| devices.contains(&entry.device));
            log.entries = rest;
            log.absorbed.retain(|(device, _)| !devices.contains(device));
            log.removable
                .extend(theirs.iter().filter_map(LogEntry::chunk_id).map(ByteArray::new));
            self.household.due.rekey |= !theirs.is_empty();
        }
    }

    /// What the relay does not have, or not any more, is sealed under the present epoch; the signed bodies stay as they are. `old_keys` are
    /// those that were known until now.
    pub(super) fn seal_unsent_anew(&mut self, old_keys: &[EpochKey], random: &dyn Random) -> Result<(), SyncError> {
        let (household, epoch) = (&self.household, self.household.epoch());
        for entry in self.logs.values_mut().flat_map(|log| &mut log.entries) {
            let is_present = entry.envelope().is_some_and(|envelope| envelope.epoch == epoch);
            if entry.at_relay || (is_present && Envelope::open(&entry.chunk, &household.epoch_key()).is_ok()) {
                continue;
            }
            let known = household.epochs.keys.iter().map(|(_, key)| key.clone());
            let opened = old_keys
                .iter()
                .cloned()
                .chain(known)
                .find_map(|key| Envelope::open(&entry.chunk, &key).ok());
            let Some((_, signed)) = opened else { continue };
            let padding = if entry.chunk.len() >= SMALLEST_SNAPSHOT_BYTES {
                Padding::PowerOfTwo
            } else {
                Padding::Cells
            };
            entry.chunk = ByteBuf::from(household.sealed(&signed, padding, random)?);
        }
        Ok(())
    }

    /// The place in `chain` from which it follows something that this device knows.
    fn follows_what_is_here(&self, chain: &[EpochRecord], present: &EpochRecord) -> Option<usize> {
        let replaced = self
            .household
            .epochs
            .replaced
            .iter()
            .filter_map(|bytes| EpochRecord::read(bytes).ok());
        let known: Vec<EpochRecord> = replaced.chain([present.clone()]).collect();
        // The latest link: what comes before it is known here already.
        (0..chain.len()).rev().find(|first| {
            let links = known.iter().any(|before| chain[*first].follows(before).is_ok());
            let rest = chain.get(*first..).unwrap_or_default();
            links && rest.windows(2).all(|pair| pair[1].follows(&pair[0]).is_ok())
        })
    }

    fn was_at_relay(&self, record: &EpochRecord) -> bool {
        let relay = self.household.relay.as_ref();
        relay.and_then(|relay| relay.record).is_some_and(|mark| mark == record.mark())
    }

    fn open_record(&self, record: &EpochRecord) -> Result<Option<(EpochKey, DeviceList)>, SyncError> {
        let household = &self.household;
        let known = household.key_of(record.head.epoch);
        let known = known.filter(|key| relay_key(key).public() == record.head.relay_key);
        let slot = usize::from(household.index);
        let key = match known.map_or_else(|| record.open_slot(slot, &household.own_hpke()), Ok) {
            Ok(key) => key,
            Err(EpochRecordError::NotForThisDevice) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let list = record.open_list(&key)?.list;
        Ok(Some((key, list)))
    }

    /// Whether who says that they wrote the list did: by the list that is here where it is the one before, else by its own.
    fn is_author(
        &self,
        opened: &techo_protocol::household::epoch_record::OpenedList,
        newest: &EpochRecord,
        present: &EpochRecord,
    ) -> bool {
        if let Some(index) = opened.author {
            let is_next = newest.head.previous == present.hash();
            let list = if is_next { &self.household.list } else { &opened.list };
            list.device(index).is_some_and(|author| opened.is_by(&author.key))
        } else {
            let words = [present.head.recovery, newest.head.recovery];
            words.iter().flatten().any(|words| opened.is_by(&words.signing))
        }
    }

    /// Of two records that follow the same one, off the relay: that of the device which has been listed longer stays.
    fn is_listed_longer(&self, present: &EpochRecord, other: &EpochRecord, author: Option<u8>) -> bool {
        let since = |author: Option<u8>| {
            let device = author.and_then(|index| self.household.list.device(index));
            device.map_or((u64::MAX, u8::MAX), |device| (device.since, device.index))
        };
        let mine = present
            .open_list(&self.household.epoch_key())
            .ok()
            .and_then(|opened| opened.author);
        if other.head.number != present.head.number {
            return other.head.number > present.head.number;
        }
        (since(author), other.hash()) < (since(mine), present.hash())
    }

    /// All records, for a relay or a peer that knows up to `since`: those that were replaced without slots, and the present one.
    pub(super) fn records_after(&self, since: Option<u64>) -> Vec<Vec<u8>> {
        let household = &self.household;
        let is_after = |bytes: &&ByteBuf| {
            let number = EpochRecord::read(bytes).map(|record| record.head.number);
            number.is_ok_and(|number| since.is_none_or(|since| number > since))
        };
        let Ok(present) = household.present() else {
            return Vec::new();
        };
        let before = records_before(&present, &household.epochs.replaced);
        let before = before.iter().filter(is_after);
        before.chain([&household.epochs.record]).map(|bytes| bytes.to_vec()).collect()
    }
}

/// Of records, those that lead up to the present one without a gap, oldest first and without their slots. Those of a branch that was left are among
/// what is kept, so that nobody is led back to it; they lead nowhere.
pub(super) fn records_before(present: &EpochRecord, records: &[ByteBuf]) -> Vec<ByteBuf> {
    let mut after = present.clone();
    let mut before = Vec::new();
    for record in records.iter().rev().filter_map(|bytes| EpochRecord::read(bytes).ok()) {
        if after.follows(&record).is_ok() {
            before.push(ByteBuf::from(record.without_slots().write()));
            after = record;
        }
    }
    before.reverse();
    before
}

fn read_chain(records: &[Vec<u8>]) -> Option<Vec<EpochRecord>> {
    let chain: Vec<EpochRecord> = records
        .iter()
        .map(|bytes| EpochRecord::read(bytes).ok())
        .collect::<Option<_>>()?;
    chain.last().is_some_and(EpochRecord::has_slots).then_some(chain)
}

impl Household {
    /// Why this device cannot sync, if it cannot.
    ///
    /// # Errors
    /// [`HouseholdRefusal::LockedOut`].
    pub fn is_let_in(&self) -> Result<(), HouseholdRefusal> {
        if self.locked_out {
            Err(HouseholdRefusal::LockedOut)
        } else {
            Ok(())
        }
    }
}
