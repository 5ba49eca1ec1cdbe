//! What the records say: each dose once, whatever tells of it.
//!
//! A slip and a certificate of one day and one vaccine tell of one dose: nobody is given two in a day. Of another vaccine, they are two, and a
//! person should look.

use chrono::NaiveDate;
use techo_protocol::trust::TrustList;
use techo_protocol::vaccination::dose_slip::DoseSlip;
use techo_protocol::vaccination::ticket::TicketText;

use super::{Content, EntryId, Record, slip};
use crate::certificates::{self, ContentNote, DocumentKind, Holder, Reason, StatedDose, Trust, Verdict, Verified};
use crate::recognise::Form;

/// Those whose signatures count when the records are read.
pub struct Believing<'a> {
    /// The municipalities and authorities that are followed.
    pub lists: &'a [TrustList],
    /// The issuers of certificates.
    pub issuers: &'a Trust,
}

/// A dose, and what tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dose {
    /// The person who had the dose.
    pub person: EntryId,
    /// The day of the dose; of a slip, the day in Japan.
    pub date: NaiveDate,
    /// The vaccine: `pfizer`, `moderna`, `astrazeneca`, `novavax`, or its code in the certificate.
    pub product: Option<String>,
    /// Which dose it was, 1 to 9, where a record says so.
    pub number: Option<u8>,
    /// The lot, as the record writes it.
    pub lot: Option<String>,
    /// The site at which the dose was given, where a slip names it.
    pub place: Option<String>,
    /// What tells of the dose, the most believable first.
    pub evidence: Vec<Evidence>,
}

/// What tells of a dose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The record that holds the evidence.
    pub record: EntryId,
    /// What the evidence is: a dose slip, a kind of certificate, or a person's word.
    pub kind: DocumentKind,
    /// What the checks came to; `None` for what a person typed, which nobody can check.
    pub verdict: Option<Verdict>,
    /// What is against the evidence; empty where nothing is.
    pub reasons: Vec<Reason>,
}

impl Evidence {
    fn of(record: &Record, verified: &Verified) -> Self {
        Self {
            record: record.id,
            kind: verified.kind,
            verdict: Some(verified.verdict()),
            reasons: verified.reasons.clone(),
        }
    }

    /// A dose that was typed, or one whose evidence is not wrong: what has run out, or is of somebody who is not followed here, still tells.
    fn is_believed(&self) -> bool {
        self.reasons.iter().all(|reason| {
            matches!(
                reason,
                Reason::Expired | Reason::UnknownKey | Reason::IssuerKeyTime | Reason::Milliseconds
            )
        })
    }

    fn rank(&self) -> u8 {
        match self.verdict {
            Some(Verdict::Valid) => 0,
            Some(Verdict::Unknown) => 1,
            None => 2,
            Some(Verdict::Invalid) => 3,
        }
    }
}

impl Dose {
    /// Whether anything that tells of the dose is to be believed.
    ///
    /// ```
    /// use techo_core::certificates::Trust;
    /// use techo_testing::NOW;
    /// use techo_core::vaccine::{Believing, Content, EntryId, Record, doses};
    ///
    /// let text = techo_testing::CERTIFICATE.to_owned();
    /// let record = Record { id: EntryId([1; 16]), person: EntryId([2; 16]), added: NOW, content: Content::Certificate(text) };
    /// let believing = Believing { lists: &[], issuers: &Trust::default() };
    /// assert!(doses(&[record], &believing, NOW)[0].is_believed(), "an issuer that is not known here may be right");
    /// ```
    pub fn is_believed(&self) -> bool {
        self.evidence.iter().any(Evidence::is_believed)
    }
}

/// What an input is, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// What to keep; `None` where the input is nothing that a record holds.
    pub content: Option<Content>,
    /// What kind of document the input is.
    pub kind: DocumentKind,
    /// What the checks came to; `None` for a ticket, which nobody signs.
    pub verdict: Option<Verdict>,
    /// What is against the document; empty where nothing is.
    pub reasons: Vec<Reason>,
    /// Who issued the document, where that is known.
    pub issuer: Option<String>,
    /// Whose the document says that it is.
    pub holder: Option<Holder>,
    /// What the document holds and no record shows.
    pub notes: Vec<ContentNote>,
    /// Whether the document tells of a dose whose day is known only in part, or not at all.
    pub is_partly_dated: bool,
}

impl Read {
    /// Whether the input is worth keeping: nothing in it is wrong but its time.
    ///
    /// ```
    /// use techo_core::certificates::Trust;
    /// use techo_testing::NOW;
    /// use techo_core::vaccine::{Believing, read};
    ///
    /// let believing = Believing { lists: &[], issuers: &Trust::default() };
    /// let in_2032 = NOW + 6 * 365 * 86_400;
    /// assert!(read(techo_testing::CERTIFICATE, &believing, in_2032).is_kept(), "what has run out still tells of a dose");
    /// assert!(!read(&techo_testing::CERTIFICATE[..400], &believing, NOW).is_kept());
    /// ```
    pub fn is_kept(&self) -> bool {
        let is_time = |reason: &Reason| {
            reason.leaves_open() || matches!(reason, Reason::Expired | Reason::IssuerKeyTime | Reason::Milliseconds)
        };
        self.content.is_some() && self.reasons.iter().all(is_time)
    }
}

/// Looks at a text: a slip, a certificate or a ticket. `now` is in Unix seconds.
///
/// ```
/// use techo_core::certificates::{DocumentKind, Trust, Verdict};
/// use techo_testing::NOW;
/// use techo_core::vaccine::{Believing, read};
///
/// let believing = Believing { lists: &[], issuers: &Trust::default() };
/// let ticket = read("112714030000000009", &believing, NOW);
/// assert_eq!((ticket.kind, ticket.verdict), (DocumentKind::Ticket, None), "nobody signs a ticket");
/// let card = read(techo_testing::CARD, &believing, NOW);
/// assert_eq!((card.kind, card.verdict), (DocumentKind::Shc, Some(Verdict::Unknown)));
/// ```
pub fn read(text: &str, believing: &Believing<'_>, now: i64) -> Read {
    let text = text.trim();
    let of = |verified: Verified, content: fn(String) -> Content| Read {
        content: (verified.kind != DocumentKind::Unknown).then(|| content(text.to_owned())),
        kind: verified.kind,
        verdict: Some(verified.verdict()),
        reasons: verified.reasons,
        issuer: verified.issuer,
        is_partly_dated: verified.doses.iter().any(|dose| day_of(dose).is_none()),
        holder: verified.holder,
        notes: verified.notes,
    };
    let form = Form::of(text);
    if let (Form::Ticket, Ok(ticket)) = (form, TicketText::read(text)) {
        let digits = match ticket {
            TicketText::Whole(ticket) => ticket.to_text(),
            TicketText::Number(number) => number.to_string(),
        };
        return Read {
            content: Some(Content::Ticket(digits)),
            kind: DocumentKind::Ticket,
            verdict: None,
            reasons: Vec::new(),
            issuer: None,
            holder: None,
            notes: Vec::new(),
            is_partly_dated: false,
        };
    }
    if form == Form::DoseSlip {
        return of(slip::verify(text, believing.lists, now), Content::Slip);
    }
    of(certificates::verify(text, believing.issuers, now), Content::Certificate)
}

/// The doses that records tell of, by person and day.
///
/// ```
/// use techo_core::certificates::Trust;
/// use techo_testing::{NOW, Town};
/// use techo_core::vaccine::{Believing, Content, EntryId, Record, doses};
///
/// let record = |number: u8, content| Record { id: EntryId([number; 16]), person: EntryId([0; 16]), added: NOW, content };
/// // A slip of 2021-08-01, and a card with that dose and one of 2021-07-11.
/// let slip = Town::named("Sakai").slip(2, 1_627_783_200)?;
/// let records = [record(1, Content::Slip(slip)), record(2, Content::Certificate(techo_testing::CARD.into()))];
/// let believing = Believing { lists: &[], issuers: &Trust::default() };
/// let proofs: Vec<usize> = doses(&records, &believing, NOW).iter().map(|dose| dose.evidence.len()).collect();
/// assert_eq!(proofs, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn doses(records: &[Record], believing: &Believing<'_>, now: i64) -> Vec<Dose> {
    let mut doses: Vec<Dose> = records.iter().flat_map(|record| told(record, believing, now)).collect();
    doses.sort_by_key(|dose| {
        (
            dose.person,
            dose.date,
            dose.evidence.iter().map(Evidence::rank).min(),
            dose.product.is_none(),
        )
    });
    let mut merged: Vec<Dose> = Vec::new();
    for dose in doses {
        let same = merged.iter_mut().find(|known| {
            let one_product = known.product.is_none() || dose.product.is_none() || known.product == dose.product;
            (known.person, known.date) == (dose.person, dose.date) && one_product
        });
        match same {
            Some(known) => {
                known.product = known.product.take().or(dose.product);
                known.number = known.number.or(dose.number);
                known.lot = known.lot.take().or(dose.lot);
                known.place = known.place.take().or(dose.place);
                known.evidence.extend(dose.evidence);
            }
            None => merged.push(dose),
        }
    }
    merged
}

/// The doses that one record tells of.
fn told(record: &Record, believing: &Believing<'_>, now: i64) -> Vec<Dose> {
    let (verified, place) = match &record.content {
        Content::Slip(text) => {
            let place = DoseSlip::read(text).ok().map(|slip| slip.licence.place);
            (slip::verify(text, believing.lists, now), place)
        }
        Content::Certificate(text) => (certificates::verify(text, believing.issuers, now), None),
        Content::Dose(typed) => {
            return vec![Dose {
                person: record.person,
                date: typed.date,
                product: typed.product.clone(),
                number: typed.number,
                lot: typed.lot.clone(),
                place: None,
                evidence: vec![Evidence {
                    record: record.id,
                    kind: DocumentKind::Hand,
                    verdict: None,
                    reasons: Vec::new(),
                }],
            }];
        }
        Content::Ticket(_) | Content::Pass(_) | Content::Request(_) => return Vec::new(),
    };
    let evidence = Evidence::of(record, &verified);
    let dose = |dose: StatedDose| {
        Some(Dose {
            person: record.person,
            // A day that is known only in part decides nothing; `partly_dated` tells of it.
            date: day_of(&dose)?,
            product: dose.product,
            number: dose.number.and_then(|number| u8::try_from(number).ok()),
            lot: dose.lot,
            place: place.clone(),
            evidence: vec![evidence.clone()],
        })
    };
    verified.doses.into_iter().filter_map(dose).collect()
}

/// The day of a dose; `None` where only its month or year is known, or nothing.
fn day_of(dose: &StatedDose) -> Option<NaiveDate> {
    dose.date.as_deref()?.parse().ok()
}

/// A dose whose day is known only in part, or not at all. It is shown, and no rule counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartlyDated {
    /// The person who had the dose.
    pub person: EntryId,
    /// The dose as the certificate tells of it.
    pub dose: StatedDose,
    /// The certificate that tells of it.
    pub evidence: Evidence,
}

/// The doses of certificates that say less than a day: they decide nothing, and are not in [`doses()`].
///
/// ```
/// use techo_core::certificates::Trust;
/// use techo_testing::NOW;
/// use techo_core::vaccine::{Believing, Content, EntryId, Record, partly_dated};
///
/// let card = Content::Certificate(techo_testing::CARD.into());
/// let record = Record { id: EntryId([1; 16]), person: EntryId([2; 16]), added: NOW, content: card };
/// let believing = Believing { lists: &[], issuers: &Trust::default() };
/// assert_eq!(partly_dated(&[record], &believing, NOW), [], "both of its doses have a day");
/// ```
pub fn partly_dated(records: &[Record], believing: &Believing<'_>, now: i64) -> Vec<PartlyDated> {
    let mut all = Vec::new();
    for record in records {
        let Content::Certificate(text) = &record.content else {
            continue;
        };
        let verified = certificates::verify(text, believing.issuers, now);
        let evidence = Evidence::of(record, &verified);
        let doses = verified.doses.into_iter().filter(|dose| day_of(dose).is_none());
        all.extend(doses.map(|dose| PartlyDated {
            person: record.person,
            dose,
            evidence: evidence.clone(),
        }));
    }
    all
}
