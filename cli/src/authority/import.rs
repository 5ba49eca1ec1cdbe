//! `techo authority import`: a list of events as CSV.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use techo_authority::events::ImportOptions;
use techo_authority::import::{self, LayoutFile};

use super::open;
use crate::session::Session;
use crate::{Failure, Outcome, input, rejected};

/// Take in a list of exposure events as CSV. New events become notices, changed ones revisions
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  techo --data pref authority import locations.csv --dry-run
  techo --data pref authority import locations.csv --complete
  techo --data pref authority import list.csv --layout list.toml

A layout file names a list's own columns:
  name = \"osaka\"              # its events are known by this name and their id
  zone = \"Asia/Tokyo\"
  encoding = \"cp932\"          # may be left out
  times = [\"%Y/%m/%d %H:%M\"]  # as chrono writes them; may be left out
  [columns]
  id = \"番号\"                 # may be left out
  name = \"施設名\"
  address = [\"市町村\", \"住所\"]  # may be left out
  from = [\"日付\", \"開始\"]    # several columns are joined by a blank
  to = [\"日付\", \"終了\"]
  severity = \"区分\"
  advice = \"お願い\"            # may be left out
  [severity]
  cluster = [\"濃厚接触\"]
  caution = [\"その他\"]
  default = \"caution\"         # for every other word; without it such a row is rejected")]
pub struct Import {
    /// The file
    file: PathBuf,
    /// The layout: nz, techo, or a layout file (FILE.toml) for a list of your own; without it, the header tells
    #[arg(long, value_name = "NAME|FILE.toml")]
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
        let list = match self.layout.as_deref().filter(|name| is_file(name)) {
            Some(path) => {
                let layout = input::file(Path::new(path))?;
                let layout = LayoutFile::read(&layout).map_err(|error| Failure::from(error).about(path))?;
                import::read_by(&content, &layout)
            }
            None => import::read(&content, self.layout.as_deref()),
        }
        .map_err(|error| Failure::from(error).about(&about))?;
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

/// Whether a layout's name is that of a file.
fn is_file(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}
