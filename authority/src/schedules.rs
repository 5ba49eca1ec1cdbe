//! Signing vaccination schedules, for those who follow the authority.

use techo_protocol::vaccination::schedule::Schedule;

use crate::keys::KeyRole;
use crate::publishing::announced_signer;
use crate::store::write;
use crate::{Authority, Error, audit};

impl Authority {
    /// Reads a schedule as people write it, and signs it. Gives the schedule and its file.
    ///
    /// # Errors
    /// [`techo_protocol::vaccination::schedule::ScheduleError`] for what is not sound; [`crate::keys::KeyError`] where the key that signs notices is missing
    /// or does not open; [`crate::store::StoreError`].
    pub fn sign_schedule(&mut self, text: &str, now: i64) -> Result<(Schedule, Vec<u8>), Error> {
        let schedule = Schedule::from_json(text)?;
        let db = write(&mut self.db)?;
        let file = schedule.write(&announced_signer(&db, &self.keys, KeyRole::Notice)?)?;
        audit::append(
            &db,
            now,
            "schedule.signed",
            &format!("{} {}", schedule.code, schedule.version),
        )?;
        db.commit()?;
        Ok((schedule, file))
    }
}
