//! `techo backup`: the diary in a file under a passphrase, and back.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use techo_core::backup::BackupError;
use techo_core::device::{OldRows, OpenedBackup};
use zeroize::Zeroizing;

use crate::failure::CliError;
use crate::profile::Kind;
use crate::session::Session;
use crate::{Failure, Outcome, device, input, question};

/// Keep the diary in a file under a passphrase, and bring it back
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  techo backup export diary.techo-backup
  techo --data new-phone backup restore diary.techo-backup

The passphrase is asked for in a terminal, or taken from TECHO_BACKUP_PASSPHRASE. Nobody can open the file without it.

A copy of vault.db alone is no backup: what was written last is in vault.db-wal beside it.")]
pub enum Backup {
    /// Write visits, people, settings and whom you follow to a file. No key of this device or its household is in it
    Export {
        /// Where to; a file that is there is replaced
        file: PathBuf,
    },
    /// Bring back what a backup holds and is not here. What was deleted here stays deleted
    Restore(Restore),
}

/// What to bring back.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup
    file: PathBuf,
    /// What to do with rows that may have been deleted since, so long ago that nobody can know. Without it they are asked
    /// about in a terminal, and left out elsewhere
    #[arg(long, value_name = "WHAT")]
    old: Option<Old>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Old {
    /// Bring them back
    Keep,
    /// Leave them out
    Leave,
}

impl Backup {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Export { file } => export(session, &file),
            Self::Restore(restore) => restore.run(session),
        }
    }
}

fn export(session: &Session, file: &Path) -> Result<Outcome, Failure> {
    let mut device = device::opened(session)?;
    let collected = device.make_backup(&passphrase(session, true)?)?;
    session.out.write_private(file, &collected.content)?;
    let damaged: Vec<String> = collected.damaged.iter().map(ToString::to_string).collect();
    session.out.answer(
        &json!({ "file": file, "visits": collected.visits, "damaged": damaged, "damaged_records": collected.damaged_records }),
        "backup-exported",
        &[("file", &file.display()), ("count", &collected.visits)],
    )?;
    session.out.say("backup-not-inside", &[])?;
    for row in &damaged {
        session.out.warn("diary-damaged", &[("row", row)]);
    }
    if collected.damaged_records > 0 {
        session.out.warn("backup-records-damaged", &[]);
    }
    Ok(Outcome::Done)
}

impl Restore {
    fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let content = input::file(&self.file)?;
        // Before anything is made: a wrong passphrase leaves no empty profile behind.
        let backup = OpenedBackup::open(&content, &passphrase(session, false)?)
            .map_err(|error| Failure::from(error).about(self.file.display()))?;
        let is_new = session.profile(Kind::Device).is_err();
        let mut device = device::opened_or_made(session)?;
        let old = match self.old {
            Some(Old::Keep) => OldRows::Keep,
            Some(Old::Leave) => OldRows::LeaveOut,
            None => match device.old_rows(&backup)? {
                0 => OldRows::LeaveOut,
                count => ask(session, count)?,
            },
        };
        let restored = device.restore_backup(&backup, old)?;
        let line = json!({
            "visits": restored.visits,
            "others": restored.others,
            "already": restored.already,
            "deleted": restored.deleted,
            "expired": restored.expired,
            "old": restored.old,
            "authorities": restored.authorities,
        });
        session.out.answer(
            &line,
            "backup-restored",
            &[
                ("visits", &restored.visits),
                ("others", &restored.others),
                ("already", &restored.already),
                ("deleted", &restored.deleted),
                ("expired", &restored.expired),
                ("authorities", &restored.authorities),
            ],
        )?;
        if restored.old > 0 {
            session.out.say("backup-old-left-out", &[("count", &restored.old)])?;
        }
        if is_new {
            session.out.say("backup-pair-again", &[])?;
        }
        Ok(Outcome::Done)
    }
}

/// The backup's passphrase: from the environment, or typed; a new one twice.
fn passphrase(session: &Session, new: bool) -> Result<Zeroizing<String>, Failure> {
    let given = std::env::var("TECHO_BACKUP_PASSPHRASE").ok();
    if let Some(given) = given.filter(|given| !given.is_empty()) {
        return Ok(Zeroizing::new(given));
    }
    if !question::can_ask(session) {
        return Err(BackupError::NoPassphrase.into());
    }
    let type_in = |id| {
        let prompt = session.out.texts().plain(id);
        rpassword::prompt_password(format!("{prompt} "))
            .map(Zeroizing::new)
            .map_err(|_| Failure::from(BackupError::NoPassphrase))
    };
    let typed = type_in("backup-passphrase")?;
    if typed.is_empty() {
        return Err(BackupError::NoPassphrase.into());
    }
    if new && *type_in("backup-passphrase-again")? != *typed {
        return Err(CliError::PassphrasesDiffer.into());
    }
    Ok(typed)
}

fn ask(session: &Session, count: u32) -> Result<OldRows, Failure> {
    let keep = question::can_ask(session) && question::yes(session, "backup-old-ask", &[("count", &count)])?;
    Ok(if keep { OldRows::Keep } else { OldRows::LeaveOut })
}
