//! Pairing mailboxes while they are open: in memory, or where several processes share a database, there.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use techo_protocol::household::sync_api::{MAILBOX_MESSAGES, StreamId};

use super::StoreError;

/// Names a mailbox: 16 random bytes.
pub type Name = [u8; 16];

/// A mailbox in which two devices leave each other the messages of a pairing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Whose account opened it.
    pub account: StreamId,
    /// When it ends, in Unix seconds.
    pub ends_at: i64,
    /// The pairing's messages, in the order in which they are sent.
    pub messages: [Message; MAILBOX_MESSAGES as usize],
}

/// A message of a mailbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Message {
    /// Nobody has written it yet.
    #[default]
    Awaited,
    /// It waits to be taken.
    Written(Vec<u8>),
    /// The message was taken and is gone.
    Taken,
}

/// What came of opening a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It is open, or was already, for this account.
    Open,
    /// Another account has one of this name.
    Taken,
    /// There are too many.
    Full,
}

/// Mailboxes that are open. Calls may block; each happens whole or not at all.
///
/// # Errors
/// Every call: [`StoreError`].
#[allow(clippy::missing_errors_doc, reason = "the trait says it once for all calls")]
pub trait MailboxStore: Send + Sync {
    /// Puts a mailbox in and removes the one that its account had; the same name again, of the same account, changes nothing. At most `most`
    /// that have not ended at `now`.
    fn open_mailbox(&self, name: Name, mailbox: Mailbox, now: i64, most: usize) -> Result<Opened, StoreError>;

    /// Changes a mailbox that has not ended at `now`, and says whether there is one. Others that look at it wait until `work` is done.
    fn change_mailbox(&self, name: Name, now: i64, work: &mut dyn FnMut(&mut Mailbox)) -> Result<bool, StoreError>;

    /// Removes those that have ended at `now`.
    fn forget_mailboxes(&self, now: i64) -> Result<(), StoreError>;
}

/// Mailboxes of one process.
#[derive(Default)]
pub struct MailboxesInMemory(Mutex<HashMap<Name, Mailbox>>);

impl MailboxesInMemory {
    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Mailbox>> {
        // Every change of it is done before anything can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MailboxStore for MailboxesInMemory {
    fn open_mailbox(&self, name: Name, new: Mailbox, now: i64, most: usize) -> Result<Opened, StoreError> {
        let mut open = self.lock();
        open.retain(|_, mailbox| mailbox.ends_at > now);
        match open.get(&name) {
            Some(mailbox) if mailbox.account == new.account => return Ok(Opened::Open),
            Some(_) => return Ok(Opened::Taken),
            None => open.retain(|_, mailbox| mailbox.account != new.account),
        }
        if open.len() >= most {
            return Ok(Opened::Full);
        }
        open.insert(name, new);
        Ok(Opened::Open)
    }

    fn change_mailbox(&self, name: Name, now: i64, work: &mut dyn FnMut(&mut Mailbox)) -> Result<bool, StoreError> {
        let mut open = self.lock();
        let mailbox = open.get_mut(&name).filter(|mailbox| mailbox.ends_at > now);
        Ok(mailbox.map(work).is_some())
    }

    fn forget_mailboxes(&self, now: i64) -> Result<(), StoreError> {
        self.lock().retain(|_, mailbox| mailbox.ends_at > now);
        Ok(())
    }
}
