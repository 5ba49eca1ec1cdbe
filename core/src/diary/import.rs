//! Importing an exported diary: all of the file or nothing, and the same file twice adds nothing.

use chrono::DateTime;
use techo_protocol::basics::secret::Secret;

use super::export::{FORMAT, File, FileKey, FileKeys, FileSource, FileVisit};
use super::{Change, CodeKind, Diary, DiaryError, EntryId, ForeignPoster, NewVisit, Refusal, Source, VisitKeys, stay};
use crate::documents::keys::{core_key, field_key};
use crate::documents::week::{self, MOST_KEYS};
use crate::vault::DocumentName;
use techo_protocol::basics::clock::DAY_SECONDS;

/// What an import did with the file's visits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Visits that were added to the diary.
    pub added: usize,
    /// Visits that were in the diary already.
    pub already: usize,
    /// Visits that lie longer ago than visits are kept, and were left out.
    pub expired: usize,
    /// Visits that were deleted here since, and stay so.
    pub deleted: usize,
}

/// A visit of the file, checked.
struct Checked {
    id: EntryId,
    new: NewVisit,
    /// The check-in as edited, where it was.
    edited: Option<i64>,
    scanned_again: Option<i64>,
}

impl Diary {
    /// Imports an exported diary. Its visits keep their ids and keys, and are matched like others.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// let mut diary = techo_testing::diary(folder.path())?;
    /// diary.check_in(&techo_testing::visit("Bar Yoru"))?;
    /// let file = diary.export()?.json;
    /// assert_eq!(diary.import(&file)?.already, 1, "nothing is there twice");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::ImportForeign`], [`Refusal::ImportNewer`], [`Refusal::ImportDamaged`] with the number of the first bad
    /// entry, or [`Refusal::InTheFuture`]; or a [`DiaryError::Vault`]. Nothing is imported then.
    pub fn import(&mut self, json: &str) -> Result<Imported, DiaryError> {
        let file = read(json)?;
        let now = self.now();
        let mut visits = Vec::with_capacity(file.visits.len());
        for (index, visit) in file.visits.into_iter().enumerate() {
            visits.push(check(visit, now).map_err(|refusal| refusal.unwrap_or(Refusal::ImportDamaged { entry: index + 1 }))?);
        }
        self.write(|change| change.import(&visits))
    }
}

/// Whether a file begins like an exported diary.
pub fn is_export(file: &[u8]) -> bool {
    const LOOKED_AT: usize = 64;
    let begins = file.get(..LOOKED_AT).unwrap_or(file).trim_ascii_start();
    let named = begins.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    named.is_some_and(|named| named.starts_with(b"\"techo_diary\""))
}

/// Reads the file as far as to know what it is.
fn read(json: &str) -> Result<File, Refusal> {
    let value: serde_json::Value = serde_json::from_str(json).map_err(|_| {
        // A cut file still says what it was.
        if json.contains("\"techo_diary\"") {
            Refusal::ImportDamaged { entry: 0 }
        } else {
            Refusal::ImportForeign
        }
    })?;
    match value.get("techo_diary").and_then(serde_json::Value::as_u64) {
        None => Err(Refusal::ImportForeign),
        Some(found) if found > FORMAT => Err(Refusal::ImportNewer { found }),
        Some(_) => serde_json::from_value(value).map_err(|_| Refusal::ImportDamaged { entry: 0 }),
    }
}

/// Checks one entry. `Err(None)` says that it is damaged.
fn check(visit: FileVisit, now: i64) -> Result<Checked, Option<Refusal>> {
    let time = |text: &str| {
        DateTime::parse_from_rfc3339(text)
            .map(|time| time.timestamp())
            .map_err(|_| None)
    };
    let check_in = time(&visit.check_in)?;
    let recorded = visit.recorded.as_deref().map(time).transpose()?.unwrap_or(check_in);
    let check_out = visit.out.as_deref().map(time).transpose()?;
    let scanned_again = visit.scanned_again.as_deref().map(time).transpose()?;
    if recorded.max(check_in) > now {
        return Err(Some(Refusal::InTheFuture));
    }
    let moved = (check_in - recorded).abs() > DAY_SECONDS;
    let stay = check_out.map_or(0, |out| out.saturating_sub(check_in));
    let long = i64::from(visit.stay_minutes) * 60 > stay::LONGEST_STAY;
    if recorded < 0 || moved || long || !(0..=stay::LONGEST_STAY).contains(&stay) {
        return Err(None);
    }
    Ok(Checked {
        id: visit.id.parse().map_err(|_| None)?,
        edited: Some(check_in).filter(|check_in| *check_in != recorded),
        scanned_again,
        new: NewVisit {
            name: visit.name,
            address: visit.address,
            check_in: recorded,
            check_out,
            default_stay_min: visit.stay_minutes,
            source: source(visit.source, visit.authority.as_deref()).ok_or(None)?,
            keys: keys(visit.keys).ok_or(None)?,
            with: visit.with,
            note: visit.note,
        },
    })
}

fn source(source: FileSource, authority: Option<&str>) -> Option<Source> {
    let code = |kind| {
        let authority = hex::decode(authority?).ok()?.try_into().ok()?;
        Some(Source::Code { authority, kind })
    };
    match source {
        FileSource::Poster => code(CodeKind::Poster),
        FileSource::Rotating => code(CodeKind::Rotating),
        FileSource::Nz => Some(Source::Foreign(ForeignPoster::Nz)),
        FileSource::Nhs => Some(Source::Foreign(ForeignPoster::Nhs)),
        FileSource::Cwa => Some(Source::Foreign(ForeignPoster::Cwa)),
        FileSource::NotifyMe => Some(Source::Foreign(ForeignPoster::NotifyMe)),
        FileSource::Manual => Some(Source::Manual),
    }
}

fn keys(keys: Option<FileKeys>) -> Option<VisitKeys> {
    let decode = |keys: Vec<FileKey>| -> Option<Vec<(u32, Secret<16>)>> {
        if keys.is_empty() || keys.len() > MOST_KEYS {
            return None;
        }
        keys.iter()
            .map(|key| Some((key.number, Secret::of_slice(&hex::decode(&key.key).ok()?)?)))
            .collect()
    };
    match keys {
        None => Some(VisitKeys::None),
        Some(FileKeys::Days(days)) => decode(days).map(VisitKeys::Days),
        Some(FileKeys::Slots(slots)) => decode(slots).map(VisitKeys::Slots),
    }
}

impl Change<'_, '_> {
    fn import(&mut self, visits: &[Checked]) -> Result<Imported, DiaryError> {
        let mut done = Imported::default();
        let mut changed = std::collections::BTreeSet::<DocumentName>::new();
        for (index, visit) in visits.iter().enumerate() {
            if self.check_time(visit.new.check_in).is_err() {
                done.expired += 1;
                continue;
            }
            let document = self.week(visit.new.check_in)?;
            if document.is_buried(&visit.id) {
                done.deleted += 1;
            } else if document.get(&core_key(&visit.id)).is_some() {
                done.already += 1;
            } else {
                changed.insert(document.name().clone());
                // A text that is too long or missing is the file's fault, not the person's.
                self.add(visit.id, &visit.new, true).map_err(|error| match error {
                    DiaryError::Refused(_) => Refusal::ImportDamaged { entry: index + 1 }.into(),
                    vault @ DiaryError::Vault(_) => vault,
                })?;
                let document = self.week(visit.new.check_in)?;
                if let Some(edited) = visit.edited {
                    document.set(&field_key(&visit.id, week::CHECK_IN), edited)?;
                }
                if let Some(again) = visit.scanned_again {
                    document.set(&field_key(&visit.id, week::SCANNED_AGAIN), again)?;
                }
                done.added += 1;
            }
        }
        for name in changed {
            self.save(&name, false)?;
        }
        Ok(done)
    }
}
