//! Status passes: what the ledger says of a ticket, bound to a phone's keys for thirty days and a copy each.
//!
//! The municipality knows to whom it gave a ticket; Techo does not, and does not learn it here: the name of a pass goes into the pass and nowhere
//! else. What is kept is the ids of the copies with the ticket, so that they can be revoked, and each only until its copy ends (ADR 0016).

mod health_card;
mod statement;

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::p256::{P256Key, P256Public};
use techo_protocol::basics::random::Random;
use techo_protocol::trust::{AuthorityId, StatusKey};
use techo_protocol::vaccination::revocations;
use techo_protocol::vaccination::status_pass::{CredentialId, PassFile, Request, Status, initials};
use techo_protocol::vaccination::ticket::TicketNumber;

use super::residents::BirthDates;
use super::{MunicipalityError, days, ledger, sites};
use crate::keys::{KeyFiles, KeyRole};
use crate::store::{array, narrow, write};
use crate::{Authority, Error, audit, confirmed_time};

pub use health_card::to_jwks;
use statement::Statement;

techo_protocol::coded_errors! {
    /// Why no status pass was issued or revoked.
    pub enum PassError {
        /// The ticket has no dose that counts.
        NoDose = "pass.no_dose", "The ledger has no dose of this ticket that counts. Doses of which two sources say different things do not, nor those of a site whose licence was revoked from before them on.", "See `municipality ledger`, import what is missing, or settle the conflict.";
        /// The ticket has no pass that could be revoked.
        NoPass = "pass.none", "No status pass of this ticket is current.", "Nothing needs to be done.";
    }
}

/// A pass that is to be issued.
#[derive(Debug, Clone, Copy)]
pub struct NewPass<'a> {
    /// The ticket of the person whom the pass is for.
    pub ticket: TicketNumber,
    /// The phone's request; without one, whoever has the file has the pass.
    pub request: Option<&'a [u8]>,
    /// The name, for fields that people can ask to be shown. It is not kept.
    pub name: Option<&'a str>,
}

/// A pass that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedPass {
    /// The file for the person.
    pub file: Vec<u8>,
    /// How many copies are in it: one for each day.
    pub copies: usize,
    /// When the last of them ends, in Unix seconds.
    pub until: i64,
    /// What it says today.
    pub status: Status,
    /// How many doses of the ticket count.
    pub doses: u8,
    /// A SMART Health Card is in it.
    pub has_card: bool,
}

/// The copies that are revoked and have not ended. What has ended is forgotten first.
pub(crate) fn revoked(db: &Connection, now: i64) -> Result<Vec<CredentialId>, Error> {
    forget_ended(db, now)?;
    let mut query = db.prepare_cached("SELECT id FROM pass WHERE revoked_at IS NOT NULL AND ends_at > ?1")?;
    let mut rows = query.query([now])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(CredentialId(array(row.get_ref(0)?.as_blob().unwrap_or(&[]))?));
    }
    Ok(ids)
}

/// Forgets the copies that ended before a time that is confirmed: one that is forgotten too early can be revoked no more.
fn forget_ended(db: &Connection, now: i64) -> Result<(), Error> {
    let due = confirmed_time::read(db, now)?.up_to(now);
    db.execute("DELETE FROM pass WHERE ends_at <= ?1", [due])?;
    Ok(())
}

/// Signs the next list of revoked copies; its number and its file.
pub(crate) fn sign_revocations(
    db: &Connection,
    (authority, signer): (AuthorityId, &SigningKey),
    revoked: &[CredentialId],
    now: i64,
    random: &dyn Random,
) -> Result<(u32, Vec<u8>), Error> {
    let number: i64 = db.query_row(
        "UPDATE municipality SET revocations = revocations + 1 RETURNING revocations",
        [],
        |row| row.get(0),
    )?;
    let number = narrow(number)?;
    Ok((number, revocations::write(authority, number, now, revoked, signer, random)?))
}

/// A new key for status passes, with its file.
pub(super) fn new_status_key(keys: &KeyFiles, random: &dyn Random) -> Result<StatusKey, Error> {
    Ok(StatusKey {
        point: keys.make_status(random)?.point(),
        revoked: false,
    })
}

impl Authority {
    /// Issues a pass for a ticket. With a name it can be shown with it, and has a SMART Health Card where this municipality has an address and
    /// knows the birth date, and all of it fits one code.
    ///
    /// # Errors
    /// [`PassError::NoDose`]; [`MunicipalityError::NoStatusKey`]; [`techo_protocol::vaccination::status_pass::StatusPassError`] for a request or a name that is
    /// none.
    pub fn issue_pass(&mut self, new: &NewPass<'_>, now: i64, random: &dyn Random) -> Result<IssuedPass, Error> {
        let key = self.keys.status_key(&self.present_status_key()?)?;
        let request = new.request.map(Request::read).transpose()?;
        let name = new.name.map(str::trim);
        let statement = self.statement(new.ticket)?;
        let today = days::day(now);
        let status = statement.status(today).ok_or(PassError::NoDose)?;
        let card = match name {
            Some(name) => self.health_card(new.ticket, name, &statement, &key, now)?,
            None => None,
        };
        let values = |day: u16| statement.values(day.into(), name.zip(name.map(initials)));
        let has_card = card.is_some();
        let issued = PassFile::issue((self.id(), &key), request.as_ref(), &values, card, now, random)?;
        let transaction = write(&mut self.db)?;
        forget_ended(&transaction, now)?;
        for (id, ends_at) in &issued.ids {
            transaction.execute(
                "INSERT INTO pass (id, ticket, ends_at) VALUES (?1, ?2, ?3)",
                (id.0, new.ticket.number().cast_signed(), ends_at),
            )?;
        }
        // The ticket is in the ledger; who asked is not.
        audit::append(&transaction, now, "pass.issued", &new.ticket.to_string())?;
        transaction.commit()?;
        Ok(IssuedPass {
            copies: issued.ids.len(),
            until: issued.ids.iter().map(|(_, ends_at)| *ends_at).max().unwrap_or(now),
            file: issued.file,
            status,
            doses: statement.doses(today),
            has_card,
        })
    }

    /// Revokes every copy of a ticket's passes that is current or to come, and answers how many. They count no more where the list of revoked
    /// passes has arrived ([`Authority::revocations`]).
    ///
    /// # Errors
    /// [`PassError::NoPass`].
    pub fn revoke_passes(&mut self, ticket: TicketNumber, now: i64) -> Result<usize, Error> {
        self.town()?;
        let transaction = write(&mut self.db)?;
        let revoked = transaction.execute(
            "UPDATE pass SET revoked_at = ?2 WHERE ticket = ?1 AND revoked_at IS NULL AND ends_at > ?2",
            (ticket.number().cast_signed(), now),
        )?;
        if revoked == 0 {
            return Err(PassError::NoPass.into());
        }
        audit::append(&transaction, now, "pass.revoked", &ticket.to_string())?;
        transaction.commit()?;
        Ok(revoked)
    }

    /// The signed list of revoked copies, for everybody, and its number. Ids leave it when their copies end. Publishing signs it too, where it has
    /// changed.
    ///
    /// # Errors
    /// [`MunicipalityError::NotOne`], the notice key is missing, or more are revoked than a list holds.
    pub fn revocations(&mut self, now: i64, random: &dyn Random) -> Result<(u32, Vec<u8>), Error> {
        self.town()?;
        let signer = self.signer(KeyRole::Notice)?;
        let authority = self.id();
        let transaction = write(&mut self.db)?;
        let revoked = revoked(&transaction, now)?;
        let signed = sign_revocations(&transaction, (authority, &signer), &revoked, now, random)?;
        transaction.commit()?;
        Ok(signed)
    }

    /// Makes a new key for status passes beside the old one, which signs no more; what it signed counts until `revoke_old`, which ends that at
    /// once. Needs the root.
    ///
    /// # Errors
    /// [`crate::keys::KeyError::RootAway`] without the root.
    pub fn rotate_status_key(&mut self, revoke_old: bool, now: i64, random: &dyn Random) -> Result<P256Public, Error> {
        self.town()?;
        self.root()?;
        let mut list = self.trust_list()?;
        let section = list.municipality.as_mut().ok_or(MunicipalityError::NotOne)?;
        for key in &mut section.status_keys {
            key.revoked |= revoke_old;
        }
        let new = self.keys.make_status(random)?;
        section.status_keys.push(StatusKey {
            point: new.point(),
            revoked: false,
        });
        self.sign_next(list, now, "trust.status_key")?;
        Ok(new)
    }

    /// The keys by which status passes and SMART Health Cards of this municipality are verified, for its page.
    ///
    /// # Errors
    /// [`MunicipalityError::NotOne`].
    pub fn status_keys(&self) -> Result<Vec<P256Public>, Error> {
        let section = self.trust_list()?.municipality.ok_or(MunicipalityError::NotOne)?;
        let keys = section.status_keys().filter_map(|key| P256Public::of_point(&key.point));
        Ok(keys.collect())
    }

    fn present_status_key(&self) -> Result<P256Public, Error> {
        Ok(self.status_keys()?.pop().ok_or(MunicipalityError::NoStatusKey)?)
    }

    /// What the ledger has of a ticket, without doses of which two sources say different things, and without those of a site whose licence was
    /// revoked from before them on: they may have come in while it stood.
    fn statement(&self, ticket: TicketNumber) -> Result<Statement, Error> {
        let revoked: HashMap<String, i64> = sites::revoked_sites(&self.db)?
            .into_iter()
            .map(|site| (site.site.to_string(), site.from))
            .collect();
        let is_revoked = |entry: &ledger::Entry| match &entry.source {
            ledger::Source::Site(site) => revoked.get(site).is_some_and(|from| entry.dose.at >= *from),
            ledger::Source::File(_) | ledger::Source::Slip(_) => false,
        };
        let mut given = Vec::new();
        let filter = ledger::Filter {
            ticket: Some(ticket),
            ..ledger::Filter::default()
        };
        self.ledger(filter, |entry| {
            if entry.current && !entry.conflict && !is_revoked(&entry) {
                given.push(entry.dose);
            }
            Ok::<(), Error>(())
        })?;
        Ok(Statement::of(given))
    }

    fn health_card(
        &self,
        ticket: TicketNumber,
        name: &str,
        statement: &Statement,
        key: &P256Key,
        now: i64,
    ) -> Result<Option<String>, Error> {
        let town = self.town()?;
        let Some(url) = self.trust_list()?.municipality.and_then(|section| section.url) else {
            return Ok(None);
        };
        let sealed: Option<Vec<u8>> = self
            .db
            .query_row(
                "SELECT born FROM resident WHERE ticket = ?1",
                [ticket.number().cast_signed()],
                |row| row.get(0),
            )
            .optional()?;
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let born = BirthDates::of(&self.keys, &town)?.open(ticket, &sealed)?;
        Ok(health_card::sign(&url, name, born, &statement.given, key, now)?)
    }
}

#[cfg(test)]
mod tests;
