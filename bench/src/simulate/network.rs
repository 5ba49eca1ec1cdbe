//! The relay of the simulation and the way to it: an honest relay in memory, behind a network that loses and repeats, and a liar that shows
//! something else.

#![allow(clippy::match_same_arms, reason = "each case has its own reason to end so")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use serde_bytes::ByteBuf;
use techo_core::sync::exchange::StreamRelay;
use techo_protocol::household::chunk::Envelope;
use techo_protocol::household::sync_api::{Call, ChunkId, Mark, StreamId, SyncAnswer, SyncRequest};
use techo_testing::memory_relay::{Kept, MemoryRelay, Trouble};

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

pub struct Network {
    pub main: MemoryRelay,
    /// The other view of a relay that forks, and who is shown it.
    fork: Option<MemoryRelay>,
    on_fork: BTreeSet<usize>,
    /// Names the relay: another one has another address.
    pub address: String,
    old: Vec<OldState>,
    /// Requests that are delivered late, with their view.
    late: RefCell<Vec<(bool, Vec<u8>)>>,
    /// Requests that somebody kept.
    kept: RefCell<Vec<Vec<u8>>>,
    pushed_by: RefCell<BTreeMap<[u8; 16], usize>>,
    /// Whose chunks are hidden from whom.
    pub withheld: Option<(usize, usize)>,
    /// What views saw that are gone by now.
    gone: Vec<Vec<u8>>,
    pub counts: RefCell<Counts>,
    mistake: RelayMistake,
    main_stream: StreamId,
    /// How much has happened at the relay: changes of the household's account.
    pub happened: Cell<usize>,
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
        Self {
            main: MemoryRelay::new(1),
            fork: None,
            on_fork: BTreeSet::new(),
            address: "relay".into(),
            old: Vec::new(),
            late: RefCell::default(),
            kept: RefCell::default(),
            pushed_by: RefCell::default(),
            withheld: None,
            gone: Vec::new(),
            counts: RefCell::default(),
            mistake,
            main_stream: StreamId::default(),
            happened: Cell::new(0),
        }
    }

    pub fn count(&self, fault: Fault) {
        self.counts.borrow_mut().add(fault);
    }

    pub fn follow(&mut self, stream: StreamId) {
        self.main_stream = stream;
    }

    pub fn stream(&self) -> StreamId {
        self.main_stream
    }

    /// Every byte that any view of it ever saw.
    pub fn hoard(&self) -> Vec<Vec<u8>> {
        let mut all = self.gone.clone();
        for view in [Some(&self.main), self.fork.as_ref()].into_iter().flatten() {
            all.extend(view.kept.borrow().hoard.iter().cloned());
        }
        let mut seen = BTreeSet::new();
        all.retain(|bytes| seen.insert(bytes.clone()));
        all
    }

    pub fn remember(&mut self) {
        let mut kept = self.main.kept.borrow().clone();
        kept.hoard.clear();
        self.old.push(OldState {
            kept,
            happened: self.happened.get(),
        });
    }

    /// Puts an old state in the place of what there is. Answers how much had happened then.
    pub fn roll_back(&mut self, chance: &Chance) -> Option<usize> {
        let at = chance.below(self.old.len());
        let old = self.old.get(at)?;
        let (mut kept, happened) = (old.kept.clone(), old.happened);
        if happened == self.happened.get() {
            return None;
        }
        kept.hoard = std::mem::take(&mut self.main.kept.borrow_mut().hoard);
        *self.main.kept.borrow_mut() = kept;
        // What was later is of a history that is no more.
        self.old.truncate(at + 1);
        self.count(Fault::RolledBack);
        Some(happened)
    }

    pub fn wipe(&mut self, chance: &Chance) {
        let mut kept = self.main.kept.borrow_mut();
        let generation = chance.number().to_be_bytes().repeat(2);
        let hoard = std::mem::take(&mut kept.hoard);
        *kept = Kept::default();
        kept.generation = generation.try_into().unwrap_or_default();
        kept.hoard = hoard;
        drop(kept);
        self.old.clear();
        self.count(Fault::Wiped);
    }

    /// From now on `devices` are shown a view of their own.
    pub fn fork(&mut self, devices: BTreeSet<usize>) {
        if self.fork.is_none() && !devices.is_empty() {
            let mut kept = self.main.kept.borrow().clone();
            kept.hoard.clear();
            let other = MemoryRelay::default();
            *other.kept.borrow_mut() = kept;
            (self.fork, self.on_fork) = (Some(other), devices);
            self.count(Fault::Forked);
        }
    }

    pub fn is_forked(&self) -> bool {
        self.fork.is_some()
    }

    /// All are shown one view again, one of the two.
    pub fn end_fork(&mut self, other_stays: bool) {
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

    /// Another relay, which has nothing.
    pub fn move_away(&mut self) {
        self.end_fork(false);
        let lost = std::mem::replace(&mut self.main, MemoryRelay::new(99));
        self.gone.append(&mut lost.kept.borrow_mut().hoard);
        self.address = "another relay".into();
        self.old.clear();
    }

    /// Lies and losses end.
    pub fn becomes_honest(&mut self, chance: &Chance) {
        self.withheld = None;
        self.end_fork(chance.one_in(2));
        self.deliver_late();
    }

    /// What was held up arrives.
    pub fn deliver_late(&self) {
        for (on_fork, request) in std::mem::take(&mut *self.late.borrow_mut()) {
            let view = self.fork.as_ref().filter(|_| on_fork).unwrap_or(&self.main);
            let _ = self.deliver(view, &request);
        }
    }

    pub fn line<'n>(&'n self, device: usize, script: Script, chance: &'n Chance) -> Link<'n> {
        let delayed = script.delayed_since.and_then(|since| {
            let mut old = self.old.iter();
            let state = old.find(|state| state.happened >= since && state.happened < self.happened.get())?;
            let relay = MemoryRelay::default();
            *relay.kept.borrow_mut() = state.kept.clone();
            Some(relay)
        });
        Link {
            network: self,
            device,
            script: RefCell::new(script.faults),
            delayed: delayed.filter(|_| self.fork.is_none()),
            calls: Cell::new(0),
            happened: RefCell::default(),
            chance,
        }
    }

    fn view_of(&self, device: usize) -> &MemoryRelay {
        let fork = self.fork.as_ref().filter(|_| self.on_fork.contains(&device));
        fork.unwrap_or(&self.main)
    }

    fn deliver(&self, view: &MemoryRelay, signed: &[u8]) -> Result<Option<SyncAnswer>, Trouble> {
        let before = view.kept.borrow().hoard.len();
        let answer = view.answer(signed).map_err(Trouble::Refused);
        let is_ours = SyncRequest::read(signed).is_some_and(|request| request.stream() == self.main_stream);
        if is_ours && view.kept.borrow().hoard.len() > before {
            self.happened.set(self.happened.get() + 1);
        }
        answer
    }
}

/// A device's way to the relay during one conversation.
pub struct Link<'n> {
    network: &'n Network,
    device: usize,
    script: RefCell<Vec<(usize, Fault)>>,
    delayed: Option<MemoryRelay>,
    calls: Cell<usize>,
    /// What happened to it.
    pub happened: RefCell<Vec<Fault>>,
    chance: &'n Chance,
}

impl Link<'_> {
    /// Whether the relay answers from an older state.
    pub fn is_delayed(&self) -> bool {
        self.happened.borrow().contains(&Fault::Delayed)
    }

    fn takes_place(&self, fault: Fault) {
        self.happened.borrow_mut().push(fault);
        self.network.count(fault);
    }

    fn due(&self) -> Option<Fault> {
        let call = self.calls.get();
        self.calls.set(call + 1);
        let mut script = self.script.borrow_mut();
        let at = script.iter().position(|(at, _)| *at <= call)?;
        Some(script.remove(at).1)
    }

    fn again_later(&self, fault: Fault) {
        self.script.borrow_mut().push((self.calls.get(), fault));
    }

    /// Answers from an older state; what is to be written is refused as if others were faster.
    fn delayed_answer(&self, old: &MemoryRelay, call: &Call, signed: &[u8]) -> Result<Option<SyncAnswer>, Trouble> {
        self.takes_place(Fault::Delayed);
        match call {
            Call::Push { .. } | Call::Swap { .. } | Call::Install { .. } | Call::Delete { .. } => Ok(None),
            _ => old.answer(signed).map_err(Trouble::Refused),
        }
    }

    fn pass(&self, request: &SyncRequest, signed: &[u8]) -> Result<Option<SyncAnswer>, Trouble> {
        let view = self.network.view_of(self.device);
        if let Call::Push { chunks, .. } | Call::Swap { add: chunks, .. } | Call::Install { add: chunks, .. } = &request.call {
            let ids = chunks.iter().filter_map(|chunk| Envelope::read(chunk).ok());
            let mut by = self.network.pushed_by.borrow_mut();
            for envelope in ids {
                by.entry(envelope.chunk_id).or_insert(self.device);
            }
        }
        if self.network.mistake == RelayMistake::AnswersBeforeStoring
            && matches!(request.call, Call::Push { .. })
            && self.chance.one_in(4)
        {
            let now = view.kept.borrow().clone();
            let answer = self.network.deliver(view, signed);
            *view.kept.borrow_mut() = now;
            return answer;
        }
        let answer = self.network.deliver(view, signed)?;
        if self.network.mistake == RelayMistake::PrunesByWatermark && answer.is_some() {
            prune(view, request);
        }
        Ok(answer.map(|answer| self.without_withheld(request, answer)))
    }

    fn without_withheld(&self, request: &SyncRequest, mut answer: SyncAnswer) -> SyncAnswer {
        let Some((author, from)) = self.network.withheld else {
            return answer;
        };
        if from != self.device || author == self.device {
            return answer;
        }
        let by = self.network.pushed_by.borrow();
        let is_hidden = |id: &[u8]| <[u8; 16]>::try_from(id).is_ok_and(|id| by.get(&id) == Some(&author));
        let before = answer.chunks.len() + answer.ids.len();
        match request.call {
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
            self.takes_place(Fault::Withheld);
        }
        answer
    }

    /// A page with half of what there is.
    fn page(&self, request: &SyncRequest, mut answer: SyncAnswer) -> SyncAnswer {
        let Call::Pull { cursor, .. } = request.call else {
            return answer;
        };
        let kept = self.network.view_of(self.device).kept.borrow();
        let Some(account) = kept.accounts.get(&request.stream) else {
            return answer;
        };
        let places: Vec<u64> = account
            .chunks
            .range(cursor.saturating_add(1)..)
            .map(|(place, _)| *place)
            .collect();
        let half = places.len() / 2;
        if half > 0 && places.len() == answer.chunks.len() {
            answer.chunks.truncate(half);
            (answer.cursor, answer.more) = (places[half - 1], true);
            self.takes_place(Fault::Paged);
        }
        answer
    }

    fn garbage(&self, mut answer: SyncAnswer) -> SyncAnswer {
        self.takes_place(Fault::Garbage);
        let chance = self.chance;
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
fn prune(view: &MemoryRelay, request: &SyncRequest) {
    let (Call::Swap { cursor, remove, .. } | Call::Install { cursor, remove, .. }) = &request.call else {
        return;
    };
    let removes: &[ChunkId] = remove;
    if !removes.is_empty()
        && let Some(account) = view.kept.borrow_mut().accounts.get_mut(&request.stream)
    {
        account.chunks.retain(|place, _| place > cursor);
    }
}

impl StreamRelay for Link<'_> {
    type Error = Trouble;

    fn call(&self, request: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, Trouble> {
        if let Some(old) = &self.delayed {
            return self.delayed_answer(old, &request.call, &signed);
        }
        let network = self.network;
        if self.chance.one_in(8) {
            network.kept.borrow_mut().push(signed.clone());
        }
        let fault = self.due();
        match fault {
            None => self.pass(request, &signed),
            Some(Fault::LostThere) => {
                self.takes_place(Fault::LostThere);
                Err(Trouble::Lost)
            }
            Some(Fault::LostBack) => {
                self.takes_place(Fault::LostBack);
                let _ = self.pass(request, &signed);
                Err(Trouble::Lost)
            }
            Some(Fault::Late) => {
                self.takes_place(Fault::Late);
                let on_fork = network.on_fork.contains(&self.device);
                network.late.borrow_mut().push((on_fork, signed));
                Err(Trouble::Lost)
            }
            Some(Fault::Twice) => {
                self.takes_place(Fault::Twice);
                let _ = self.pass(request, &signed);
                self.pass(request, &signed)
            }
            Some(Fault::Replayed) => {
                let old = self.chance.pick(&network.kept.borrow());
                if let Some(old) = old {
                    self.takes_place(Fault::Replayed);
                    let _ = network.deliver(network.view_of(self.device), &old);
                }
                self.pass(request, &signed)
            }
            Some(Fault::Reordered) => {
                let answer = self.pass(request, &signed)?;
                Ok(answer.map(|mut answer| {
                    if answer.chunks.len() > 1 {
                        self.takes_place(Fault::Reordered);
                        let by = self.chance.below(answer.chunks.len());
                        answer.chunks.rotate_left(by);
                        answer.chunks.reverse();
                    } else {
                        self.again_later(Fault::Reordered);
                    }
                    answer
                }))
            }
            Some(Fault::Paged) => Ok(self.pass(request, &signed)?.map(|answer| self.page(request, answer))),
            Some(Fault::Garbage) => Ok(self.pass(request, &signed)?.map(|answer| self.garbage(answer))),
            Some(_) => self.pass(request, &signed),
        }
    }
}
