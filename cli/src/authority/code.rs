//! `techo authority code`: codes for tablets.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use techo_authority::posters::Sheet;

use super::{open, sheet, venue};
use crate::session::Session;
use crate::{Failure, Outcome, time};

/// Make codes for a tablet at the entrance
#[derive(Debug, Subcommand)]
pub enum Code {
    /// Draw the code that a tablet shows in the hour of a time
    Rotate {
        /// The venue's number
        #[arg(long, value_name = "ID")]
        venue: String,
        /// A time in the hour; without it, now
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Draw it into this file (.png or .svg)
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

impl Code {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let Self::Rotate { venue, at, out } = self;
        let authority = open(session)?;
        let at = at.map_or(Ok(session.now()), |at| time::read(&at))?;
        let venue = authority.venue(venue::number(&venue)?)?;
        let code = authority.rotate_code(venue.number, at)?;
        let from = format!("{} {}", time::iso_day(code.from), time::clock(code.from));
        let to = format!("{} {}", time::iso_day(code.to), time::clock(code.to));
        let picture = Sheet::tablet(&venue.name, &venue.address, &code.text, &from, &to);
        let warnings = sheet::write(session, &picture, &out)?;
        let line = json!({
            "venue": venue.number.to_string(),
            "from": time::write(code.from),
            "to": time::write(code.to),
            "out": out,
            "warnings": warnings,
        });
        session.out.answer(
            &line,
            "authority-code-rotated",
            &[("name", &venue.name), ("from", &from), ("to", &to)],
        )?;
        Ok(Outcome::Done)
    }
}
