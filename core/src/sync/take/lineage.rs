//! A body's content and its document: a change or a snapshot of the lineage that is here, or of one above it.
//!
//! A *lineage* is one writing of a document, under one key. Its name is (generation, tag of the key), and of two the greater stays. A deletion
//! begins the next generation, because Automerge never forgets: the document is written anew without its history, and the old key is dropped.
//!
//! **Example.** Phone and tablet both hold week 2 943 in lineage (4, x), with the visits *a* and *b*.
//!
//! 1. The tablet deletes *a*. It writes the week anew as (5, p) and sends a snapshot with *b* in it, which names the chunks that it was made of.
//! 2. Meanwhile the phone, which has not heard of that, adds *c* as a change of (4, x).
//! 3. The phone meets the snapshot: (5, p) > (4, x), so it *switches*. It carries over into (5, p) what it holds and the snapshot lacks, *c*, and
//!    leaves out what the tombstone of *a* names. Its next change of (5, p) brings *c* to the tablet.
//! 4. The tablet meets the phone's old change of (4, x). That lineage is replaced, and whoever wrote *c* carries it over: the change is known.
//!
//! Had the phone deleted *b* in step 2, there would be two of generation 5, (5, p) and (5, q). The one with the higher tag stays on both devices,
//! whatever order they meet them in; the other is carried over into it, and *a* and *b* are both gone.

use techo_protocol::household::body::{Body, Identity, Kind, Lineage, Snapshot, Subject, UnverifiedBody};
use techo_protocol::household::chunk::Envelope;
use techo_protocol::household::keyring_record::DocumentKey;

use super::{Intake, Taken};
use crate::documents::{Document, Whose};
use crate::sync::SyncError;
use crate::sync::document_log::{DocumentLog, LogEntry, UNSTORED, document_of};
use crate::sync::keyring::is_expired;

impl Intake<'_, '_> {
    pub(super) fn apply(&mut self, body: &Body, entry: LogEntry) -> Result<Taken, SyncError> {
        if is_expired(body.subject, self.state.today(self.source.now).confirmed) {
            self.drop_held(&entry);
            return Ok(Taken::Known);
        }
        if let Kind::Heartbeat(_) = body.kind {
            return Ok(self.heartbeat(body, entry));
        }
        let later = Taken::Later(Some(body.identity), None);
        let ahead = Taken::Later(Some(body.identity), Some((body.subject, body.lineage)));
        self.enter(body)?;
        let mine = self.state.logs.get(&body.subject).map(DocumentLog::lineage);
        let is_higher = mine.is_none_or(|mine| self.is_lower(mine, body.lineage));
        match (&body.kind, mine) {
            (Kind::Snapshot(snapshot), _) if is_higher => match self.key_of(body) {
                Some(key) => self.switch(body, snapshot, &key, entry),
                // Its key comes with the keyring, which may be a step behind: the tablet pushes snapshot and keyring in one swap, but a stick or a
                // direct session may bring the one without the other.
                None => Ok(ahead),
            },
            (_, _) if is_higher => Ok(ahead),
            (_, Some(mine)) if mine != body.lineage => {
                // Of a lineage that is replaced (step 4 of the example). Its author carries over what nobody has seen, so nothing is lost with it.
                // This device's own may be swept from the relay at once; another's is only no longer missed, for its author sweeps it.
                if body.identity.device == self.state.household.index {
                    self.drop_held(&entry);
                } else {
                    self.state
                        .household
                        .peers
                        .vector
                        .gone(body.identity.device, body.identity.number);
                }
                Ok(Taken::Known)
            }
            (Kind::Snapshot(snapshot), _) => self.merge(body, snapshot, entry),
            (_, _) => self.change(body, entry, later),
        }
    }

    /// Whether the lineage that is here gives way to another. Without an order among lineages of one generation, phone and tablet would each
    /// keep its own after the two deletions of the example, and never show the same again: the simulation seeds that mistake.
    fn is_lower(&self, mine: Lineage, other: Lineage) -> bool {
        if self.source.rules.siblings_have_an_order {
            mine < other
        } else {
            mine.generation < other.generation
        }
    }

    fn heartbeat(&mut self, body: &Body, entry: LogEntry) -> Taken {
        let (device, number) = (body.identity.device, body.identity.number);
        let newest = {
            let log = self.state.logs.get(&Subject::Heartbeat);
            let its = log
                .into_iter()
                .flat_map(|log| &log.entries)
                .filter(|entry| entry.device == device);
            its.map(|entry| entry.number).max().unwrap_or(0)
        };
        if number < newest || self.state.household.list.device(device).is_none() {
            self.drop_held(&entry);
            return Taken::Known;
        }
        self.state.supersede_heartbeats(device, number);
        if let Some(log) = self.state.logs.get_mut(&Subject::Heartbeat) {
            log.entries.push(entry);
        }
        Taken::In
    }

    /// Begins a log in a lineage that began with nothing in it, where its key is known and nothing of the document is here.
    ///
    /// The phone makes the first visit of a week, under the key that was made ahead for that week and that the tablet has too. The change stands
    /// alone, with no snapshot before it: the tablet begins the document with it.
    fn enter(&mut self, body: &Body) -> Result<(), SyncError> {
        if self.state.logs.contains_key(&body.subject) {
            return Ok(());
        }
        let (Some(name), Some(key)) = (document_of(body.subject), self.key_of(body)) else {
            return Ok(());
        };
        if key.begins_empty && !self.documents.contains_key(&name) && self.writer.reader().document(&name)?.is_none() {
            let mut log = DocumentLog::new(&key);
            log.vault_generation = UNSTORED;
            self.state.logs.insert(body.subject, log);
            self.documents
                .insert(name.clone(), Document::begin(name, self.writer.actor()));
        }
        Ok(())
    }

    /// The key of a body's lineage, if it is known and no log has it.
    fn key_of(&self, body: &Body) -> Option<DocumentKey> {
        self.state.known_key(body.subject).filter(|key| key.lineage() == body.lineage)
    }

    /// A lineage above one's own: it takes its place, and what one holds is carried over into it.
    fn switch(&mut self, body: &Body, snapshot: &Snapshot, key: &DocumentKey, entry: LogEntry) -> Result<Taken, SyncError> {
        let Some(name) = document_of(body.subject) else {
            return Ok(Taken::Refused);
        };
        let Ok(plain) = body.open(self.state.household.stream, &key.key) else {
            return Ok(Taken::Refused);
        };
        let actor = self.writer.actor();
        let Ok(mut theirs) = Document::receive(name.clone(), &plain, &snapshot.heads, actor) else {
            return Ok(Taken::Refused);
        };
        self.load(&name)?;
        let mine = self.documents.remove(&name);
        let whose = if self.source.rules.others_rows_are_carried {
            Whose::Everybodys
        } else {
            Whose::Own
        };
        let stored_at = theirs.take_place(mine.as_ref(), whose, self.writer)?;
        let mut log = DocumentLog::new(key);
        if let Some(mut old) = self.state.logs.remove(&body.subject) {
            old.absorb_all();
            for (device, number) in &old.absorbed {
                self.state.household.peers.vector.gone(*device, *number);
            }
            log.removable = old.removable;
            self.state.forget = true;
        }
        log.entries.push(entry);
        // The vault's is higher if carrying over has deleted something: `notice` sees it.
        log.vault_generation = stored_at;
        self.state.logs.insert(body.subject, log);
        self.documents.insert(name, theirs);
        self.state.notice(self.writer)?;
        Ok(Taken::In)
    }

    /// A snapshot of one's own lineage: everything in it, in the place of what it absorbed.
    ///
    /// The tablet has sent 65 changes of a week and sends a snapshot that absorbs them. The phone, which has 60 of them and three of its own,
    /// takes the snapshot in beside its own, and lets go of the 60. Of its own three it lets go only where the snapshot has them, by their hashes:
    /// what the tablet had not seen stays a chunk by itself.
    fn merge(&mut self, body: &Body, snapshot: &Snapshot, entry: LogEntry) -> Result<Taken, SyncError> {
        let (Some(plain), Some(name)) = (self.open(body), document_of(body.subject)) else {
            return Ok(Taken::Refused);
        };
        let actor = self.writer.actor();
        let Ok(mut theirs) = Document::receive(name.clone(), &plain, &snapshot.heads, actor) else {
            return Ok(Taken::Refused);
        };
        let changes = theirs.changes();
        let Some(document) = self.load(&name)? else {
            return Ok(Taken::Refused);
        };
        if document.take_in(&changes).is_err() {
            return Ok(Taken::Refused);
        }
        let within: Vec<Identity> = self.within(body.subject, &mut theirs);
        if let Some(log) = self.state.logs.get_mut(&body.subject) {
            let is_absorbed = |old: &LogEntry| snapshot.absorbed.contains(&old.identity());
            let absorbed = log.entries.iter().filter(|old| is_absorbed(old));
            for passed in absorbed.filter_map(LogEntry::chunk_id) {
                self.state.household.was_passed(passed);
            }
            log.entries.retain(|old| !is_absorbed(old));
            log.absorb(|old| within.contains(&old.identity()));
            log.entries.push(entry);
        }
        self.state.note_gone(body.subject);
        Ok(Taken::In)
    }

    /// The chunks of a document whose content is within a snapshot of it, whether it names them or another did that it has taken the place of.
    fn within(&self, subject: Subject, snapshot: &mut Document) -> Vec<Identity> {
        let household = &self.state.household;
        let Some(log) = self.state.logs.get(&subject) else {
            return Vec::new();
        };
        let mut is_within = |entry: &LogEntry| {
            let key = household.key_of(entry.envelope()?.epoch)?;
            let (_, signed) = Envelope::open(&entry.chunk, &key).ok()?;
            let unverified = UnverifiedBody::read(&signed).ok()?;
            let body = unverified.peek();
            let hashes = match &body.kind {
                Kind::Snapshot(other) => other.heads.clone(),
                _ => vec![Document::hash_of(&body.open(household.stream, &log.key()).ok()?)?],
            };
            Some(snapshot.has(&hashes))
        };
        let entries = log.entries.iter().filter(|entry| is_within(entry) == Some(true));
        entries.map(LogEntry::identity).collect()
    }

    fn change(&mut self, body: &Body, entry: LogEntry, later: Taken) -> Result<Taken, SyncError> {
        let (Some(name), Some(plain)) = (document_of(body.subject), self.open(body)) else {
            return Ok(Taken::Refused);
        };
        let Some(document) = self.load(&name)? else {
            return Ok(Taken::Refused);
        };
        match document.is_ready_for(&plain) {
            None => return Ok(Taken::Refused),
            Some(false) => return Ok(later),
            Some(true) => {}
        }
        // A snapshot that is here has absorbed it: an old stick brings it to a device that joined since. Kept as an entry, it would go to the relay
        // again, be swept by the others, and be missed there.
        if Document::hash_of(&plain).is_some_and(|hash| document.has(&[hash])) {
            self.drop_held(&entry);
            return Ok(Taken::Known);
        }
        if document.take_in(&[plain]).is_err() {
            return Ok(Taken::Refused);
        }
        if let Some(log) = self.state.logs.get_mut(&body.subject) {
            log.entries.push(entry);
        }
        Ok(Taken::In)
    }

    fn open(&self, body: &Body) -> Option<Vec<u8>> {
        let log = self.state.logs.get(&body.subject)?;
        body.open(self.state.household.stream, &log.key()).ok()
    }
}
