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
        Ok(self.relay.put(&self.address, &path, message)?)
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
                Err(error) => return Err(error.into()),
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
