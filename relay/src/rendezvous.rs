//! Pairing mailboxes: how two devices that know nothing of each other but what a code shows exchange four short messages. In memory only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use techo_protocol::sync_api::{MAILBOX_MESSAGES, MAILBOX_SECONDS, StreamId};

use crate::error::{RelayError, SyncError};
use crate::streams::{Waiting, WaitingRoom};

/// Names a mailbox: 16 random bytes.
pub type Name = [u8; 16];

/// All mailboxes that are open.
pub struct Mailboxes {
    most: usize,
    open: Mutex<HashMap<Name, Mailbox>>,
    waiting: Arc<WaitingRoom<Name>>,
}

struct Mailbox {
    account: StreamId,
    ends_at: i64,
    messages: [Message; MAILBOX_MESSAGES as usize],
}

#[derive(Default)]
enum Message {
    #[default]
    Awaited,
    Written(Vec<u8>),
    Taken,
}

impl Mailboxes {
    /// Room for `most` mailboxes at once, and for `waiting` who wait for a message.
    pub fn new(most: usize, waiting: usize) -> Self {
        Self {
            most,
            open: Mutex::default(),
            waiting: WaitingRoom::new(waiting),
        }
    }

    /// Opens a mailbox for an account at `now` (Unix seconds), and closes the one that the account had. The same again changes nothing.
    ///
    /// # Errors
    /// [`SyncError::MailboxTaken`] where it is another account's; [`RelayError::Busy`] where there is no room.
    pub fn open(&self, account: StreamId, name: Name, now: i64) -> Result<(), crate::Refusal> {
        let mut open = self.lock();
        open.retain(|_, mailbox| mailbox.ends_at > now);
        match open.get(&name) {
            Some(mailbox) if mailbox.account == account => return Ok(()),
            Some(_) => return Err(SyncError::MailboxTaken.into()),
            None => open.retain(|_, mailbox| mailbox.account != account),
        }
        if open.len() >= self.most {
            return Err(RelayError::Busy.into());
        }
        let mailbox = Mailbox {
            account,
            ends_at: now.saturating_add(MAILBOX_SECONDS),
            messages: Default::default(),
        };
        open.insert(name, mailbox);
        Ok(())
    }

    /// Leaves a message.
    ///
    /// # Errors
    /// [`SyncError::NoMailbox`] where there is none, or not any more; [`SyncError::MessageWritten`] where it was written before.
    pub fn write(&self, name: Name, message: usize, content: Vec<u8>, now: i64) -> Result<(), SyncError> {
        self.with(name, message, now, |message| match message {
            Message::Awaited => {
                *message = Message::Written(content);
                Ok(())
            }
            Message::Written(_) | Message::Taken => Err(SyncError::MessageWritten),
        })?;
        self.waiting.wake(name);
        Ok(())
    }

    /// Takes a message; `None` where it is still awaited.
    ///
    /// # Errors
    /// [`SyncError::NoMailbox`] where there is none, or not any more; [`SyncError::MessageTaken`] where it was taken before.
    pub fn take(&self, name: Name, message: usize, now: i64) -> Result<Option<Vec<u8>>, SyncError> {
        self.with(name, message, now, |message| match std::mem::take(message) {
            Message::Awaited => Ok(None),
            Message::Written(content) => {
                *message = Message::Taken;
                Ok(Some(content))
            }
            Message::Taken => {
                *message = Message::Taken;
                Err(SyncError::MessageTaken)
            }
        })
    }

    /// Begins to wait for whatever is written to a mailbox.
    ///
    /// # Errors
    /// [`RelayError::Busy`] where too many wait.
    pub fn wait(&self, name: Name) -> Result<Waiting<Name>, RelayError> {
        self.waiting.enter(name)
    }

    /// Forgets mailboxes whose time is over.
    pub fn forget(&self, now: i64) {
        self.lock().retain(|_, mailbox| mailbox.ends_at > now);
    }

    /// Ends every wait, now and from now on.
    pub fn end_waiting(&self) {
        self.waiting.end();
    }

    fn with<T>(
        &self,
        name: Name,
        message: usize,
        now: i64,
        work: impl FnOnce(&mut Message) -> Result<T, SyncError>,
    ) -> Result<T, SyncError> {
        let mut open = self.lock();
        let mailbox = open.get_mut(&name).filter(|mailbox| mailbox.ends_at > now);
        work(
            mailbox
                .and_then(|mailbox| mailbox.messages.get_mut(message))
                .ok_or(SyncError::NoMailbox)?,
        )
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Mailbox>> {
        // Every change of it is done before anything can panic.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: StreamId = StreamId([1; 16]);
    const TWO: StreamId = StreamId([2; 16]);

    #[test]
    fn an_account_has_one_mailbox_and_nobody_gets_another_s() {
        let boxes = Mailboxes::new(10, 10);
        boxes.open(ONE, [1; 16], 0).unwrap();
        boxes.write([1; 16], 0, vec![7], 0).unwrap();
        boxes.open(ONE, [1; 16], 60).unwrap();
        assert_eq!(boxes.open(TWO, [1; 16], 60), Err(SyncError::MailboxTaken.into()));
        assert_eq!(
            boxes.take([1; 16], 0, 60),
            Ok(Some(vec![7])),
            "the same again changed nothing"
        );
        assert_eq!(
            boxes.take([1; 16], 1, MAILBOX_SECONDS),
            Err(SyncError::NoMailbox),
            "nor gave it more time"
        );
        boxes.open(ONE, [2; 16], 60).unwrap();
        assert_eq!(boxes.take([1; 16], 0, 60), Err(SyncError::NoMailbox));
    }

    #[test]
    fn there_is_room_for_so_many() {
        let boxes = Mailboxes::new(1, 10);
        boxes.open(ONE, [1; 16], 0).unwrap();
        assert_eq!(boxes.open(TWO, [2; 16], MAILBOX_SECONDS - 1), Err(RelayError::Busy.into()));
        boxes.open(TWO, [2; 16], MAILBOX_SECONDS).unwrap();
        boxes.forget(2 * MAILBOX_SECONDS);
        assert!(boxes.lock().is_empty());
    }
}
