//! What a certificate says and whether it is to be believed: plain data, the same for every kind.

use serde::Serialize;

use techo_protocol::Coded as _;
use techo_protocol::vaccination::status_pass;

use super::note::ContentNote;
use super::reason::Reason;

/// What tells of a vaccination: a kind of certificate, a paper of Techo's own, or a person's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// EU Digital COVID Certificate.
    Dcc,
    /// SMART Health Card, of the United States, Canada, Japan and others.
    Shc,
    /// New Zealand's COVID pass.
    Nzcp,
    /// ICAO's Visible Digital Seal for Non-Constrained environments.
    VdsNc,
    /// A dose slip of Techo.
    DoseSlip,
    /// A status pass of Techo.
    Status,
    /// A municipality's vaccination ticket, which tells of no dose yet.
    Ticket,
    /// A dose that a person entered by hand.
    Hand,
    /// The text is of no kind that can be decoded here.
    Unknown,
}

impl DocumentKind {
    /// The name in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dcc => "dcc",
            Self::Shc => "shc",
            Self::Nzcp => "nzcp",
            Self::VdsNc => "vds_nc",
            Self::DoseSlip => "dose_slip",
            Self::Status => "status",
            Self::Ticket => "ticket",
            Self::Hand => "hand",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether a certificate is to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that was checked holds.
    Valid,
    /// At least one check failed.
    Invalid,
    /// Nothing is wrong, but nobody here can tell.
    Unknown,
}

impl Verdict {
    /// What the reasons against a document come to together.
    ///
    /// ```
    /// use techo_core::certificates::{Reason, Verdict};
    ///
    /// assert_eq!(Verdict::of(&[]), Verdict::Valid);
    /// assert_eq!(Verdict::of(&[Reason::UnknownKey]), Verdict::Unknown);
    /// assert_eq!(Verdict::of(&[Reason::UnknownKey, Reason::Expired]), Verdict::Invalid, "one that is wrong outweighs");
    /// ```
    pub fn of(reasons: &[Reason]) -> Self {
        if reasons.is_empty() {
            Self::Valid
        } else if reasons.iter().all(Reason::leaves_open) {
            Self::Unknown
        } else {
            Self::Invalid
        }
    }

    /// The name in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Unknown => "unknown",
        }
    }
}

/// Whose certificate it is, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct Holder {
    /// The name for people.
    pub name: String,
    /// The day of birth, `YYYY-MM-DD`; shorter where only the year or the month is known.
    pub born: Option<String>,
    /// Surname for comparing: transliterated where the certificate has it so.
    #[serde(skip)]
    pub surname: String,
    /// Given names for comparing.
    #[serde(skip)]
    pub given: String,
}

/// One dose that a certificate tells of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct StatedDose {
    /// The day on which the dose was given, `YYYY-MM-DD`; `YYYY-MM` or `YYYY` where the certificate says no more (a FHIR `dateTime`).
    pub date: Option<String>,
    /// When the dose was given in the certificate's own words, where it gives no date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The vaccine: `pfizer`, `moderna`, `astrazeneca`, `novavax`; of another, its code as it stands in the certificate.
    pub product: Option<String>,
    /// Which dose of its series it is, counted from 1.
    pub number: Option<u32>,
    /// How many doses the series has.
    pub of: Option<u32>,
    /// The lot, as the certificate writes it.
    pub lot: Option<String>,
}

impl StatedDose {
    /// Puts doses in order, the oldest first: a year before its months, and what has no date last.
    pub(super) fn sort(doses: &mut [Self]) {
        doses.sort_by(|a, b| (a.date.is_none(), &a.date).cmp(&(b.date.is_none(), &b.date)));
    }
}

/// One test that a certificate tells of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct StatedTest {
    /// The day or moment at which the sample was taken, as the certificate writes it.
    pub time: Option<String>,
    /// `detected` or `not_detected`; of another result, its code or text as it stands in the certificate.
    pub result: Option<String>,
}

impl StatedTest {
    /// A test's result by its code in SNOMED CT or its word in a VDS-NC; another as it stands.
    pub(super) fn result(code: &str) -> String {
        match code {
            "260373001" | "10828004" | "positive" => "detected",
            "260415000" | "260385009" | "negative" | "normal/negative" => "not_detected",
            other => other,
        }
        .to_owned()
    }
}

/// One recovery that a certificate tells of. The days are as the certificate writes them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct StatedRecovery {
    /// The day of the first positive test.
    pub positive: Option<String>,
    /// The first day on which the recovery counts.
    pub from: Option<String>,
    /// The last day on which the recovery counts.
    pub until: Option<String>,
}

/// A certificate that was read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What kind of document the text is.
    pub kind: DocumentKind,
    /// What is against the document; empty for a valid one.
    pub reasons: Vec<Reason>,
    /// The issuer, as the trusted key says; where that says nothing or no key is trusted, as the certificate itself claims.
    pub issuer: Option<String>,
    /// Whose the document says that it is.
    pub holder: Option<Holder>,
    /// The doses that the document tells of, oldest first.
    pub doses: Vec<StatedDose>,
    /// The tests that the document tells of.
    pub tests: Vec<StatedTest>,
    /// The recoveries that the document tells of.
    pub recoveries: Vec<StatedRecovery>,
    /// What the document holds and `doses`, `tests` and `recoveries` do not show.
    pub notes: Vec<ContentNote>,
    /// Until when the document holds, in Unix seconds; `None` where it says nothing of it.
    pub valid_until: Option<i64>,
    /// When the issuer was last seen to list the key, in Unix seconds; `None` where that is not known.
    pub key_seen_at: Option<i64>,
    /// What a status pass shows; empty where something is wrong with the pass.
    pub shown: Vec<status_pass::Value>,
    /// The time of the list of revoked passes by which a status pass was checked, in Unix seconds; `None` where no list was here.
    pub revocations_at: Option<i64>,
}

impl Verified {
    /// A document of a kind, of which nothing else is known yet.
    pub fn of(kind: DocumentKind) -> Self {
        Self {
            kind,
            reasons: Vec::new(),
            issuer: None,
            holder: None,
            doses: Vec::new(),
            tests: Vec::new(),
            recoveries: Vec::new(),
            notes: Vec::new(),
            valid_until: None,
            key_seen_at: None,
            shown: Vec::new(),
            revocations_at: None,
        }
    }

    /// What is said of a text that cannot be decoded.
    pub fn unreadable(reason: Reason) -> Self {
        Self {
            reasons: vec![reason],
            ..Self::of(DocumentKind::Unknown)
        }
    }

    /// Whether the document is to be believed, by all reasons together.
    ///
    /// ```
    /// use techo_core::certificates::{DocumentKind, Verdict, Verified};
    ///
    /// let mut verified = Verified::of(DocumentKind::Dcc);
    /// assert_eq!(verified.verdict(), Verdict::Valid, "nothing is against it yet");
    /// verified = Verified::unreadable(techo_core::certificates::Reason::Encoding);
    /// assert_eq!((verified.kind, verified.verdict()), (DocumentKind::Unknown, Verdict::Invalid));
    /// ```
    pub fn verdict(&self) -> Verdict {
        Verdict::of(&self.reasons)
    }

    /// Whether what was read is some other code, and no document, right or wrong.
    pub(crate) fn is_another_code(&self) -> bool {
        matches!(self.reasons[..], [Reason::Unknown | Reason::AnotherCode])
    }

    /// Adds what is not shown of the document, once.
    pub(super) fn note(&mut self, note: ContentNote) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Says that the document tells of nothing, where that is so and nothing else explains it.
    pub(super) fn note_nothing_told(&mut self) {
        let is_empty = self.doses.is_empty() && self.tests.is_empty() && self.recoveries.is_empty();
        let is_explained = !self.notes.is_empty() || self.reasons.iter().any(|reason| reason.code().starts_with("content."));
        if is_empty && !is_explained {
            self.notes.push(ContentNote::NothingTold);
        }
    }

    /// Adds what a check found.
    pub(super) fn check(&mut self, found: Result<(), Reason>) {
        if let Err(reason) = found
            && !self.reasons.contains(&reason)
        {
            self.reasons.push(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reason_that_is_wrong_outweighs_a_key_that_is_unknown() {
        let mut verified = Verified::of(DocumentKind::Dcc);
        assert_eq!(verified.verdict(), Verdict::Valid);
        verified.check(Err(Reason::UnknownKey));
        assert_eq!(verified.verdict(), Verdict::Unknown);
        verified.check(Err(Reason::Expired));
        assert_eq!(verified.verdict(), Verdict::Invalid);
    }
}
