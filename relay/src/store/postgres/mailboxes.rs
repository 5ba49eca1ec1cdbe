//! Pairing mailboxes in PostgreSQL, so that two devices meet whichever relay each of them reaches. A row lives for two minutes, in a table that is in
//! no log; its end is the one time in this database that is finer than a day.

use postgres::Row;
use techo_protocol::household::sync_api::StreamId;

use super::PostgresStore;
use super::columns::{bytes, get, integer};
use crate::store::mailboxes::{Mailbox, MailboxStore, Message, Name, Opened};
use crate::store::{StoreError, Wake};

/// Held while a mailbox is opened: how many there are is decided by one at a time.
const OPENING: i64 = 0x5465_6368_6f00_0002;

impl MailboxStore for PostgresStore {
    fn open_mailbox(&self, name: Name, new: Mailbox, now: i64, most: usize) -> Result<Opened, StoreError> {
        let (name, account) = (&name[..], &new.account.0[..]);
        self.pool()?.write(|work| {
            work.execute("SELECT pg_advisory_xact_lock($1)", &[&OPENING])?;
            work.execute("DELETE FROM mailboxes WHERE ends_at <= $1", &[&now])?;
            let there = work.query_opt("SELECT account FROM mailboxes WHERE name = $1", &[&name])?;
            if let Some(row) = there {
                let is_theirs = StreamId(bytes(&row, 0)?) == new.account;
                return Ok(if is_theirs { Opened::Open } else { Opened::Taken });
            }
            work.execute("DELETE FROM mailboxes WHERE account = $1", &[&account])?;
            let count: i64 = work.query_one("SELECT count(*) FROM mailboxes", &[])?.try_get(0)?;
            if count >= integer(most as u64)? {
                return Ok(Opened::Full);
            }
            let (messages, taken) = columns(&new);
            work.execute(
                "INSERT INTO mailboxes (name, account, ends_at, messages, taken) VALUES ($1, $2, $3, $4, $5)",
                &[&name, &account, &new.ends_at, &messages, &taken],
            )?;
            Ok(Opened::Open)
        })
    }

    fn change_mailbox(&self, name: Name, now: i64, work: &mut dyn FnMut(&mut Mailbox)) -> Result<bool, StoreError> {
        let channel = self.channel();
        let changing = std::cell::RefCell::new(work);
        self.pool()?.write(|database| {
            let row = database.query_opt(
                "SELECT account, ends_at, messages, taken FROM mailboxes WHERE name = $1 AND ends_at > $2 FOR UPDATE",
                &[&&name[..], &now],
            )?;
            let Some(row) = row else { return Ok(false) };
            let before = read(&row)?;
            let mut after = before.clone();
            changing.borrow_mut()(&mut after);
            if after != before {
                let (messages, taken) = columns(&after);
                database.execute(
                    "UPDATE mailboxes SET messages = $2, taken = $3 WHERE name = $1",
                    &[&&name[..], &messages, &taken],
                )?;
                let text = Wake::of_mailbox(&name).text();
                database.execute("SELECT pg_notify($1, $2)", &[&channel, &text])?;
            }
            Ok(true)
        })
    }

    fn forget_mailboxes(&self, now: i64) -> Result<(), StoreError> {
        self.pool()?.write(|work| {
            work.execute("DELETE FROM mailboxes WHERE ends_at <= $1", &[&now])?;
            Ok(())
        })
    }
}

/// Messages and whether each was taken, for their columns.
fn columns(mailbox: &Mailbox) -> (Vec<Option<&[u8]>>, Vec<bool>) {
    let messages = mailbox.messages.iter().map(|message| match message {
        Message::Written(content) => Some(&content[..]),
        Message::Awaited | Message::Taken => None,
    });
    let taken = mailbox.messages.iter().map(|message| *message == Message::Taken);
    (messages.collect(), taken.collect())
}

fn read(row: &Row) -> Result<Mailbox, StoreError> {
    let contents: Vec<Option<Vec<u8>>> = get(row, 2)?;
    let taken: Vec<bool> = get(row, 3)?;
    let messages: Vec<Message> = contents
        .into_iter()
        .zip(taken)
        .map(|read| match read {
            (_, true) => Message::Taken,
            (Some(content), false) => Message::Written(content),
            (None, false) => Message::Awaited,
        })
        .collect();
    Ok(Mailbox {
        account: StreamId(bytes(row, 0)?),
        ends_at: get(row, 1)?,
        messages: messages.try_into().map_err(|_| StoreError::Damaged)?,
    })
}
