//! What a shell is to remind people of: plain moments, worked out anew on every change.

use chrono::{Days, NaiveDate};
use techo_protocol::basics::clock::HOUR_SECONDS;
use techo_protocol::vaccination::schedule::NextDose;

use super::{EntryId, JAPAN_SECONDS_AHEAD};

/// The hour of the day, in Japan.
const HOUR: i64 = 9;

/// Days before the recommended day: time to make an appointment.
const AHEAD_DAYS: u64 = 7;

/// A moment at which the shell notifies somebody of a dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reminder {
    /// The moment of the notification, in Unix seconds.
    pub at: i64,
    /// What the notification is of.
    pub kind: ReminderKind,
    /// The person whose dose it is.
    pub person: EntryId,
    /// Which dose it is, 1 to 9.
    pub dose: u8,
}

/// What a reminder is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReminderKind {
    /// The recommended day is in a week.
    Ahead,
    /// From today on the dose may be given.
    Earliest,
    /// Today is the recommended day.
    Recommended,
    /// The dose is late. It is still given, and nothing begins anew.
    Overdue,
}

impl ReminderKind {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::Earliest => "earliest",
            Self::Recommended => "recommended",
            Self::Overdue => "overdue",
        }
    }
}

/// The reminders of one person's next dose that are still to come, in their order; none twice on a day.
///
/// ```
/// use techo_core::vaccine::{EntryId, ReminderKind, reminders};
/// use techo_protocol::vaccination::schedule::{GivenDose, Schedule};
///
/// let first = GivenDose { date: "2021-07-01".parse()?, product: Some("pfizer"), number: Some(1) };
/// let next = Schedule::japan_covid_19().next(&[first], None, first.date).due?;
/// let all = reminders(EntryId([1; 16]), &next, 1_625_101_200);
/// // 2021-07-22T09:00+09:00: three weeks after the first dose, at nine in Japan.
/// assert!(all.iter().any(|one| (one.kind, one.at) == (ReminderKind::Recommended, 1_626_912_000)));
/// assert!(reminders(EntryId([1; 16]), &next, 1_626_912_000).len() < all.len(), "what is past is not told any more");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn reminders(person: EntryId, next: &NextDose, now: i64) -> Vec<Reminder> {
    let days = [
        (Some(next.recommended), ReminderKind::Recommended),
        (Some(next.earliest), ReminderKind::Earliest),
        (next.recommended.checked_sub_days(Days::new(AHEAD_DAYS)), ReminderKind::Ahead),
        (next.overdue, ReminderKind::Overdue),
    ];
    let mut reminders: Vec<Reminder> = Vec::new();
    for (day, kind) in days {
        let Some(at) = day.and_then(morning_of) else { continue };
        if at > now && reminders.iter().all(|other| other.at != at) {
            reminders.push(Reminder {
                at,
                kind,
                person,
                dose: next.dose,
            });
        }
    }
    reminders.sort_unstable();
    reminders
}

fn morning_of(day: NaiveDate) -> Option<i64> {
    let midnight = day.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
    midnight.checked_add(HOUR * HOUR_SECONDS - JAPAN_SECONDS_AHEAD)
}
