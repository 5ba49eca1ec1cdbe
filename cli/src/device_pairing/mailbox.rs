//! Pairing over a mailbox that a relay keeps for two minutes.

use std::time::{Duration, Instant};

use techo_http::{Http, HttpError};
use techo_protocol::household::pairing::{PairingError, PairingText};
use techo_protocol::household::sync_api::{LARGEST_MAILBOX_MESSAGE_BYTES, MAILBOX_SECONDS, rendezvous_path};

use super::Messages;
use crate::Failure;

/// The mailbox of one pairing.
pub struct Mailbox<'m> {
    http: Http,
    text: &'m PairingText,
    until: Instant,
}

impl<'m> Mailbox<'m> {
    /// The mailbox that a pairing text names.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(text: &'m PairingText) -> Result<Self, Failure> {
        let seconds = u64::try_from(MAILBOX_SECONDS).unwrap_or_default();
        Ok(Self {
            http: Http::new()?,
            text,
            until: Instant::now() + Duration::from_secs(seconds),
        })
    }
}

impl Messages for Mailbox<'_> {
    fn leave(&mut self, number: u8, message: Vec<u8>) -> Result<(), Failure> {
        let path = rendezvous_path(&self.text.mailbox, number);
        Ok(self.http.put(&self.text.relay, &path, message)?)
    }

    /// Waits for a message: the relay holds the request, and answers nothing where it does not come.
    fn take(&mut self, number: u8) -> Result<Vec<u8>, Failure> {
        let path = rendezvous_path(&self.text.mailbox, number);
        while Instant::now() < self.until {
            match self.http.get(&self.text.relay, &path, LARGEST_MAILBOX_MESSAGE_BYTES) {
                Ok(Some(message)) if !message.is_empty() => return Ok(message),
                Ok(Some(_)) | Err(HttpError::TimedOut) => {}
                // The mailbox is gone.
                Ok(None) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Err(PairingError::TimedOut.into())
    }
}
