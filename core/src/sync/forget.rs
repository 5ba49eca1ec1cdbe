//! Deletion that travels: a document that this device has written anew becomes a lineage of its own, under a new key.

use techo_protocol::household::body::Subject;
use techo_protocol::household::chunk::Envelope;

use super::SyncError;
use techo_protocol::household::keyring_record::{DocumentKey, KeyringRecord};

use super::document_log::{DocumentLog, LogEntry, UNSTORED, document_of, subject_of_document};
use super::keyring::{is_expired, new_key};
use super::state::State;
use super::today::Today;
use crate::documents::Document;
use crate::ports::Random;
use crate::vault::Writer;

impl State {
    /// Notices what the diary has done since: documents that are new, were written anew, or were destroyed with their week.
    pub(super) fn notice(&mut self, writer: &Writer<'_>) -> Result<(), SyncError> {
        let names = writer.reader().document_names();
        for (name, vault_generation) in &names {
            let subject = subject_of_document(name);
            match self.logs.get_mut(&subject) {
                Some(log) if log.vault_generation == *vault_generation => {}
                Some(log) if log.vault_generation == UNSTORED => log.vault_generation = *vault_generation,
                Some(log) => {
                    let key = new_key(subject, log.generation.saturating_add(1), false, writer.random())?;
                    log.absorb_all();
                    (log.generation, log.begins_empty, log.key) = (key.generation, false, key.key.0);
                    log.vault_generation = *vault_generation;
                    (log.due, log.deletes) = (true, true);
                    self.forget = true;
                    self.note_gone(subject);
                }
                None => {
                    let known = self.known_key(subject);
                    // A lineage that begins with a snapshot is entered with that: what is here waits for it, and is carried over then.
                    if known.as_ref().is_some_and(|known| !known.begins_empty) {
                        continue;
                    }
                    let key = known.map_or_else(|| new_key(subject, 0, false, writer.random()), Ok)?;
                    let mut log = DocumentLog::new(&key);
                    log.vault_generation = *vault_generation;
                    log.due = true;
                    self.logs.insert(subject, log);
                }
            }
        }
        self.enter_empty_lineages(writer.random())?;
        let gone: Vec<_> = self
            .logs
            .iter()
            .filter(|(_, log)| log.vault_generation != UNSTORED)
            .map(|(subject, _)| *subject)
            .filter(|subject| document_of(*subject).is_some_and(|name| names.iter().all(|(there, _)| *there != name)))
            .collect();
        for subject in gone {
            if let Some(mut log) = self.logs.remove(&subject) {
                log.absorb_all();
                for (device, number) in &log.absorbed {
                    self.household.peers.vector.gone(*device, *number);
                }
                self.household.at_relay.sweep.extend(log.removable);
                self.household.documents.known.retain(|known| known.subject != subject);
                self.household.documents.destroyed.push(subject);
                self.household.documents.drop_due = true;
                self.forget = true;
            }
        }
        self.drop_overtaken();
        Ok(())
    }

    /// Writes documents anew that hold what a removed device wrote beyond the last number that its removal names. Who met it before that record
    /// has taken it in; everybody else refuses it, and gets its content as this device's own.
    pub(super) fn write_anew_what_nobody_takes(&mut self, writer: &mut Writer<'_>) -> Result<(), SyncError> {
        let household = &self.household;
        let is_refused = |entry: &LogEntry| household.author(entry.device, entry.number).is_none();
        let logs = self.logs.iter().filter(|(_, log)| log.entries.iter().any(is_refused));
        let names: Vec<_> = logs.filter_map(|(subject, _)| document_of(*subject)).collect();
        if names.is_empty() {
            return Ok(());
        }
        for name in &names {
            if let Some(stored) = writer.reader().document(name)? {
                Document::load(stored, writer.actor()).rewrite(writer)?;
            }
        }
        self.notice(writer)
    }

    /// Drops the logs whose documents did not come to be, because nothing of them could be read yet; their keys stay known.
    pub(super) fn drop_unstored(&mut self) {
        let unstored = |log: &DocumentLog| log.vault_generation == UNSTORED;
        let subjects: Vec<Subject> = self
            .logs
            .iter()
            .filter(|(_, log)| unstored(log))
            .map(|(subject, _)| *subject)
            .collect();
        for subject in subjects {
            if let Some(log) = self.logs.remove(&subject) {
                self.know(&DocumentKey {
                    subject,
                    generation: log.generation,
                    begins_empty: log.begins_empty,
                    key: log.key(),
                });
            }
        }
    }

    /// A higher lineage that began with nothing in it has no snapshot to wait for: what is here becomes part of it. A document that was written
    /// anew goes above it instead: another device may enter it with what was here before that, and of one actor two changes would bear one
    /// number there.
    fn enter_empty_lineages(&mut self, random: &dyn Random) -> Result<(), SyncError> {
        let ahead: Vec<Subject> = self.logs.keys().copied().collect();
        for subject in ahead {
            let Some(key) = self.known_key(subject).filter(|key| key.begins_empty) else {
                continue;
            };
            if let Some(log) = self.logs.get_mut(&subject)
                && log.lineage() < key.lineage()
            {
                let key = if log.begins_empty {
                    key
                } else {
                    new_key(subject, key.generation.saturating_add(1), false, random)?
                };
                log.absorb_all();
                (log.generation, log.begins_empty, log.key) = (key.generation, key.begins_empty, key.key.0);
                log.due = true;
                self.forget = true;
                self.note_gone(subject);
            }
        }
        Ok(())
    }

    /// Goes above the lineages that the relay's keyring names and whose snapshots are not there: a stick brought the keyring of a copied device,
    /// whose snapshot is refused. Without this, whoever knows the key would wait without end. To be called once all that the relay has was
    /// taken in from the beginning.
    pub(super) fn go_above_lost_lineages(&mut self, today: Today, writer: &Writer<'_>) -> Result<(), SyncError> {
        let household = &self.household;
        let held = household.documents.keyring.record.as_ref();
        let held = held
            .and_then(|record| KeyringRecord::read(record).ok())
            .map(|record| record.mark());
        // What another keyring names may be on its way to the relay, and what is hidden there may be shown yet.
        let at_relay = household.relay.as_ref().and_then(|relay| relay.keyring);
        if held.is_none() || held != at_relay || household.misses_something() {
            return Ok(());
        }
        self.notice(writer)?;
        let names = writer.reader().document_names();
        for lost in self.lacking_lineages() {
            let (subject, name) = (lost.subject, document_of(lost.subject));
            if is_expired(subject, today.confirmed) {
                continue;
            }
            let stored = names.iter().find(|(there, _)| Some(there) == name.as_ref());
            let key = new_key(subject, lost.generation.saturating_add(1), stored.is_none(), writer.random())?;
            let Some((_, vault_generation)) = stored else {
                self.know(&key);
                continue;
            };
            let log = self.logs.entry(subject).or_insert_with(|| DocumentLog::new(&key));
            log.absorb_all();
            (log.generation, log.begins_empty, log.key) = (key.generation, key.begins_empty, key.key.0);
            (log.vault_generation, log.due) = (*vault_generation, true);
            self.note_gone(subject);
        }
        self.forget = true;
        self.drop_overtaken();
        Ok(())
    }

    /// Destroys keys that nothing needs any more, after everything was taken in. `with_relay`: the relay knows the newest.
    pub(super) fn destroy_old_keys(&mut self, with_relay: bool) {
        let log = self.logs.get(&Subject::Heartbeat);
        let household = &self.household;
        let is_known = household.own.hpke.first().and_then(|own| own.said).is_some_and(|said| {
            let mine = log.into_iter().flat_map(|log| &log.entries);
            let at_relay = mine
                .into_iter()
                .any(|entry| entry.device == household.index && entry.number >= said && entry.at_relay);
            let others = household.list.devices.iter().filter(|device| device.index != household.index);
            let by_all = others.map(|device| household.peers.said.iter().find(|peer| peer.device == device.index));
            (with_relay && at_relay)
                || by_all
                    .into_iter()
                    .all(|peer| peer.is_some_and(|peer| peer.seen_of_me >= said))
        });
        if is_known && self.household.own.hpke.len() > 1 {
            self.household.own.hpke.truncate(1);
            self.forget = true;
        }
        let oldest = self
            .logs
            .values()
            .flat_map(|log| &log.entries)
            .filter_map(LogEntry::envelope)
            .chain(self.waiting.iter().filter_map(|waiting| Envelope::read(&waiting.chunk).ok()))
            .map(|envelope| envelope.epoch)
            .min();
        let present = self.household.epoch();
        let before = self.household.epochs.keys.len();
        self.household
            .epochs
            .keys
            .retain(|(epoch, _)| *epoch == present || oldest.is_some_and(|oldest| *epoch >= oldest));
        self.forget |= self.household.epochs.keys.len() != before;
    }
}
