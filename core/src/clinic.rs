//! The vaccination site: checks a ticket before anything is saved, records the dose, and tells the municipality later.
//!
//! It works without a network for days. Everything lies sealed in a vault of its own; doses leave it in two forms, as a slip for the person
//! and as a bundle sealed to the municipality.
//!
//! ```text
//! record kind Clinic     "site": what the site is and how far it has counted        "update": the municipality's newest update, as signed
//!                        "j" n:4: statement n        "r" n:4: the newest statement of record n        "t" ticket:8: the ticket's records
//!                        "b" n:4: which statements bundle n holds
//! ```

mod bundle;
mod checks;
mod record;
mod state;
mod update;

use serde::{Deserialize, Serialize};
use techo_protocol::dose_bundle::DoseBundleError;
use techo_protocol::dose_slip::DoseSlipError;
use techo_protocol::keys::SigningKey;
use techo_protocol::random::RandomError;
use techo_protocol::schedule::{NoDose, Schedule};
use techo_protocol::site_licence::{SiteLicence, SiteLicenceError, SiteRequest};
use techo_protocol::ticket::TicketError;
use techo_protocol::town_update::TownUpdateError;
use techo_protocol::trust::{AuthorityId, Role, TrustError, TrustList};
use zeroize::Zeroizing;

use crate::exposure::{ExposureError, trust};
use crate::ports::Random;
use crate::vault::{RecordKind, StoreError, Vault, VaultError};

pub use bundle::{SendError, SentBundle, WrittenBundle};
pub use record::{Correction, NewDose, Recorded};
pub use techo_protocol::town_update::LotWarning;

techo_protocol::coded_errors! {
    /// Why a site does not do as it is asked.
    pub enum Refusal {
        /// There is a site already.
        AlreadyASite = "clinic.already_a_site", "This profile is a vaccination site already.", "Name another folder with --data.";
        /// No site.
        NotASite = "clinic.not_a_site", "There is no vaccination site in this profile.", "Make one with `clinic init`.";
        /// The trust file is no municipality's.
        NotATown = "clinic.not_a_town", "This trust file is not a municipality's.", "Ask the municipality for the file that `municipality trust export` wrote.";
        /// No licence yet.
        NoLicence = "clinic.no_licence", "This site has no licence yet.", "Give the request to the municipality, and take its answer in with `clinic licence`.";
        /// Outside the licence's time.
        LicenceEnded = "clinic.licence_ended", "This site's licence does not cover that time.", "Ask the municipality for a new licence.";
        /// The municipality ended the licence.
        LicenceRevoked = "clinic.licence_revoked", "The municipality has revoked this site's licence.", "Ask the municipality.";
        /// Another municipality's ticket.
        OtherTown = "clinic.other_town", "This ticket is of another municipality.", "Record it on paper for that municipality, or use its site profile.";
        /// Not one ticket in the picture.
        NoTicket = "clinic.no_ticket", "The picture does not hold one ticket.", "Take a picture of one ticket only, or type its digits.";
        /// The picture of before.
        SamePicture = "clinic.same_picture", "This is the picture that was recorded last. Nothing was saved.", "Take a new picture of this person's ticket.";
        /// That dose of this ticket is recorded.
        TicketUsed { dose: u8 } = "clinic.ticket_used", "Dose {dose} of this ticket is recorded here already.", "Compare the ticket's number with the person's papers; a wrong record is corrected with `clinic correct`.";
        /// Against the order of the doses.
        DoseOrder { dose: u8, other: u8 } = "clinic.dose_order", "Dose {dose} cannot be on that side of dose {other}, which is recorded here.", "Check the dose number and the date.";
        /// A time that has not come.
        InTheFuture = "clinic.in_the_future", "The dose is dated in the future.", "Check the date, and this machine's clock.";
        /// A lot that cannot be.
        Lot = "clinic.lot", "A lot has 1 to 20 printable ASCII characters.", "Type it as it is printed on the vial.";
        /// The lot is another product's.
        LotOfAnother { product: &'static str } = "clinic.lot_of_another_product", "By the municipality's list this lot is of {product}.", "Look at the vial again.";
        /// The lot is recalled.
        LotRecalled = "clinic.lot_recalled", "This lot is recalled.", "Do not use it. Set it aside, and tell the municipality.";
        /// Nobody, or too long a name.
        Vaccinator = "clinic.vaccinator", "A vaccinator's name has 1 to 20 characters.", "Shorten it.";
        /// No such record.
        UnknownRecord = "clinic.unknown_record", "There is no record of that number here.", "`clinic list` shows the records.";
        /// It was taken back.
        Withdrawn = "clinic.withdrawn", "This record was taken back.", "Record the dose anew.";
        /// Corrected as often as a record can be.
        TooManyCorrections = "clinic.too_many_corrections", "This record was corrected as often as it can be.", "Take it back, and record the dose anew.";
        /// No such bundle.
        UnknownBundle = "clinic.unknown_bundle", "There is no bundle of that number here.", "`clinic bundle` without --again writes the next one.";
        /// Everything was sent.
        NothingNew = "clinic.nothing_new", "Everything that was recorded is in a bundle already.", "Write an earlier one again with --again N.";
    }
}

techo_protocol::coded_errors! {
    /// What does not stop a record, and should be looked at.
    pub enum DoseWarning {
        /// A ticket of ten digits: which dose it is was taken from what is known here.
        DoseAssumed = "clinic.dose_assumed", "The ticket does not say which dose it is for; it was taken from what is recorded here.", "Compare with the person's papers, or give --dose.";
        /// The dose before was given elsewhere.
        PreviousUnknown = "clinic.previous_unknown", "The dose before is not recorded here, so the interval was not checked.", "Look at the person's slip or papers.";
        /// No rule speaks of this dose on this day.
        NoRule = "clinic.no_rule", "No rule of the schedule speaks of this dose on this day.", "Look at the municipality's notices.";
    }
}

techo_protocol::coded_union! {
    /// What should be looked at in a dose that was recorded.
    pub enum Warning {
        /// The dose.
        Dose(DoseWarning);
        /// Its lot.
        Lot(LotWarning);
        /// The schedule refuses it, and it was given all the same.
        Schedule(NoDose);
    }
}

techo_protocol::coded_union! {
    /// What can go wrong at a site.
    pub enum ClinicError {
        /// A bundle.
        Bundle(DoseBundleError);
        /// The municipality's lists.
        Lists(ExposureError);
        /// A licence or request.
        Licence(SiteLicenceError);
        /// No random bytes.
        Random(RandomError);
        /// The site's own refusal.
        Refusal(Refusal);
        /// The schedule's refusal.
        Schedule(NoDose);
        /// A slip.
        Slip(DoseSlipError);
        /// A ticket.
        Ticket(TicketError);
        /// A trust list.
        Trust(TrustError);
        /// An update.
        Update(TownUpdateError);
        /// The vault.
        Vault(VaultError);
    }
}

/// What a site is, and how far it has counted.
#[derive(Serialize, Deserialize)]
struct State {
    version: u8,
    town: AuthorityId,
    #[serde(with = "serde_bytes")]
    seed: [u8; 32],
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

const STATE_VERSION: u8 = 1;
const STATE: &[u8] = b"site";

/// A site, opened.
pub struct Clinic {
    vault: Vault,
    schedule: Schedule,
    now: i64,
}

/// What is known of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its name.
    pub place: String,
    /// The municipality's name.
    pub town: String,
    /// Its licence.
    pub licence: Option<SiteLicence>,
    /// Statements that are in no bundle yet.
    pub waiting: u32,
    /// The number of the last bundle.
    pub bundles: u32,
    /// When the municipality signed the newest update that is here, in Unix seconds.
    pub updated_at: Option<i64>,
}

impl Clinic {
    /// Makes a site in an empty vault, for the municipality of a trust file; gives the request for a licence.
    ///
    /// # Errors
    /// [`ClinicError`]: the trust file is none or no municipality's, no name, or the vault cannot be written.
    pub fn init(
        vault: &mut Vault,
        trust_file: &[u8],
        place: &str,
        now: i64,
        random: &dyn Random,
    ) -> Result<Vec<u8>, ClinicError> {
        let list = TrustList::read(trust_file)?;
        if list.municipality.is_none() || list.keys(Role::Bundle).next().is_none() {
            return Err(Refusal::NotATown.into());
        }
        if vault.record(RecordKind::Clinic, STATE)?.is_some() {
            return Err(Refusal::AlreadyASite.into());
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
            seed: *key.seed(),
            place: request.place,
            licence: None,
            statements: 0,
            bundled: 0,
            sequence: 0,
            picture: None,
        };
        trust::add(vault, trust_file)?;
        vault.put_record(RecordKind::Clinic, STATE, &state.to_bytes())?;
        Ok(file)
    }

    /// Opens a site. `now` is in Unix seconds.
    ///
    /// # Errors
    /// [`Refusal::NotASite`], or the vault cannot be read.
    pub fn open(mut vault: Vault, now: i64) -> Result<Self, ClinicError> {
        state::read(&mut vault)?;
        Ok(Self {
            vault,
            schedule: Schedule::japan_covid_19(),
            now,
        })
    }

    /// The request for a licence, anew.
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
    /// # Errors
    /// [`SiteLicenceError`]: none, another site's, or not the municipality's.
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

    /// What is known of the site.
    ///
    /// # Errors
    /// The vault cannot be read.
    pub fn status(&mut self) -> Result<Status, ClinicError> {
        let state = state::read(&mut self.vault)?;
        Ok(Status {
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
        let file = self.vault.record(RecordKind::TrustList, &town.0)?.ok_or(Refusal::NotASite)?;
        Ok(TrustList::read(&file)?)
    }
}

impl State {
    fn key(&self) -> SigningKey {
        SigningKey::from_seed(&Zeroizing::new(self.seed))
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        ciborium::into_writer(self, &mut out).expect("writing to memory does not fail");
        out
    }
}

/// What this program did not write, it does not read.
fn damaged() -> VaultError {
    StoreError::Damaged {
        rows: "the site".to_owned(),
    }
    .into()
}

#[cfg(test)]
mod tests;
