//! What the municipality tells its sites: lots, recalls, and licences that ended early; by a file, or from the relay's public lists.

use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::public_file::PublicFileKind;
use techo_protocol::vaccination::schedule::Schedule;
use techo_protocol::vaccination::town_update::{ProductLot, TownUpdate, TownUpdateError};

use super::{Clinic, ClinicError, ExchangeError, state};
use crate::exposure::fetch::{FetchError, fetch, public_file};
use crate::exposure::{ExposureError, recalls};
use crate::following;
use crate::ports::Relay;
use crate::vaccine::schedule;
use crate::vault::RecordKind;

const UPDATE: &[u8] = b"update";
const RECALLED: &[u8] = b"recalled";

/// What is known of the municipality's lots after a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteUpdated {
    /// How many lots are recalled.
    pub recalled: usize,
    /// How many lots the municipality has distributed.
    pub lots: usize,
    /// The number of the newest update; `None` where none has come yet.
    pub number: Option<u32>,
}

impl Clinic {
    /// Takes in the municipality's update. Taking the same in again changes nothing.
    ///
    /// # Errors
    /// [`TownUpdateError`]: the file is no update, is not the municipality's, or is older than the one that is here.
    pub fn take_update(&mut self, file: &[u8]) -> Result<TownUpdate, ClinicError> {
        let update = TownUpdate::read(file, &self.town()?)?;
        if self.update()?.is_some_and(|held| held.number > update.number) {
            return Err(TownUpdateError::Older.into());
        }
        self.vault.put_record(RecordKind::Clinic, UPDATE, file)?;
        Ok(update)
    }

    /// Takes in a newer vaccination schedule that the municipality signed.
    ///
    /// ```
    /// use techo_testing::{NOW, Town};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let sakai = Town::named("Sakai");
    /// let mut clinic = sakai.clinic(folder.path(), NOW)?;
    /// assert_eq!(clinic.take_schedule(&sakai.schedule(9))?.version, 9);
    /// assert!(clinic.take_schedule(&sakai.schedule(8)).is_err(), "never back to an older one");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ClinicError::NewSchedule`]: the file is no schedule, is not the municipality's, or is not newer.
    pub fn take_schedule(&mut self, file: &[u8]) -> Result<&Schedule, ClinicError> {
        self.schedule = schedule::add(&mut self.vault, file)?.schedule;
        Ok(&self.schedule)
    }

    /// Takes in a newer trust list of the municipality.
    ///
    /// ```
    /// use techo_testing::{NOW, Town};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let sakai = Town::named("Sakai");
    /// let mut clinic = sakai.clinic(folder.path(), NOW)?;
    /// assert!(clinic.take_trust(&sakai.trust_file()).is_ok(), "the same again is fine");
    /// assert!(clinic.take_trust(&Town::named("Kobe").trust_file()).is_err(), "a site is of one municipality");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ClinicError::Trust`], [`ClinicError::Following`]: the file is no trust list, is another authority's, or is older.
    pub fn take_trust(&mut self, file: &[u8]) -> Result<(), ClinicError> {
        let list = techo_protocol::trust::TrustList::read(file)?;
        // Another authority's list would be kept beside it, and be believed by nothing.
        self.town()?.check_successor(&list)?;
        following::add(&mut self.vault, file)?;
        Ok(())
    }

    /// Fetches the municipality's public lists from a relay: its trust list with the licences that ended early, recalls, and the newest update
    /// with its lots. Answers what is known after that.
    ///
    /// # Errors
    /// The relay does not answer, or what it gives is not to be believed.
    pub fn update_from(&mut self, relay: &dyn Relay, address: &str) -> Result<SiteUpdated, ExchangeError> {
        let site = |error: ExposureError| ExchangeError::Site(error.into());
        for fetched in fetch(&mut self.vault, relay, &[address.to_owned()], self.now).map_err(site)? {
            fetched.outcome?;
        }
        let mut recalled = Vec::new();
        // A site follows its municipality alone.
        for (_, recall) in recalls::all(&mut self.vault).map_err(site)? {
            if let Ok(product) = Product::read(&recall.product) {
                recalled.push(ProductLot {
                    product,
                    lot: recall.lot,
                });
            }
        }
        self.vault
            .write(|writer| state::put(writer, RECALLED, &recalled))
            .map_err(ClinicError::from)?;
        let held = self.vault.record(RecordKind::Clinic, UPDATE).map_err(ClinicError::from)?;
        let wanted = (self.town()?.authority(), PublicFileKind::Sites);
        if let Some(file) = public_file(&mut self.vault, relay, address, wanted, held.as_deref())? {
            match self.take_update(&file) {
                // A newer one came as a file, and its successor has not been published yet.
                Ok(_) | Err(ClinicError::Update(TownUpdateError::Older)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let known = self.update()?;
        recalled.extend(known.iter().flat_map(|update| update.recalled.iter().cloned()));
        recalled.sort();
        recalled.dedup();
        Ok(SiteUpdated {
            recalled: recalled.len(),
            lots: known.as_ref().map_or(0, |update| update.lots.len()),
            number: known.map(|update| update.number),
        })
    }

    /// The newest update that is here.
    pub(super) fn update(&mut self) -> Result<Option<TownUpdate>, ClinicError> {
        let town = self.town()?;
        match self.vault.record(RecordKind::Clinic, UPDATE)? {
            // A key that was revoked since leaves the site without a list, and its lots unknown, until the next update.
            Some(file) => Ok(TownUpdate::read(&file, &town).ok()),
            None => Ok(None),
        }
    }

    pub(super) fn recalled_by_lists(&mut self) -> Result<Vec<ProductLot>, ClinicError> {
        Ok(self.vault.read(|reader| state::get(reader, RECALLED))?.unwrap_or_default())
    }
}

impl From<FetchError> for ExchangeError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Relay(error) => Self::Relay(error),
            FetchError::List(error) => Self::Site(error.into()),
        }
    }
}
