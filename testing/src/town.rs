//! A municipality for examples: its vaccination site hands out dose slips, and it issues status passes and signs schedules.

use std::path::Path;

use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::hpke_seal::HpkePrivate;
use techo_protocol::basics::keys::{PublicKey, SigningKey, sha256};
use techo_protocol::basics::municipality_code::MunicipalityCode;
use techo_protocol::basics::p256::P256Key;
use techo_protocol::basics::random::SystemRandom;
use techo_protocol::trust::{Municipality, Role, Root, StatusKey, TrustList, TrustedKey};
use techo_protocol::vaccination::dose_slip::{DoseSlipError, SlipDose};
use techo_protocol::vaccination::product::Product;
use techo_protocol::vaccination::revocations::{self, WriteRevocationsError};
use techo_protocol::vaccination::schedule::Schedule;
use techo_protocol::vaccination::site_licence::{NewSiteLicence, SiteLicenceError, SiteRequest};
use techo_protocol::vaccination::status_pass::{CredentialId, PassFile, Request, Status, StatusPassError, Value};
use techo_protocol::vaccination::ticket::TicketNumber;

use techo_core::clinic::{Clinic, ClinicError};
use techo_core::device::{Device, DeviceError};

/// 2021-06-01: before the doses of any example.
const BEGAN: i64 = 1_622_473_200;
/// 2031-06-01: after the doses of any example.
const ENDS: i64 = BEGAN + 3_652 * DAY_SECONDS;
/// The municipality code of Sakai, with its check digit.
const CODE: [u8; 6] = *b"271403";

/// A municipality with one vaccination site. Of a name it always has the same keys, but for that of status passes, which is made anew.
///
/// ```
/// use techo_testing::{NOW, Town};
///
/// let slip = Town::named("Sakai").slip(1, NOW)?;
/// assert!(slip.starts_with("TECHO-D1:"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Town {
    name: String,
    status: Option<P256Key>,
}

impl Town {
    /// The municipality of a name.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            status: P256Key::generate().ok(),
        }
    }

    /// The file by which people and sites follow it.
    pub fn trust_file(&self) -> Vec<u8> {
        self.trust_list().write(&self.key("root"))
    }

    /// Lets a device follow it.
    ///
    /// # Errors
    /// The device's vault cannot be written.
    pub fn is_followed_by(&self, device: &mut Device) -> Result<(), DeviceError> {
        device.follow(&self.trust_file())?;
        Ok(())
    }

    /// The text of the slip that its site hands out for a dose of Pfizer's, lot EX3617, given at a time in Unix seconds.
    ///
    /// # Errors
    /// [`DoseSlipError::CannotBeWritten`] for a dose or a time that no slip has.
    pub fn slip(&self, dose: u8, at: i64) -> Result<String, DoseSlipError> {
        let failed = |_| DoseSlipError::CannotBeWritten;
        let licence = NewSiteLicence {
            municipality: code().ok_or(DoseSlipError::CannotBeWritten)?,
            site: 3,
            key: self.key("site").public(),
            place: "Kanaria Clinic",
            from: BEGAN,
            until: ENDS,
        };
        let dose = SlipDose {
            ticket: TicketNumber::try_from(9).map_err(|_| DoseSlipError::CannotBeWritten)?,
            dose,
            at,
            product: Product::Pfizer,
            lot: "EX3617".into(),
            revision: 0,
        };
        let licence = licence.sign(&self.key("licence")).map_err(failed)?;
        Ok(dose.sign(&licence, &self.key("site"))?.to_text())
    }

    /// The licence for a site that asks for one, until 2031.
    ///
    /// # Errors
    /// [`SiteLicenceError`]: no request, or a name that no licence has.
    pub fn license(&self, request: &[u8]) -> Result<Vec<u8>, SiteLicenceError> {
        let request = SiteRequest::read(request)?;
        let licence = NewSiteLicence {
            municipality: code().ok_or(SiteLicenceError::SignatureInvalid)?,
            site: 4,
            key: request.key,
            place: &request.place,
            from: BEGAN,
            until: ENDS,
        };
        Ok(licence.sign(&self.key("licence"))?.write(self.trust_list().authority()))
    }

    /// A vaccination site in a folder of its own, licensed and opened at a time in Unix seconds. A folder's site is opened once.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn clinic(&self, folder: &Path, now: i64) -> Result<Clinic, ClinicError> {
        let mut vault = crate::vault(folder)?;
        let request = Clinic::init(&mut vault, &self.trust_file(), "Kanaria Clinic", now, &SystemRandom::new())?;
        let mut clinic = Clinic::open(vault, now)?;
        clinic.license(&self.license(&request)?)?;
        Ok(clinic)
    }

    /// The pass that it issues for a request at a time in Unix seconds: vaccinated with two doses, the status holding for a year.
    ///
    /// # Errors
    /// [`StatusPassError`]: no request, or no randomness.
    pub fn pass(&self, request: &[u8], now: i64) -> Result<Vec<u8>, StatusPassError> {
        let until = techo_core::vaccine::day_in_japan(now.saturating_add(365 * DAY_SECONDS));
        let values = [Value::Status(Status::Vaccinated), Value::Doses(2), Value::ValidUntil(until)];
        Ok(self.issue(Some(request), &values, None, now)?.file)
    }

    /// A pass that says these values each day, with a SMART Health Card beside it where one is given; without a request, one that whoever bears it
    /// can show.
    ///
    /// # Errors
    /// [`StatusPassError`]: no request, or no randomness.
    pub fn issue(
        &self,
        request: Option<&[u8]>,
        values: &[Value],
        card: Option<&str>,
        now: i64,
    ) -> Result<PassFile, StatusPassError> {
        let key = self.status.as_ref().ok_or(StatusPassError::NoRandomness)?;
        let issuer = (self.trust_list().authority(), key);
        let request = request.map(Request::read).transpose()?;
        let card = card.map(str::to_owned);
        PassFile::issue(
            issuer,
            request.as_ref(),
            &|_| values.to_vec(),
            card,
            now,
            &SystemRandom::new(),
        )
    }

    /// The list of revoked passes that it signs at a time in Unix seconds.
    ///
    /// # Errors
    /// [`WriteRevocationsError`]: too many, or no randomness.
    pub fn revocations(&self, number: u32, ids: &[CredentialId], now: i64) -> Result<Vec<u8>, WriteRevocationsError> {
        let (authority, key) = (self.trust_list().authority(), self.key("notice"));
        revocations::write(authority, number, now, ids, &key, &SystemRandom::new())
    }

    /// The schedule that is built in as a later version, signed.
    pub fn schedule(&self, version: u32) -> Vec<u8> {
        let schedule = Schedule {
            version,
            ..Schedule::japan_covid_19()
        };
        schedule.write(&self.key("notice")).unwrap_or_default()
    }

    /// What the trust file says.
    pub fn trust_list(&self) -> TrustList {
        let trusted = |role, key| TrustedKey {
            role,
            key,
            revoked: false,
        };
        let status = self.status.as_ref().map(|key| StatusKey {
            point: key.public().point(),
            revoked: false,
        });
        TrustList {
            name: self.name.clone(),
            host: String::new(),
            number: 1,
            issued_at: BEGAN,
            expires_at: ENDS,
            roots: vec![Root {
                key: self.key("root").public(),
                signed_by_previous: vec![],
            }],
            keys: vec![
                trusted(Role::Licence, self.key("licence").public()),
                trusted(Role::Bundle, PublicKey(HpkePrivate::from_seed(&self.seed("bundle")).public())),
                trusted(Role::Notice, self.key("notice").public()),
            ],
            relays: vec![],
            municipality: code().map(|code| Municipality {
                code,
                url: None,
                status_keys: status.into_iter().collect(),
                revoked_sites: vec![],
            }),
        }
    }

    fn key(&self, role: &str) -> SigningKey {
        SigningKey::from_seed(&self.seed(role))
    }

    fn seed(&self, role: &str) -> [u8; 32] {
        sha256(format!("{role} of {}", self.name).as_bytes())
    }
}

fn code() -> Option<MunicipalityCode> {
    MunicipalityCode::read(std::str::from_utf8(&CODE).ok()?).ok()
}
