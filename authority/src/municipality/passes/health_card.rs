//! A SMART Health Card of the ledger's doses, for checkers who know only that (SMART Health Cards Framework 1.4; the VCI's vaccination profile).

use chrono::NaiveDate;
use serde_json::{Value, json};
use techo_protocol::basics::jwk::base64url;
use techo_protocol::basics::p256::{P256Key, P256Public};
use techo_protocol::basics::random::RandomError;
use techo_protocol::vaccination::product::Product;

use super::super::days;
use super::super::ledger::Dose;

/// Longest JWS in a single code, in characters ("Encoding Chunks as QR Codes"); several codes are deprecated.
const LONGEST: usize = 1_195;

/// The card as a code's text: `shc:/` and digits, two for each character of the JWS. One that does not fit a code goes without the places, which it
/// may lack; none where that is too long too.
pub fn sign(
    issuer: &str,
    name: &str,
    born: NaiveDate,
    doses: &[Dose],
    key: &P256Key,
    now: i64,
) -> Result<Option<String>, RandomError> {
    for with_places in [true, false] {
        let jws = jws(issuer, &bundle(name, born, doses, with_places), key, now)?;
        if jws.len() <= LONGEST {
            return Ok(Some(numeric(&jws)));
        }
    }
    Ok(None)
}

/// The patient and the doses, which name each other by their place.
fn bundle(name: &str, born: NaiveDate, doses: &[Dose], with_places: bool) -> Value {
    let mut entries = vec![json!({
        "fullUrl": "resource:0",
        "resource": { "resourceType": "Patient", "name": [{ "text": name }], "birthDate": born },
    })];
    for (place, dose) in doses.iter().enumerate() {
        let mut resource = json!({
            "resourceType": "Immunization",
            "status": "completed",
            "vaccineCode": { "coding": [{ "system": "http://hl7.org/fhir/sid/cvx", "code": cvx(dose.product) }] },
            "patient": { "reference": "resource:0" },
            "occurrenceDateTime": days::date(days::day(dose.at)),
        });
        // An empty text is none in FHIR.
        if !dose.lot.is_empty() {
            resource["lotNumber"] = json!(dose.lot);
        }
        if with_places && !dose.place.is_empty() {
            resource["performer"] = json!([{ "actor": { "display": dose.place } }]);
        }
        entries.push(json!({ "fullUrl": format!("resource:{}", place + 1), "resource": resource }));
    }
    json!({ "resourceType": "Bundle", "type": "collection", "entry": entries })
}

fn jws(issuer: &str, bundle: &Value, key: &P256Key, now: i64) -> Result<String, RandomError> {
    let payload = json!({
        "iss": issuer.trim_end_matches('/'),
        "nbf": now,
        "vc": {
            "type": [
                "https://smarthealth.cards#health-card",
                "https://smarthealth.cards#immunization",
                "https://smarthealth.cards#covid19",
            ],
            "credentialSubject": {
                "fhirVersion": "4.0.1",
                "fhirBundle": bundle,
            },
        },
    });
    let header = json!({ "alg": "ES256", "zip": "DEF", "kid": base64url(&key.public().thumbprint()) });
    let deflated = miniz_oxide::deflate::compress_to_vec(payload.to_string().as_bytes(), 9);
    let message = format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(&deflated));
    let signature = key.sign(message.as_bytes())?;
    Ok(format!("{message}.{}", base64url(&signature)))
}

/// Each character as its distance from `-`, in two digits.
fn numeric(jws: &str) -> String {
    let digits = jws.bytes().map(|byte| format!("{:02}", byte.saturating_sub(b'-')));
    format!("shc:/{}", digits.collect::<String>())
}

/// The vaccine's code in CDC's list of vaccines.
fn cvx(product: Product) -> &'static str {
    match product {
        Product::Pfizer => "208",
        Product::Moderna => "207",
        Product::AstraZeneca => "210",
        Product::Novavax => "211",
    }
}

/// The keys as a JWK set, to be served at `/.well-known/jwks.json` below the municipality's address.
pub fn to_jwks(keys: &[P256Public]) -> String {
    let key = |key: &P256Public| {
        // What `to_jwk` writes is JSON.
        let mut jwk: Value = serde_json::from_str(&key.to_jwk()).unwrap_or_default();
        jwk["kid"] = json!(base64url(&key.thumbprint()));
        jwk["use"] = json!("sig");
        jwk["alg"] = json!("ES256");
        jwk
    };
    let keys: Vec<Value> = keys.iter().map(key).collect();
    json!({ "keys": keys }).to_string()
}
