//! Whether a status pass that somebody shows is to be believed, in the terms of certificates.

use techo_protocol::trust::TrustList;
use techo_protocol::vaccination::status_pass::{Door, Issuer, Presentation, Refused, StatusPassError};

use super::revocations::Revocations;
use crate::certificates::{DocumentKind, Holder, Reason, Verdict, Verified};

/// Somebody who checks passes, with a memory of two minutes and no other.
pub struct StatusChecker<'a> {
    door: Door,
    lists: &'a [TrustList],
    issuers: Vec<Issuer>,
    revoked: &'a [Revocations],
}

impl<'a> StatusChecker<'a> {
    /// Believes the municipalities of these trust lists, but for what they revoked.
    pub fn new(lists: &'a [TrustList], revoked: &'a [Revocations]) -> Self {
        Self {
            door: Door::default(),
            lists,
            issuers: lists.iter().flat_map(Issuer::of_list).collect(),
            revoked,
        }
    }

    /// Reads a code and checks it at `now` (Unix seconds); strictly, where the phone was given a `nonce`.
    pub fn verify(&mut self, text: &str, nonce: Option<&str>, now: i64) -> Verified {
        let shown = match Presentation::read(text.trim()) {
            Ok(shown) => shown,
            Err(error) => return Verified::unreadable(unreadable(&error)),
        };
        let of = |authority| self.revoked.iter().filter(move |list| list.authority() == authority);
        let checked = self.door.check(
            &shown,
            &self.issuers,
            nonce,
            |authority, id| of(authority).any(|list| list.contains(id)),
            now,
        );
        let mut verified = Verified::of(DocumentKind::Status);
        verified.reasons = checked.refused.iter().copied().map(reason).collect();
        if let Some(authority) = checked.authority {
            let town = self.lists.iter().find(|list| list.authority() == authority);
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
}

fn holder(value: &techo_protocol::vaccination::status_pass::Value) -> Option<Holder> {
    match value {
        techo_protocol::vaccination::status_pass::Value::Name(name) => Some(Holder {
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
