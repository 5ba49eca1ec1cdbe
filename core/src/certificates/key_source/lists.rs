//! Lists of issuers' keys as countries and projects hand them out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use techo_protocol::certificates::issuer_key::{IssuerKey, Uses};

use super::x509::Certificate;
use super::{Found, KeySourceError, base64, jwk, whole_set};

/// Reads a list of one of the known forms; `None` where `value` is of none of them.
///
/// - the EU's signers as Germany's apps get them: `{"certificates": [{"kid", "rawData"}]}`, which may stand as `list` beside its signature;
/// - the directory of SMART Health Cards issuers (VCI snapshot): `{"issuerInfo": [{"issuer": {"iss"}, "keys": [JWK]}]}`;
/// - certificates in Base64: `["MII…"]` or `{"name": "MII…"}`.
pub(super) fn read(value: &Value, seen_at: Option<i64>) -> Option<Found> {
    if let Some(list) = value.get("list") {
        let inner: Value = list
            .as_str()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_else(|| list.clone());
        return inner.get("list").is_none().then(|| read(&inner, seen_at)).flatten();
    }
    if let Some(certificates) = value["certificates"].as_array() {
        return Some(certificates.iter().map(|entry| signer(entry, seen_at)).collect());
    }
    if let Some(issuers) = value["issuerInfo"].as_array() {
        return Some(issuers.iter().flat_map(|issuer| of_issuer(issuer, seen_at)).collect());
    }
    let texts: Vec<&Value> = match value {
        Value::Array(values) => values.iter().collect(),
        Value::Object(entries) => entries.values().collect(),
        _ => return None,
    };
    let is_certificate = |value: &&Value| value.as_str().is_some_and(|text| text.starts_with("MI"));
    if texts.is_empty() || !texts.iter().all(is_certificate) {
        return None;
    }
    Some(texts.into_iter().map(|text| certificate(text)?.issuer_key(seen_at)).collect())
}

fn of_issuer(issuer: &Value, seen_at: Option<i64>) -> Found {
    let name = issuer["issuer"]["iss"].as_str().unwrap_or_default();
    let keys = issuer["keys"].as_array().into_iter().flatten();
    let found = keys.map(|key| jwk::of_card_issuer(key, name, seen_at)).collect();
    whole_set(found).unwrap_or_else(|error| vec![Err(error)])
}

fn certificate(text: &Value) -> Result<Certificate, KeySourceError> {
    Certificate::read(&text.as_str().and_then(base64).ok_or(KeySourceError::Certificate)?)
}

/// An entry of the EU's list: for DCCs alone, and by the id that the list gives it.
fn signer(entry: &Value, seen_at: Option<i64>) -> Result<IssuerKey, KeySourceError> {
    let certificate = certificate(&entry["rawData"])?;
    let key = certificate.issuer_key(seen_at)?;
    let id = entry["kid"].as_str().and_then(|kid| STANDARD.decode(kid).ok());
    Ok(IssuerKey {
        id: id.filter(|id| !id.is_empty()).unwrap_or(key.id),
        uses: certificate.uses.and(Uses::DCC),
        ..key
    })
}
