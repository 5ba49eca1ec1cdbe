//! `techo authority audit`: whether the log is whole, and agrees with what was published.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use techo_protocol::exposure::manifest::Manifest;
use techo_protocol::trust::Role;

use super::{AuthorityCommandError, open};
use crate::session::Session;
use crate::{Failure, Outcome, input};

/// Check the audit log, and whether it agrees with a manifest that a relay or phone holds
#[derive(Debug, Args)]
pub struct Audit {
    /// A manifest, as a relay hands it out
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

impl Audit {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let authority = open(session)?;
        let head = authority.verify_audit()?;
        let rows = authority.audit_rows()?;
        if let Some(path) = &self.manifest {
            let list = authority.trust_list()?;
            let content = input::file(path)?;
            // What a revoked key signed was still ours.
            let keys = list.keys.iter().filter(|key| key.role == Role::Manifest).map(|key| &key.key);
            let manifest = Manifest::read(&content)?.verify(keys)?;
            if !rows.iter().any(|row| row.hash == manifest.audit_head) {
                return Err(Failure::from(AuthorityCommandError::AuditDisagrees).about(path.display()));
            }
        }
        let count = rows.len();
        session.out.answer(
            &json!({ "rows": count, "head": hex::encode(head), "manifest": self.manifest.as_ref().map(|_| "agrees") }),
            "authority-audit",
            &[("rows", &count)],
        )?;
        Ok(Outcome::Done)
    }
}
