//! A mailbox that a relay keeps for two minutes.

use std::sync::Arc;
use std::time::Instant;

use techo_protocol::household::pairing::{PairingError, PairingText};
use techo_protocol::household::sync_api::{LARGEST_MAILBOX_MESSAGE_BYTES, rendezvous_path};

use super::LOOK;
use crate::ports::{HttpError, Relay};
use crate::sync::SyncError;

/// The mailbox of one pairing.
pub(super) struct Mailbox {
    relay: Arc<dyn Relay + Send + Sync>,
    address: String,
    name: [u8; 16],
}

impl Mailbox {
    /// The mailbox that a pairing text names.
    pub(super) fn new(text: &PairingText, relay: Arc<dyn Relay + Send + Sync>) -> Self {
        Self {
            relay,
            address: text.relay.clone(),
            name: text.mailbox,
        }
    }

    pub(super) fn leave(&self, number: u8, message: Vec<u8>) -> Result<(), SyncError> {
        let path = rendezvous_path(&self.name, number);
        self.relay.put(&self.address, &path, message).map_err(error)
    }

    /// Waits for a message: the relay holds the request, and answers nothing where it does not come.
    pub(super) fn take(&self, number: u8, until: Instant) -> Result<Option<Vec<u8>>, SyncError> {
        let path = rendezvous_path(&self.name, number);
        loop {
            match self.relay.get(&self.address, &path, LARGEST_MAILBOX_MESSAGE_BYTES) {
                Ok(Some(message)) if !message.is_empty() => return Ok(Some(message)),
                Ok(Some(_)) | Err(HttpError::TimedOut) => {}
                // The mailbox is gone.
                Ok(None) => return Err(PairingError::TimedOut.into()),
                Err(why) => return Err(error(why)),
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            // A relay that does not hold the request is not to be asked without a pause.
            std::thread::sleep(LOOK.min(left));
        }
    }
}

/// What a relay's refusal means for the two who pair. The codes are those of docs/relay-api.md.
fn error(error: HttpError) -> SyncError {
    /// The mailbox is gone, another pairing's, or was written or read before.
    const SPENT: [&str; 4] = [
        "sync.no_mailbox",
        "sync.mailbox_taken",
        "sync.message_written",
        "sync.message_taken",
    ];
    match &error {
        HttpError::Problem { code, .. } if SPENT.contains(&code.as_str()) => PairingError::Spent.into(),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_that_was_used_is_called_that() {
        let problem = |code: &str| HttpError::Problem {
            status: 409,
            code: code.into(),
            title: String::new(),
        };
        assert_eq!(error(problem("sync.message_written")), PairingError::Spent.into());
        assert_eq!(error(problem("relay.busy")), problem("relay.busy").into());
    }
}
