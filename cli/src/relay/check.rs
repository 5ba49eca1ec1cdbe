//! `techo relay check`: whether what the relay keeps is whole.

use clap::Args;
use serde_json::json;
use techo_protocol::Coded;
use techo_relay::store::{Fault, inspect};

use super::database::{DatabaseFlags, SQLITE};
use crate::profile::Kind;
use crate::session::Session;
use crate::{Failure, Outcome};

/// Look through the relay's store for what is wrong with it: a line for each fault. Nothing is changed; exit status 1 where there are faults
#[derive(Debug, Args)]
#[command(after_help = "Example:
  techo --data relay relay check")]
pub struct Check {
    #[command(flatten)]
    database: DatabaseFlags,
}

impl Check {
    /// Looks through the relay's store and answers what is wrong in it.
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let folder = session.profile(Kind::Relay)?;
        if self.database.is_in_profile() && !folder.join(SQLITE).is_file() {
            return Err(Failure::from(techo_relay::store::StoreError::Damaged).about(folder.join(SQLITE).display()));
        }
        let store = self.database.open(&folder, &techo_relay::log::json(std::io::stderr))?;
        let mut told = Ok(());
        let inspected = inspect(&*store, &mut |fault| {
            if told.is_ok() {
                told = tell(session, fault);
            }
        })?;
        told?;
        let summary = json!({
            "accounts": inspected.accounts,
            "chunks": inspected.chunks,
            "records": inspected.records,
            "segments": inspected.segments,
            "faults": inspected.faults,
        });
        let counts: [(&str, &dyn crate::texts::Argument); 5] = [
            ("accounts", &inspected.accounts),
            ("chunks", &inspected.chunks),
            ("records", &inspected.records),
            ("segments", &inspected.segments),
            ("faults", &inspected.faults),
        ];
        session.out.answer(&summary, "relay-checked", &counts)?;
        Ok(if inspected.faults == 0 { Outcome::Done } else { Outcome::No })
    }
}

fn tell(session: &Session, fault: &Fault) -> Result<(), Failure> {
    let message = session.out.texts().message(fault);
    session.out.answer(
        &json!({ "fault": fault.code(), "message": fault.to_string(), "hint": fault.hint() }),
        "relay-fault",
        &[("message", &message), ("code", &fault.code())],
    )
}
