//! A relay's streams and records over the port by which a relay is asked: which path a request goes to, how large an answer may be, and which of
//! the relay's refusals mean "get what is new first".

use techo_protocol::household::sync_api::{SyncAnswer, SyncRequest, recovery_path, stream_path};

use super::SyncError;
use super::exchange::StreamRelay;
use super::recovery::RecoveryRelay;
use crate::ports::{HttpError, Relay};

/// Largest answer of a relay in bytes: a page, or one chunk that is larger.
const LARGEST_ANSWER: usize = 32 << 20;
/// What a relay says where a device has to get what is new first.
const GET_FIRST: [&str; 4] = [
    "sync.swap_missed",
    "sync.came_since",
    "sync.epoch_behind",
    "sync.record_replaced",
];
/// What a relay says of words that give nothing to read.
const NOTHING_THERE: [&str; 2] = ["sync.words_unknown", "sync.account_deleted"];

/// The streams of the relay at one address.
pub struct RelayStreams<'r> {
    relay: &'r dyn Relay,
    address: &'r str,
}

impl<'r> RelayStreams<'r> {
    /// The streams of the relay at `address`, which is asked through `relay`.
    pub fn new(relay: &'r dyn Relay, address: &'r str) -> Self {
        Self { relay, address }
    }

    /// Posts, and gives `None` where the relay answers with one of `codes`.
    fn post(&self, path: &str, signed: Vec<u8>, codes: &[&str]) -> Result<Option<SyncAnswer>, SyncError> {
        match self.relay.post(self.address, path, signed, LARGEST_ANSWER) {
            Ok(answer) => Ok(Some(SyncAnswer::from_bytes(&answer).ok_or(HttpError::AnswerDamaged)?)),
            Err(HttpError::Problem { code, .. }) if codes.contains(&code.as_str()) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl StreamRelay for RelayStreams<'_> {
    type Error = SyncError;

    fn call(&self, request: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, SyncError> {
        self.post(&stream_path(request.stream), signed, &GET_FIRST)
    }
}

impl RecoveryRelay for RelayStreams<'_> {
    fn recover(&self, locator: &[u8; 16], signed: Vec<u8>) -> Result<Option<SyncAnswer>, SyncError> {
        self.post(&recovery_path(locator), signed, &NOTHING_THERE)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use techo_protocol::basics::keys::SigningKey;
    use techo_protocol::household::sync_api::{Call, StreamId};

    use super::*;

    /// Answers every post in the same way, and keeps where it went.
    struct Answering {
        answer: Result<Vec<u8>, HttpError>,
        asked: RefCell<Vec<(String, usize)>>,
    }

    impl Relay for Answering {
        fn get(&self, _: &str, _: &str, _: usize) -> Result<Option<Vec<u8>>, HttpError> {
            Err(HttpError::Unreachable)
        }

        fn put(&self, _: &str, _: &str, _: Vec<u8>) -> Result<(), HttpError> {
            Err(HttpError::Unreachable)
        }

        fn post(&self, relay: &str, path: &str, _: Vec<u8>, most: usize) -> Result<Vec<u8>, HttpError> {
            self.asked.borrow_mut().push((format!("{relay}{path}"), most));
            self.answer.clone()
        }
    }

    fn problem(code: &str) -> Result<Vec<u8>, HttpError> {
        Err(HttpError::Problem {
            status: 409,
            code: code.to_owned(),
            title: String::new(),
        })
    }

    fn called(answer: Result<Vec<u8>, HttpError>) -> Result<Option<SyncAnswer>, SyncError> {
        let relay = Answering {
            answer,
            asked: RefCell::default(),
        };
        let request = SyncRequest {
            stream: StreamId([7; 16]),
            call: Call::Inventory,
        };
        let signed = request.write(&SigningKey::from_seed(&[1; 32]));
        let answer = RelayStreams::new(&relay, "https://relay.example").call(&request, signed);
        let path = format!("https://relay.example/v1/streams/{}", "07".repeat(16));
        assert_eq!(*relay.asked.borrow(), [(path, LARGEST_ANSWER)]);
        answer
    }

    fn recovered(answer: Result<Vec<u8>, HttpError>) -> Result<Option<SyncAnswer>, SyncError> {
        let relay = Answering {
            answer,
            asked: RefCell::default(),
        };
        let answer = RelayStreams::new(&relay, "https://relay.example").recover(&[9; 16], Vec::new());
        assert_eq!(
            relay.asked.borrow()[0].0,
            format!("https://relay.example/v1/recovery/{}", "09".repeat(16))
        );
        answer
    }

    #[test]
    fn a_device_that_is_behind_is_told_so_and_every_other_refusal_ends_it() {
        for code in GET_FIRST {
            assert_eq!(called(problem(code)), Ok(None), "{code}");
            assert!(recovered(problem(code)).is_err(), "{code}");
        }
        for code in NOTHING_THERE {
            assert_eq!(recovered(problem(code)), Ok(None), "{code}");
            assert!(called(problem(code)).is_err(), "{code}");
        }
        assert_eq!(
            called(Err(HttpError::Refused { status: 503 })),
            Err(HttpError::Refused { status: 503 }.into())
        );
    }

    #[test]
    fn an_answer_is_read_or_damaged() {
        let answer = SyncAnswer {
            cursor: 5,
            ..SyncAnswer::default()
        };
        assert_eq!(called(Ok(answer.to_bytes())), Ok(Some(answer)));
        assert_eq!(called(Ok(b"<html>".to_vec())), Err(HttpError::AnswerDamaged.into()));
    }
}
