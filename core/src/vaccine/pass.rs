//! Status passes on the phone: asking a municipality for one, keeping it, and showing no more of it than was asked for.

use techo_protocol::trust::TrustList;
use techo_protocol::vaccination::status_pass::{
    Credential, Field, Issuer, Opened, Pass, PassFile, Presentation, RequestKeys, StatusPassError, Value,
};

use super::record::{self, Record};
use super::{Content, EntryId, VaccineError, VaccineRefusal};
use crate::certificates::{Holder, Reason};
use crate::confirmed_time::ConfirmedTime;
use crate::vault::Vault;
use techo_protocol::basics::clock::DAY_SECONDS;

/// How long the keys of a request are kept, in seconds: a pass that is issued for it within 30 days lasts for another 30.
const REQUEST_SECONDS: i64 = 60 * DAY_SECONDS;

/// A status pass that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassSummary {
    /// The municipality that issued the pass, by the name in its trust list; `None` where no list that is followed has its key.
    pub issuer: Option<String>,
    /// When the pass's last copy ends, in Unix seconds.
    pub until: i64,
    /// What the pass says today, each of which can be shown without the others.
    pub says: Vec<Value>,
    /// Whether a SMART Health Card came with the pass.
    pub has_card: bool,
}

/// A pass that was read from its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassRead {
    /// What is against the pass; empty where nothing is.
    pub reasons: Vec<Reason>,
    /// What the pass says, and until when.
    pub summary: PassSummary,
    /// The name that the pass was issued with, where it was issued with one.
    pub holder: Option<Holder>,
    /// What to keep; `None` where the pass is over.
    pub content: Option<Content>,
}

/// Whether a file begins like a pass.
///
/// ```
/// use techo_core::vaccine::pass;
///
/// assert!(pass::is_form(b"TSPA"), "it begins like a pass, and is cut off");
/// assert!(!pass::is_form(b"%PDF-1.7"));
/// ```
pub fn is_form(file: &[u8]) -> bool {
    !matches!(PassFile::form(file), Err(StatusPassError::NotAPass))
}

/// Makes the keys of a request for a person and answers the request: the file for the municipality. It names nobody.
///
/// ```
/// use techo_testing::{NOW, Town};
/// use techo_core::vaccine::{list, pass, people};
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let aki = people::add(&mut vault, "Aki", None, NOW)?;
/// let request = pass::request(&mut vault, &aki.id, NOW)?;
/// let file = Town::named("Sakai").pass(&request, NOW)?;
/// let records = list(&mut vault)?.records;
/// assert!(pass::read(&records, &aki.id, &file, &[], NOW)?.content.is_some(), "the request's keys open it");
/// let other = people::add(&mut vault, "Yui", None, NOW)?;
/// assert!(pass::read(&records, &other.id, &file, &[], NOW).is_err(), "and nobody else's");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// No randomness, or the vault cannot be written.
pub fn request(vault: &mut Vault, person: &EntryId, now: i64) -> Result<Vec<u8>, VaccineError> {
    tidy(vault, Some(*person), now)?;
    let keys = vault.write(|writer| RequestKeys::generate(writer.random()).map_err(VaccineError::from))?;
    let file = keys.to_request()?;
    record::add(vault, person, Content::Request(keys.to_bytes().to_vec()), now)?;
    Ok(file)
}

/// Opens a pass with the keys of the person's request, which are among `records`. It is worth keeping if nothing is against it but that its
/// municipality is not followed here.
///
/// # Errors
/// [`StatusPassError`]: the file cannot be read, or is for another request.
pub fn read(
    records: &[Record],
    person: &EntryId,
    file: &[u8],
    lists: &[TrustList],
    now: i64,
) -> Result<PassRead, StatusPassError> {
    let keys = match PassFile::form(file)? {
        Opened::Bearer => None,
        Opened::Holder(sealing_key) => requests(records, person).find(|keys| keys.sealing_key() == sealing_key),
    };
    let pass = Pass::open(file, keys.as_ref())?;
    let summary = summary(&pass, lists, now);
    let mut reasons = Vec::new();
    if summary.issuer.is_none() {
        reasons.push(Reason::UnknownKey);
    }
    if summary.until <= now {
        reasons.push(Reason::Expired);
    }
    let is_kept = reasons.iter().all(Reason::leaves_open);
    let content = is_kept.then(|| Content::Pass(pass.to_bytes().to_vec()));
    let holder = summary.says.iter().find_map(|value| match value {
        Value::Name(name) => Some(Holder {
            name: name.clone(),
            ..Holder::default()
        }),
        _ => None,
    });
    Ok(PassRead {
        reasons,
        summary,
        holder,
        content,
    })
}

/// Shows fields of a person's pass, of the newest that has them all today: to whoever gave `nonce`, or else to anybody within the minute.
///
/// ```
/// use techo_testing::{NOW, Town};
/// use techo_core::vaccine::{add, list, pass, people};
/// use techo_protocol::vaccination::status_pass::Field;
///
/// # let folder = tempfile::tempdir()?;
/// # let mut vault = techo_testing::vault(folder.path())?;
/// let aki = people::add(&mut vault, "Aki", None, NOW)?.id;
/// let file = Town::named("Sakai").pass(&pass::request(&mut vault, &aki, NOW)?, NOW)?;
/// let read = pass::read(&list(&mut vault)?.records, &aki, &file, &[], NOW)?;
/// add(&mut vault, &aki, read.content.expect("it is current"), NOW)?;
/// let records = list(&mut vault)?.records;
/// assert!(pass::show(&records, &aki, &[Field::Status], None, NOW).is_ok());
/// assert!(pass::show(&records, &aki, &[Field::Name], None, NOW).is_err(), "it was issued without a name");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`VaccineRefusal::NoPass`]; [`StatusPassError`]: no pass is for today, no pass has these fields, or no phone can sign the nonce.
pub fn show(
    records: &[Record],
    person: &EntryId,
    fields: &[Field],
    nonce: Option<&str>,
    now: i64,
) -> Result<Presentation, VaccineError> {
    let mut refused = VaccineError::from(VaccineRefusal::NoPass);
    for pass in newest_first(records, person) {
        match pass.present(fields, nonce, now) {
            Ok(shown) => return Ok(shown),
            Err(error) => refused = error.into(),
        }
    }
    Err(refused)
}

/// A person's newest pass that is not over.
///
/// # Errors
/// [`VaccineRefusal::NoPass`].
pub fn newest(records: &[Record], person: &EntryId, lists: &[TrustList], now: i64) -> Result<PassSummary, VaccineRefusal> {
    newest_first(records, person)
        .find(|pass| pass.expires_at() > now)
        .map(|pass| summary(&pass, lists, now))
        .ok_or(VaccineRefusal::NoPass)
}

/// The SMART Health Card of a person's newest pass that has one and is not over.
///
/// # Errors
/// [`VaccineRefusal::NoCertificate`].
pub fn card(records: &[Record], person: &EntryId, now: i64) -> Result<String, VaccineRefusal> {
    newest_first(records, person)
        .filter(|pass| pass.expires_at() > now)
        .find_map(|pass| pass.card().map(str::to_owned))
        .ok_or(VaccineRefusal::NoCertificate)
}

/// What a kept pass is; `None` where it cannot be read any more.
pub fn kept(content: &[u8], lists: &[TrustList], now: i64) -> Option<PassSummary> {
    Pass::from_bytes(content).ok().map(|pass| summary(&pass, lists, now))
}

/// Whether a kept pass is over: it is shown no more, though it may not be deleted yet.
pub fn is_over(content: &[u8], now: i64) -> bool {
    Pass::from_bytes(content).is_ok_and(|pass| pass.expires_at() <= now)
}

fn summary(pass: &Pass, lists: &[TrustList], now: i64) -> PassSummary {
    let is_issuer = |list: &&TrustList| Issuer::of_list(list).any(|issuer| issuer == *pass.issuer());
    let says = |credential: &Credential| credential.values().cloned().collect();
    PassSummary {
        issuer: lists.iter().find(is_issuer).map(|list| list.name.clone()),
        until: pass.expires_at(),
        says: pass.credential(now).map(says).unwrap_or_default(),
        has_card: pass.card().is_some(),
    }
}

fn newest_first<'r>(records: &'r [Record], person: &'r EntryId) -> impl Iterator<Item = Pass> + 'r {
    let mut kept: Vec<&Record> = records.iter().filter(|record| record.person == *person).collect();
    kept.sort_by_key(|record| std::cmp::Reverse((record.added, record.id)));
    kept.into_iter().filter_map(|record| match &record.content {
        Content::Pass(content) => Pass::from_bytes(content).ok(),
        _ => None,
    })
}

fn requests<'r>(records: &'r [Record], person: &'r EntryId) -> impl Iterator<Item = RequestKeys> + 'r {
    let of_person = records.iter().filter(|record| record.person == *person);
    of_person.filter_map(|record| match &record.content {
        Content::Request(keys) => RequestKeys::from_bytes(keys).ok(),
        _ => None,
    })
}

/// Deletes passes that are over by the [confirmed time](crate::confirmed_time), and the keys of requests for which no pass can be current any more: of one person, or of everybody.
///
/// # Errors
/// The vault cannot be written.
pub fn tidy(vault: &mut Vault, person: Option<EntryId>, now: i64) -> Result<(), VaccineError> {
    let now = vault.read(ConfirmedTime::load)?.up_to(now);
    let has_ended = |record: &Record| match &record.content {
        Content::Pass(content) => is_over(content, now),
        Content::Request(_) => now.saturating_sub(record.added) > REQUEST_SECONDS,
        _ => false,
    };
    let records = record::list(vault)?.records;
    let over: Vec<EntryId> = records
        .iter()
        .filter(|record| person.is_none_or(|person| record.person == person) && has_ended(record))
        .map(|record| record.id)
        .collect();
    if over.is_empty() {
        return Ok(());
    }
    record::delete(vault, &over, now)
}
