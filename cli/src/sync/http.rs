//! A relay's streams over HTTPS.

use techo_core::sync::exchange::StreamRelay;
use techo_core::sync::recovery::RecoveryRelay;
use techo_http::{Http, HttpError};
use techo_protocol::household::sync_api::{SyncAnswer, SyncRequest, recovery_path, stream_path};

use crate::Failure;

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

/// One relay.
pub struct HttpStreams {
    http: Http,
    address: String,
}

impl HttpStreams {
    /// A client for one command.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(address: &str) -> Result<Self, Failure> {
        Ok(Self {
            http: Http::new()?,
            address: address.to_owned(),
        })
    }

    /// Posts, and gives `None` where the relay answers with one of `codes`.
    fn post(&self, path: &str, signed: Vec<u8>, codes: &[&str]) -> Result<Option<SyncAnswer>, Failure> {
        match self.http.post(&self.address, path, signed, LARGEST_ANSWER) {
            Ok(answer) => Ok(Some(SyncAnswer::from_bytes(&answer).ok_or(HttpError::AnswerDamaged)?)),
            Err(HttpError::Problem { code, .. }) if codes.contains(&code.as_str()) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl StreamRelay for HttpStreams {
    type Error = Failure;

    fn call(&self, request: &SyncRequest, signed: Vec<u8>) -> Result<Option<SyncAnswer>, Failure> {
        self.post(&stream_path(request.stream), signed, &GET_FIRST)
    }
}

impl RecoveryRelay for HttpStreams {
    fn recover(&self, locator: &[u8; 16], signed: Vec<u8>) -> Result<Option<SyncAnswer>, Failure> {
        self.post(&recovery_path(locator), signed, &NOTHING_THERE)
    }
}
