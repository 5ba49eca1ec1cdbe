//! Pairing mailboxes: how two devices that know nothing of each other but what a code shows exchange four short messages.

use std::sync::Arc;

use techo_protocol::household::sync_api::{MAILBOX_SECONDS, StreamId};

use crate::error::{Refusal, RelayError, SyncError};
use crate::store::{Mailbox, MailboxOpened, MailboxStore, MailboxesInMemory, Message, Name, Store, Wake};
use crate::sync::{Waiting, WaitingRoom};

/// All mailboxes that are open.
pub struct Mailboxes {
    most: usize,
    here: MailboxesInMemory,
    waiting: Arc<WaitingRoom<Wake>>,
}

impl Mailboxes {
    /// Room for `most` mailboxes at once, and for `waiting` who wait for a message.
    pub fn new(most: usize, waiting: usize) -> Self {
        Self {
            most,
            here: MailboxesInMemory::default(),
            waiting: WaitingRoom::new(waiting),
        }
    }

    /// Where they are: in this process, unless the store shares them with others.
    fn place<'s>(&'s self, store: &'s dyn Store) -> &'s dyn MailboxStore {
        store.mailboxes().unwrap_or(&self.here)
    }

    /// Opens a mailbox for an account at `now` (Unix seconds), and closes the one that the account had. The same again changes nothing.
    ///
    /// # Errors
    /// [`SyncError::MailboxTaken`] where it is another account's; [`RelayError::Busy`] where there is no room; or the store's.
    pub fn open(&self, store: &dyn Store, account: StreamId, name: Name, now: i64) -> Result<(), Refusal> {
        let mailbox = Mailbox {
            account,
            ends_at: now.saturating_add(MAILBOX_SECONDS),
            messages: Default::default(),
        };
        match self.place(store).open_mailbox(name, mailbox, now, self.most)? {
            MailboxOpened::Open => Ok(()),
            MailboxOpened::Taken => Err(SyncError::MailboxTaken.into()),
            MailboxOpened::Full => Err(RelayError::Busy.into()),
        }
    }

    /// Leaves a message.
    ///
    /// # Errors
    /// [`SyncError::NoMailbox`] where there is none, or not any more; [`SyncError::MessageWritten`] where it was written before; or the store's.
    pub fn write(&self, store: &dyn Store, name: Name, message: usize, content: &[u8], now: i64) -> Result<(), Refusal> {
        self.with(store, name, message, now, |message| match message {
            Message::Awaited => {
                *message = Message::Written(content.to_vec());
                Ok(())
            }
            Message::Written(_) | Message::Taken => Err(SyncError::MessageWritten),
        })?;
        self.waiting.wake(Wake::of_mailbox(&name));
        Ok(())
    }

    /// Takes a message; `None` where it is still awaited.
    ///
    /// # Errors
    /// [`SyncError::NoMailbox`] where there is none, or not any more; [`SyncError::MessageTaken`] where it was taken before; or the store's.
    pub fn take(&self, store: &dyn Store, name: Name, message: usize, now: i64) -> Result<Option<Vec<u8>>, Refusal> {
        self.with(store, name, message, now, |message| match std::mem::take(message) {
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
    pub fn wait(&self, name: Name) -> Result<Waiting<Wake>, RelayError> {
        self.waiting.enter(Wake::of_mailbox(&name))
    }

    /// Who waits for messages.
    pub fn waiting(&self) -> &Arc<WaitingRoom<Wake>> {
        &self.waiting
    }

    /// Forgets mailboxes whose time is over.
    ///
    /// # Errors
    /// The store's.
    pub fn forget(&self, store: &dyn Store, now: i64) -> Result<(), Refusal> {
        Ok(self.place(store).forget_mailboxes(now)?)
    }

    /// Ends every wait, now and from now on.
    pub fn end_waiting(&self) {
        self.waiting.end();
    }

    fn with<T>(
        &self,
        store: &dyn Store,
        name: Name,
        message: usize,
        now: i64,
        mut work: impl FnMut(&mut Message) -> Result<T, SyncError>,
    ) -> Result<T, Refusal> {
        let mut outcome = Err(SyncError::NoMailbox);
        self.place(store).change_mailbox(name, now, &mut |mailbox| {
            if let Some(message) = mailbox.messages.get_mut(message) {
                outcome = work(message);
            }
        })?;
        Ok(outcome?)
    }
}

#[cfg(test)]
mod tests;
