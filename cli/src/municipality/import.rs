//! `techo municipality import`: bundles, CSV files of any layout, slips of residents who moved here, and the relay.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use techo_authority::Authority;
use techo_authority::municipality::bundles::BundleImported;
use techo_authority::municipality::imports::Imported;
use techo_authority::municipality::ledger::Taken;
use techo_authority::municipality::mapping::Mapping;
use techo_authority::rejected::RejectedRow;
use techo_authority::tables::Taking;
use techo_protocol::trust::TrustList;
use techo_protocol::vaccination::dose_slip::DoseSlip;
use techo_protocol::vaccination::ticket::TicketText;

use crate::authority::{open, publish};
use crate::failure::CliError;
use crate::relay_client::RelayClient;
use crate::session::Session;
use crate::{Failure, Outcome, input, rejected};

/// Take doses in: a site's bundle, a CSV file, a slip of another municipality, or all that waits at the relay
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  techo --data sakai municipality import site.techo-bundle
  techo --data sakai municipality import paper.csv --mapping paper.toml --dry-run
  techo --data sakai municipality import --relay https://relay.example
  techo --data sakai municipality import slip.png --ticket 0000000009 --trust oldtown.trust

Without --mapping a CSV file has the columns ticket,dose,date,product,lot (and time,place,by), or those of the VRS ledger. A mapping:
  name = \"paper\"               # corrections are matched within this name
  encoding = \"shift_jis\"       # may be left out
  dates = [\"%Y年%m月%d日\"]      # may be left out
  [products]                    # words of the file beside our own and the makers in Japanese
  \"コミナティ\" = \"pfizer\"
  [[doses]]                     # one, or one for each dose where a row holds several; then with number = 1, 2
  ticket = \"券番号\"
  dose = \"回数\"
  date = \"接種日\"
  product = \"メーカー\"
  lot = \"ロット\"")]
pub struct Import {
    /// The bundle, the CSV file or the slip; not needed with --relay
    #[arg(required_unless_present = "relay", conflicts_with = "relay")]
    file: Option<PathBuf>,
    /// How the CSV file's columns are to be read; without it, the header tells
    #[arg(long, value_name = "FILE.toml")]
    mapping: Option<PathBuf>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Give ticket numbers the leading zeros that a spreadsheet took away
    #[arg(long)]
    complete_zeros: bool,
    /// Take what waits at this relay
    #[arg(long, value_name = "URL")]
    relay: Option<String>,
    /// Of a slip: this municipality's ticket of the resident who moved here
    #[arg(long, requires = "trust")]
    ticket: Option<String>,
    /// Of a slip: the old municipality's trust file
    #[arg(long, value_name = "FILE", requires = "ticket")]
    trust: Option<PathBuf>,
}

impl Import {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut authority = open(session)?;
        if let Some(address) = &self.relay {
            return from_relay(session, &mut authority, address);
        }
        let Some(file) = &self.file else {
            return Err(CliError::FileUnreadable.into());
        };
        if let (Some(ticket), Some(trust)) = (&self.ticket, &self.trust) {
            return slip(session, &mut authority, &file.to_string_lossy(), ticket, trust);
        }
        let content = input::large_file(file)?;
        let about = |error| Failure::from(error).about(file.display());
        if content.starts_with(b"TECHOB") {
            let taken = authority
                .import_bundle(&content, self.dry_run, session.now())
                .map_err(about)?;
            return show_bundle(session, &authority, &taken, self.dry_run);
        }
        let mapping = match &self.mapping {
            Some(path) => Mapping::read(&input::file(path)?).map_err(|error| Failure::from(error).about(path.display()))?,
            None => Mapping::that_fits(&content).map_err(|error| Failure::from(error).about(file.display()))?,
        };
        let how = Taking {
            dry_run: self.dry_run,
            complete_zeros: self.complete_zeros,
        };
        let imported = authority
            .import_doses(&content, &mapping, how, session.now())
            .map_err(about)?;
        let outcome = show_faults(session, &imported)?;
        let mut line = counts(&imported);
        if self.dry_run {
            line["dry_run"] = json!(true);
        }
        answer(session, &line, &imported, self.dry_run)?;
        show_conflicts(session, &authority)?;
        Ok(outcome)
    }
}

/// A line for each row that was rejected and each dose that was left out.
fn show_faults(session: &Session, imported: &Imported) -> Result<Outcome, Failure> {
    rejected::show(session, &imported.rejected)?;
    rejected::show(session, &imported.left_out)?;
    Ok(if imported.is_clean() { Outcome::Done } else { Outcome::No })
}

fn counts(imported: &Imported) -> Value {
    let warnings: Vec<_> = imported.warnings().iter().map(techo_protocol::Coded::code).collect();
    let mut line = json!({
        "rows": imported.rows,
        "accepted": imported.accepted(),
        "rejected": imported.rejected.len(),
        "left_out": imported.left_out.len(),
        "new": imported.new,
        "revised": imported.revised,
        "known": imported.known,
        "conflicts": imported.conflicts,
        "not_enrolled": imported.not_enrolled,
        "lots_unknown": imported.lots_unknown,
        "lots_recalled": imported.lots_recalled,
    });
    if !warnings.is_empty() {
        line["warnings"] = json!(warnings);
    }
    line
}

fn answer(session: &Session, line: &Value, imported: &Imported, dry_run: bool) -> Result<(), Failure> {
    session.out.answer(
        line,
        if dry_run {
            "municipality-import-dry-run"
        } else {
            "municipality-imported"
        },
        &[
            ("rows", &imported.rows),
            ("new", &imported.new),
            ("revised", &imported.revised),
            ("known", &imported.known),
            ("conflicts", &imported.conflicts),
            ("rejected", &imported.rejected.len()),
            ("left", &imported.left_out.len()),
        ],
    )?;
    for warning in imported.warnings() {
        session.out.say_line(&session.out.texts().message(&warning))?;
    }
    Ok(())
}

fn show_bundle(session: &Session, authority: &Authority, taken: &BundleImported, dry_run: bool) -> Result<Outcome, Failure> {
    let outcome = show_faults(session, &taken.imported)?;
    let mut line = counts(&taken.imported);
    line["site"] = json!(taken.site);
    line["place"] = json!(taken.place);
    line["sequence"] = json!(taken.sequence);
    line["again"] = json!(taken.again);
    line["missing"] = json!(taken.missing);
    if dry_run {
        line["dry_run"] = json!(true);
    }
    session.out.say(
        if taken.again {
            "municipality-bundle-again"
        } else {
            "municipality-bundle"
        },
        &[("site", &taken.site), ("place", &taken.place), ("sequence", &taken.sequence)],
    )?;
    answer(session, &line, &taken.imported, dry_run)?;
    if !taken.missing.is_empty() {
        let missing = super::site::numbers(&taken.missing);
        session.out.say(
            "municipality-bundle-missing",
            &[("place", &taken.place), ("missing", &missing)],
        )?;
    }
    show_conflicts(session, authority)?;
    Ok(outcome)
}

/// Every dose of which two sources say different things, old ones too: it is to be seen until it is settled.
fn show_conflicts(session: &Session, authority: &Authority) -> Result<(), Failure> {
    for conflict in authority.conflicts()? {
        let sources: Vec<_> = conflict
            .sources
            .iter()
            .map(|source| format!("{} {}", source.kind(), source.name()))
            .collect();
        let line = json!({ "conflict": conflict.ticket.to_string(), "dose": conflict.number, "sources": sources });
        session.out.answer(
            &line,
            "municipality-conflict",
            &[
                ("ticket", &conflict.ticket),
                ("dose", &conflict.number),
                ("sources", &sources.join(", ")),
            ],
        )?;
    }
    Ok(())
}

fn from_relay(session: &Session, authority: &mut Authority, address: &str) -> Result<Outcome, Failure> {
    authority.municipality_code()?;
    let addresses = publish::relays(authority, &[address.to_owned()])?;
    let mut pieces = 0;
    for address in &addresses {
        let relay = RelayClient::new(address)?;
        let fetched = authority
            .fetch_diaries(&relay, session.now())
            .map_err(|error| Failure::from(error).about(address))?;
        pieces += fetched.pieces;
    }
    let mut result = Outcome::Done;
    let mut bundles = 0_u64;
    for whole in authority.whole_bundles()? {
        match authority.import_bundle(&whole.file, false, session.now()) {
            Ok(taken) => {
                bundles += 1;
                if show_bundle(session, authority, &taken, false)? == Outcome::No {
                    result = Outcome::No;
                }
            }
            // One bundle that is not to be believed must not keep the others from coming in.
            Err(error) => {
                result = rejected::show(session, &[RejectedRow::new(0, &error)])?;
            }
        }
        authority.forget_pieces(&whole.bundle)?;
    }
    let line = json!({ "relay": address, "pieces": pieces, "bundles": bundles });
    session
        .out
        .answer(&line, "municipality-relay", &[("pieces", &pieces), ("bundles", &bundles)])?;
    Ok(result)
}

fn slip(
    session: &Session,
    authority: &mut Authority,
    name: &str,
    ticket: &str,
    trust: &std::path::Path,
) -> Result<Outcome, Failure> {
    let ticket = TicketText::read(ticket)?.number();
    let town = TrustList::read(&input::file(trust)?).map_err(|error| Failure::from(error).about(trust.display()))?;
    let texts = input::texts(name)?;
    let mut slips = texts.iter().map(|text| DoseSlip::read(text));
    let slip = slips
        .next()
        .ok_or(techo_protocol::vaccination::dose_slip::DoseSlipError::NotASlip)??;
    let taken = authority.import_slip(&slip, &[town], ticket, session.now())?;
    match taken {
        Ok(taken) => {
            let state = match taken {
                Taken::New => "new",
                Taken::Revised => "revised",
                Taken::Known => "known",
                Taken::Conflicting => "conflict",
            };
            let line = json!({ "ticket": ticket.to_string(), "dose": slip.dose.dose, "from_slip": true, "state": state });
            session.out.answer(
                &line,
                "municipality-slip",
                &[("ticket", &ticket), ("dose", &slip.dose.dose), ("state", &state)],
            )?;
            Ok(Outcome::Done)
        }
        Err(why) => rejected::show(session, &[RejectedRow::new(1, &why)]),
    }
}
