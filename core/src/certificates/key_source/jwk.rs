//! JWKs (RFC 7517), sets of them, and the DID documents that carry them.

use serde_json::Value;
use techo_protocol::certificates::issuer_key::{IssuerKey, IssuerPublicKey, NO_END, Uses};

use super::x509::{self, Certificate};
use super::{KeySourceError, base64};

/// Parts of a JWK that only its owner may know (RFC 7518, section 6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/// Where a key is to be used is not said in a JWK.
const USES: Uses = Uses::DCC.and(Uses::SHC).and(Uses::NZCP);

/// Reads a JWK, a JWK set or list, or a DID document: what is in it, and what cannot be used.
pub(super) fn read(value: &Value, seen_at: Option<i64>) -> Vec<Result<IssuerKey, KeySourceError>> {
    if value.get("verificationMethod").is_some() {
        return did(value, seen_at);
    }
    match value.get("keys").unwrap_or(value) {
        Value::Array(keys) => keys.iter().map(|key| of_jwk(key, seen_at)).collect(),
        jwk if jwk.get("kty").is_some() => vec![of_jwk(jwk, seen_at)],
        _ => vec![],
    }
}

fn of_jwk(jwk: &Value, seen_at: Option<i64>) -> Result<IssuerKey, KeySourceError> {
    let key = public_key(jwk)?;
    let id = jwk["kid"].as_str().unwrap_or_default().as_bytes().to_vec();
    Ok(IssuerKey {
        key,
        id,
        issuer: String::new(),
        uses: USES,
        not_before: 0,
        not_after: NO_END,
        seen_at,
    })
}

fn public_key(jwk: &Value) -> Result<IssuerPublicKey, KeySourceError> {
    if PRIVATE.iter().any(|part| jwk.get(part).is_some()) {
        return Err(KeySourceError::Private);
    }
    if jwk.get("use").is_some_and(|use_| use_ != "sig") {
        return Err(KeySourceError::KeyUse);
    }
    let part = |name: &str| jwk[name].as_str().and_then(base64).ok_or(KeySourceError::Jwk);
    let (key, algorithm) = match jwk["kty"].as_str() {
        Some("EC") => {
            if jwk["crv"] != "P-256" {
                return Err(KeySourceError::Curve);
            }
            let point = [part("x")?, part("y")?].concat();
            let point = point.try_into().map_err(|_| KeySourceError::Jwk)?;
            (IssuerPublicKey::P256(point), "ES256")
        }
        Some("RSA") => (x509::rsa(&part("n")?, &part("e")?)?, "PS256"),
        _ => return Err(KeySourceError::KeyType),
    };
    if jwk.get("alg").is_some_and(|named| named != algorithm) {
        return Err(KeySourceError::Algorithm);
    }
    Ok(key)
}

/// The keys that a DID document names for assertions (DID Core 1.0, section 5.3.2), by what follows `#` in their ids.
fn did(document: &Value, seen_at: Option<i64>) -> Vec<Result<IssuerKey, KeySourceError>> {
    let issuer = document["id"].as_str().unwrap_or_default();
    let list = |name: &str| document[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let full = |id: &str| {
        if id.starts_with('#') {
            format!("{issuer}{id}")
        } else {
            id.to_owned()
        }
    };
    let methods = list("assertionMethod").iter().filter_map(|method| match method {
        Value::String(id) => list("verificationMethod")
            .iter()
            .find(|method| method["id"].as_str().map(full) == Some(full(id))),
        embedded => Some(embedded),
    });
    methods
        .map(|method| {
            let id = method["id"].as_str().map(full).unwrap_or_default();
            let (owner, fragment) = id.split_once('#').ok_or(KeySourceError::Jwk)?;
            let key = of_jwk(&method["publicKeyJwk"], seen_at)?;
            if owner != issuer || !matches!(key.key, IssuerPublicKey::P256(_)) {
                return Err(KeySourceError::KeyType);
            }
            Ok(IssuerKey {
                id: fragment.as_bytes().to_vec(),
                issuer: issuer.to_owned(),
                uses: Uses::NZCP,
                ..key
            })
        })
        .collect()
}

/// Reads a key of a SMART Health Cards issuer by that specification's own rules ("Determining keys associated with an issuer"): only
/// ES256, the id is the thumbprint, and a certificate beside the key is of the same key and names the issuer.
///
/// ```
/// use techo_core::certificates::key_source::{KeySourceError, jwk::of_card_issuer};
///
/// let mut jwk: serde_json::Value = serde_json::from_str(techo_testing::CARD_ISSUER)?;
/// let key = of_card_issuer(&jwk, "https://cards.example/issuer", None)?;
/// assert_eq!(key.id, key.key.thumbprint().as_bytes());
/// jwk["kid"] = "1".into();
/// assert_eq!(of_card_issuer(&jwk, "https://cards.example/issuer", None), Err(KeySourceError::KeyId));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`KeySourceError`]: the rule that the key breaks.
pub fn of_card_issuer(jwk: &Value, issuer: &str, seen_at: Option<i64>) -> Result<IssuerKey, KeySourceError> {
    let key = of_jwk(jwk, seen_at)?;
    if !matches!(key.key, IssuerPublicKey::P256(_)) {
        return Err(KeySourceError::KeyType);
    }
    if jwk["use"] != "sig" {
        return Err(KeySourceError::KeyUse);
    }
    if jwk["alg"] != "ES256" {
        return Err(KeySourceError::Algorithm);
    }
    if key.id != key.key.thumbprint().as_bytes() {
        return Err(KeySourceError::KeyId);
    }
    if let Some(chain) = jwk["x5c"].as_array() {
        let first = chain.first().and_then(Value::as_str).and_then(base64);
        let certificate = Certificate::read(&first.ok_or(KeySourceError::Certificate)?)?;
        if certificate.key != key.key {
            return Err(KeySourceError::CertificateMismatch);
        }
        if !certificate.uris.iter().any(|uri| uri == issuer) {
            return Err(KeySourceError::CertificateName);
        }
    }
    Ok(IssuerKey {
        issuer: issuer.to_owned(),
        uses: Uses::SHC,
        ..key
    })
}
