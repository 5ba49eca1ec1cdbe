//! How long visits are kept, and how the expired ones go.
//!
//! A visit counts from the UTC day of its first recorded check-in. It is hidden on the day on which it expires, and
//! destroyed with its week's document and key: at most six days later where the time is confirmed, a day more where only this device's clock says
//! it ([`crate::confirmed_time`]).

use std::ops::RangeInclusive;

use super::{Change, Diary, DiaryError, Refusal};
use crate::confirmed_time::{self, ConfirmedTime};
use crate::documents::week::last_day;
use crate::documents::{Documents, settings};
use crate::vault::{DocumentName, Reader, RecordKind, VaultError};
use techo_protocol::basics::clock::DAY_SECONDS;

/// What 0.1 kept to know whether a clock had stood there for a day, in the place of [`confirmed_time::RECORD`].
const ALL_EXPIRED_SINCE: &[u8] = b"all visits expired since";

/// The record of this device that says which was the last week that it has destroyed: of weeks up to it the tombstones are gone too.
const DESTROYED_UP_TO: &[u8] = b"weeks destroyed up to";

/// What the retention remembers among the device's settings. It holds for this device alone, and is no choice of anybody.
pub(crate) const MEMORY: [&[u8]; 3] = [ALL_EXPIRED_SINCE, DESTROYED_UP_TO, confirmed_time::RECORD];

/// For how many days visits are kept where nobody has chosen.
pub const DEFAULT_KEEP_DAYS: i64 = 28;

/// The numbers of days from which one can be chosen.
pub const KEEP_DAYS: RangeInclusive<i64> = 14..=60;

/// For how many days visits are kept.
pub(super) fn keep_days(documents: &Documents) -> i64 {
    keep_days_chosen(documents.get(&DocumentName::Settings).and_then(settings::keep_days))
}

/// For how many days visits are kept, by what was chosen.
pub(crate) fn keep_days_chosen(chosen: Option<i64>) -> i64 {
    // A newer version may allow more; this one keeps to its own range.
    chosen
        .unwrap_or(DEFAULT_KEEP_DAYS)
        .clamp(*KEEP_DAYS.start(), *KEEP_DAYS.end())
}

fn day(unix_seconds: i64) -> i64 {
    unix_seconds.div_euclid(DAY_SECONDS)
}

/// Whether all visits of a week have expired.
pub(crate) fn is_expired(week: u32, keep_days: i64, now: i64) -> bool {
    day(now) - last_day(week) > keep_days
}

/// From which recorded check-in on visits are shown, in Unix seconds: the beginning of a UTC day.
pub(crate) fn kept_from(keep_days: i64, now: i64) -> i64 {
    (day(now) - keep_days) * DAY_SECONDS
}

/// The last week that was ever destroyed here; `None` before the first.
///
/// # Errors
/// A [`VaultError`] when the vault cannot be read.
pub(crate) fn destroyed_up_to(reader: &Reader<'_>) -> Result<Option<u32>, VaultError> {
    let record = reader.record(RecordKind::DeviceSetting, DESTROYED_UP_TO)?;
    Ok(record.and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes))
}

/// The weeks whose last day has expired.
fn expired_weeks(documents: &Documents, now: i64) -> Vec<DocumentName> {
    let keep = keep_days(documents);
    documents
        .weeks()
        .filter(|(week, _)| is_expired(*week, keep, now))
        .map(|(week, _)| DocumentName::Week(week))
        .collect()
}

fn destroy_expired(change: &mut Change<'_, '_>) -> Result<(), DiaryError> {
    let confirmed = ConfirmedTime::load(&change.writer.reader())?.up_to(change.now);
    let expired = expired_weeks(change.documents, confirmed);
    let mut last = destroyed_up_to(&change.writer.reader())?;
    for name in expired {
        change.documents.destroy(&name, change.writer)?;
        if let DocumentName::Week(week) = name {
            last = last.max(Some(week));
        }
    }
    if let Some(week) = last {
        change
            .writer
            .put_record(RecordKind::DeviceSetting, DESTROYED_UP_TO, &week.to_be_bytes())?;
    }
    Ok(())
}

impl Diary {
    /// For how many days visits are kept.
    ///
    /// # Errors
    /// A [`DiaryError::Vault`].
    pub fn keep_days(&mut self) -> Result<i64, DiaryError> {
        self.refresh()?;
        Ok(keep_days(&self.documents))
    }

    /// Sets for how many days visits are kept, [`KEEP_DAYS`]; visits that have expired by it are hidden at once, and destroyed with their weeks by
    /// the confirmed time.
    ///
    /// ```
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let mut diary = techo_testing::diary(folder.path())?;
    /// assert_eq!(diary.keep_days()?, 28);
    /// diary.set_keep_days(60)?;
    /// assert_eq!(diary.keep_days()?, 60);
    /// assert!(diary.set_keep_days(61).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Refusal::KeepOutOfRange`], or a [`DiaryError::Vault`].
    pub fn set_keep_days(&mut self, days: i64) -> Result<(), DiaryError> {
        if !KEEP_DAYS.contains(&days) {
            return Err(Refusal::KeepOutOfRange.into());
        }
        self.write(|change| {
            settings::set_keep_days(change.settings(), days)?;
            change.save(&DocumentName::Settings, false)?;
            destroy_expired(change)
        })
    }

    /// Destroys the weeks whose visits have all expired. Opening the diary does it; an app that stays open calls it daily.
    ///
    /// # Errors
    /// A [`DiaryError::Vault`].
    pub fn forget_expired(&mut self) -> Result<(), DiaryError> {
        let confirmed = confirmed_time::look(&mut self.vault, self.clock.now())?;
        if expired_weeks(&self.documents, confirmed).is_empty() {
            return Ok(());
        }
        self.write(destroy_expired)
    }

    /// From which recorded check-in on visits are shown, in Unix seconds: the beginning of a UTC day.
    pub(super) fn kept_from(&self) -> i64 {
        kept_from(keep_days(&self.documents), self.now())
    }
}

impl Change<'_, '_> {
    pub(super) fn keep_days(&self) -> i64 {
        keep_days(self.documents)
    }

    /// Refuses a check-in time in the future or longer ago than visits are kept.
    pub(super) fn check_time(&self, unix_seconds: i64) -> Result<(), Refusal> {
        let days = self.keep_days();
        if unix_seconds > self.now {
            Err(Refusal::InTheFuture)
        } else if unix_seconds < 0 || unix_seconds < self.now.saturating_sub(days * DAY_SECONDS) {
            Err(Refusal::TooOld { days })
        } else {
            Ok(())
        }
    }

    /// Refuses a check-out in the future, before the check-in, or more than a day after it.
    pub(super) fn check_stay(&self, check_in: i64, check_out: i64) -> Result<(), Refusal> {
        if check_out >= check_in && check_out > self.now {
            return Err(Refusal::InTheFuture);
        }
        check_length(check_in, check_out)
    }
}

/// Refuses a stay that ends before it begins, or is longer than any; it may end in the future, where a person says how long they mean to stay.
pub(super) fn check_length(check_in: i64, check_out: i64) -> Result<(), Refusal> {
    if check_out < check_in {
        Err(Refusal::OutBeforeIn)
    } else if check_out - check_in > super::stay::LONGEST_STAY {
        Err(Refusal::StayTooLong)
    } else {
        Ok(())
    }
}
