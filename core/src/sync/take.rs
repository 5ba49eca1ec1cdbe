//! Taking chunks in, from a relay, a file or another device. The order of checks: envelope, commitment, seal, device list, signature, sequence,
//! then what the body holds.

use std::collections::BTreeMap;

use serde_bytes::{ByteArray, ByteBuf};
use techo_protocol::body::{Body, Heartbeat, Identity, Kind, Lineage, Snapshot, Subject, UnverifiedBody, chain_after};
use techo_protocol::chunk::Envelope;
use techo_protocol::keyring_record::DocumentKey;

use super::SyncError;
use super::household::{Heard, Peer, day_of, start_over};
use super::keyring::is_expired;
use super::line::{Held, Line, State, UNSTORED, Waiting, document_of};
use super::rules::Rules;
use crate::documents::{Document, Whose};
use crate::vault::{DocumentName, Vault, Writer};

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
    /// It was this device that was copied: it has begun a household of its own.
    pub begun_anew: bool,
}

/// Where chunks came from, and when.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// Whether the relay gave them.
    pub from_relay: bool,
    /// The time in Unix seconds.
    pub now: i64,
    /// [`Rules::default`] everywhere but in the simulation.
    pub rules: Rules,
}

impl Source {
    /// From the relay, at `now`.
    pub fn relay(now: i64) -> Self {
        Self {
            from_relay: true,
            now,
            rules: Rules::default(),
        }
    }

    /// From a file or from another device, at `now`.
    pub fn direct(now: i64) -> Self {
        Self {
            from_relay: false,
            ..Self::relay(now)
        }
    }
}

enum Taken {
    In,
    Known,
    /// To be looked at again, and what could be read of it.
    Later(Option<Identity>, Option<(Subject, Lineage)>),
    Refused,
    Copied,
    /// This device's own name, and not its own writing.
    Impostor,
}

/// Takes chunks in, in any order. What cannot be taken in yet is kept for later.
///
/// # Errors
/// [`SyncError`]: the vault cannot be written; nothing is changed then. A bad chunk is no error.
pub fn incoming(vault: &mut Vault, chunks: &[Vec<u8>], source: Source) -> Result<Report, SyncError> {
    vault.write(|writer| {
        let mut state = State::load(writer)?;
        state.notice(writer)?;
        let mut intake = Intake {
            state,
            writer,
            documents: BTreeMap::new(),
            from_relay: false,
            source,
        };
        let mut report = Report::default();
        let mut open: Vec<ByteBuf> = std::mem::take(&mut intake.state.waiting)
            .into_iter()
            .map(|waiting| waiting.chunk)
            .collect();
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
                intake.from_relay = source.from_relay && chunks.iter().any(|other| **other == **chunk);
                let taken = intake.take(&chunk)?;
                if matches!(taken, Taken::Known | Taken::Refused | Taken::Copied) {
                    intake.pass(&chunk);
                }
                match taken {
                    Taken::In => report.taken += 1,
                    Taken::Known => report.known += 1,
                    Taken::Refused => report.refused += 1,
                    Taken::Copied => report.copied += 1,
                    Taken::Later(identity, lineage) => later.push(Waiting {
                        identity: identity.map(|identity| (identity.device, identity.number)),
                        lineage: lineage.map(|(subject, lineage)| (subject, lineage.generation, ByteArray::new(lineage.tag))),
                        chunk,
                    }),
                    Taken::Impostor => {
                        report.begun_anew = true;
                        return intake.begin_anew(report);
                    }
                }
            }
            if later.len() == before || later.is_empty() {
                report.waiting = later.len();
                later.truncate(MOST_WAITING);
                intake.state.waiting = later;
                break;
            }
            open = later.into_iter().map(|waiting| waiting.chunk).collect();
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
    source: Source,
}

impl Intake<'_, '_> {
    fn take(&mut self, chunk: &[u8]) -> Result<Taken, SyncError> {
        let household = &self.state.household;
        let Some(envelope) = Envelope::read(chunk)
            .ok()
            .filter(|envelope| envelope.stream == household.stream.0)
        else {
            return Ok(Taken::Refused);
        };
        let Some(key) = household.key_of(envelope.epoch) else {
            // Of a later epoch, whose record is still to come; or of one whose key is destroyed.
            let is_later = envelope.epoch > household.epoch();
            return Ok(if is_later { Taken::Later(None, None) } else { Taken::Refused });
        };
        let Ok((_, signed)) = Envelope::open(chunk, &key) else {
            return Ok(Taken::Refused);
        };
        if signed.is_empty() {
            self.sweep(envelope.chunk_id);
            return Ok(Taken::Known);
        }
        let Ok(unverified) = UnverifiedBody::read(&signed) else {
            return Ok(Taken::Refused);
        };
        let identity = unverified.identity();
        let Some(author) = self.state.household.author(identity.device, identity.number) else {
            // The record that lists it may come later. One that was removed is refused beyond its last.
            let was_removed = self
                .state
                .household
                .list
                .removed
                .iter()
                .any(|removed| removed.index == identity.device);
            return Ok(if was_removed {
                Taken::Refused
            } else {
                Taken::Later(None, None)
            });
        };
        let Ok(body) = unverified.verify(self.state.household.stream, &author) else {
            return Ok(Taken::Refused);
        };
        let after = chain_after(&signed);
        let is_foreign = identity.device == self.state.household.index && !self.is_mine(&body, &after);
        if is_foreign || self.is_behind_itself(&body) {
            return Ok(Taken::Impostor);
        }
        self.witness(&body);
        match self.sequence(&body, &after, chunk) {
            Some(Taken::Copied) if identity.device == self.state.household.index => return Ok(Taken::Impostor),
            Some(known) => return Ok(known),
            None => {}
        }
        if self.is_let_go(envelope.chunk_id) {
            self.heard(&body, after);
            return Ok(Taken::Known);
        }
        let held = Held {
            device: identity.device,
            number: identity.number,
            chain: ByteArray::new(body.chain),
            after: ByteArray::new(after),
            at_relay: self.from_relay,
            spent: false,
            chunk: ByteBuf::from(chunk.to_vec()),
        };
        let taken = self.apply(&body, held)?;
        if matches!(taken, Taken::In | Taken::Known) {
            self.heard(&body, after);
        }
        Ok(taken)
    }

    /// Whether a body under this device's name is one that it wrote: it is not beyond the last, and not another at its place.
    fn is_mine(&self, body: &Body, after: &[u8; 32]) -> bool {
        self.state.household.has_written(body.identity.number, after)
    }

    /// Whether somebody has seen of this device what it has not written: it is set back to an old state, or another goes on as it.
    fn is_behind_itself(&mut self, body: &Body) -> bool {
        let household = &mut self.state.household;
        let of_me = body.vector.iter().find(|entry| entry.device == household.index);
        let seen = of_me.map_or(0, |entry| entry.seen.max(entry.at_relay).max(entry.gone));
        if household.number == 0 {
            // It has joined just now: that is of the device whose index this was half a year ago.
            household.of_predecessor = household.of_predecessor.max(seen);
        }
        seen > household.number.max(household.of_predecessor)
    }

    /// Whether this device has let go of the chunk already, and will have it removed.
    fn is_let_go(&self, chunk_id: [u8; 16]) -> bool {
        let removable = self.state.lines.values().flat_map(|line| &line.removable);
        removable.chain(&self.state.household.sweep).any(|id| **id == chunk_id)
    }

    /// The relay has shown a chunk of which nothing is kept.
    fn pass(&mut self, chunk: &[u8]) {
        if let (true, Ok(envelope)) = (self.from_relay, Envelope::read(chunk)) {
            self.state.household.passed.push(ByteArray::new(envelope.chunk_id));
        }
    }

    /// A chunk with nothing in it: removed with the next swap.
    fn sweep(&mut self, chunk_id: [u8; 16]) {
        let id = ByteArray::new(chunk_id);
        if self.from_relay && !self.state.household.sweep.contains(&id) {
            self.state.household.sweep.push(id);
        }
    }

    /// Notes what a signed body says of what was seen where; whether its content can be opened does not matter.
    fn witness(&mut self, body: &Body) {
        let household = &mut self.state.household;
        if self.from_relay {
            household.vector.met_at_relay(body.identity.device, body.identity.number);
        }
        household.vector.take(&body.vector);
        match &body.kind {
            Kind::Snapshot(snapshot) => {
                for absorbed in &snapshot.absorbed {
                    household.vector.gone(absorbed.device, absorbed.number);
                }
                // They may be gone from the relay already, even where this snapshot's content cannot be opened yet.
                for held in self.state.lines.values_mut().flat_map(|line| &mut line.held) {
                    held.spent |= snapshot.absorbed.contains(&held.identity());
                }
            }
            Kind::Heartbeat(heartbeat) => self.peer(body, heartbeat),
            Kind::Change => {}
        }
    }

    fn peer(&mut self, body: &Body, heartbeat: &Heartbeat) {
        let household = &mut self.state.household;
        let (device, number) = (body.identity.device, body.identity.number);
        if device == household.index
            || household
                .peers
                .iter()
                .any(|peer| peer.device == device && peer.number >= number)
        {
            return;
        }
        let of_me = body.vector.iter().find(|entry| entry.device == household.index);
        household.peers.retain(|peer| peer.device != device);
        household.peers.push(Peer {
            device,
            number,
            hpke: ByteArray::new(heartbeat.hpke),
            keyring: heartbeat.keyring,
            day: heartbeat.day,
            seen_of_me: of_me.map_or(0, |entry| entry.seen),
        });
    }

    /// Whether the body is known already, or contradicts its neighbours: then its device was copied.
    fn sequence(&mut self, body: &Body, after: &[u8; 32], chunk: &[u8]) -> Option<Taken> {
        let identity = body.identity;
        for held in self.state.lines.values_mut().flat_map(|line| &mut line.held) {
            if held.device != identity.device {
                continue;
            }
            if held.number == identity.number {
                if *held.after != *after {
                    return Some(Taken::Copied);
                }
                let spare = if self.from_relay { held.met_at_relay(chunk) } else { None };
                if let Some(spare) = spare {
                    self.sweep(spare);
                }
                return Some(Taken::Known);
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

    /// A chunk at the relay that nothing needs any more.
    fn drop_held(&mut self, held: &Held) {
        self.state.household.vector.gone(held.device, held.number);
        if let Some(id) = held.chunk_id().filter(|_| held.at_relay).map(ByteArray::new)
            && !self.state.household.sweep.contains(&id)
        {
            self.state.household.sweep.push(id);
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
            let passed = absorbed.filter_map(Held::chunk_id).map(ByteArray::new);
            self.state.household.passed.extend(passed);
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

    fn load(&mut self, name: &DocumentName) -> Result<Option<&mut Document>, SyncError> {
        if !self.documents.contains_key(name)
            && let Some(stored) = self.writer.reader().document(name)?
        {
            self.documents
                .insert(name.clone(), Document::load(stored, self.writer.actor()));
        }
        Ok(self.documents.get_mut(name))
    }

    /// Stores what was taken in. A document that holds something deleted is written anew.
    fn finish(mut self) -> Result<(), SyncError> {
        for (name, document) in &mut self.documents {
            if document.holds_deleted() {
                document.rewrite(self.writer)?;
                continue;
            }
            let is_new = !self.writer.reader().document_names().iter().any(|(there, _)| there == name);
            document.save(self.writer)?;
            if is_new {
                // It came from others: there is nothing of this device's own in it.
                self.writer.nothing_to_send(name)?;
            }
        }
        self.state.notice(self.writer)?;
        self.state.drop_unstored();
        self.state.store(self.writer)
    }

    /// Another writes under this device's name: from now on it is a household of its own. What came is left for after the pairing.
    fn begin_anew(mut self, report: Report) -> Result<Report, SyncError> {
        start_over(&mut self.state, self.writer, self.source.now)?;
        self.state.store(self.writer)?;
        Ok(report)
    }
}

impl Report {
    /// Adds another report.
    pub fn add(&mut self, other: Self) {
        self.taken += other.taken;
        self.known += other.known;
        self.refused += other.refused;
        self.copied += other.copied;
        self.begun_anew |= other.begun_anew;
        // What waits is kept, and looked at again each time.
        self.waiting = other.waiting;
    }
}
