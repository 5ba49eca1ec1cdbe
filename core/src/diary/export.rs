//! The exported diary: readable JSON, with the keys by which exposures are found. Whoever has the file has the diary.

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};
use techo_protocol::basics::secret::Secret;

use super::{CodeKind, Diary, DiaryError, EndedBy, Filter, ForeignPoster, Source, Visit, VisitKeys};

/// The version of the format that this program writes.
pub(super) const FORMAT: u64 = 1;

/// A diary as a file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The file's text: JSON with the visits in the clear, so that only its owner may be able to read the file.
    pub json: String,
    /// How many visits stand in the file.
    pub visits: usize,
    /// How many rows do not stand in the file, because a newer version of Techo wrote them.
    pub left_out: usize,
}

/// The file. A released version's fields never change; times are RFC 3339 in UTC, bytes hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) techo_diary: u64,
    pub(super) exported: String,
    pub(super) visits: Vec<FileVisit>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileVisit {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    #[serde(rename = "in")]
    pub(super) check_in: String,
    /// Only what a person said; other ends are computed from the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) out: Option<String>,
    /// For readers: the end that was computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) out_computed: Option<String>,
    /// The check-in as first recorded, where it was edited since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) recorded: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scanned_again: Option<String>,
    pub(super) stay_minutes: u16,
    pub(super) source: FileSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authority: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) keys: Option<FileKeys>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) with: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileSource {
    Poster,
    Rotating,
    Nz,
    Nhs,
    Cwa,
    NotifyMe,
    Manual,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum FileKeys {
    /// A key for each UTC day, counted from 1970-01-01.
    Days(Vec<FileKey>),
    /// A key for each hour of Unix time.
    Slots(Vec<FileKey>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileKey {
    pub(super) number: u32,
    pub(super) key: String,
}

impl Diary {
    /// Exports the visits that are not expired.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// let mut diary = techo_testing::diary(folder.path())?;
    /// diary.check_in(&techo_testing::visit("Bar Yoru"))?;
    /// let exported = diary.export()?;
    /// assert_eq!(exported.visits, 1);
    /// assert!(exported.json.contains("Bar Yoru"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A [`DiaryError::Vault`].
    pub fn export(&mut self) -> Result<Exported, DiaryError> {
        let listing = self.list(&Filter::default())?;
        let file = File {
            techo_diary: FORMAT,
            exported: time_text(self.now()),
            visits: listing.visits.iter().map(file_visit).collect(),
        };
        // Strings, numbers and lists alone: there is nothing in it that JSON cannot hold.
        let json = serde_json::to_string_pretty(&file).unwrap_or_default();
        Ok(Exported {
            json,
            visits: file.visits.len(),
            left_out: listing.newer.len(),
        })
    }
}

/// Unix seconds as RFC 3339 in UTC.
pub(crate) fn time_text(unix_seconds: i64) -> String {
    DateTime::from_timestamp(unix_seconds, 0)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn file_visit(visit: &Visit) -> FileVisit {
    let (source, authority) = match visit.source {
        Source::Code {
            authority,
            kind: CodeKind::Poster,
        } => (FileSource::Poster, Some(authority)),
        Source::Code {
            authority,
            kind: CodeKind::Rotating,
        } => (FileSource::Rotating, Some(authority)),
        Source::Foreign(ForeignPoster::Nz) => (FileSource::Nz, None),
        Source::Foreign(ForeignPoster::Nhs) => (FileSource::Nhs, None),
        Source::Foreign(ForeignPoster::Cwa) => (FileSource::Cwa, None),
        Source::Foreign(ForeignPoster::NotifyMe) => (FileSource::NotifyMe, None),
        Source::Manual => (FileSource::Manual, None),
    };
    let keys = |keys: &[(u32, Secret<16>)]| {
        keys.iter()
            .map(|(number, key)| FileKey {
                number: *number,
                key: hex::encode(key.expose()),
            })
            .collect()
    };
    FileVisit {
        id: visit.id.to_string(),
        name: visit.name.clone(),
        address: visit.address.clone(),
        check_in: time_text(visit.check_in),
        out: visit.check_out.filter(|_| visit.ended_by == EndedBy::Person).map(time_text),
        out_computed: Some(visit.out).filter(|_| visit.ended_by != EndedBy::Person).map(time_text),
        recorded: Some(visit.recorded)
            .filter(|recorded| *recorded != visit.check_in)
            .map(time_text),
        scanned_again: visit.scanned_again.map(time_text),
        stay_minutes: visit.default_stay_min,
        source,
        authority: authority.map(hex::encode),
        keys: match &visit.keys {
            VisitKeys::None => None,
            VisitKeys::Days(days) => Some(FileKeys::Days(keys(days))),
            VisitKeys::Slots(slots) => Some(FileKeys::Slots(keys(slots))),
        },
        with: visit.people.iter().filter_map(|person| person.name.clone()).collect(),
        note: visit.note.clone(),
    }
}
