//! `techo diary send`: chosen visits to the health centre, sealed, over a fresh connection without account.

use std::io::BufRead as _;

use clap::Args;
use serde_json::json;
use techo_core::device::SendDiary;

use crate::failure::CliError;
use crate::session::Session;
use crate::{Failure, Outcome, device, trust};

/// What to send, and to whom.
#[derive(Debug, Args)]
pub struct Send {
    /// The one-time code from the health centre; - reads it from stdin
    #[arg(long)]
    code: String,
    /// A visit to send; may be given several times
    #[arg(long, required = true, num_args = 1.., value_name = "ID")]
    visit: Vec<String>,
    /// Send through this relay in place of the authority's own
    #[arg(long, value_name = "URL")]
    relay: Option<String>,
    /// The authority, where several are followed
    #[arg(long, value_name = "ID")]
    authority: Option<String>,
}

impl Send {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let request = SendDiary {
            code: self.code_text()?,
            visits: self.visit.iter().map(|id| device::visit_id(id)).collect::<Result<_, _>>()?,
            authority: self.authority.as_deref().map(trust::authority_id).transpose()?,
            relay: self.relay,
        };
        let sent = device::opened(session)?.send_diary(&request)?;
        let line = json!({ "sent": sent.visits, "authority": sent.authority.to_string() });
        session
            .out
            .answer(&line, "diary-sent", &[("count", &sent.visits), ("name", &sent.name)])?;
        Ok(Outcome::Done)
    }

    fn code_text(&self) -> Result<String, Failure> {
        if self.code != "-" {
            return Ok(self.code.clone());
        }
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|_| CliError::FileUnreadable)?;
        Ok(line)
    }
}
