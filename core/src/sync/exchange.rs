//! One conversation with a relay: take all there is, send all there is.

use serde_bytes::ByteBuf;
use techo_protocol::sync_api::{Call, MOST_CHUNKS, SyncAnswer, SyncRequest, relay_key};

use super::engine::{self, Outgoing, Report};
use super::household::{self, Household, RelayState};
use super::line::State;
use super::{Refusal, SyncError};
use crate::vault::Vault;

/// Most bytes of chunks in one request.
const MOST_BYTES: usize = 16 << 20;
/// So often others may be faster.
const MOST_TRIES: usize = 12;

/// How a relay is asked.
pub trait StreamRelay {
    /// Why it could not be.
    type Error: From<SyncError>;

    /// Posts a signed request to the household's stream. `None` where the relay wants the device to get what is new first.
    ///
    /// # Errors
    /// The relay does not answer, or refuses otherwise.
    fn call(&self, request: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, Self::Error>;
}

/// What a conversation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exchanged {
    /// What came in.
    pub received: Report,
    /// Chunks sent.
    pub sent: usize,
    /// Chunks removed that others have taken the place of.
    pub removed: usize,
}

/// Opens the account where there is none, takes in all that the relay has, and sends all that it lacks.
///
/// # Errors
/// The relay's, or a [`SyncError`]. What was done until then stays.
pub fn exchange<R: StreamRelay>(vault: &mut Vault, relay: &R, address: &str, now: i64) -> Result<Exchanged, R::Error> {
    let mut done = Exchanged::default();
    let household = the_household(vault)?;
    let key = relay_key(&household.epoch_key()).public();
    let opened = ask(relay, &household, Call::Open { key })?.ok_or(SyncError::from(Refusal::Behind))?;
    begin(vault, address, opened.generation)?;
    for _ in 0..MOST_TRIES {
        let last_swap = pull(vault, relay, now, &mut done)?;
        let outgoing = engine::outgoing(vault)?;
        if outgoing == Outgoing::default() {
            return Ok(done);
        }
        if push(vault, relay, &outgoing, last_swap)? {
            engine::delivered(vault, &outgoing)?;
            done.sent += outgoing.push.len();
            done.removed += outgoing.remove.len();
        }
    }
    Err(SyncError::from(Refusal::Behind).into())
}

fn the_household(vault: &mut Vault) -> Result<Household, SyncError> {
    household::household(vault)?.ok_or(Refusal::None.into())
}

/// Asks for one thing, signed.
///
/// # Errors
/// The relay's.
pub fn ask<R: StreamRelay>(relay: &R, household: &Household, call: Call) -> Result<Option<SyncAnswer>, R::Error> {
    let request = SyncRequest {
        stream: household.stream,
        call,
    };
    let signed = request.write(&relay_key(&household.epoch_key()));
    relay.call(&request, signed)
}

/// Another relay, or one that was wiped, has nothing of this device's: it gets all.
fn begin(vault: &mut Vault, address: &str, generation: [u8; 16]) -> Result<(), SyncError> {
    vault.write(|writer| {
        let mut state = State::load(writer)?;
        let known = state.household.relay.as_ref();
        if known.is_none_or(|relay| relay.address != address || relay.generation != generation) {
            state.household.relay = Some(RelayState {
                address: address.to_owned(),
                generation,
                cursor: 0,
            });
            for held in state.lines.values_mut().flat_map(|line| &mut line.held) {
                held.at_relay = false;
            }
        }
        state.store(writer)
    })
}

/// Takes in all pages, and answers the last swap.
fn pull<R: StreamRelay>(vault: &mut Vault, relay: &R, now: i64, done: &mut Exchanged) -> Result<u64, R::Error> {
    loop {
        let household = the_household(vault)?;
        let cursor = household.relay.as_ref().map_or(0, |relay| relay.cursor);
        let answer = ask(relay, &household, Call::Pull { cursor, wait: 0 })?.ok_or(SyncError::from(Refusal::Behind))?;
        let chunks: Vec<Vec<u8>> = answer.chunks.into_iter().map(ByteBuf::into_vec).collect();
        if !chunks.is_empty() {
            let report = engine::incoming(vault, &chunks, true, now)?;
            done.received.add(report);
        }
        // A relay that counts backwards would keep a device here for ever.
        let more = answer.more && answer.cursor > cursor;
        if answer.cursor > cursor {
            set_cursor(vault, answer.cursor)?;
        }
        if !more {
            return Ok(answer.last_swap);
        }
    }
}

fn set_cursor(vault: &mut Vault, cursor: u64) -> Result<(), SyncError> {
    vault.write(|writer| {
        let mut state = State::load(writer)?;
        if let Some(relay) = &mut state.household.relay {
            relay.cursor = cursor;
        }
        state.store(writer)
    })
}

/// Sends what is to be sent; `false` where something has come in between. What is removed goes last, with the rest.
fn push<R: StreamRelay>(vault: &mut Vault, relay: &R, outgoing: &Outgoing, last_swap: u64) -> Result<bool, R::Error> {
    let household = the_household(vault)?;
    let epoch = household.epoch;
    let cursor = household.relay.as_ref().map_or(0, |relay| relay.cursor);
    let mut batches = batches(&outgoing.push);
    let last = if outgoing.remove.is_empty() {
        None
    } else {
        Some(batches.pop().unwrap_or_default())
    };
    let sent_before = !batches.is_empty();
    for chunks in batches {
        if ask(
            relay,
            &household,
            Call::Push {
                epoch,
                last_swap,
                chunks,
            },
        )?
        .is_none()
        {
            return Ok(false);
        }
    }
    let Some(add) = last else { return Ok(true) };
    if sent_before {
        // What was just sent has moved the cursor: it is taken in again, and the swap comes with the next round.
        return Ok(false);
    }
    let remove = outgoing.remove.iter().copied().take(MOST_CHUNKS).collect();
    Ok(ask(
        relay,
        &household,
        Call::Swap {
            epoch,
            cursor,
            add,
            remove,
        },
    )?
    .is_some())
}

fn batches(chunks: &[Vec<u8>]) -> Vec<Vec<ByteBuf>> {
    let mut batches: Vec<Vec<ByteBuf>> = Vec::new();
    let mut bytes = 0;
    for chunk in chunks {
        bytes += chunk.len();
        match batches.last_mut() {
            Some(batch) if bytes <= MOST_BYTES && batch.len() < MOST_CHUNKS => batch.push(ByteBuf::from(chunk.clone())),
            _ => {
                bytes = chunk.len();
                batches.push(vec![ByteBuf::from(chunk.clone())]);
            }
        }
    }
    batches
}
