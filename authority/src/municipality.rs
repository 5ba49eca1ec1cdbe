//! The municipality: an authority that gives out tickets, licenses vaccination sites and keeps the ledger of doses.
//!
//! It knows tickets and birth dates, and no names. Birth dates are sealed in the database under a key file of the profile.
//!
//! | module | what it is about |
//! |---|---|
//! | [`residents`] | tickets that were given out, with sealed birth dates |
//! | [`sites`] | licences and their end, and the update that sites are given |
//! | [`stock`] | lots that were distributed |
//! | [`ledger`] | statements of doses with their history |
//! | [`bundles`], [`pieces`] | what sites send, as a file or through a relay |
//! | [`files`], [`mapping`] | CSV files of any layout |
//! | [`imports`] | what an import of doses did, and what a person should look at |
//! | [`passes`] | status passes: what they say, issuing and revoking them |
//! | [`slips`] | doses that another municipality's site gave, by the slip |
//! | [`coverage`], [`overdue`], [`vrs`] | what is made of the ledger |

pub mod bundles;
pub mod coverage;
pub mod files;
pub mod imports;
pub mod ledger;
pub mod mapping;
pub mod overdue;
pub mod passes;
pub mod pieces;
pub mod residents;
mod sequence;
pub mod sites;
pub mod slips;
pub mod stock;
pub mod vrs;

use techo_protocol::basics::japan_day as days;
use techo_protocol::basics::keys::PublicKey;
use techo_protocol::basics::municipality_code::MunicipalityCode;
use techo_protocol::basics::random::Random;
use techo_protocol::trust::Municipality;

use crate::keys::KeyRole;
use crate::store::{StoreError, array, narrow, write};
use crate::trust::new_key;
use crate::{Authority, Error, audit};

techo_protocol::coded_errors! {
    /// What can be wrong with a municipality's profile.
    pub enum MunicipalityError {
        /// The authority is none.
        NotOne = "municipality.not_one", "This authority is not a municipality.", "Make it one with `municipality init --code CODE`.";
        /// It is one already.
        AlreadyOne = "municipality.already_one", "This profile is a municipality already.", "Name another folder with --data.";
        /// An address that a trust list does not carry.
        Url = "municipality.url", "A municipality's address begins with https:// and has at most 200 characters.", "Give another --url, or leave it out.";
        /// Made before there were status passes.
        NoStatusKey = "municipality.no_status_key", "This municipality has no key for status passes.", "Bring the folder `root` back and run `municipality key rotate`, then hand out the trust file again.";
    }
}

/// What the database keeps of a municipality.
pub(crate) struct Town {
    /// The municipality's code, six digits with a check digit.
    pub code: MunicipalityCode,
    /// The name of the key file of birth dates.
    pub residents_key: PublicKey,
}

impl Authority {
    /// Makes this authority a municipality: keys for licences, bundles, birth dates and status passes, and a trust list that says so. Needs the root.
    ///
    /// # Errors
    /// [`MunicipalityError`]; [`crate::keys::KeyError::RootAway`] without the root.
    pub fn become_municipality(
        &mut self,
        code: MunicipalityCode,
        url: Option<&str>,
        now: i64,
        random: &dyn Random,
    ) -> Result<(), Error> {
        if self.is_municipality()? {
            return Err(MunicipalityError::AlreadyOne.into());
        }
        self.root()?;
        let mut list = self.trust_list()?;
        let mut section = Municipality {
            code,
            url: url.map(str::to_owned),
            status_keys: Vec::new(),
            revoked_sites: Vec::new(),
        };
        if !section.is_possible() {
            return Err(MunicipalityError::Url.into());
        }
        section.status_keys.push(passes::new_status_key(&self.keys, random)?);
        list.municipality = Some(section);
        for role in KeyRole::OF_MUNICIPALITY {
            list.keys.extend(new_key(&self.keys, role, random)?);
        }
        let residents_key = self.keys.make(KeyRole::Residents, random)?;
        // The list last: what was made before it is used by nobody if this is cut short.
        let transaction = write(&mut self.db)?;
        transaction.execute(
            "INSERT INTO municipality (one, code, residents_key, made_at) VALUES (1, ?1, ?2, ?3)
             ON CONFLICT (one) DO UPDATE SET code = ?1, residents_key = ?2, made_at = ?3",
            (code.number(), residents_key.0, now),
        )?;
        audit::append(&transaction, now, "municipality.made", &code.to_string())?;
        transaction.commit()?;
        self.sign_next(list, now, "trust.municipality")?;
        Ok(())
    }

    /// Whether this authority is a municipality.
    ///
    /// # Errors
    /// [`StoreError`] where the profile cannot be read.
    pub fn is_municipality(&self) -> Result<bool, Error> {
        Ok(self.trust_list()?.municipality.is_some())
    }

    /// The municipality's code.
    ///
    /// # Errors
    /// [`MunicipalityError::NotOne`].
    pub fn municipality_code(&self) -> Result<MunicipalityCode, Error> {
        Ok(self.town()?.code)
    }

    pub(crate) fn town(&self) -> Result<Town, Error> {
        if !self.is_municipality()? {
            return Err(MunicipalityError::NotOne.into());
        }
        let mut query = self.db.prepare_cached("SELECT code, residents_key FROM municipality")?;
        let mut rows = query.query([])?;
        let row = rows.next()?.ok_or(StoreError::Damaged)?;
        let code: u32 = narrow(row.get::<_, i64>(0)?)?;
        Ok(Town {
            code: code.try_into().map_err(|_| StoreError::Damaged)?,
            residents_key: PublicKey(array(row.get_ref(1)?.as_blob().unwrap_or(&[]))?),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
