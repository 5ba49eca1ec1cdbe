//! `techo diary send`: chosen visits to the health centre, sealed, over a fresh connection without account.

use std::io::BufRead as _;

use clap::Args;
use serde_json::json;
use techo_core::diary::Visit;
use techo_core::exposure::{ExposureError, ListError, decoys, matching};
use techo_core::following::{self, FollowingRefusal};
use techo_core::ports::Relay as _;
use techo_protocol::exposure::case_code::CaseCode;
use techo_protocol::exposure::diary_upload::{SentDiary, SentVisit};
use techo_protocol::exposure::relay_api::diary_path;
use techo_protocol::exposure::slot::{slots_of, whole_minutes};
use techo_protocol::trust::{AuthorityId, Role, TrustList};

use crate::failure::CliError;
use crate::session::Session;
use crate::{Failure, Outcome, device};

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
        let code = CaseCode::read(&self.code_text()?)?;
        let mut diary = device::open(session)?;
        let list = self.receiver(following::all(diary.vault())?)?;
        let key = list.keys(Role::Diary).next().ok_or(CliError::NoDiaryKey)?;
        let address = self
            .relay
            .as_ref()
            .or(list.relays.first())
            .ok_or(ExposureError::from(ListError::NoRelay))?;
        let mut visits = Vec::with_capacity(self.visit.len());
        for id in &self.visit {
            let id = device::visit_id(id)?;
            let visit = diary.visit(&id)?.ok_or(techo_core::diary::Refusal::NoSuchVisit)?;
            visits.push(sent(&visit));
        }
        let count = visits.len();
        let sealed = SentDiary {
            code: code.to_string(),
            visits,
        }
        .seal(list.authority(), key, &session.random)?;
        device::HttpRelay::default().put(address, &diary_path(list.authority(), code.mailbox()), sealed)?;
        // It stands in for the next empty envelope, so that nobody sends more than others do.
        decoys::schedule(diary.vault(), list.authority(), session.now())?;
        let line = json!({ "sent": count, "authority": list.authority().to_string() });
        session
            .out
            .answer(&line, "diary-sent", &[("count", &count), ("name", &list.name)])?;
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

    /// The authority that was named, or the only one that takes diaries.
    fn receiver(&self, followed: Vec<TrustList>) -> Result<TrustList, Failure> {
        let mut takers: Vec<TrustList> = match &self.authority {
            Some(id) => {
                let wanted = AuthorityId::from_hex(id).ok_or_else(|| Failure::from(CliError::NotAnAuthorityId).about(id))?;
                followed.into_iter().filter(|list| list.authority() == wanted).collect()
            }
            None => followed
                .into_iter()
                .filter(|list| list.keys(Role::Diary).next().is_some())
                .collect(),
        };
        match (takers.pop(), takers.is_empty()) {
            (Some(list), true) => Ok(list),
            (Some(_), false) => Err(CliError::SeveralAuthorities.into()),
            (None, _) => Err(FollowingRefusal::NotFollowed.into()),
        }
    }
}

/// A visit as the health centre sees it: place, time, and the keys of its own hours. No note, nobody's name.
fn sent(visit: &Visit) -> SentVisit {
    let minutes = whole_minutes(visit.check_in, visit.out);
    let keys =
        slots_of(minutes.start, minutes.end).filter_map(|slot| matching::slot_key(&visit.keys, slot).map(|key| (slot, key)));
    SentVisit {
        name: visit.name.clone(),
        address: visit.address.clone(),
        from: visit.check_in,
        to: visit.out,
        keys: keys.collect(),
    }
}
