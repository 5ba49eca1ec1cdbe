//! SMART Health Cards (specification 1.4.0): a JWS that is deflated, in digits in QR codes or as text in a file.

use serde::Deserialize;
use techo_protocol::certificates::issuer_key::{IssuerKey, Uses};

use super::reason::Reason;
use super::trust::{Trust, signer};
use super::verified::{DocumentKind, Verified};
use super::{cbor, inflate};

mod fhir;
mod jws;
mod numeric;

use jws::Jws;
pub(super) use numeric::whole;

/// What a code of a card begins with.
const PREFIX: &str = "shc:";
const CARD_TYPE: &str = "https://smarthealth.cards#health-card";
/// Longest text, in bytes: a card in a file may be longer than codes are.
const LONGEST: usize = 1 << 20;
/// Most bytes that are unpacked.
const LARGEST: usize = 4 << 20;

/// Whether a text says that it is a card: the digits of a code, or a JWS.
pub(super) fn is_form(text: &str) -> bool {
    text.starts_with(PREFIX) || jws::is_form(text)
}

/// The cards of a file (`verifiableCredential`), where a text is one.
pub(super) fn of_file(text: &str) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct File {
        verifiable_credential: Vec<String>,
    }
    if !text.starts_with('{') || text.len() > LONGEST || !text.contains("verifiableCredential") {
        return None;
    }
    let file: File = serde_json::from_str(text).ok()?;
    Some(file.verifiable_credential)
}

/// A card that was decoded and not checked.
pub(super) struct Shc {
    jws: Jws,
    card: Card,
}

#[derive(Deserialize)]
struct Card {
    iss: String,
    nbf: f64,
    exp: Option<f64>,
    vc: Credential,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    r#type: Vec<String>,
    credential_subject: Subject,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subject {
    fhir_version: String,
    fhir_bundle: fhir::Bundle,
}

impl Shc {
    /// Unpacks the text of a whole card down to its content.
    pub fn read(text: &str) -> Result<Self, Reason> {
        if text.len() > LONGEST {
            return Err(Reason::TooLong);
        }
        let jws = match text.strip_prefix(PREFIX) {
            Some(_) => Jws::read(&numeric::single(text)?)?,
            None => Jws::read(text)?,
        };
        let payload = inflate::raw(&jws.payload, LARGEST)?;
        let card = serde_json::from_slice(&payload).map_err(|error| jws::json_reason(&error))?;
        Ok(Self { jws, card })
    }

    /// Checks signature, issuer, times and content.
    pub fn verify(&self, trust: &Trust, now: i64) -> Verified {
        let card = &self.card;
        let bundle = &card.vc.credential_subject.fhir_bundle;
        let mut verified = Verified::of(DocumentKind::Shc);
        verified.issuer = Some(card.iss.clone());
        match self.signer(trust) {
            Ok(key) => verified.key_seen_at = key.seen_at,
            Err(reason) => verified.check(Err(reason)),
        }
        verified.check(self.check_issuer());
        verified.check(self.check_time(now));
        verified.check(self.check_type());
        verified.check(bundle.check());
        bundle.read(&mut verified);
        verified.valid_until = card.exp.and_then(|exp| cbor::whole(exp).and_then(cbor::seconds).ok());
        verified
    }

    /// The key is named by its thumbprint, and belongs to the issuer that the card names.
    fn signer<'t>(&self, trust: &'t Trust) -> Result<&'t IssuerKey, Reason> {
        let id = &self.jws.key_id;
        let of_issuer = |key: &&IssuerKey| key.issuer.is_empty() || key.issuer == self.card.iss;
        let named: Vec<&IssuerKey> = trust
            .named(Uses::SHC, id.as_bytes())
            .filter(|key| key.key.thumbprint() == *id)
            .collect();
        if !named.is_empty() && !named.iter().any(of_issuer) {
            return Err(Reason::IssuerOther);
        }
        let keys = named.into_iter().filter(of_issuer);
        signer(keys, self.jws.algorithm, self.jws.signed.as_bytes(), &self.jws.signature)
    }

    /// "The `iss` SHALL use the https scheme and SHALL NOT include a trailing /".
    fn check_issuer(&self) -> Result<(), Reason> {
        let is_good = self
            .card
            .iss
            .strip_prefix("https://")
            .is_some_and(|rest| !rest.is_empty() && !rest.ends_with('/') && !rest.contains(char::is_whitespace));
        is_good.then_some(()).ok_or(Reason::IssuerName)
    }

    fn check_time(&self, now: i64) -> Result<(), Reason> {
        let time = |number| cbor::whole(number).and_then(cbor::seconds);
        let from = time(self.card.nbf)?;
        let expires = self.card.exp.map(time).transpose()?;
        if expires.is_some_and(|expires| now >= expires) {
            Err(Reason::Expired)
        } else if now < from {
            Err(Reason::NotYetValid)
        } else {
            Ok(())
        }
    }

    fn check_type(&self) -> Result<(), Reason> {
        let vc = &self.card.vc;
        if vc.credential_subject.fhir_version.is_empty() {
            return Err(Reason::Schema { field: "fhirVersion" });
        }
        let is_card = vc.r#type.iter().any(|name| name == CARD_TYPE);
        is_card.then_some(()).ok_or(Reason::ContentType)
    }
}
