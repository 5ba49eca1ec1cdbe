//! Up to which time this device may destroy: what cannot be taken back hangs on more than one reading of one clock (ADR 0024).
//!
//! A clock may stand anywhere: a battery ran flat, a child set the date for a game, a time zone's file was wrong. So what has expired is *hidden* by
//! the clock, at once, and *destroyed* by the confirmed time, which is never later than the clock and needs one of these besides:
//!
//! * **Somebody else has said so.** The relay gave its time, or an authority that is followed has signed a list then.
//! * **The clock has stood there for a day.** It was read a day ago or more, at most eight days ago, and was never seen to go back since
//!   ([`ClockReadings`]).
//!
//! An example: the tablet's clock is 60 days ahead when its diary is opened on Monday. All visits are hidden; Monday's reading is noted. On Tuesday
//! somebody sets the clock. The reading lies in the future then, and is dropped. Had the tablet synced on Monday, the relay would have contradicted
//! the clock, and the reading had not counted at all.
//!
//! Other devices' heartbeats confirm nothing: theirs are clocks like this one.

use serde::{Deserialize, Serialize};

use crate::vault::{Reader, RecordKind, StoreError, Vault, VaultError, Writer};
use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::basics::confirmed_time::ClockReadings;

/// The record of this device that keeps the readings of its clock, and what others have said.
pub(crate) const RECORD: &[u8] = b"clock";

const VERSION: u8 = 1;

/// The time up to which more than this device's clock says that it has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ConfirmedTime {
    kept: Kept,
    /// What a relay's clock said in this session, in Unix seconds; it is not stored.
    heard: Option<i64>,
    /// What lies in the vault.
    stored: Kept,
}

/// What the vault keeps (CBOR).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    version: u8,
    /// Readings of this device's clock.
    readings: ClockReadings,
    /// The beginning of the latest UTC day that this clock and a relay, or this clock and an authority's signature, have named together, in Unix
    /// seconds.
    said: i64,
}

impl ConfirmedTime {
    /// What the vault knows of the time.
    pub(crate) fn load(reader: &Reader<'_>) -> Result<Self, VaultError> {
        let record = match reader.record(RecordKind::DeviceSetting, RECORD) {
            Err(VaultError::Store(StoreError::Damaged { .. })) => None,
            read => read?,
        };
        // Damaged, or of a later version: then the clock is confirmed anew, and until then nothing is destroyed.
        let kept = record
            .and_then(|bytes| ciborium::from_reader::<Kept, _>(&bytes[..]).ok())
            .filter(|kept| kept.version == VERSION)
            .unwrap_or_default();
        Ok(Self {
            stored: kept.clone(),
            kept,
            heard: None,
        })
    }

    /// Stores what has changed.
    pub(crate) fn store(&mut self, writer: &mut Writer<'_>) -> Result<(), VaultError> {
        if self.kept == self.stored {
            return Ok(());
        }
        self.kept.version = VERSION;
        let mut bytes = Vec::new();
        ciborium::into_writer(&self.kept, &mut bytes).expect("writing to memory does not fail");
        writer.put_record(RecordKind::DeviceSetting, RECORD, &bytes)?;
        self.stored = self.kept.clone();
        Ok(())
    }

    /// The time up to which may be destroyed what has expired, in Unix seconds. It is never later than the clock; the beginning of 1970 where
    /// nothing confirms it.
    pub(crate) fn up_to(&self, now: i64) -> i64 {
        let stood = self.kept.readings.stood(now).unwrap_or(0);
        now.min(stood.max(self.kept.said))
    }

    /// The time that it is at least, if anybody is to be believed: for what errs safely when it is too late. In Unix seconds.
    pub(crate) fn at_least(&self, now: i64) -> i64 {
        now.max(self.kept.said).max(self.heard.unwrap_or(now))
    }

    /// What a relay's clock has said in this session, in Unix seconds.
    pub(crate) fn relay(&self) -> Option<i64> {
        self.heard
    }

    /// Notes what the clock says, once a day. What it said before and lies in the future now was wrong.
    pub(crate) fn read(&mut self, now: i64) {
        self.kept.readings.note(now);
    }

    /// Notes what a relay's clock says. Where this one is ahead of it by more than a day, no reading of it counts. A relay that stands days before
    /// what was confirmed already is wrong itself, and says nothing.
    pub(crate) fn hear(&mut self, now: i64, relay: i64) {
        if relay < self.kept.said.saturating_sub(DAY_SECONDS) {
            return;
        }
        self.heard = Some(relay);
        if now.saturating_sub(relay) > DAY_SECONDS {
            self.kept.readings.clear();
        }
        self.witness(now, relay);
    }

    /// Notes that somebody else has said, or signed, that a time has come. Of a time that lies ahead of this clock, only the clock's own counts.
    pub(crate) fn witness(&mut self, now: i64, said: i64) {
        let both = now.min(said).div_euclid(DAY_SECONDS) * DAY_SECONDS;
        self.kept.said = self.kept.said.max(both);
    }
}

/// Notes what the clock says, once a day, and answers up to which time may be destroyed what has expired.
pub(crate) fn look(vault: &mut Vault, now: i64) -> Result<i64, VaultError> {
    let mut time = vault.read(ConfirmedTime::load)?;
    time.read(now);
    if time.kept != time.stored {
        vault.write(|writer| time.store(writer))?;
    }
    Ok(time.up_to(now))
}

/// Believes this clock on its one word: a rule to be broken by the simulation, which has to notice it.
///
/// # Errors
/// The vault cannot be written.
pub fn believe(vault: &mut Vault, now: i64) -> Result<(), VaultError> {
    vault.write(|writer| {
        let mut time = ConfirmedTime::load(&writer.reader())?;
        time.witness(now, now);
        time.store(writer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_360_400;

    fn read_at(readings: &[i64]) -> ConfirmedTime {
        let mut time = ConfirmedTime::default();
        for days in readings {
            time.read(NOW + days * DAY_SECONDS);
        }
        time
    }

    fn days(time: &ConfirmedTime, now: i64) -> i64 {
        (time.up_to(NOW + now * DAY_SECONDS) - NOW).max(-1) / DAY_SECONDS
    }

    #[test]
    fn one_reading_confirms_nothing_and_a_day_on_the_clock_does() {
        assert_eq!(read_at(&[]).up_to(NOW), 0);
        assert_eq!(read_at(&[0]).up_to(NOW), 0);
        assert_eq!(read_at(&[0]).up_to(NOW + DAY_SECONDS - 1), 0);
        assert_eq!(read_at(&[0]).up_to(NOW + DAY_SECONDS), NOW);
        assert_eq!(days(&read_at(&[0, 7]), 7), 0, "once a week is enough");
    }

    #[test]
    fn a_clock_that_jumps_again_and_again_confirms_nothing() {
        assert_eq!(read_at(&[0, 200, 217, 235]).up_to(NOW + 235 * DAY_SECONDS), 0);
    }

    #[test]
    fn what_a_clock_said_before_it_went_back_does_not_count() {
        let time = read_at(&[60, 0]);
        assert_eq!(time.up_to(NOW + 61 * DAY_SECONDS), 0);
        assert_eq!(days(&read_at(&[60, 0, 1]), 1), 0);
    }

    #[test]
    fn a_relay_confirms_at_once_what_both_say() {
        let mut time = ConfirmedTime::default();
        time.hear(NOW, NOW + 30);
        assert!(NOW - time.up_to(NOW) < DAY_SECONDS, "the same day");
        let mut ahead = ConfirmedTime::default();
        ahead.hear(NOW + 200 * DAY_SECONDS, NOW);
        assert!(ahead.up_to(NOW + 200 * DAY_SECONDS) <= NOW);
        let mut relay_ahead = ConfirmedTime::default();
        relay_ahead.hear(NOW, NOW + 200 * DAY_SECONDS);
        assert!(
            relay_ahead.up_to(NOW + 200 * DAY_SECONDS) <= NOW,
            "nor a relay that is wrong, later"
        );
    }

    #[test]
    fn a_relay_contradicts_a_clock_that_has_stood_there_for_a_day() {
        let mut time = read_at(&[200, 201]);
        assert_eq!(days(&time, 201), 200);
        time.hear(NOW + 201 * DAY_SECONDS, NOW);
        assert!(time.up_to(NOW + 201 * DAY_SECONDS) <= NOW);
        // One that is behind what an authority has signed is wrong itself.
        let mut time = read_at(&[0, 1]);
        time.witness(NOW, NOW);
        let before = time.clone();
        time.hear(NOW + DAY_SECONDS, NOW - 900 * DAY_SECONDS);
        assert_eq!(time, before);
    }

    #[test]
    fn a_signed_list_confirms() {
        let mut time = ConfirmedTime::default();
        time.witness(NOW + 900, NOW);
        assert!((NOW - DAY_SECONDS + 1..=NOW).contains(&time.up_to(NOW + 5 * DAY_SECONDS)));
        assert_eq!(time.up_to(NOW - DAY_SECONDS), NOW - DAY_SECONDS, "never later than the clock");
    }
}
