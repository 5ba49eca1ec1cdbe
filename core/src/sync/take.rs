//! Taking chunks in, from a relay or a file. The order of checks: envelope, commitment, seal, device list, signature, sequence, then what the
//! body holds.

use std::collections::BTreeMap;

use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::body::{Body, Kind, Snapshot, Subject, UnverifiedBody, chain_after};
use techo_protocol::chunk::Envelope;

use super::SyncError;
use super::household::Heard;
use super::line::{Held, Line, State, document_of};
use crate::documents::Document;
use crate::documents::week::{DAY_SECONDS, last_day};
use crate::vault::{DocumentName, Vault, Writer};

/// Days that a document is refused after its last: the longest retention, and a week.
const REFUSED_AFTER_DAYS: i64 = 60 + 7;
/// Most chunks that wait for others.
const MOST_WAITING: usize = 4_096;

/// What came in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Chunks that were taken in.
    pub taken: usize,
    /// Known already, or of a lineage that another has replaced.
    pub known: usize,
    /// Waiting for others that have not come yet.
    pub waiting: usize,
    /// Refused: damaged, forged, of another household or of nobody.
    pub refused: usize,
    /// Two different chunks bear one number: a device was copied.
    pub copied: usize,
}

enum Taken {
    In,
    Known,
    Later,
    Refused,
    Copied,
}

/// Takes chunks in, in any order. What cannot be taken in yet is kept for later.
///
/// # Errors
/// [`SyncError`]: the vault cannot be written; nothing is changed then. A bad chunk is no error.
pub fn incoming(vault: &mut Vault, chunks: &[Vec<u8>], from_relay: bool, now: i64) -> Result<Report, SyncError> {
    vault.write(|writer| {
        let mut state = State::load(writer)?;
        state.notice(writer)?;
        let mut intake = Intake {
            state,
            writer,
            documents: BTreeMap::new(),
            from_relay: false,
            now,
        };
        let mut report = Report::default();
        let mut open: Vec<ByteBuf> = std::mem::take(&mut intake.state.waiting);
        for chunk in chunks {
            if !open.iter().any(|other| **other == **chunk) {
                open.push(ByteBuf::from(chunk.clone()));
            }
        }
        loop {
            let mut later = Vec::new();
            let before = open.len();
            for chunk in open {
                // One that has waited may have come another way.
                intake.from_relay = from_relay && chunks.iter().any(|other| **other == **chunk);
                match intake.take(&chunk)? {
                    Taken::In => report.taken += 1,
                    Taken::Known => report.known += 1,
                    Taken::Refused => report.refused += 1,
                    Taken::Copied => report.copied += 1,
                    Taken::Later => later.push(chunk),
                }
            }
            if later.len() == before || later.is_empty() {
                report.waiting = later.len();
                later.truncate(MOST_WAITING);
                intake.state.waiting = later;
                break;
            }
            open = later;
        }
        intake.finish()?;
        Ok(report)
    })
}

struct Intake<'c, 'w> {
    state: State,
    writer: &'c mut Writer<'w>,
    documents: BTreeMap<DocumentName, Document>,
    from_relay: bool,
    now: i64,
}

impl Intake<'_, '_> {
    fn take(&mut self, chunk: &[u8]) -> Result<Taken, SyncError> {
        let household = &self.state.household;
        let opened = Envelope::read(chunk)
            .ok()
            .filter(|envelope| envelope.stream == household.stream.0 && envelope.epoch == household.epoch);
        let Some((_, signed)) = opened.and_then(|_| Envelope::open(chunk, &household.epoch_key()).ok()) else {
            return Ok(Taken::Refused);
        };
        let Ok(unverified) = UnverifiedBody::read(&signed) else {
            return Ok(Taken::Refused);
        };
        let Some(member) = household.member(unverified.identity().device) else {
            // The device list may come later.
            return Ok(Taken::Later);
        };
        let Ok(body) = unverified.verify(household.stream, &member.key) else {
            return Ok(Taken::Refused);
        };
        let after = chain_after(&signed);
        if let Some(known) = self.sequence(&body, &after) {
            return Ok(known);
        }
        let held = Held {
            device: body.identity.device,
            number: body.identity.number,
            chain: ByteArray::new(body.chain),
            after: ByteArray::new(after),
            at_relay: self.from_relay,
            chunk: ByteBuf::from(chunk.to_vec()),
        };
        let taken = self.apply(&body, held)?;
        if matches!(taken, Taken::In | Taken::Known) {
            self.heard(&body, after);
        }
        Ok(taken)
    }

    /// Whether the body is known already, or contradicts its neighbours: then its device was copied.
    fn sequence(&mut self, body: &Body, after: &[u8; 32]) -> Option<Taken> {
        let identity = body.identity;
        for held in self.state.lines.values_mut().flat_map(|line| &mut line.held) {
            if held.device != identity.device {
                continue;
            }
            if held.number == identity.number {
                held.at_relay |= self.from_relay && *held.after == *after;
                return Some(if *held.after == *after { Taken::Known } else { Taken::Copied });
            }
            let follows = held.number.checked_add(1) == Some(identity.number) && *held.after != body.chain;
            let precedes = identity.number.checked_add(1) == Some(held.number) && *held.chain != *after;
            if follows || precedes {
                return Some(Taken::Copied);
            }
        }
        let heard = self
            .state
            .household
            .heard
            .iter()
            .find(|heard| heard.device == identity.device)?;
        let breaks = heard.highest.checked_add(1) == Some(identity.number) && heard.after != body.chain;
        (breaks || (heard.highest == identity.number && heard.after != *after)).then_some(Taken::Copied)
    }

    fn heard(&mut self, body: &Body, after: [u8; 32]) {
        let (device, highest) = (body.identity.device, body.identity.number);
        match self.state.household.heard.iter_mut().find(|heard| heard.device == device) {
            Some(heard) if heard.highest < highest => *heard = Heard { device, highest, after },
            Some(_) => {}
            None => self.state.household.heard.push(Heard { device, highest, after }),
        }
    }

    fn apply(&mut self, body: &Body, held: Held) -> Result<Taken, SyncError> {
        if let Subject::Week(week) = body.subject
            && self.now.div_euclid(DAY_SECONDS) - last_day(week) > REFUSED_AFTER_DAYS
        {
            return Ok(Taken::Known);
        }
        let mine = self.state.lines.get(&body.subject).map(Line::lineage);
        match (&body.kind, mine) {
            (Kind::Snapshot(snapshot), mine) if mine.is_none_or(|mine| mine < body.lineage) => self.switch(body, snapshot, held),
            (Kind::Change, mine) if mine.is_none_or(|mine| mine < body.lineage) => Ok(Taken::Later),
            (_, Some(mine)) if mine > body.lineage => {
                // Of a lineage that is replaced. Its author carries over what nobody has seen; one's own was carried over, and may go.
                if body.identity.device == self.state.household.index {
                    let line = self.state.lines.get_mut(&body.subject);
                    if let (Some(line), Some(id)) = (line, held.chunk_id().map(ByteArray::new))
                        && !line.removable.contains(&id)
                    {
                        line.removable.push(id);
                    }
                }
                Ok(Taken::Known)
            }
            (Kind::Snapshot(snapshot), _) => self.merge(body, snapshot, held),
            (Kind::Change, _) => self.change(body, held),
        }
    }

    /// A lineage above one's own: it takes its place, and what one holds is carried over into it.
    fn switch(&mut self, body: &Body, snapshot: &Snapshot, held: Held) -> Result<Taken, SyncError> {
        let (Some(key), Some(name)) = (&snapshot.key, document_of(body.subject)) else {
            return Ok(Taken::Refused);
        };
        if key.tag() != body.lineage.tag {
            return Ok(Taken::Refused);
        }
        let Ok(plain) = body.open(self.state.household.stream, key) else {
            return Ok(Taken::Refused);
        };
        let actor = self.writer.actor();
        let Ok(mut theirs) = Document::receive(name.clone(), &plain, &snapshot.heads, actor) else {
            return Ok(Taken::Refused);
        };
        self.load(&name)?;
        let mine = self.documents.remove(&name);
        let stored_at = theirs.take_place(mine.as_ref(), self.writer)?;
        let mut line = Line::new(body.lineage.generation, key.0);
        if let Some(mut old) = self.state.lines.remove(&body.subject) {
            old.absorb_all();
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
        let Some(plain) = self.open(body) else {
            return Ok(Taken::Refused);
        };
        match document_of(body.subject) {
            None => {
                let Ok(members) = ciborium::from_reader::<Vec<super::household::Member>, _>(&plain[..]) else {
                    return Ok(Taken::Refused);
                };
                self.state.household.merge(&members);
                // What was merged is said once, by whoever sees that it says more than either.
                if self.state.household.members != members && self.state.lines.get(&body.subject).is_some_and(|line| !line.due) {
                    self.state.members_changed();
                }
            }
            Some(name) => {
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
            }
        }
        if let Some(line) = self.state.lines.get_mut(&body.subject) {
            line.held.retain(|old| !snapshot.absorbed.contains(&old.identity()));
            line.held.push(held);
        }
        Ok(Taken::In)
    }

    fn change(&mut self, body: &Body, held: Held) -> Result<Taken, SyncError> {
        let (Some(name), Some(plain)) = (document_of(body.subject), self.open(body)) else {
            return Ok(Taken::Refused);
        };
        let Some(document) = self.load(&name)? else {
            return Ok(Taken::Refused);
        };
        match document.is_ready_for(&plain) {
            None => return Ok(Taken::Refused),
            Some(false) => return Ok(Taken::Later),
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

    fn load(&mut self, name: &DocumentName) -> Result<Option<&mut Document>, SyncError> {
        if !self.documents.contains_key(name)
            && let Some(stored) = self.writer.reader().document(name)?
        {
            self.documents
                .insert(name.clone(), Document::load(stored, self.writer.actor()));
        }
        Ok(self.documents.get_mut(name))
    }

    /// Stores what was taken in. A document that holds something buried elsewhere is written anew.
    fn finish(mut self) -> Result<(), SyncError> {
        for document in self.documents.values_mut() {
            if document.holds_buried() {
                document.rewrite(self.writer)?;
            } else {
                document.save(self.writer)?;
            }
        }
        self.state.notice(self.writer)?;
        self.state.store(self.writer)
    }
}

impl Report {
    /// Adds another report.
    pub fn add(&mut self, other: Self) {
        self.taken += other.taken;
        self.known += other.known;
        self.refused += other.refused;
        self.copied += other.copied;
        // What waits is kept, and looked at again each time.
        self.waiting = other.waiting;
    }
}
