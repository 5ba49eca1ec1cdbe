//! Vaccination sites: their licences, when a licence ends early, and the update that sites are given.

use rusqlite::{Connection, OptionalExtension};
use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::trust::{RevokedSite, TrustList};
use techo_protocol::vaccination::site_licence::{NewSiteLicence, SiteLicence, SiteRequest};
use techo_protocol::vaccination::town_update::TownUpdate;

use super::{MunicipalityError, sequence, stock};
use crate::keys::KeyRole;
use crate::store::{StoreError, narrow, write};
use crate::{Authority, Error, audit};

/// How long a licence is good where nothing else is said, in seconds: a year.
pub const LICENCE_SECONDS: i64 = 365 * DAY_SECONDS;
/// A licence begins so long before it is given, in seconds, so that a site's clock may be behind.
const EARLY_SECONDS: i64 = DAY_SECONDS;

techo_protocol::coded_errors! {
    /// What can be wrong with a site.
    pub enum SiteError {
        /// No site has this number.
        Unknown = "site.unknown", "There is no site with this number.", "`municipality site list` shows the sites.";
        /// The request is for another municipality.
        OtherTown = "site.other_town", "This request is for another municipality.", "Ask the site to use this municipality's trust file.";
        /// A request of a site whose licence was revoked.
        Ended = "site.ended", "This site's licence was revoked.", "If it is to work again, have it make a new profile and a new request.";
        /// Revoked before, from an earlier time.
        Revoked = "site.revoked", "This site's licence is revoked from an earlier time on already.", "Nothing needs to be done.";
    }
}

/// A vaccination site that the municipality has licensed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The site's newest licence.
    pub licence: SiteLicence,
    /// From when on its doses do not count, in Unix seconds.
    pub revoked_from: Option<i64>,
    /// The highest number of a bundle that was taken in, and the numbers below it that are missing.
    pub bundles: (u32, Vec<u32>),
}

impl Authority {
    /// Licenses the site that makes this request, and gives the licence's file. The same request again gives the same licence.
    ///
    /// # Errors
    /// [`techo_protocol::vaccination::site_licence::SiteLicenceError`] for a request that is none; [`SiteError`];
    /// [`super::MunicipalityError::NotOne`].
    pub fn add_site(&mut self, request: &[u8], until: Option<i64>, now: i64) -> Result<(SiteLicence, Vec<u8>), Error> {
        let code = self.town()?.code;
        let request = SiteRequest::read(request)?;
        let town = self.id();
        if request.town != town {
            return Err(SiteError::OtherTown.into());
        }
        let signer = self.signer(KeyRole::Licence)?;
        let list = self.trust_list()?;
        let transaction = write(&mut self.db)?;
        let known: Option<Vec<u8>> = transaction
            .query_row("SELECT licence FROM site WHERE key = ?1", [request.key.0], |row| row.get(0))
            .optional()?;
        if let Some(file) = &known {
            let (_, licence) = SiteLicence::read(file)?;
            if revoked_from(&transaction, licence.site)?.is_some() {
                return Err(SiteError::Ended.into());
            }
            // One that a revoked key signed is no use any more.
            if until.is_none() && i64::from(licence.until) > now && licence.is_signed_by(&list) {
                return Ok((licence, file.clone()));
            }
        }
        let number: i64 = match &known {
            Some(file) => SiteLicence::read(file)?.1.site.into(),
            None => transaction.query_row(
                "INSERT INTO site (key, licence, added_at) VALUES (?1, x'', ?2) RETURNING number",
                (request.key.0, now),
                |row| row.get(0),
            )?,
        };
        let from = match &known {
            // A renewed licence covers what the old one did.
            Some(file) => i64::from(SiteLicence::read(file)?.1.from),
            None => now.saturating_sub(EARLY_SECONDS).max(0),
        };
        let new = NewSiteLicence {
            municipality: code,
            site: narrow(number)?,
            key: request.key,
            place: &request.place,
            from,
            until: until.unwrap_or_else(|| now.saturating_add(LICENCE_SECONDS)),
        };
        let licence = new.sign(&signer)?;
        let file = licence.write(town);
        transaction.execute("UPDATE site SET licence = ?2 WHERE number = ?1", (number, &file))?;
        audit::append(&transaction, now, "site.licensed", &number.to_string())?;
        transaction.commit()?;
        Ok((licence, file))
    }

    /// Ends a site's licence from a time on: what it says was given then or later does not count. Needs the root, since the trust list says so.
    ///
    /// # Errors
    /// [`SiteError`]; [`crate::keys::KeyError::RootAway`] without the root.
    pub fn revoke_site(&mut self, number: u32, from: i64, now: i64) -> Result<(), Error> {
        self.town()?;
        let before: Option<i64> = self
            .db
            .query_row("SELECT revoked_from FROM site WHERE number = ?1", [number], |row| row.get(0))
            .optional()?
            .ok_or(SiteError::Unknown)?;
        if before.is_some_and(|before| before <= from) {
            return Err(SiteError::Revoked.into());
        }
        self.root()?;
        let transaction = write(&mut self.db)?;
        transaction.execute("UPDATE site SET revoked_from = ?2 WHERE number = ?1", (number, from))?;
        audit::append(&transaction, now, "site.revoked", &number.to_string())?;
        transaction.commit()?;
        let mut list = self.trust_list()?;
        let revoked = revoked_sites(&self.db)?;
        if let Some(section) = &mut list.municipality {
            section.revoked_sites = revoked;
        }
        self.sign_next(list, now, "trust.site_revoked")?;
        Ok(())
    }

    /// All sites.
    ///
    /// # Errors
    /// [`StoreError`] where the profile cannot be read.
    pub fn sites(&self) -> Result<Vec<Site>, Error> {
        self.town()?;
        let mut query = self.db.prepare("SELECT licence, revoked_from FROM site ORDER BY number")?;
        let mut rows = query.query([])?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            let (_, licence) = SiteLicence::read(row.get_ref(0)?.as_blob().unwrap_or(&[]))?;
            out.push(Site {
                bundles: sequence::missing(&self.db, licence.site)?,
                revoked_from: row.get(1)?,
                licence,
            });
        }
        Ok(out)
    }

    /// What sites are given: lots, recalls, and licences that ended early; signed.
    ///
    /// # Errors
    /// [`super::MunicipalityError::NotOne`], or the licence key is missing.
    pub fn site_update(&mut self, now: i64) -> Result<(TownUpdate, Vec<u8>), Error> {
        self.town()?;
        let signer = self.signer(KeyRole::Licence)?;
        let list = self.trust_list()?;
        let transaction = write(&mut self.db)?;
        let update = numbered(&transaction, update_content(&transaction, &list)?, now)?;
        transaction.commit()?;
        let file = update.write(&signer);
        Ok((update, file))
    }
}

/// What a municipality's sites are to know now, without a number.
pub(crate) fn update_content(db: &Connection, list: &TrustList) -> Result<TownUpdate, Error> {
    let section = list.municipality.as_ref().ok_or(MunicipalityError::NotOne)?;
    Ok(TownUpdate {
        town: list.authority(),
        municipality: section.code,
        number: 0,
        issued_at: 0,
        lots: stock::lots(db)?.into_iter().map(|lot| lot.lot).collect(),
        recalled: stock::recalled_lots(db)?,
        revoked_sites: revoked_sites(db)?,
    })
}

/// The next update with this content, in the caller's transaction.
pub(crate) fn numbered(db: &Connection, content: TownUpdate, now: i64) -> Result<TownUpdate, Error> {
    let number: i64 = db.query_row("UPDATE municipality SET updates = updates + 1 RETURNING updates", [], |row| {
        row.get(0)
    })?;
    Ok(TownUpdate {
        number: narrow(number)?,
        issued_at: now,
        ..content
    })
}

/// Sites whose licence ended early, by number.
pub(super) fn revoked_sites(db: &Connection) -> Result<Vec<RevokedSite>, Error> {
    let mut query = db.prepare("SELECT number, revoked_from FROM site WHERE revoked_from IS NOT NULL ORDER BY number")?;
    let mut rows = query.query([])?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(RevokedSite {
            site: narrow(row.get::<_, i64>(0)?)?,
            from: row.get(1)?,
        });
    }
    Ok(out)
}

/// From when on a site's licence is revoked.
pub(super) fn revoked_from(db: &Connection, site: u32) -> Result<Option<i64>, StoreError> {
    let from = db
        .query_row("SELECT revoked_from FROM site WHERE number = ?1", [site], |row| row.get(0))
        .optional()?;
    Ok(from.flatten())
}
