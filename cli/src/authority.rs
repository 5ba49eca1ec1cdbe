//! `techo authority`: everything the health authority does.

mod audit;
mod case;
mod code;
mod import;
mod notice;
pub(crate) mod publish;
mod recall;
mod schedule;
mod sheet;
mod trust;
mod trust_bundle;
mod venue;

use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;
use techo_authority::keys::Passphrase;
use techo_authority::profile::NewAuthority;
use techo_protocol::Coded;
use techo_protocol::basics::text_file::text_of;
use techo_protocol::exposure::notice::LocalisedText;

use crate::failure::CliError;
use crate::profile::{self, Kind};
use crate::session::Session;
use crate::{Failure, Outcome, input};

techo_protocol::coded_errors! {
    /// What can be wrong with what `techo authority` is asked.
    pub enum AuthorityCommandError {
        /// `--text` without a language.
        TextFlag = "text.language_missing", "A text is given as LANGUAGE=FILE.", "Write for example --text ja=text.txt.";
        /// A text of nothing.
        TextEmpty = "text.empty", "The text file is empty.", "Write the text into it, or leave --text out.";
        /// A text that is not UTF-8.
        TextNotUtf8 = "text.not_utf8", "The text file is not UTF-8.", "Save it as UTF-8.";
        /// No relay was named, and the trust list names none.
        NoRelay = "publish.no_relay", "No relay is known.", "Give one with --relay, or add one to the trust list with `authority trust export FILE --relay URL`.";
        /// A manifest whose audit head the log does not have.
        AuditDisagrees = "audit.disagrees", "The audit log has no row with the hash that the manifest carries.", "The log was rewritten or cut, or the manifest is of another authority. Compare with a backup.";
    }
}

/// Run a health authority: venues, posters, notices, publishing, sent diaries
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  techo --data pref authority init --name \"Osaka Prefecture\"
  techo --data pref authority venue add --name \"Bar Yoru\" --address \"Kita-ku, Osaka\" --kind restaurant --seats 40 --poster yoru.png
  techo --data pref authority notice add --venue ID --from 2026-11-20T19:00 --to 2026-11-20T22:00 --severity caution
  techo --data pref authority publish --relay https://relay.example")]
pub enum Authority {
    Init(Init),
    #[command(subcommand)]
    Venue(venue::Venue),
    #[command(subcommand)]
    Code(code::Code),
    #[command(subcommand)]
    Trust(trust::Trust),
    #[command(subcommand)]
    Notice(notice::Notice),
    #[command(subcommand)]
    Recall(recall::Recall),
    #[command(subcommand)]
    Schedule(schedule::Schedule),
    Import(import::Import),
    #[command(subcommand)]
    Case(case::Case),
    Publish(publish::Publish),
    Audit(audit::Audit),
}

/// Make an authority: its keys, its trust list, its database
#[derive(Debug, Args)]
pub struct Init {
    /// The authority's name, as people will see it
    #[arg(long)]
    name: String,
    /// The host in the URLs of its venue codes
    #[arg(long, default_value = "techo.example")]
    host: String,
}

impl Authority {
    /// Runs a command of an authority and answers its outcome.
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Init(init) => init.run(session),
            Self::Venue(venue) => venue.run(session),
            Self::Code(code) => code.run(session),
            Self::Trust(trust) => trust.run(session),
            Self::Notice(notice) => notice.run(session),
            Self::Recall(recall) => recall.run(session),
            Self::Schedule(schedule) => schedule.run(session),
            Self::Import(import) => import.run(session),
            Self::Case(case) => case.run(session),
            Self::Publish(publish) => publish.run(session),
            Self::Audit(audit) => audit.run(session),
        }
    }
}

impl Init {
    fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let folder = session.folder()?;
        let about = |error| Failure::from(error).about(folder.display());
        if profile::kind(&folder).map_err(about)?.is_some() {
            return Err(about(CliError::WrongKind));
        }
        let new = NewAuthority {
            name: &self.name,
            host: &self.host,
        };
        let passphrase = session.passphrase().map(Passphrase::new);
        let authority = techo_authority::Authority::init(&folder, &new, passphrase, session.now(), &session.random)?;
        // Last: a folder is an authority's only once it holds a whole one.
        profile::create(&folder, Kind::Authority).map_err(about)?;
        let (id, list) = (authority.id(), authority.trust_list()?);
        let clear = authority.has_clear_keys();
        let line = json!({
            "authority": id.to_string(),
            "name": list.name,
            "host": list.host,
            "fingerprint": id.fingerprint(),
            "keys": if clear { "clear" } else { "passphrase" },
        });
        session.out.answer(
            &line,
            "authority-made",
            &[("name", &list.name), ("fingerprint", &id.fingerprint())],
        )?;
        session.out.say("authority-root", &[])?;
        warn_of_clear_keys(session, &authority);
        Ok(Outcome::Done)
    }
}

/// The authority of the profile.
pub(crate) fn open(session: &Session) -> Result<techo_authority::Authority, Failure> {
    let folder = session.profile(Kind::Authority)?;
    Ok(techo_authority::Authority::open(
        &folder,
        session.passphrase().map(Passphrase::new),
    )?)
}

pub(crate) fn warn_of_clear_keys(session: &Session, authority: &techo_authority::Authority) {
    if authority.has_clear_keys() {
        session.out.warn("authority-clear-keys", &[]);
    }
}

/// Reads the texts that flags of the form `LANGUAGE=FILE` name.
fn read_texts(flags: &[String]) -> Result<LocalisedText, Failure> {
    let mut text = LocalisedText::default();
    for flag in flags {
        let (language, file) = flag
            .split_once('=')
            .filter(|(language, _)| is_language(language))
            .ok_or_else(|| Failure::from(AuthorityCommandError::TextFlag).about(flag))?;
        let content = input::file(Path::new(file))?;
        let content = text_of(&content).ok_or_else(|| Failure::from(AuthorityCommandError::TextNotUtf8).about(file))?;
        let content = content.trim();
        if content.is_empty() {
            return Err(Failure::from(AuthorityCommandError::TextEmpty).about(file));
        }
        text.0.insert(language.to_ascii_lowercase(), content.to_owned());
    }
    Ok(text)
}

/// Whether a text may be a language tag (BCP 47): letters, digits and hyphens.
fn is_language(text: &str) -> bool {
    (2..=35).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Says a warning on stderr, for people; scripts find its code in the answer.
pub(crate) fn warn(session: &Session, warning: &dyn Coded) {
    let texts = session.out.texts();
    session.out.warn(
        "authority-warning",
        &[("message", &texts.message(warning)), ("hint", &texts.hint(warning))],
    );
}
