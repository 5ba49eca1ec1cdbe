//! `techo authority schedule`: vaccination schedules for those who follow the authority.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::{AuthorityCommandError, open};
use crate::file::{expect_writable, write_public};
use crate::session::Session;
use crate::{Failure, Outcome, input};
use techo_protocol::basics::text_file::text_of;

/// Sign a vaccination schedule: which dose is due when, as data
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  techo --data pref authority schedule sign japan-covid-19.json --out japan-covid-19.schedule
  techo --data aki vaccine schedule add japan-covid-19.schedule")]
pub enum Schedule {
    /// Check a schedule as people write it, and sign it. `protocol/schedules` has an example
    Sign {
        /// The schedule, as JSON. Each change of it has a higher `version`
        file: PathBuf,
        /// The file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

impl Schedule {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let Self::Sign { file, out } = self;
        let mut authority = open(session)?;
        let about = |error: AuthorityCommandError| Failure::from(error).about(file.display());
        let content = input::large_file(&file)?;
        let text = text_of(&content).ok_or_else(|| about(AuthorityCommandError::TextNotUtf8))?;
        expect_writable(&out)?;
        let (schedule, signed) = authority
            .sign_schedule(&text, session.now())
            .map_err(|error| Failure::from(error).about(file.display()))?;
        write_public(&out, &signed)?;
        let line = json!({
            "schedule": schedule.code,
            "version": schedule.version,
            "name": schedule.name,
            "issued": schedule.issued,
            "bytes": signed.len(),
        });
        session.out.answer(
            &line,
            "authority-schedule",
            &[
                ("name", &schedule.name),
                ("version", &schedule.version),
                ("bytes", &signed.len()),
            ],
        )?;
        Ok(Outcome::Done)
    }
}
