//! Somebody who checks what others show: status passes, dose slips and the certificates that the world issues, without any network.

use techo_protocol::certificates::issuer_key::IssuerKey;
use techo_protocol::certificates::trust_bundle::{TrustBundle, TrustBundleError};
use techo_protocol::trust::{TrustError, TrustList};
use techo_protocol::vaccination::revocations::{self, Revocations, RevocationsError};
use techo_protocol::vaccination::status_pass::{Door, StatusPassError, Value, is_nonce};

use super::{slip, status};
use crate::certificates::key_source::{self, KeySourceError};
use crate::certificates::{
    self, ContentNote, DocumentKind, Holder, Reason, StatedDose, StatedRecovery, StatedTest, Trust, Verdict, Verified,
};
use crate::recognise::{Form, Recognised, TextKind};

techo_protocol::coded_union! {
    /// Why a file cannot be believed, or a check cannot be made.
    pub enum CheckError {
        /// The file is no bundle of issuers' keys, or is damaged.
        Bundle(TrustBundleError);
        /// The file is no issuer's key, or cannot be used.
        Key(KeySourceError);
        /// The nonce is none that a phone can sign.
        Nonce(StatusPassError);
        /// The list of revoked passes is not right.
        Revocations(RevocationsError);
        /// The trust list is not right.
        Trust(TrustError);
    }
}

/// What is to be checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Check {
    /// The texts of the codes that were shown. Several codes of one card are joined.
    pub texts: Vec<String>,
    /// Whether the check is one at a door, where status passes alone are accepted: nobody's certificate is needed there.
    pub at_door: bool,
    /// What the checker asked the phone to sign, for a strict check. As at a door, nothing but a status pass answers it.
    pub nonce: Option<String>,
    /// The moment for which to check, in Unix seconds; `None` for now.
    pub at: Option<i64>,
}

/// Somebody who checks: whom they believe, and what they were shown in the last two minutes.
///
/// ```
/// use techo_core::certificates::{Reason, Verdict};
/// use techo_core::vaccine::{Check, Checker};
///
/// let town = techo_testing::Town::named("Sakai");
/// let slip = town.slip(1, techo_testing::NOW)?;
/// let mut checker = Checker::default();
/// let check = Check { texts: vec![slip], ..Check::default() };
/// assert_eq!(checker.check(&check, techo_testing::NOW)?[0].verdict, Verdict::Unknown);
/// checker.believe(&town.trust_file())?;
/// assert_eq!(checker.check(&check, techo_testing::NOW)?[0].verdict, Verdict::Valid);
/// let at_door = Check { at_door: true, ..check };
/// assert_eq!(checker.check(&at_door, techo_testing::NOW)?[0].reasons, [Reason::NotAStatus]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Checker {
    believed: Believed,
    door: Door,
}

/// Whom a checker believes, but for what was revoked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Believed {
    /// Keys of issuers of certificates.
    pub issuers: Vec<IssuerKey>,
    /// The trust lists of municipalities and authorities.
    pub lists: Vec<TrustList>,
    /// Lists of revoked passes.
    pub revoked: Vec<Revocations>,
}

impl Believed {
    /// Takes what a file says. `others` are trust lists that count beside those that are here.
    pub fn add(&mut self, file: &[u8], others: &[TrustList]) -> Result<(), CheckError> {
        if revocations::is_form(file) {
            self.revoked.push(Revocations::read(file, self.lists.iter().chain(others))?);
            return Ok(());
        }
        match TrustList::read(file) {
            Ok(list) => self.lists.push(list),
            Err(TrustError::NotATrustList) => self.issuers.extend(TrustBundle::read(file)?.keys),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Takes an issuer's key.
    pub fn add_key(&mut self, file: &[u8]) -> Result<(), CheckError> {
        self.issuers.extend(key_source::read(file, None)?);
        Ok(())
    }

    /// Takes all that others believe.
    pub fn extend(&mut self, others: &Self) {
        self.issuers.extend_from_slice(&others.issuers);
        self.lists.extend_from_slice(&others.lists);
        self.revoked.extend_from_slice(&others.revoked);
    }

    /// Checks what was shown, with the memory of a door.
    pub fn check(&self, check: &Check, door: &mut Door, now: i64) -> Result<Vec<CheckedDocument>, CheckError> {
        if check.nonce.as_deref().is_some_and(|nonce| !is_nonce(nonce)) {
            return Err(StatusPassError::CannotBeWritten.into());
        }
        let now = check.at.unwrap_or(now);
        let issuers = Trust::new(self.issuers.clone());
        let mut answers: Vec<Answer> = match certificates::whole(&check.texts) {
            Ok(texts) => texts
                .iter()
                .map(|text| text.trim())
                .map(|text| match Form::of(text) {
                    Form::StatusPass => {
                        let nonce = check.nonce.as_deref();
                        status::verify(text, door, &self.lists, &self.revoked, nonce, now).into()
                    }
                    Form::DoseSlip => slip::verify(text, &self.lists, now).into(),
                    Form::Certificate | Form::Ticket | Form::Pairing => named(text, certificates::verify(text, &issuers, now)),
                })
                .collect(),
            Err(reason) => vec![Verified::unreadable(reason).into()],
        };
        if answers.is_empty() {
            answers.push(Verified::unreadable(Reason::NoCode).into());
        }
        without_other_codes(&mut answers);
        if check.at_door || check.nonce.is_some() {
            let is_no_pass = |answer: &Verified| answer.kind != DocumentKind::Status && answer.reasons != [Reason::NoCode];
            let documents = answers.iter_mut().map(|answer| &mut answer.document);
            for document in documents.filter(|document| is_no_pass(document)) {
                // Whose certificate it is, is nobody's business at a door.
                *document = Verified {
                    reasons: vec![Reason::NotAStatus],
                    ..Verified::of(document.kind)
                };
            }
        }
        Ok(answers.into_iter().map(Into::into).collect())
    }
}

/// What is said of one text.
struct Answer {
    document: Verified,
    /// What a text that is no document seems to be, where Techo knows it; `None` for a document, and for what nobody knows.
    seems: Option<TextKind>,
}

impl From<Verified> for Answer {
    fn from(document: Verified) -> Self {
        Self { document, seems: None }
    }
}

/// Says what a text is that is no document, where Techo knows it: a poster is no forged certificate.
fn named(text: &str, document: Verified) -> Answer {
    let mut answer = Answer::from(document);
    if answer.document.reasons == [Reason::Unknown] {
        let kind = Recognised::of(text, &[]).kind();
        if kind != TextKind::Unknown {
            answer.seems = Some(kind);
            answer.document.reasons = vec![Reason::AnotherCode];
        }
    }
    answer
}

/// Where there is a document, a code beside it that is none is a note on the last, and nothing that could be called wrong: pages carry web addresses.
fn without_other_codes(answers: &mut Vec<Answer>) {
    let others = answers.iter().filter(|answer| answer.document.is_another_code()).count();
    if others == 0 || others == answers.len() {
        return;
    }
    answers.retain(|answer| !answer.document.is_another_code());
    if let Some(last) = answers.last_mut() {
        last.document.notes.push(ContentNote::CodeBeside);
    }
}

impl Checker {
    /// Believes from now on what a file says: a municipality's trust file, a bundle of issuers' keys, or a list of revoked passes, which is read by the
    /// trust files that came before it.
    ///
    /// # Errors
    /// [`CheckError`]: the file is none of these, or is damaged.
    pub fn believe(&mut self, file: &[u8]) -> Result<(), CheckError> {
        self.believed.add(file, &[])
    }

    /// Believes an issuer's key from now on: an X.509 certificate, a JWK or a set of them, or a DID document.
    ///
    /// # Errors
    /// [`KeySourceError`].
    pub fn believe_key(&mut self, file: &[u8]) -> Result<(), CheckError> {
        self.believed.add_key(file)
    }

    /// Checks what was shown; `now` is in Unix seconds. There is an answer for each document, and one where nothing can be read.
    ///
    /// # Errors
    /// [`StatusPassError::CannotBeWritten`] for a nonce that no phone can sign.
    pub fn check(&mut self, check: &Check, now: i64) -> Result<Vec<CheckedDocument>, CheckError> {
        self.believed.check(check, &mut self.door, now)
    }
}

/// A document that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedDocument {
    /// What kind of document was shown.
    pub kind: DocumentKind,
    /// Whether the document is to be believed.
    pub verdict: Verdict,
    /// What is against the document; empty where it is valid.
    pub reasons: Vec<Reason>,
    /// The issuer, as the trusted key says; where that says nothing or no key is trusted, as the document itself claims.
    pub issuer: Option<String>,
    /// Whose the document says that it is.
    pub holder: Option<Holder>,
    /// The doses that the document tells of, oldest first.
    pub doses: Vec<StatedDose>,
    /// The tests that the document tells of.
    pub tests: Vec<StatedTest>,
    /// The recoveries that the document tells of.
    pub recoveries: Vec<StatedRecovery>,
    /// What the document holds and is not shown; a verdict of *valid* does not cover it.
    pub notes: Vec<ContentNote>,
    /// Until when the document holds, in Unix seconds.
    pub valid_until: Option<i64>,
    /// When the issuer was last seen to list the key, in Unix seconds.
    pub key_seen_at: Option<i64>,
    /// What a text that is no document seems to be, where Techo knows it.
    pub seems: Option<TextKind>,
    /// What a status pass shows; empty where something is wrong with the pass.
    pub shown: Vec<Value>,
    /// The time of the list of revoked passes by which a status pass was checked, in Unix seconds; `None` where no list was here.
    pub revocations_at: Option<i64>,
}

impl From<Verified> for CheckedDocument {
    fn from(verified: Verified) -> Self {
        Self {
            verdict: verified.verdict(),
            kind: verified.kind,
            reasons: verified.reasons,
            issuer: verified.issuer,
            holder: verified.holder,
            doses: verified.doses,
            tests: verified.tests,
            recoveries: verified.recoveries,
            notes: verified.notes,
            valid_until: verified.valid_until,
            key_seen_at: verified.key_seen_at,
            seems: None,
            shown: verified.shown,
            revocations_at: verified.revocations_at,
        }
    }
}

impl From<Answer> for CheckedDocument {
    fn from(answer: Answer) -> Self {
        Self {
            seems: answer.seems,
            ..answer.document.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[&str], at_door: bool) -> Vec<CheckedDocument> {
        let mut checker = Checker::default();
        checker.believe_key(techo_testing::ISSUER.as_bytes()).unwrap();
        let check = Check {
            texts: texts.iter().map(|&text| text.to_owned()).collect(),
            at_door,
            ..Check::default()
        };
        checker.check(&check, techo_testing::NOW).unwrap()
    }

    #[test]
    fn a_code_beside_a_certificate_is_a_note_and_a_forged_certificate_is_not() {
        let page = check(&["https://example.org/", techo_testing::CERTIFICATE], false);
        assert_eq!((page.len(), page[0].verdict), (1, Verdict::Valid));
        assert_eq!(page[0].notes, [ContentNote::CodeBeside]);
        let two = check(&[techo_testing::CERTIFICATE, "HC1:ABC"], false);
        assert_eq!(
            (two.len(), two[1].verdict),
            (2, Verdict::Invalid),
            "a damaged one beside it counts"
        );
        assert_eq!(check(&["https://example.org/"], false)[0].reasons, [Reason::Unknown]);
    }

    #[test]
    fn no_code_and_another_code_are_called_that() {
        for at_door in [false, true] {
            assert_eq!(check(&[], at_door)[0].reasons, [Reason::NoCode], "nobody showed a forgery");
        }
        let ticket = check(&["112714030000000009"], false).remove(0);
        assert_eq!(
            (ticket.seems, ticket.reasons),
            (Some(TextKind::Ticket), vec![Reason::AnotherCode])
        );
        assert_eq!(check(&["112714030000000009"], true)[0].reasons, [Reason::NotAStatus]);
    }
}
