//! A body's content and its document: a change or a snapshot of the lineage that is here, or of one above it.

use techo_protocol::household::body::{Body, Identity, Kind, Lineage, Snapshot, Subject, UnverifiedBody};
use techo_protocol::household::chunk::Envelope;
use techo_protocol::household::keyring_record::DocumentKey;

use super::{Intake, Taken};
use crate::documents::{Document, Whose};
use crate::sync::SyncError;
use crate::sync::household::day_of;
use crate::sync::keyring::is_expired;
use crate::sync::line::{Held, Line, UNSTORED, document_of};

impl Intake<'_, '_> {
    pub(super) fn apply(&mut self, body: &Body, held: Held) -> Result<Taken, SyncError> {
        if is_expired(body.subject, day_of(self.source.now)) {
            self.drop_held(&held);
            return Ok(Taken::Known);
        }
        if let Kind::Heartbeat(_) = body.kind {
            return Ok(self.heartbeat(body, held));
        }
        let later = Taken::Later(Some(body.identity), None);
        let ahead = Taken::Later(Some(body.identity), Some((body.subject, body.lineage)));
        self.enter(body)?;
        let mine = self.state.lines.get(&body.subject).map(Line::lineage);
        let is_higher = mine.is_none_or(|mine| self.is_lower(mine, body.lineage));
        match (&body.kind, mine) {
            (Kind::Snapshot(snapshot), _) if is_higher => match self.key_of(body) {
                Some(key) => self.switch(body, snapshot, &key, held),
                // Its key comes with the keyring.
                None => Ok(ahead),
            },
            (_, _) if is_higher => Ok(ahead),
            (_, Some(mine)) if mine != body.lineage => {
                // Of a lineage that is replaced. Its author carries over what nobody has seen; what this device has let go of may go.
                if body.identity.device == self.state.household.index {
                    self.drop_held(&held);
                } else {
                    self.state.household.vector.gone(body.identity.device, body.identity.number);
                }
                Ok(Taken::Known)
            }
            (Kind::Snapshot(snapshot), _) => self.merge(body, snapshot, held),
            (_, _) => self.change(body, held, later),
        }
    }

    /// Whether the lineage that is here gives way to another.
    fn is_lower(&self, mine: Lineage, other: Lineage) -> bool {
        if self.source.rules.siblings_have_an_order {
            mine < other
        } else {
            mine.generation < other.generation
        }
    }

    fn heartbeat(&mut self, body: &Body, held: Held) -> Taken {
        let (device, number) = (body.identity.device, body.identity.number);
        let newest = {
            let line = self.state.lines.get(&Subject::Heartbeat);
            let its = line
                .into_iter()
                .flat_map(|line| &line.held)
                .filter(|held| held.device == device);
            its.map(|held| held.number).max().unwrap_or(0)
        };
        if number < newest || self.state.household.list.device(device).is_none() {
            self.drop_held(&held);
            return Taken::Known;
        }
        self.state.supersede_heartbeats(device, number);
        if let Some(line) = self.state.lines.get_mut(&Subject::Heartbeat) {
            line.held.push(held);
        }
        Taken::In
    }

    /// Makes a line in a lineage that began with nothing in it, where its key is known and nothing of the document is here.
    fn enter(&mut self, body: &Body) -> Result<(), SyncError> {
        if self.state.lines.contains_key(&body.subject) {
            return Ok(());
        }
        let (Some(name), Some(key)) = (document_of(body.subject), self.key_of(body)) else {
            return Ok(());
        };
        if key.begins_empty && !self.documents.contains_key(&name) && self.writer.reader().document(&name)?.is_none() {
            let mut line = Line::new(&key);
            line.vault_generation = UNSTORED;
            self.state.lines.insert(body.subject, line);
            self.documents
                .insert(name.clone(), Document::begin(name, self.writer.actor()));
        }
        Ok(())
    }

    /// The key of a body's lineage, if it is known and no line has it.
    fn key_of(&self, body: &Body) -> Option<DocumentKey> {
        self.state.known_key(body.subject).filter(|key| key.lineage() == body.lineage)
    }

    /// A lineage above one's own: it takes its place, and what one holds is carried over into it.
    fn switch(&mut self, body: &Body, snapshot: &Snapshot, key: &DocumentKey, held: Held) -> Result<Taken, SyncError> {
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
        let mut line = Line::new(key);
        if let Some(mut old) = self.state.lines.remove(&body.subject) {
            old.absorb_all();
            for (device, number) in &old.absorbed {
                self.state.household.vector.gone(*device, *number);
            }
            line.removable = old.removable;
            self.state.forget = true;
        }
        line.held.push(held);
        // The vault's is higher if carrying over has deleted something: `notice` sees it.
        line.vault_generation = stored_at;
        self.state.lines.insert(body.subject, line);
        self.documents.insert(name, theirs);
        self.state.notice(self.writer)?;
        Ok(Taken::In)
    }

    /// A snapshot of one's own lineage: everything in it, in the place of what it absorbed.
    fn merge(&mut self, body: &Body, snapshot: &Snapshot, held: Held) -> Result<Taken, SyncError> {
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
        if let Some(line) = self.state.lines.get_mut(&body.subject) {
            let is_absorbed = |old: &Held| snapshot.absorbed.contains(&old.identity());
            let absorbed = line.held.iter().filter(|old| is_absorbed(old));
            for passed in absorbed.filter_map(Held::chunk_id) {
                self.state.household.was_passed(passed);
            }
            line.held.retain(|old| !is_absorbed(old));
            line.absorb(|old| within.contains(&old.identity()));
            line.held.push(held);
        }
        self.state.note_gone(body.subject);
        Ok(Taken::In)
    }

    /// The chunks of a document whose content is within a snapshot of it, whether it names them or another did that it has taken the place of.
    fn within(&self, subject: Subject, snapshot: &mut Document) -> Vec<Identity> {
        let household = &self.state.household;
        let Some(line) = self.state.lines.get(&subject) else {
            return Vec::new();
        };
        let mut is_within = |held: &Held| {
            let key = household.key_of(held.envelope()?.epoch)?;
            let (_, signed) = Envelope::open(&held.chunk, &key).ok()?;
            let unverified = UnverifiedBody::read(&signed).ok()?;
            let body = unverified.peek();
            let hashes = match &body.kind {
                Kind::Snapshot(other) => other.heads.clone(),
                _ => vec![Document::hash_of(&body.open(household.stream, &line.key()).ok()?)?],
            };
            Some(snapshot.has(&hashes))
        };
        let held = line.held.iter().filter(|held| is_within(held) == Some(true));
        held.map(Held::identity).collect()
    }

    fn change(&mut self, body: &Body, held: Held, later: Taken) -> Result<Taken, SyncError> {
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
        if document.take_in(&[plain]).is_err() {
            return Ok(Taken::Refused);
        }
        if let Some(line) = self.state.lines.get_mut(&body.subject) {
            line.held.push(held);
        }
        Ok(Taken::In)
    }

    fn open(&self, body: &Body) -> Option<Vec<u8>> {
        let line = self.state.lines.get(&body.subject)?;
        body.open(self.state.household.stream, &line.key()).ok()
    }
}
