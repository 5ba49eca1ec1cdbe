//! ICAO's VDS-NC (Technical Report "Visible Digital Seals for Non-Constrained Environments", 1.4): JSON, signed in its canonical form, with the
//! signer's certificate in it.

use techo_protocol::certificates::issuer_key::{Algorithm, Uses};

use super::json::Json;
use super::key_source::base64;
use super::key_source::x509::Certificate;
use super::note::ContentNote;
use super::product;
use super::reason::Reason;
use super::trust::Trust;
use super::verified::{DocumentKind, Holder, StatedDose, StatedTest, Verified};

mod canonical;

/// Longest text: such codes are small, and files that hold several are not read.
const LONGEST: usize = 64 << 10;
/// Length of a raw ES256 signature in bytes.
const SIGNATURE_BYTES: usize = 64;
const VACCINATION: &str = "icao.vacc";
const TEST: &str = "icao.test";

/// Whether a text says that it is a VDS-NC.
pub(super) fn is_form(text: &str) -> bool {
    text.starts_with('{') && text.contains("\"icao.")
}

/// A seal that was decoded and not checked.
pub(super) struct VdsNc {
    data: Json,
    signed: String,
    algorithm: String,
    signature: Vec<u8>,
    certificate: Certificate,
}

impl VdsNc {
    /// Takes a seal apart, and reads the certificate of its signer.
    pub fn read(text: &str) -> Result<Self, Reason> {
        if text.len() > LONGEST {
            return Err(Reason::TooLong);
        }
        let seal = Json::read(text)?;
        let data = seal.at("data").ok_or(Reason::Envelope)?;
        let part = |name: &str| {
            seal.at("sig")
                .and_then(|sig| sig.at(name))
                .and_then(Json::text)
                .ok_or(Reason::Envelope)
        };
        let bytes = |name: &str| part(name).and_then(|text| base64(text).ok_or(Reason::Encoding));
        Ok(Self {
            signed: canonical::write(data)?,
            algorithm: part("alg")?.to_owned(),
            signature: bytes("sigvl")?,
            certificate: Certificate::read(&bytes("cer")?).map_err(|_| Reason::IssuerCertificate)?,
            data: data.clone(),
        })
    }

    /// Checks signature, the signer's certificate, times and content.
    pub fn verify(&self, trust: &Trust, now: i64) -> Verified {
        let mut verified = Verified::of(DocumentKind::VdsNc);
        // The header names a country too, but only the certificate was given to its holder by somebody.
        verified.issuer = Some(self.certificate.subject.clone()).filter(|name| !name.is_empty());
        verified.check(self.check_signature());
        match self.authority(trust) {
            Ok(seen_at) => verified.key_seen_at = seen_at,
            Err(reason) => verified.check(Err(reason)),
        }
        verified.check(if now > self.certificate.not_after {
            Err(Reason::Expired)
        } else if now < self.certificate.not_before {
            Err(Reason::NotYetValid)
        } else {
            Ok(())
        });
        verified.valid_until = Some(self.certificate.not_after);
        let content = self.content(&mut verified);
        verified.check(content);
        verified
    }

    fn check_signature(&self) -> Result<(), Reason> {
        if self.algorithm != "ES256" || !self.certificate.key.takes(Algorithm::Es256) {
            return Err(Reason::Algorithm);
        }
        if self.signature.len() != SIGNATURE_BYTES {
            return Err(Reason::SignatureEncoding);
        }
        let is_right = self
            .certificate
            .key
            .verifies(Algorithm::Es256, self.signed.as_bytes(), &self.signature);
        is_right.then_some(()).ok_or(Reason::SignatureInvalid)
    }

    /// The signer is trusted itself, or a trusted authority signed its certificate. When that key was seen.
    fn authority(&self, trust: &Trust) -> Result<Option<i64>, Reason> {
        let certificate = &self.certificate;
        if let Some(key) = trust.all(Uses::VDS_NC).find(|key| key.key == certificate.key) {
            return Ok(key.seen_at);
        }
        let Some(algorithm) = certificate.algorithm.map(Algorithm::Certificate) else {
            return Err(Reason::UnknownKey);
        };
        trust
            .all(Uses::VDS_NC_AUTHORITY)
            // A country's authority signs for that country alone (ICAO Doc 9303, part 12, section 7.1.1).
            .filter(|key| key.issuer == certificate.subject)
            .find(|key| key.key.verifies(algorithm, &certificate.signed, &certificate.signature))
            .map(|key| key.seen_at)
            .ok_or(Reason::UnknownKey)
    }

    fn content(&self, verified: &mut Verified) -> Result<(), Reason> {
        let wrong = |field: &'static str| Reason::Schema { field };
        let header = self.data.at("hdr").ok_or(wrong("hdr"))?;
        let message = self.data.at("msg").ok_or(wrong("msg"))?;
        let person = message.at("pid").ok_or(wrong("pid"))?;
        let name = person.at("n").and_then(Json::text).ok_or(wrong("pid.n"))?;
        let (surname, given) = name_parts(name);
        verified.holder = Some(Holder {
            name: name.split_whitespace().collect::<Vec<_>>().join(" "),
            born: person.at("dob").and_then(Json::text).map(str::to_owned),
            surname: surname.to_owned(),
            given: given.to_owned(),
        });
        match header.at("t").and_then(Json::text) {
            Some(VACCINATION) => {
                for event in message.at("ve").and_then(Json::list).ok_or(wrong("ve"))? {
                    vaccination(event, verified)?;
                }
                StatedDose::sort(&mut verified.doses);
                Ok(())
            }
            Some(TEST) => {
                test(message, verified);
                Ok(())
            }
            _ => Err(Reason::ContentType),
        }
    }
}

/// The doses of one vaccine.
fn vaccination(event: &Json, verified: &mut Verified) -> Result<(), Reason> {
    let wrong = |field: &'static str| Reason::Schema { field };
    let text = |of: &Json, name: &str| of.at(name).and_then(Json::text).map(str::to_owned);
    let doses = event.at("vd").and_then(Json::list).ok_or(wrong("vd"))?;
    if text(event, "dis").is_some_and(|disease| is_other_disease(&disease)) {
        verified.note(ContentNote::OtherDisease);
        return Ok(());
    }
    let product = product::of_icao(event.at("des").and_then(Json::text), event.at("nam").and_then(Json::text));
    if product.is_none() {
        verified.note(ContentNote::PartUnread { part: "nam" });
    }
    for given in doses {
        let dose = StatedDose {
            date: Some(text(given, "dvc").ok_or(wrong("dvc"))?),
            when: None,
            product: product.clone(),
            number: given.at("seq").and_then(number),
            of: None,
            lot: text(given, "lot"),
        };
        if dose.number.is_none() && given.at("seq").is_some() {
            verified.note(ContentNote::PartUnread { part: "seq" });
        }
        if dose.lot.is_none() && given.at("lot").is_some() {
            verified.note(ContentNote::PartUnread { part: "lot" });
        }
        verified.doses.push(dose);
    }
    Ok(())
}

/// Whether a disease's code in ICD-11 is another than COVID-19's, `RA01`. What is no such code leaves it open.
fn is_other_disease(code: &str) -> bool {
    let is_code = code.len() >= 4
        && code.bytes().take(4).all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && code.bytes().any(|b| b.is_ascii_digit());
    is_code && !code.starts_with("RA01")
}

fn test(message: &Json, verified: &mut Verified) {
    let text = |group: &str, name: &str| message.at(group).and_then(|group| group.at(name)).and_then(Json::text);
    let result = text("tr", "r").map(|result| StatedTest::result(&result.trim().to_lowercase()));
    if result.is_none() {
        verified.note(ContentNote::PartUnread { part: "tr.r" });
    }
    verified.tests.push(StatedTest {
        time: text("dat", "sc").map(str::to_owned),
        result,
    });
}

/// A number, or one in quotes.
fn number(value: &Json) -> Option<u32> {
    match value {
        Json::Integer(number) => u32::try_from(*number).ok(),
        Json::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Two blanks part the surname from the given names (Doc 9303, part 3, section 3.4). Where there are none, every name may be either.
fn name_parts(name: &str) -> (&str, &str) {
    name.split_once("  ").unwrap_or((name, name))
}
