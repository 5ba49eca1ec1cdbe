//! `techo authority import`: a list of events as CSV.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use techo_authority::events::ImportOptions;
use techo_authority::import;

use super::open;
use crate::session::Session;
use crate::{Failure, Outcome, input, rejected};

/// Take in a list of exposure events as CSV. New events become notices, changed ones revisions
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  techo --data pref authority import locations.csv --dry-run
  techo --data pref authority import locations.csv --complete")]
pub struct Import {
    /// The file
    file: PathBuf,
    /// The layout: nz or techo; without it, the header tells
    #[arg(long, value_name = "NAME")]
    layout: Option<String>,
    /// The file is the whole list: what is missing from it is withdrawn
    #[arg(long)]
    complete: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Import {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut authority = open(session)?;
        let about = self.file.display().to_string();
        let content = input::file(&self.file)?;
        let list = import::read(&content, self.layout.as_deref()).map_err(|error| Failure::from(error).about(&about))?;
        let options = ImportOptions {
            complete: self.complete,
            dry_run: self.dry_run,
        };
        let bar = session
            .out
            .progress(u64::try_from(list.events.len()).unwrap_or(0), "authority-importing");
        let imported = authority.apply_import(&list, options, session.now(), &session.random, &mut |done| {
            bar.set_position(u64::try_from(done).unwrap_or(0));
        })?;
        bar.finish_and_clear();
        let outcome = rejected::show(session, &imported.rejected)?;
        let rejected = imported.rejected.len();
        let mut line = json!({
            "rows": imported.rows,
            "accepted": imported.accepted,
            "revised": imported.revised,
            "withdrawn": imported.withdrawn,
            "rejected": rejected,
            "venues": imported.venues,
        });
        if self.dry_run {
            line["dry_run"] = json!(true);
        }
        if self.complete && list.cut_off {
            // A part of a list does not say what is missing from the whole: nothing was withdrawn.
            line["warnings"] = json!([techo_protocol::Coded::code(&import::RowError::CutOff)]);
        }
        let id = if self.dry_run {
            "authority-import-dry-run"
        } else {
            "authority-imported"
        };
        session.out.answer(
            &line,
            id,
            &[
                ("rows", &imported.rows),
                ("accepted", &imported.accepted),
                ("revised", &imported.revised),
                ("withdrawn", &imported.withdrawn),
                ("rejected", &rejected),
                ("venues", &imported.venues),
            ],
        )?;
        Ok(outcome)
    }
}
