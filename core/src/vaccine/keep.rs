//! Keeping what was read: all of it is checked first, and kept where nothing in it is wrong but its time, with a word on whose it is.

use techo_protocol::vaccination::product::Product;

use super::record::{self, Record};
use super::whose::{RecordWarning, doubts};
use super::{
    Believing, Content, EntryId, Person, Read, TypedDose, VaccineError, VaccineRefusal, day_in_japan, pass, people, read,
};
use crate::certificates::{self, ContentNote, DocumentKind, Holder, Reason, Trust, Verdict};
use crate::vault::Vault;

/// What is to be kept, and in whose record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// The person whose record it goes to.
    pub person: EntryId,
    /// Texts of dose slips, certificates and tickets. The codes of one card are joined, in whatever order they are.
    pub texts: Vec<String>,
    /// Files of status passes, as the municipality wrote them.
    pub pass_files: Vec<Vec<u8>>,
    /// Doses that nothing but memory or paper tells of.
    pub doses: Vec<TypedDose>,
    /// The only kind of document that is to be kept: where there is another among them, nothing is. `None` for whatever a record holds.
    pub only: Option<DocumentKind>,
}

impl Keep {
    /// A request that names nothing yet, for somebody's record.
    pub fn of(person: EntryId) -> Self {
        Self {
            person,
            texts: Vec::new(),
            pass_files: Vec::new(),
            doses: Vec::new(),
            only: None,
        }
    }
}

/// What became of one thing that was to be kept, and whose it is by what it says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The person whose record it was meant for.
    pub person: Person,
    /// What kind of document it is.
    pub kind: DocumentKind,
    /// The record that holds it; `None` where it was not kept, for what `reasons` say.
    pub record: Option<EntryId>,
    /// Whether this person's record held the same already.
    pub already: bool,
    /// What the checks came to; `None` for what nobody signs.
    pub verdict: Option<Verdict>,
    /// What is against the document; empty where nothing is.
    pub reasons: Vec<Reason>,
    /// Who issued the document, where that is known.
    pub issuer: Option<String>,
    /// Whose the document says that it is.
    pub holder: Option<Holder>,
    /// What the document holds and no record shows.
    pub notes: Vec<ContentNote>,
    /// What the person should look at.
    pub warnings: Vec<RecordWarning>,
    /// Other people in whose records the same is.
    pub also_with: Vec<Person>,
}

/// One thing, checked and not kept yet.
struct Checked {
    kind: DocumentKind,
    content: Option<Content>,
    verdict: Option<Verdict>,
    reasons: Vec<Reason>,
    issuer: Option<String>,
    holder: Option<Holder>,
    notes: Vec<ContentNote>,
    is_partly_dated: bool,
}

/// Checks everything that a request names and keeps what holds: all of it in one step, in the order of texts, passes and doses.
///
/// ```
/// use techo_core::certificates::{Trust, Verdict};
/// use techo_testing::NOW;
/// use techo_core::vaccine::{Believing, Keep, RecordWarning, keep, people};
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let yui = people::add(&mut vault, "Yui", None, NOW)?;
/// let believing = Believing { lists: &[], issuers: &Trust::default() };
/// let certificate = Keep { texts: vec![techo_testing::CERTIFICATE.into()], ..Keep::of(yui.id) };
/// let kept = keep(&mut vault, &certificate, &believing, NOW)?.remove(0);
/// assert_eq!(kept.verdict, Some(Verdict::Unknown), "its issuer's key is not trusted here");
/// assert_eq!(kept.warnings, [RecordWarning::AnotherName], "it names SATO AKI");
/// assert!(kept.record.is_some(), "and is kept all the same");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Nothing is kept then. [`VaccineRefusal::Unknown`]: it names nothing, or something else than it is meant to; [`Reason`]: codes of a card are
/// missing; a pass that cannot be opened; a dose in the future; nobody of that id; or the vault cannot be written.
pub fn keep(vault: &mut Vault, keep: &Keep, believing: &Believing<'_>, now: i64) -> Result<Vec<Kept>, VaccineError> {
    let person = people::of_id(vault, keep.person)?;
    let before = record::list(vault)?.records;
    let checked = checked(keep, &person, &before, believing, now)?;
    let contents = checked.iter().filter_map(|checked| checked.content.clone()).collect();
    let mut added = record::add_all(vault, &person.id, contents, now)?.into_iter();
    if !keep.pass_files.is_empty() {
        pass::tidy(vault, Some(person.id), now)?;
    }
    let everybody = people::all(vault)?;
    let others: Vec<Holder> = before
        .iter()
        .filter(|record| record.person == person.id)
        .filter_map(holder)
        .collect();
    let kept = checked.into_iter().map(|checked| {
        let added = checked.content.as_ref().and_then(|_| added.next());
        let also_with = everybody
            .iter()
            .filter(|other| other.id != person.id && before.iter().any(|record| is_with(record, other, checked.content.as_ref())))
            .cloned()
            .collect::<Vec<_>>();
        let mut warnings = checked
            .holder
            .as_ref()
            .map_or_else(Vec::new, |holder| doubts(&person, holder, &others));
        if !also_with.is_empty() {
            warnings.push(RecordWarning::InAnotherRecord);
        }
        if checked.is_partly_dated {
            warnings.push(RecordWarning::PartlyDated);
        }
        Kept {
            person: person.clone(),
            kind: checked.kind,
            record: added.map(|added| added.id),
            already: added.is_some_and(|added| added.already),
            verdict: checked.verdict,
            reasons: checked.reasons,
            issuer: checked.issuer,
            holder: checked.holder,
            notes: checked.notes,
            warnings,
            also_with,
        }
    });
    Ok(kept.collect())
}

fn checked(
    keep: &Keep,
    person: &Person,
    before: &[Record],
    believing: &Believing<'_>,
    now: i64,
) -> Result<Vec<Checked>, VaccineError> {
    let mut all = Vec::new();
    let mut read_texts: Vec<Read> = certificates::whole(&keep.texts)?
        .iter()
        .map(|text| read(text, believing, now))
        .collect();
    // A web address on a certificate's page is nothing that was to be kept.
    let is_other = |read: &Read| read.reasons == [Reason::Unknown];
    if !read_texts.iter().all(is_other) {
        let before = read_texts.len();
        read_texts.retain(|read| !is_other(read));
        let is_beside = before > read_texts.len();
        if let Some(last) = read_texts.last_mut().filter(|_| is_beside) {
            last.notes.push(ContentNote::CodeBeside);
        }
    }
    for read in read_texts {
        let is_kept = read.is_kept();
        all.push(Checked {
            kind: read.kind,
            content: read.content.filter(|_| is_kept),
            verdict: read.verdict,
            reasons: read.reasons,
            issuer: read.issuer,
            holder: read.holder,
            notes: read.notes,
            is_partly_dated: read.is_partly_dated,
        });
    }
    for file in &keep.pass_files {
        let read = pass::read(before, &person.id, file, believing.lists, now)?;
        all.push(Checked {
            kind: DocumentKind::Status,
            verdict: Some(Verdict::of(&read.reasons)),
            content: read.content,
            reasons: read.reasons,
            issuer: read.summary.issuer,
            holder: read.holder,
            notes: Vec::new(),
            is_partly_dated: false,
        });
    }
    for dose in &keep.doses {
        all.push(typed(dose, now)?);
    }
    let is_meant = |checked: &Checked| keep.only.is_none_or(|kind| kind == checked.kind);
    if all.is_empty() || !all.iter().all(is_meant) {
        return Err(VaccineRefusal::Unknown.into());
    }
    Ok(all)
}

/// A dose that somebody typed, its vaccine by the one name that it has here.
fn typed(dose: &TypedDose, now: i64) -> Result<Checked, VaccineError> {
    let product = dose.product.as_deref().map(Product::read).transpose()?;
    if dose.date > day_in_japan(now) {
        return Err(VaccineRefusal::InTheFuture.into());
    }
    let lot = dose.lot.as_deref().map(str::trim).filter(|lot| !lot.is_empty());
    Ok(Checked {
        kind: DocumentKind::Hand,
        content: Some(Content::Dose(TypedDose {
            product: product.map(|product| product.name().to_owned()),
            lot: lot.map(str::to_owned),
            ..dose.clone()
        })),
        verdict: None,
        reasons: Vec::new(),
        issuer: None,
        holder: None,
        notes: Vec::new(),
        is_partly_dated: false,
    })
}

/// Whose a certificate in the record is, whether it is believed or not.
fn holder(record: &Record) -> Option<Holder> {
    match &record.content {
        Content::Certificate(text) => certificates::verify(text, &Trust::default(), record.added).holder,
        _ => None,
    }
}

/// Whether a document is in another person's record. Two people may well have had doses of the same lot on one day, so what was typed does not
/// count.
fn is_with(record: &Record, other: &Person, content: Option<&Content>) -> bool {
    record.person == other.id && Some(&record.content) == content && !matches!(record.content, Content::Dose(_))
}
