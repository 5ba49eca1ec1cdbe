//! Whether a status pass that somebody shows is to be believed, in the terms of certificates.

use techo_protocol::trust::TrustList;
use techo_protocol::vaccination::status_pass::{Door, Issuer, Presentation, Refused, StatusPassError, Value};

use super::revocations::Revocations;
use crate::certificates::{DocumentKind, Holder, Reason, Verdict, Verified};

/// Reads a code and checks it at `now` (Unix seconds) by the municipalities' trust lists and what they revoked; strictly, where the phone was given
/// a `nonce`. `door` remembers for two minutes what it was shown, and is all that remembers it.
pub(super) fn verify(
    text: &str,
    door: &mut Door,
    lists: &[TrustList],
    revoked: &[Revocations],
    nonce: Option<&str>,
    now: i64,
) -> Verified {
    let shown = match Presentation::read(text) {
        Ok(shown) => shown,
        Err(error) => return Verified::unreadable(unreadable(&error)),
    };
    let issuers: Vec<Issuer> = lists.iter().flat_map(Issuer::of_list).collect();
    let of = |authority| revoked.iter().filter(move |list| list.authority() == authority);
    let is_revoked = |authority, id| of(authority).any(|list| list.contains(id));
    let checked = door.check(&shown, &issuers, nonce, is_revoked, now);
    let mut verified = Verified::of(DocumentKind::Status);
    verified.reasons = checked.refused.iter().copied().map(reason).collect();
    if let Some(authority) = checked.authority {
        let town = lists.iter().find(|list| list.authority() == authority);
        verified.issuer = town.map(|list| list.name.clone());
        verified.revocations_at = of(authority).map(Revocations::issued_at).max();
    }
    // What a refused pass says must not be read from a screen by mistake.
    if verified.verdict() != Verdict::Invalid {
        verified.holder = checked.values.iter().find_map(holder);
        verified.shown = checked.values;
    }
    verified
}

fn holder(value: &Value) -> Option<Holder> {
    match value {
        Value::Name(name) => Some(Holder {
            name: name.clone(),
            ..Holder::default()
        }),
        _ => None,
    }
}

fn reason(refused: Refused) -> Reason {
    match refused {
        Refused::UnknownKey => Reason::UnknownKey,
        Refused::SignatureInvalid => Reason::SignatureInvalid,
        Refused::NotBound => Reason::NotBound,
        Refused::TooOld => Reason::TooOld,
        Refused::ClocksDiffer => Reason::ClocksDiffer,
        Refused::NotYetValid => Reason::NotYetValid,
        Refused::Expired => Reason::Expired,
        Refused::Revoked => Reason::Revoked,
        Refused::AlreadyShown => Reason::AlreadyShown,
    }
}

fn unreadable(error: &StatusPassError) -> Reason {
    match error {
        StatusPassError::NotAPass => Reason::Unknown,
        StatusPassError::NewerVersion => Reason::Version,
        _ => Reason::Encoding,
    }
}
