//! `techo sync account`: the household's account at its relay.

use clap::Subcommand;
use serde_json::json;

use crate::session::Session;
use crate::{Failure, Outcome, device};

/// The household's account at its relay
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Delete everything that the relay has of this household: unserved at once, erased after seven days. The diaries on its devices stay;
    /// until it is erased, the recovery words bring it back
    Delete,
}

impl Account {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let Self::Delete = self;
        let address = device::opened(session)?.delete_account()?;
        session.out.answer(
            &json!({ "deleted": true, "relay": address }),
            "account-deleted",
            &[("relay", &address)],
        )?;
        Ok(Outcome::Done)
    }
}
