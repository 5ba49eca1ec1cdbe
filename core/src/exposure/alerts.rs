//! Alerts: findings grouped by visit and notice, and what the person has seen of them.
//!
//! A higher revision replaces what the person saw. One that no longer meets the visit, or a withdrawal, turns an alert that was seen into
//! "withdrawn"; of an alert that was never seen it shows nothing.

mod memory;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use techo_protocol::exposure::notice::{LocalisedText, NoticeId, Severity};
use techo_protocol::exposure::segment::Segment;
use techo_protocol::exposure::slot::{slot_start, whole_minutes};
use techo_protocol::trust::AuthorityId;

use super::matching::{Finding, Matcher, Stay};
use super::{ExposureError, ListError, lists};
use crate::diary::Visit;
use crate::documents::EntryId;
use crate::vault::{Reader, Vault};
use memory::Memory;

pub use memory::forget_deleted;

/// What the person knows of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertState {
    /// The person has not seen the alert yet.
    New,
    /// The person has seen the alert as it is.
    Seen,
    /// The person has seen the alert, and what it says has changed since.
    Revised,
    /// The person has seen the alert, and it was taken back since.
    Withdrawn,
    /// The person has put the alert away.
    Dismissed,
}

impl AlertState {
    /// The name in JSON and on the command line.
    ///
    /// ```
    /// use techo_core::exposure::alerts::AlertState;
    /// assert_eq!(AlertState::Withdrawn.as_str(), "withdrawn");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Seen => "seen",
            Self::Revised => "revised",
            Self::Withdrawn => "withdrawn",
            Self::Dismissed => "dismissed",
        }
    }
}

/// The identity of an alert: a visit, the authority that warns, and the notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlertId {
    /// The visit that the notice meets.
    pub visit: EntryId,
    /// The authority that warns.
    pub authority: AuthorityId,
    /// The number of the notice, within its authority.
    pub notice: NoticeId,
}

/// One notice that meets, or met, one visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Which alert it is.
    pub id: AlertId,
    /// The name of the place, from the diary.
    pub name: String,
    /// What the alert says.
    pub content: AlertContent,
    /// What the person knows of it.
    pub state: AlertState,
}

/// What an alert says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertContent {
    /// Start of the exposure, in Unix seconds: of the part that the visit's keys opened.
    pub from: i64,
    /// End of the exposure without its tail, in Unix seconds.
    pub to: i64,
    /// How long the person was there between `from` and `to`, in minutes; 0 for somebody who came after it, and is warned because of the tail.
    pub overlap_minutes: u32,
    /// How long the person was there in the tail after `to`, in minutes. What was kept by a version that counted both together has 0.
    #[serde(default)]
    pub after_minutes: u32,
    /// How serious it is.
    pub severity: Severity,
    /// The authority's advice, a number of its own list.
    pub advice: u8,
    /// The text of the authority, where it wrote one.
    pub text: Option<LocalisedText>,
}

impl AlertContent {
    /// Whether a person who saw `seen` learns nothing new. Earlier versions kept the minutes of window and tail as one number, and of a stay that
    /// did not begin at a whole minute one too many: neither is news.
    fn says_the_same_as(&self, seen: &Self) -> bool {
        let total = self.overlap_minutes + self.after_minutes;
        let was_one_number = seen.after_minutes == 0 && (total..=total + 1).contains(&seen.overlap_minutes);
        let minutes_apart = Self {
            overlap_minutes: self.overlap_minutes,
            after_minutes: self.after_minutes,
            ..seen.clone()
        };
        self == seen || (was_one_number && *self == minutes_apart)
    }
}

/// What the newest revision of a notice says of a visit that some revision named.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Newest {
    Meets(AlertContent),
    NoLongerMeets,
}

/// Every alert of the visits, matched against every segment that is here; seen ones in the state that is kept of them.
///
/// # Errors
/// [`ExposureError`] where the vault or a segment cannot be read.
pub fn list(vault: &mut Vault, visits: &[Visit]) -> Result<Vec<Alert>, ExposureError> {
    vault.read(|reader| {
        let newest = newest(reader, visits)?;
        let memories = memory::all(reader)?;
        let names: BTreeMap<EntryId, &str> = visits.iter().map(|visit| (visit.id, visit.name.as_str())).collect();
        let mut ids: Vec<&AlertId> = newest.keys().chain(memories.keys()).collect();
        ids.sort();
        ids.dedup();
        let mut alerts: Vec<Alert> = ids
            .into_iter()
            .filter_map(|id| {
                let name = (*names.get(&id.visit)?).to_owned();
                let (content, state) = state(newest.get(id), memories.get(id))?;
                Some(Alert {
                    id: *id,
                    name,
                    content,
                    state,
                })
            })
            .collect();
        alerts.sort_by_key(|alert| (alert.content.from, alert.id));
        Ok(alerts)
    })
}

/// What to show for one visit and notice.
fn state(newest: Option<&Newest>, memory: Option<&Memory>) -> Option<(AlertContent, AlertState)> {
    let kept = |memory: &Memory, otherwise| {
        (
            memory.content.clone(),
            if memory.dismissed { AlertState::Dismissed } else { otherwise },
        )
    };
    match (newest, memory) {
        (Some(Newest::Meets(content)), None) => Some((content.clone(), AlertState::New)),
        (Some(Newest::Meets(content)), Some(memory)) if !content.says_the_same_as(&memory.content) => {
            Some((content.clone(), AlertState::Revised))
        }
        // A list that is no longer there takes nothing back.
        (Some(Newest::Meets(_)) | None, Some(memory)) => Some(kept(memory, AlertState::Seen)),
        (Some(Newest::NoLongerMeets), Some(memory)) => Some(kept(memory, AlertState::Withdrawn)),
        (Some(Newest::NoLongerMeets) | None, None) => None,
    }
}

/// Remembers that the person has seen these alerts.
///
/// # Errors
/// [`ExposureError::Vault`].
pub fn mark_seen(vault: &mut Vault, alerts: &[Alert]) -> Result<(), ExposureError> {
    let unseen = alerts
        .iter()
        .filter(|alert| matches!(alert.state, AlertState::New | AlertState::Revised));
    memory::remember(vault, unseen, false)
}

/// Puts an alert away; the alert comes back only when the authority changes what its notice says.
///
/// # Errors
/// [`ListError::NoSuchAlert`] where no alert has this visit and notice; [`ExposureError::Vault`].
pub fn dismiss(vault: &mut Vault, visits: &[Visit], visit: EntryId, notice: NoticeId) -> Result<(), ExposureError> {
    let mut alerts = list(vault, visits)?;
    alerts.retain(|alert| alert.id.visit == visit && alert.id.notice == notice);
    if alerts.is_empty() {
        return Err(ListError::NoSuchAlert.into());
    }
    memory::remember(vault, alerts.iter(), true)
}

/// What the newest revision of every notice says of every visit that any revision named.
fn newest(reader: &Reader<'_>, visits: &[Visit]) -> Result<BTreeMap<AlertId, Newest>, ExposureError> {
    let stays: Vec<Stay> = visits
        .iter()
        .map(|visit| Stay {
            from: visit.check_in,
            to: visit.out,
            keys: &visit.keys,
        })
        .collect();
    let mut matcher = Matcher::new(&stays);
    if matcher.slots() == 0 {
        return Ok(BTreeMap::new());
    }
    let mut hours: BTreeMap<(usize, AuthorityId, NoticeId), Vec<Finding>> = BTreeMap::new();
    let mut findings = Vec::new();
    for (authority, held) in lists::all(reader)? {
        for listed in &held.segments {
            // A damaged one is left out here; `lists::ages` says so, and the next fetch brings it again.
            let Some(file) = reader.segment(&listed.hash)? else { continue };
            matcher.search(&Segment::parse(&file)?, &mut findings);
            for finding in findings.drain(..) {
                hours
                    .entry((finding.stay, authority, finding.body.notice))
                    .or_default()
                    .push(finding);
            }
        }
    }
    Ok(hours
        .into_iter()
        .map(|((stay, authority, notice), hours)| {
            let id = AlertId {
                visit: visits[stay].id,
                authority,
                notice,
            };
            (id, content(&stays[stay], &hours).map_or(Newest::NoLongerMeets, Newest::Meets))
        })
        .collect())
}

/// What the highest revision among `hours` says of a stay; `None` where it no longer meets it.
fn content(stay: &Stay<'_>, hours: &[Finding]) -> Option<AlertContent> {
    let newest = hours.iter().map(|hour| hour.body.revision).max()?;
    let there = whole_minutes(stay.from, stay.to);
    let covered: Vec<&Finding> = hours
        .iter()
        .filter(|hour| hour.body.revision == newest && !hour.body.withdrawn)
        .collect();
    let at = |hour: &Finding, minute: u8| slot_start(hour.slot) + i64::from(minute) * 60;
    // What counts as having been there is whole minutes; how long it was is what a clock would say.
    let really = stay.from..if stay.to > stay.from { stay.to } else { there.end };
    let common = |from: i64, to: i64| (to.min(really.end) - from.max(really.start)).max(0);
    let (mut within, mut total) = (0, 0);
    for hour in &covered {
        let minutes = &hour.body.minutes;
        within += common(at(hour, minutes.from), at(hour, minutes.to));
        total += common(at(hour, minutes.from), at(hour, minutes.tail));
    }
    if total == 0 {
        return None;
    }
    let in_minutes = |seconds: i64| u32::try_from(seconds.saturating_add(59) / 60).unwrap_or(u32::MAX);
    let overlap_minutes = in_minutes(within);
    let first = covered.first()?;
    let exposed = || covered.iter().filter(|hour| hour.body.minutes.from < hour.body.minutes.to);
    // Where the keys open hours of tail only, the exposure ended when the first of them began.
    let tail_only = covered.iter().map(|hour| slot_start(hour.slot)).min()?;
    Some(AlertContent {
        from: exposed()
            .map(|hour| at(hour, hour.body.minutes.from))
            .min()
            .unwrap_or(tail_only),
        to: exposed()
            .map(|hour| at(hour, hour.body.minutes.to))
            .max()
            .unwrap_or(tail_only),
        overlap_minutes,
        after_minutes: in_minutes(total).saturating_sub(overlap_minutes),
        severity: first.body.severity,
        advice: first.body.advice,
        text: covered.iter().find_map(|hour| hour.text.clone()),
    })
}

#[cfg(test)]
mod tests;
