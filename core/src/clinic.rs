//! The vaccination site: checks a ticket before anything is saved, records the dose, and tells the municipality later.
//!
//! It works without a network for days. Everything lies sealed in a vault of its own; doses leave it in two forms, as a slip for the person
//! and as a bundle sealed to the municipality.
//!
//! ```text
//! record kind Clinic     "site": what the site is and how far it has counted        "update": the municipality's newest update, as signed
//!                        "j" n:4: statement n        "r" n:4: the newest statement of record n        "t" ticket:8: the ticket's records
//!                        "b" n:4: which statements bundle n holds            "recalled": lots that the public lists recall
//! ```
//!
//! "site" has the version of them all: it is read first by everything, and a newer one is refused. Whoever changes the form of any of them raises it.
//!
//! ```
//! use techo_core::clinic::NewDose;
//! use techo_testing::{NOW, Town};
//! use techo_protocol::vaccination::{product::Product, ticket::TicketText};
//!
//! let folder = tempfile::tempdir()?;
//! let sakai = Town::named("Sakai");
//! let mut clinic = sakai.clinic(folder.path(), NOW)?;
//! let ticket = TicketText::read("112714030000000009")?;
//! let recorded = clinic.record(&NewDose::of(ticket, Product::Pfizer, "EX3617", NOW, "Dr. K"))?;
//! let slip = recorded.slip.expect("the dose was given").to_text();
//! assert!(slip.starts_with("TECHO-D1:"), "what the person takes home");
//! assert_eq!(clinic.status()?.waiting, 1, "what the municipality is still to be told");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bundle;
mod checks;
mod correct;
mod error;
mod record;
mod state;
mod update;

use serde::{Deserialize, Serialize};
use techo_protocol::basics::keys::SigningKey;
use techo_protocol::basics::secret::{self, Secret};
use techo_protocol::trust::{AuthorityId, Role, TrustList};
use techo_protocol::vaccination::schedule::Schedule;
use techo_protocol::vaccination::site_licence::{SiteLicence, SiteLicenceError, SiteRequest};

use crate::following;
use crate::ports::Random;
use crate::vaccine::schedule;
use crate::vault::{RecordKind, StoreError, Vault, VaultError};

pub use bundle::{ExchangeError, SentBundle, WrittenBundle};
pub use correct::Correction;
pub use error::{ClinicError, DoseWarning, SiteRefusal, SiteWarning};
pub use record::{NewDose, Recorded};
pub use techo_protocol::vaccination::town_update::LotWarning;
pub use update::SiteUpdated;

/// What a site is, and how far it has counted.
#[derive(Serialize, Deserialize)]
struct State {
    version: u8,
    town: AuthorityId,
    #[serde(with = "secret::as_bytes")]
    seed: Secret<32>,
    place: String,
    licence: Option<SiteLicence>,
    /// Statements that were made; the next has this number.
    statements: u32,
    /// Statements that are in a bundle.
    bundled: u32,
    /// The number of the last bundle.
    sequence: u32,
    /// SHA-256 of the picture that was recorded last.
    picture: Option<[u8; 32]>,
}

/// The version of everything that a site keeps.
const STATE_VERSION: u8 = 1;
const STATE: &[u8] = b"site";

/// A vaccination site whose vault is open.
pub struct Clinic {
    vault: Vault,
    schedule: Schedule,
    now: i64,
}

/// What a site knows of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteStatus {
    /// The site's name, as its slips print it.
    pub place: String,
    /// The name of the site's municipality.
    pub town: String,
    /// The municipality's licence; `None` until it has been taken in.
    pub licence: Option<SiteLicence>,
    /// How many statements are in no bundle yet: doses, corrections, and doses that were taken back.
    pub waiting: u32,
    /// The number of the last bundle, counted from 1; 0 before the first.
    pub bundles: u32,
    /// When the municipality signed the newest update that is here, in Unix seconds; `None` where none has come.
    pub updated_at: Option<i64>,
}

impl Clinic {
    /// Makes a site in an empty vault, for the municipality of a trust file; gives the request for a licence.
    ///
    /// ```
    /// use techo_core::clinic::{Clinic, ClinicError, SiteRefusal};
    /// use techo_testing::{Authority, NOW, Town};
    /// use techo_core::ports::SystemRandom;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let mut vault = techo_testing::vault(folder.path())?;
    /// let no_town = Authority::named("Osaka Prefecture").trust_file();
    /// let refused = Clinic::init(&mut vault, &no_town, "Kanaria Clinic", NOW, &SystemRandom::new());
    /// assert_eq!(refused, Err(SiteRefusal::NotATown.into()));
    ///
    /// let sakai = Town::named("Sakai");
    /// let request = Clinic::init(&mut vault, &sakai.trust_file(), "Kanaria Clinic", NOW, &SystemRandom::new())?;
    /// let licence = sakai.license(&request)?;
    /// assert_eq!(Clinic::open(vault, NOW)?.license(&licence)?.place, "Kanaria Clinic");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ClinicError`]: the trust file cannot be read or is no municipality's, the name is empty or too long, or the vault cannot be written.
    pub fn init(
        vault: &mut Vault,
        trust_file: &[u8],
        place: &str,
        now: i64,
        random: &dyn Random,
    ) -> Result<Vec<u8>, ClinicError> {
        let list = TrustList::read(trust_file)?;
        if list.municipality.is_none() || list.keys(Role::Bundle).next().is_none() {
            return Err(SiteRefusal::NotATown.into());
        }
        if vault.record(RecordKind::Clinic, STATE)?.is_some() {
            return Err(SiteRefusal::AlreadyASite.into());
        }
        let key = SigningKey::generate(random)?;
        let request = SiteRequest {
            town: list.authority(),
            place: place.trim().to_owned(),
            key: key.public(),
            made_at: now,
        };
        let file = request.write(&key);
        // What does not read here would not read at the municipality.
        SiteRequest::read(&file)?;
        let state = State {
            version: STATE_VERSION,
            town: list.authority(),
            seed: key.seed().clone(),
            place: request.place,
            licence: None,
            statements: 0,
            bundled: 0,
            sequence: 0,
            picture: None,
        };
        following::add(vault, trust_file)?;
        vault.put_record(RecordKind::Clinic, STATE, &state.to_bytes())?;
        Ok(file)
    }

    /// Opens a site. `now` is in Unix seconds.
    ///
    /// ```
    /// use techo_core::clinic::{Clinic, SiteRefusal};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let vault = techo_testing::vault(folder.path())?;
    /// assert_eq!(Clinic::open(vault, techo_testing::NOW).err(), Some(SiteRefusal::NotASite.into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SiteRefusal::NotASite`], or the vault cannot be read.
    pub fn open(mut vault: Vault, now: i64) -> Result<Self, ClinicError> {
        state::read(&mut vault)?;
        let schedule = schedule::in_use(&mut vault)?.schedule;
        Ok(Self { vault, schedule, now })
    }

    /// Writes the request for a licence again, with the same key.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn request(&mut self) -> Result<Vec<u8>, ClinicError> {
        let state = state::read(&mut self.vault)?;
        let key = state.key();
        let request = SiteRequest {
            town: state.town,
            place: state.place.clone(),
            key: key.public(),
            made_at: self.now,
        };
        Ok(request.write(&key))
    }

    /// Takes in the municipality's licence. A newer one takes the old one's place.
    ///
    /// ```
    /// use techo_testing::{NOW, Town};
    /// use techo_protocol::vaccination::site_licence::SiteLicenceError;
    ///
    /// # let (one, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
    /// let sakai = Town::named("Sakai");
    /// let (mut one, mut other) = (sakai.clinic(one.path(), NOW)?, sakai.clinic(other.path(), NOW)?);
    /// let licence = sakai.license(&one.request()?)?;
    /// assert!(one.license(&licence).is_ok());
    /// assert_eq!(other.license(&licence), Err(SiteLicenceError::OtherSite.into()), "each site has a key of its own");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SiteLicenceError`]: the file is no licence, is another site's, or is not the municipality's.
    pub fn license(&mut self, file: &[u8]) -> Result<SiteLicence, ClinicError> {
        let (town, licence) = SiteLicence::read(file)?;
        let mut state = state::read(&mut self.vault)?;
        if town != state.town {
            return Err(SiteLicenceError::SignatureInvalid.into());
        }
        if licence.key != state.key().public() {
            return Err(SiteLicenceError::OtherSite.into());
        }
        if !licence.is_signed_by(&self.town()?) {
            return Err(SiteLicenceError::SignatureInvalid.into());
        }
        state.licence = Some(licence.clone());
        self.vault.put_record(RecordKind::Clinic, STATE, &state.to_bytes())?;
        Ok(licence)
    }

    /// What the site knows of itself.
    ///
    /// ```
    /// use techo_testing::{NOW, Town};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let status = Town::named("Sakai").clinic(folder.path(), NOW)?.status()?;
    /// assert_eq!((status.place.as_str(), status.town.as_str()), ("Kanaria Clinic", "Sakai"));
    /// assert_eq!((status.waiting, status.updated_at), (0, None), "no update of the municipality has come yet");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn status(&mut self) -> Result<SiteStatus, ClinicError> {
        let state = state::read(&mut self.vault)?;
        Ok(SiteStatus {
            place: state.place.clone(),
            town: self.town()?.name,
            waiting: state.statements.saturating_sub(state.bundled),
            bundles: state.sequence,
            updated_at: self.update()?.map(|update| update.issued_at),
            licence: state.licence.clone(),
        })
    }

    /// The municipality's trust list.
    fn town(&mut self) -> Result<TrustList, ClinicError> {
        let town = state::read(&mut self.vault)?.town;
        let file = self
            .vault
            .record(RecordKind::TrustList, &town.0)?
            .ok_or(SiteRefusal::NotASite)?;
        Ok(TrustList::read(&file)?)
    }
}

impl State {
    fn key(&self) -> SigningKey {
        SigningKey::from_seed(self.seed.expose())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        ciborium::into_writer(self, &mut out).expect("writing to memory does not fail");
        out
    }
}

/// The error for a record that this program did not write.
fn damaged() -> VaultError {
    StoreError::Damaged {
        rows: "the site".to_owned(),
    }
    .into()
}

#[cfg(test)]
mod tests;
