//! The relay of the simulation and the way to it: an honest relay in memory, behind a network that loses and repeats, and a liar that shows
//! something else. A device asks through the port of its front door, which is a [`Line`] here.

#![allow(clippy::match_same_arms, reason = "each case has its own reason to end so")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_bytes::ByteBuf;
use techo_core::ports::{HttpError, Relay};
use techo_protocol::household::chunk::Envelope;
use techo_protocol::household::sync_api::{
    Call, ChunkId, Mark, StreamId, SyncAnswer, SyncRequest, UnverifiedRequest, stream_path,
};
use techo_testing::memory_relay::{Given, Kept, MemoryRelay, over_http};

use super::chance::Chance;
use super::faults::{Counts, Fault};

/// A mistake of the relay's that [`super::mistakes`] seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayMistake {
    None,
    /// A swap removes everything up to its cursor.
    PrunesByWatermark,
    /// A push is answered before it is stored, and then is not.
    AnswersBeforeStoring,
}

/// An earlier state of the relay, and how much had happened then.
struct OldState {
    kept: Kept,
    happened: usize,
}

/// The network of a schedule. Clones are the same one: each device has a line to it.
#[derive(Clone)]
pub struct Network(Arc<Mutex<State>>);

struct State {
    main: MemoryRelay,
    /// The other view of a relay that forks, and who is shown it.
    fork: Option<MemoryRelay>,
    on_fork: BTreeSet<usize>,
    /// Names the relay: another one has another address.
    address: String,
    old: Vec<OldState>,
    /// Requests that are delivered late, with their view.
    late: Vec<(bool, Vec<u8>)>,
    /// Requests that somebody kept.
    kept: Vec<Vec<u8>>,
    /// The messages of pairings, by their path.
    mailboxes: BTreeMap<String, Vec<u8>>,
    pushed_by: BTreeMap<[u8; 16], usize>,
    /// Whose chunks are hidden from whom.
    withheld: Option<(usize, usize)>,
    /// What views saw that are gone by now.
    gone: Vec<Vec<u8>>,
    counts: Counts,
    mistake: RelayMistake,
    main_stream: StreamId,
    /// How much has happened at the relay: changes of the household's account.
    happened: usize,
    /// The relay's time, which is right; in Unix seconds.
    now: i64,
}

/// What is done to one conversation: at which call, and what.
#[derive(Default)]
pub struct Script {
    pub faults: Vec<(usize, Fault)>,
    /// The relay answers from its oldest state that this device has not seen anything newer than.
    pub delayed_since: Option<usize>,
}

impl Network {
    pub fn new(mistake: RelayMistake) -> Self {
        Self(Arc::new(Mutex::new(State {
            main: MemoryRelay::new(1),
            fork: None,
            on_fork: BTreeSet::new(),
            address: "relay".into(),
            old: Vec::new(),
            late: Vec::new(),
            kept: Vec::new(),
            mailboxes: BTreeMap::new(),
            pushed_by: BTreeMap::new(),
            withheld: None,
            gone: Vec::new(),
            counts: Counts::default(),
            mistake,
            main_stream: StreamId::default(),
            happened: 0,
            now: 0,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn count(&self, fault: Fault) {
        self.state().counts.add(fault);
    }

    pub fn count_many(&self, fault: Fault, times: u64) {
        self.state().counts.add_many(fault, times);
    }

    pub fn counts(&self) -> Counts {
        self.state().counts.clone()
    }

    pub fn set_time(&self, now: i64) {
        self.state().now = now;
    }

    pub fn follow(&self, stream: StreamId) {
        self.state().main_stream = stream;
    }

    pub fn stream(&self) -> StreamId {
        self.state().main_stream
    }

    pub fn address(&self) -> String {
        self.state().address.clone()
    }

    /// How much has happened at the relay: changes of the household's account.
    pub fn happened(&self) -> usize {
        self.state().happened
    }

    /// Hides what one device sent from another; nothing, where it is not said.
    pub fn withhold(&self, from_whom: Option<(usize, usize)>) {
        self.state().withheld = from_whom;
    }

    /// Every byte that any view of it ever saw.
    pub fn hoard(&self) -> Vec<Vec<u8>> {
        let state = self.state();
        let mut all = state.gone.clone();
        for view in [Some(&state.main), state.fork.as_ref()].into_iter().flatten() {
            all.extend(view.kept.borrow().hoard.iter().cloned());
        }
        let mut seen = BTreeSet::new();
        all.retain(|bytes| seen.insert(bytes.clone()));
        all
    }

    pub fn remember(&self) {
        let mut state = self.state();
        let mut kept = state.main.kept.borrow().clone();
        kept.hoard.clear();
        let happened = state.happened;
        state.old.push(OldState { kept, happened });
    }

    /// Puts an old state in the place of what there is. Answers how much had happened then.
    pub fn roll_back(&self, chance: &Chance) -> Option<usize> {
        let mut state = self.state();
        let at = chance.below(state.old.len());
        let old = state.old.get(at)?;
        let (mut kept, happened) = (old.kept.clone(), old.happened);
        if happened == state.happened {
            return None;
        }
        kept.hoard = std::mem::take(&mut state.main.kept.borrow_mut().hoard);
        *state.main.kept.borrow_mut() = kept;
        // What was later is of a history that is no more.
        state.old.truncate(at + 1);
        state.counts.add(Fault::RolledBack);
        Some(happened)
    }

    pub fn wipe(&self, chance: &Chance) {
        let mut state = self.state();
        let mut kept = state.main.kept.borrow_mut();
        let generation = chance.number().to_be_bytes().repeat(2);
        let hoard = std::mem::take(&mut kept.hoard);
        *kept = Kept::default();
        kept.generation = generation.try_into().unwrap_or_default();
        kept.hoard = hoard;
        drop(kept);
        state.old.clear();
        state.counts.add(Fault::Wiped);
    }

    /// From now on `devices` are shown a view of their own.
    pub fn fork(&self, devices: BTreeSet<usize>) {
        let mut state = self.state();
        if state.fork.is_none() && !devices.is_empty() {
            let mut kept = state.main.kept.borrow().clone();
            kept.hoard.clear();
            let other = MemoryRelay::default();
            *other.kept.borrow_mut() = kept;
            (state.fork, state.on_fork) = (Some(other), devices);
            state.counts.add(Fault::Forked);
        }
    }

    pub fn is_forked(&self) -> bool {
        self.state().fork.is_some()
    }

    /// All are shown one view again, one of the two.
    pub fn end_fork(&self, other_stays: bool) {
        self.state().end_fork(other_stays);
    }

    /// Another relay, which has nothing; the old one does not answer any more.
    pub fn move_away(&self) {
        let mut state = self.state();
        state.end_fork(false);
        let lost = std::mem::replace(&mut state.main, MemoryRelay::new(99));
        state.gone.append(&mut lost.kept.borrow_mut().hoard);
        state.address = "another relay".into();
        state.old.clear();
    }

    /// Lies and losses end.
    pub fn becomes_honest(&self, chance: &Chance) {
        let mut state = self.state();
        state.withheld = None;
        state.end_fork(chance.one_in(2));
        state.deliver_late();
    }

    /// What was held up arrives.
    pub fn deliver_late(&self) {
        self.state().deliver_late();
    }

    /// A line to the relay, silent until a conversation begins.
    pub fn line(&self) -> Line {
        Line {
            network: self.clone(),
            conversation: Arc::default(),
        }
    }
}

impl State {
    fn end_fork(&mut self, other_stays: bool) {
        if let Some(other) = self.fork.take() {
            let lost = if other_stays {
                std::mem::replace(&mut self.main, other)
            } else {
                other
            };
            self.gone.append(&mut lost.kept.borrow_mut().hoard);
            self.on_fork.clear();
            self.old.clear();
        }
    }

    fn deliver_late(&mut self) {
        for (on_fork, request) in std::mem::take(&mut self.late) {
            let _ = self.deliver(on_fork && self.fork.is_some(), &request);
        }
    }

    fn is_on_fork(&self, device: usize) -> bool {
        self.fork.is_some() && self.on_fork.contains(&device)
    }

    fn view(&self, on_fork: bool) -> &MemoryRelay {
        self.fork.as_ref().filter(|_| on_fork).unwrap_or(&self.main)
    }

    fn deliver(&mut self, on_fork: bool, signed: &[u8]) -> Given {
        let view = self.view(on_fork);
        let before = view.kept.borrow().hoard.len();
        let answer = view.answer(signed);
        let has_more = view.kept.borrow().hoard.len() > before;
        let is_ours = SyncRequest::read(signed).is_some_and(|request| request.stream() == self.main_stream);
        if is_ours && has_more {
            self.happened += 1;
        }
        answer
    }
}

/// A device's way to the relay: the port that its front door is opened with. Clones are the same line.
#[derive(Clone)]
pub struct Line {
    network: Network,
    conversation: Arc<Mutex<Option<Conversation>>>,
}

/// What is done to a device while it talks with the relay.
struct Conversation {
    /// Whose view it is shown.
    device: usize,
    script: Vec<(usize, Fault)>,
    delayed: Option<MemoryRelay>,
    calls: usize,
    happened: Vec<Fault>,
    chance: Chance,
}

impl Line {
    /// The relay answers from now on, as it does to `device`, and by a script.
    pub fn begin(&self, device: usize, script: Script, chance: Chance) {
        let state = self.network.state();
        let delayed = script.delayed_since.and_then(|since| {
            let mut old = state.old.iter();
            let then = old.find(|then| then.happened >= since && then.happened < state.happened)?;
            let relay = MemoryRelay::default();
            *relay.kept.borrow_mut() = then.kept.clone();
            Some(relay)
        });
        *self.conversation() = Some(Conversation {
            device,
            script: script.faults,
            delayed: delayed.filter(|_| state.fork.is_none()),
            calls: 0,
            happened: Vec::new(),
            chance,
        });
    }

    /// The relay does not answer any more. Answers what happened since the beginning.
    pub fn end(&self) -> Vec<Fault> {
        self.conversation().take().map(|ended| ended.happened).unwrap_or_default()
    }

    fn conversation(&self) -> MutexGuard<'_, Option<Conversation>> {
        self.conversation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody answers at an address.
    fn reaches(&self, relay: &str) -> Result<(), HttpError> {
        let answers = self.conversation().is_some() && self.network.state().address == relay;
        answers.then_some(()).ok_or(HttpError::Unreachable)
    }
}

impl Relay for Line {
    fn get(&self, relay: &str, path: &str, most: usize) -> Result<Option<Vec<u8>>, HttpError> {
        self.reaches(relay)?;
        let message = self.network.state().mailboxes.get(path).cloned().unwrap_or_default();
        if message.len() > most {
            return Err(HttpError::TooLarge);
        }
        Ok(Some(message))
    }

    fn put(&self, relay: &str, path: &str, content: Vec<u8>) -> Result<(), HttpError> {
        self.reaches(relay)?;
        self.network.state().mailboxes.insert(path.to_owned(), content);
        Ok(())
    }

    fn post(&self, relay: &str, path: &str, content: Vec<u8>, most: usize) -> Result<Vec<u8>, HttpError> {
        self.reaches(relay)?;
        let request = SyncRequest::read(&content).filter(|request| stream_path(request.stream()) == path);
        let request = request.ok_or(HttpError::Refused { status: 400 })?;
        let mut conversation = self.conversation();
        let conversation = conversation.as_mut().ok_or(HttpError::Unreachable)?;
        let mut state = self.network.state();
        let given = conversation.call(&mut state, &request, &content);
        let time = matches!(request.call(), Call::Open { .. }).then_some(state.now);
        let given = given.map(|given| given.map(|answer| answer.map(|answer| SyncAnswer { time, ..answer })));
        over_http(given.ok_or(HttpError::Unreachable)?, "sync.came_since", most)
    }
}

impl Conversation {
    fn takes_place(&mut self, state: &mut State, fault: Fault) {
        self.happened.push(fault);
        state.counts.add(fault);
    }

    fn due(&mut self) -> Option<Fault> {
        let call = self.calls;
        self.calls += 1;
        let at = self.script.iter().position(|(at, _)| *at <= call)?;
        Some(self.script.remove(at).1)
    }

    fn again_later(&mut self, fault: Fault) {
        self.script.push((self.calls, fault));
    }

    /// What a request gives; `None` where it, or its answer, is lost.
    fn call(&mut self, state: &mut State, request: &UnverifiedRequest<'_>, signed: &[u8]) -> Option<Given> {
        if self.delayed.is_some() {
            return Some(self.delayed_answer(state, request.call(), signed));
        }
        if self.chance.one_in(8) {
            state.kept.push(signed.to_vec());
        }
        match self.due() {
            None => Some(self.pass(state, request, signed)),
            Some(Fault::LostThere) => {
                self.takes_place(state, Fault::LostThere);
                None
            }
            Some(Fault::LostBack) => {
                self.takes_place(state, Fault::LostBack);
                let _ = self.pass(state, request, signed);
                None
            }
            Some(Fault::Late) => {
                self.takes_place(state, Fault::Late);
                let on_fork = state.on_fork.contains(&self.device);
                state.late.push((on_fork, signed.to_vec()));
                None
            }
            Some(Fault::Twice) => {
                self.takes_place(state, Fault::Twice);
                let _ = self.pass(state, request, signed);
                Some(self.pass(state, request, signed))
            }
            Some(Fault::Replayed) => {
                if let Some(old) = self.chance.pick(&state.kept) {
                    self.takes_place(state, Fault::Replayed);
                    let on_fork = state.is_on_fork(self.device);
                    let _ = state.deliver(on_fork, &old);
                }
                Some(self.pass(state, request, signed))
            }
            Some(Fault::Reordered) => {
                let given = self.pass(state, request, signed);
                Some(given.map(|answer| answer.map(|answer| self.reordered(state, answer))))
            }
            Some(Fault::Paged) => {
                let given = self.pass(state, request, signed);
                Some(given.map(|answer| answer.map(|answer| self.page(state, request, answer))))
            }
            Some(Fault::Garbage) => {
                let given = self.pass(state, request, signed);
                Some(given.map(|answer| answer.map(|answer| self.garbage(state, answer))))
            }
            Some(_) => Some(self.pass(state, request, signed)),
        }
    }

    /// Answers from an older state; what is to be written is refused as if others were faster.
    fn delayed_answer(&mut self, state: &mut State, call: &Call, signed: &[u8]) -> Given {
        self.takes_place(state, Fault::Delayed);
        match (call, &self.delayed) {
            (Call::Push { .. } | Call::Swap { .. } | Call::Install { .. } | Call::Delete { .. }, _) | (_, None) => Ok(None),
            (_, Some(old)) => old.answer(signed),
        }
    }

    fn pass(&mut self, state: &mut State, request: &UnverifiedRequest<'_>, signed: &[u8]) -> Given {
        let on_fork = state.is_on_fork(self.device);
        let call = request.call();
        if let Call::Push { chunks, .. } | Call::Swap { add: chunks, .. } | Call::Install { add: chunks, .. } = call {
            for envelope in chunks.iter().filter_map(|chunk| Envelope::read(chunk).ok()) {
                state.pushed_by.entry(envelope.chunk_id).or_insert(self.device);
            }
        }
        if state.mistake == RelayMistake::AnswersBeforeStoring && matches!(call, Call::Push { .. }) && self.chance.one_in(4) {
            let before = state.view(on_fork).kept.borrow().clone();
            let given = state.deliver(on_fork, signed);
            *state.view(on_fork).kept.borrow_mut() = before;
            return given;
        }
        let answer = state.deliver(on_fork, signed)?;
        if state.mistake == RelayMistake::PrunesByWatermark && answer.is_some() {
            prune(state.view(on_fork), request);
        }
        Ok(answer.map(|answer| self.without_withheld(state, call, answer)))
    }

    fn without_withheld(&mut self, state: &mut State, call: &Call, mut answer: SyncAnswer) -> SyncAnswer {
        let Some((author, from)) = state.withheld else {
            return answer;
        };
        if from != self.device || author == self.device {
            return answer;
        }
        let by = &state.pushed_by;
        let is_hidden = |id: &[u8]| <[u8; 16]>::try_from(id).is_ok_and(|id| by.get(&id) == Some(&author));
        let before = answer.chunks.len() + answer.ids.len();
        match call {
            Call::Pull { .. } => answer
                .chunks
                .retain(|chunk| Envelope::read(chunk).is_ok_and(|chunk| !is_hidden(&chunk.chunk_id))),
            Call::Inventory => {
                let ids = answer.ids.chunks_exact(16).filter(|id| !is_hidden(id));
                answer.ids = ids.flatten().copied().collect();
            }
            _ => {}
        }
        if answer.chunks.len() + answer.ids.len() < before {
            self.takes_place(state, Fault::Withheld);
        }
        answer
    }

    /// A page's chunks in another order.
    fn reordered(&mut self, state: &mut State, mut answer: SyncAnswer) -> SyncAnswer {
        if answer.chunks.len() > 1 {
            self.takes_place(state, Fault::Reordered);
            let by = self.chance.below(answer.chunks.len());
            answer.chunks.rotate_left(by);
            answer.chunks.reverse();
        } else {
            self.again_later(Fault::Reordered);
        }
        answer
    }

    /// A page with half of what there is.
    fn page(&mut self, state: &mut State, request: &UnverifiedRequest<'_>, mut answer: SyncAnswer) -> SyncAnswer {
        let Call::Pull { cursor, .. } = request.call() else {
            return answer;
        };
        let view = state.view(state.is_on_fork(self.device));
        let places: Vec<u64> = match view.kept.borrow().accounts.get(&request.stream()) {
            Some(account) => {
                let pages = account.chunks.range(cursor.saturating_add(1)..);
                pages.map(|(place, _)| *place).collect()
            }
            None => return answer,
        };
        let half = places.len() / 2;
        if half > 0 && places.len() == answer.chunks.len() {
            answer.chunks.truncate(half);
            (answer.cursor, answer.more) = (places[half - 1], true);
            self.takes_place(state, Fault::Paged);
        }
        answer
    }

    fn garbage(&mut self, state: &mut State, mut answer: SyncAnswer) -> SyncAnswer {
        self.takes_place(state, Fault::Garbage);
        let chance = &self.chance;
        match chance.below(7) {
            0 => {
                for chunk in &mut answer.chunks {
                    let at = chance.below(chunk.len());
                    if let Some(byte) = chunk.get_mut(at) {
                        *byte ^= 1 << chance.below(8);
                    }
                }
            }
            1 => answer
                .chunks
                .push(ByteBuf::from(chance.number().to_be_bytes().repeat(1 + chance.below(90)))),
            2 => answer.cursor = chance.number(),
            3 => answer.last_swap = chance.number(),
            4 => answer.ids = chance.number().to_be_bytes().repeat(chance.below(9)),
            5 => {
                let hash = chance.number().to_be_bytes().repeat(4).try_into().unwrap_or_default();
                let number = chance.number() % 9;
                (answer.record, answer.keyring) = (Some(Mark { number, hash }), Some(Mark { number, hash }));
            }
            _ => {
                let noise = |length| ByteBuf::from(chance.number().to_be_bytes().repeat(length));
                answer.records = vec![noise(40), noise(2)];
                answer.keyring_record = Some(noise(300));
            }
        }
        answer
    }
}

/// Removes everything up to the cursor of a swap, but what the swap itself adds.
fn prune(view: &MemoryRelay, request: &UnverifiedRequest<'_>) {
    let (Call::Swap { cursor, remove, .. } | Call::Install { cursor, remove, .. }) = request.call() else {
        return;
    };
    let removes: &[ChunkId] = remove;
    if !removes.is_empty()
        && let Some(account) = view.kept.borrow_mut().accounts.get_mut(&request.stream())
    {
        account.chunks.retain(|place, _| place > cursor);
    }
}
