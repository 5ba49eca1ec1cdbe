//! A relay in memory that keeps every rule of the relay protocol: for tests and for the simulation, which lets it lie.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_bytes::ByteBuf;
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::household::chunk::Envelope;
use techo_protocol::household::epoch_record::EpochRecord;
use techo_protocol::household::keyring_record::KeyringRecord;
use techo_protocol::household::recovery::RecoveryPublic;
use techo_protocol::household::sync_api::{Call, ChunkId, RecoveryCall, RecoveryRequest, StreamId, SyncAnswer, SyncRequest};

use techo_core::ports::HttpError;
use techo_core::sync::SyncError;
use techo_core::sync::exchange::StreamRelay;
use techo_core::sync::recovery::RecoveryRelay;

/// What a relay keeps of one household.
#[derive(Clone)]
pub struct Account {
    key: PublicKey,
    old_keys: Vec<PublicKey>,
    opening: [u8; 16],
    record: Option<EpochRecord>,
    replaced: Vec<EpochRecord>,
    keyring: Option<KeyringRecord>,
    /// Chunks by their place.
    pub chunks: BTreeMap<u64, Vec<u8>>,
    cursor: u64,
    last_swap: u64,
    deleted: bool,
}

/// What a relay keeps, and all that it ever saw.
#[derive(Clone, Default)]
pub struct Kept {
    /// The name of this filling; another one means that the relay was wiped.
    pub generation: [u8; 16],
    /// The accounts of households, by stream.
    pub accounts: BTreeMap<StreamId, Account>,
    /// Chunks, records and keyrings, as they came.
    pub hoard: Vec<Vec<u8>>,
    openings: u8,
}

/// A relay of households' streams in memory.
#[derive(Default)]
pub struct MemoryRelay {
    /// What it keeps; a test may look, and a lying relay may change it.
    pub kept: RefCell<Kept>,
    /// The relay's clock, in Unix seconds; it says no time where there is none.
    clock: Cell<Option<i64>>,
    /// Its clock agrees with that of whichever phone syncs, until a test sets it.
    follows_phones: Cell<bool>,
}

/// Why a call was refused for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Nobody who may has signed it.
    NotSigned,
    /// The stream has no account, or a deleted one.
    NoAccount,
    /// The request breaks a rule of the protocol.
    NotARequest,
}

/// What a call gives: `None` where the device has to get what is new first.
pub type Given = Result<Option<SyncAnswer>, Refused>;

/// What a relay says over HTTP: `get_first` is the code with which it answers where the device has to get what is new first.
///
/// # Errors
/// The relay refused, or the answer is longer than `most` bytes.
pub fn over_http(given: Given, get_first: &str, most: usize) -> Result<Vec<u8>, HttpError> {
    let refused = |status| HttpError::Refused { status };
    let answer = given.map_err(|error| match error {
        Refused::NotSigned => refused(403),
        Refused::NoAccount => refused(404),
        Refused::NotARequest => refused(400),
    })?;
    let answer = answer.ok_or_else(|| HttpError::Problem {
        status: 409,
        code: get_first.to_owned(),
        title: "Get what is new first.".to_owned(),
    })?;
    let bytes = answer.to_bytes();
    if bytes.len() > most {
        Err(HttpError::TooLarge)
    } else {
        Ok(bytes)
    }
}

impl MemoryRelay {
    /// An empty relay whose filling has this name.
    pub fn new(generation: u8) -> Self {
        let kept = Kept {
            generation: [generation; 16],
            ..Kept::default()
        };
        Self {
            kept: RefCell::new(kept),
            clock: Cell::default(),
            follows_phones: Cell::new(true),
        }
    }

    /// All chunks that are there, in the order in which they came.
    pub fn chunks(&self) -> Vec<Vec<u8>> {
        let kept = self.kept.borrow();
        kept.accounts
            .values()
            .flat_map(|account| account.chunks.values().cloned())
            .collect()
    }

    /// How many accounts are served.
    pub fn accounts(&self) -> usize {
        self.kept
            .borrow()
            .accounts
            .values()
            .filter(|account| !account.deleted)
            .count()
    }

    /// Sets the relay's clock, which no phone's moves any more; in Unix seconds.
    pub fn set_clock(&self, now: i64) {
        self.clock.set(Some(now));
        self.follows_phones.set(false);
    }

    /// A phone is about to sync, and its clock says so.
    pub(crate) fn met_by_a_phone_at(&self, now: i64) {
        if self.follows_phones.get() {
            self.clock.set(Some(now));
        }
    }

    /// Answers a signed request.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn answer(&self, signed: &[u8]) -> Given {
        let opens = SyncRequest::read(signed).is_some_and(|request| matches!(request.call(), Call::Open { .. }));
        let time = self.clock.get().filter(|_| opens);
        Ok(self.answer_without_time(signed)?.map(|answer| SyncAnswer { time, ..answer }))
    }

    fn answer_without_time(&self, signed: &[u8]) -> Given {
        let unverified = SyncRequest::read(signed).ok_or(Refused::NotARequest)?;
        let mut kept = self.kept.borrow_mut();
        let (generation, stream) = (kept.generation, unverified.stream());
        if let Some(key) = unverified.opening_key() {
            unverified.verify(&key).ok_or(Refused::NotSigned)?;
            return kept.open(stream, key);
        }
        let Kept { accounts, hoard, .. } = &mut *kept;
        let account = accounts
            .get_mut(&stream)
            .filter(|account| !account.deleted)
            .ok_or(Refused::NoAccount)?;
        let words = account.recovery().filter(|words| unverified.is_signed_by(&words.signing));
        if let Some(words) = words {
            let request = unverified.verify(&words.signing).ok_or(Refused::NotSigned)?;
            return match request.call {
                Call::Records { .. } | Call::Install { .. } => account.call(generation, stream, request.call, hoard),
                _ => Err(Refused::NotSigned),
            };
        }
        if !unverified.is_signed_by(&account.key) {
            let is_known = account.old_keys.iter().any(|key| unverified.is_signed_by(key));
            return match (is_known, unverified.asks_for_records()) {
                (false, _) => Err(Refused::NotSigned),
                (true, None) => Ok(None),
                (true, Some(since)) => Ok(Some(account.records(generation, since))),
            };
        }
        let request = unverified.verify(&account.key).ok_or(Refused::NotSigned)?;
        if let Call::Delete { opening, cursor } = request.call {
            if opening != account.opening {
                return Err(Refused::NotARequest);
            }
            return Ok(account.moves_on(cursor).then(|| {
                account.deleted = true;
                account.standing(generation)
            }));
        }
        account.call(generation, stream, request.call, hoard)
    }

    /// Answers a request that recovery words have signed; `None` where no household has them.
    pub fn by_words(&self, locator: &[u8; 16], signed: &[u8]) -> Option<SyncAnswer> {
        let mut kept = self.kept.borrow_mut();
        let generation = kept.generation;
        let mut accounts = kept.accounts.values_mut();
        let (account, call) = accounts.find_map(|account| {
            let words = account.recovery().filter(|words| words.locator == *locator)?;
            let request = RecoveryRequest::verify(signed, &[words.signing])?;
            Some((account, request.call))
        })?;
        match call {
            RecoveryCall::Revive { cursor } => {
                let is_back = !account.deleted || account.moves_on(cursor);
                account.deleted &= !is_back;
                is_back.then(|| account.standing(generation))
            }
            RecoveryCall::Records if account.deleted => Some(account.standing(generation)),
            RecoveryCall::Records => Some(account.records(generation, None)),
        }
    }
}

impl Kept {
    fn open(&mut self, stream: StreamId, key: PublicKey) -> Given {
        let generation = self.generation;
        if let Some(account) = self.accounts.get(&stream) {
            if account.deleted {
                return Err(Refused::NoAccount);
            }
            return match (account.key == key, account.old_keys.contains(&key)) {
                (true, _) => Ok(Some(account.standing(generation))),
                (false, true) => Ok(None),
                (false, false) => Err(Refused::NotSigned),
            };
        }
        self.openings = self.openings.wrapping_add(1);
        let mut opening = generation;
        opening[0] = self.openings;
        let account = Account {
            key,
            old_keys: Vec::new(),
            opening,
            record: None,
            replaced: Vec::new(),
            keyring: None,
            chunks: BTreeMap::new(),
            cursor: 0,
            last_swap: 0,
            deleted: false,
        };
        let answer = account.standing(generation);
        self.accounts.insert(stream, account);
        Ok(Some(answer))
    }
}

impl Account {
    fn recovery(&self) -> Option<RecoveryPublic> {
        self.record.as_ref().and_then(|record| record.head.recovery)
    }

    fn epoch(&self) -> u32 {
        self.record.as_ref().map_or(0, |record| record.head.epoch)
    }

    /// A deletion and its end each raise the cursor: a request that somebody kept does neither again.
    fn moves_on(&mut self, cursor: u64) -> bool {
        let is_there = self.cursor == cursor;
        self.cursor += u64::from(is_there);
        is_there
    }

    fn standing(&self, generation: [u8; 16]) -> SyncAnswer {
        SyncAnswer {
            generation,
            epoch: self.epoch(),
            last_swap: self.last_swap,
            cursor: self.cursor,
            opening: self.opening,
            record: self.record.as_ref().map(EpochRecord::mark),
            keyring: self.keyring.as_ref().map(KeyringRecord::mark),
            ..SyncAnswer::default()
        }
    }

    fn records(&self, generation: [u8; 16], since: Option<u64>) -> SyncAnswer {
        let after = |record: &&EpochRecord| since.is_some_and(|since| record.head.number > since);
        let records = self.replaced.iter().filter(after).chain(&self.record);
        SyncAnswer {
            records: records.map(|record| ByteBuf::from(record.write())).collect(),
            keyring_record: self.keyring.as_ref().map(|keyring| ByteBuf::from(keyring.bytes().to_vec())),
            ..self.standing(generation)
        }
    }

    fn call(&mut self, generation: [u8; 16], stream: StreamId, call: Call, hoard: &mut Vec<Vec<u8>>) -> Given {
        match call {
            Call::Push {
                epoch,
                last_swap,
                chunks,
            } => {
                if epoch != self.epoch() || last_swap != self.last_swap {
                    return Ok(None);
                }
                self.add(chunks, hoard)?;
            }
            Call::Pull { cursor, .. } => {
                let chunks = self.chunks.range(cursor.saturating_add(1)..);
                return Ok(Some(SyncAnswer {
                    chunks: chunks.map(|(_, chunk)| ByteBuf::from(chunk.clone())).collect(),
                    ..self.standing(generation)
                }));
            }
            Call::Swap {
                epoch,
                cursor,
                add,
                remove,
            } => {
                if epoch != self.epoch() || cursor != self.cursor {
                    return Ok(None);
                }
                self.add(add, hoard)?;
                self.remove(&remove);
            }
            Call::Install {
                record,
                keyring,
                cursor,
                records,
                new_keyring,
                add,
                remove,
            } => {
                let present = self.record.as_ref().map(|record| record.head.number);
                let present_keyring = self.keyring.as_ref().map(|keyring| keyring.number);
                if record != present || keyring != present_keyring || cursor != self.cursor {
                    return Ok(None);
                }
                if add.is_empty() {
                    return Err(Refused::NotARequest);
                }
                self.install(stream, &records, new_keyring.as_deref().map(Vec::as_slice), hoard)?;
                self.add(add, hoard)?;
                self.remove(&remove);
            }
            Call::Records { since } => return Ok(Some(self.records(generation, since))),
            Call::Inventory => {
                let ids = self.chunks.values().filter_map(|chunk| Envelope::read(chunk).ok());
                return Ok(Some(SyncAnswer {
                    ids: ids.flat_map(|envelope| envelope.chunk_id).collect(),
                    ..self.standing(generation)
                }));
            }
            Call::Open { .. } | Call::Delete { .. } | Call::OpenMailbox { .. } => {}
        }
        Ok(Some(self.standing(generation)))
    }

    fn install(
        &mut self,
        stream: StreamId,
        records: &[ByteBuf],
        keyring: Option<&[u8]>,
        hoard: &mut Vec<Vec<u8>>,
    ) -> Result<(), Refused> {
        for bytes in records {
            let record = EpochRecord::read(bytes).map_err(|_| Refused::NotARequest)?;
            let follows = match &self.record {
                Some(before) => record.follows(before),
                None => record.is_first(),
            };
            if record.head.stream != stream || follows.is_err() {
                return Err(Refused::NotARequest);
            }
            if record.head.relay_key != self.key {
                self.old_keys.push(self.key);
                self.key = record.head.relay_key;
            }
            let before = self.record.replace(record);
            self.replaced.extend(before.map(|before| before.without_slots()));
            hoard.push(bytes.to_vec());
        }
        if let Some(bytes) = keyring {
            let keyring = KeyringRecord::read(bytes).map_err(|_| Refused::NotARequest)?;
            if self.keyring.as_ref().is_some_and(|present| keyring.number <= present.number) {
                return Err(Refused::NotARequest);
            }
            self.keyring = Some(keyring);
            hoard.push(bytes.to_vec());
        }
        Ok(())
    }

    fn add(&mut self, chunks: Vec<ByteBuf>, hoard: &mut Vec<Vec<u8>>) -> Result<(), Refused> {
        for chunk in chunks {
            let envelope = Envelope::read(&chunk).map_err(|_| Refused::NotARequest)?;
            if envelope.epoch != self.epoch() {
                return Err(Refused::NotARequest);
            }
            let is_there = |other: &Vec<u8>| Envelope::read(other).is_ok_and(|other| other.chunk_id == envelope.chunk_id);
            if !self.chunks.values().any(is_there) {
                self.cursor += 1;
                hoard.push(chunk.to_vec());
                self.chunks.insert(self.cursor, chunk.into_vec());
            }
        }
        Ok(())
    }

    fn remove(&mut self, ids: &[ChunkId]) {
        let is_removed = |chunk: &Vec<u8>| {
            let id = Envelope::read(chunk).map(|envelope| ChunkId(envelope.chunk_id));
            id.is_ok_and(|id| ids.contains(&id))
        };
        self.chunks.retain(|_, chunk| !is_removed(chunk));
        if !ids.is_empty() {
            self.last_swap += 1;
        }
    }
}

/// Why a session with it ended.
#[derive(Debug)]
pub enum Trouble {
    /// The engine could not go on.
    Sync(SyncError),
    /// The relay refused the request for good.
    Refused(Refused),
    /// What was asked or answered is lost on the way.
    Lost,
}

impl From<SyncError> for Trouble {
    fn from(error: SyncError) -> Self {
        Self::Sync(error)
    }
}

impl StreamRelay for MemoryRelay {
    type Error = Trouble;

    fn call(&self, _: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, Trouble> {
        self.answer(&signed).map_err(Trouble::Refused)
    }
}

impl RecoveryRelay for MemoryRelay {
    fn recover(&self, locator: &[u8; 16], signed: Vec<u8>) -> Result<Option<SyncAnswer>, Trouble> {
        Ok(self.by_words(locator, &signed))
    }
}
