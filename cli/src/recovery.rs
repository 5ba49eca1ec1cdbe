//! `techo recovery`: twelve words that bring the diary back when no device is left.

use std::io::IsTerminal as _;

use clap::Subcommand;
use serde_json::json;
use techo_core::device::{WordsLanguage, WordsRestore, check_words};
use techo_core::sync::household;
use zeroize::Zeroizing;

use crate::failure::CliError;
use crate::session::Session;
use crate::sync::say;
use crate::{Failure, Outcome, device};

/// Twelve words that bring the diary back when no device is left
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  techo recovery show                                  write them on paper; the old ones end
  techo --data new recovery restore --relay https://relay.example

The words are asked for in a terminal, or taken from TECHO_WORDS. Whoever has them has the diary.")]
pub enum Recovery {
    /// Make new words and show them, once. Those of before are of no use any more
    Show {
        /// The language of the words
        #[arg(long, value_name = "LANGUAGE", value_parser = ["en", "ja", "ko", "zh"])]
        language: Option<String>,
        /// The relay that keeps what the words open; without it, the one that was used last
        #[arg(long, value_name = "URL")]
        relay: Option<String>,
    },
    /// Let this device into the household of the words, and fetch its diary
    Restore {
        /// The relay that the household used
        #[arg(long, value_name = "URL")]
        relay: String,
        /// What this device is called in the list
        #[arg(long, default_value = household::DEFAULT_NAME)]
        name: String,
    },
}

impl Recovery {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Show { language, relay } => show(session, language.as_deref(), relay.as_deref()),
            Self::Restore { relay, name } => bring_back(session, &relay, &name),
        }
    }
}

fn show(session: &Session, language: Option<&str>, relay: Option<&str>) -> Result<Outcome, Failure> {
    let of_person = if session.out.texts().is_japanese() {
        WordsLanguage::Japanese
    } else {
        WordsLanguage::English
    };
    let language = language.map_or(of_person, WordsLanguage::of_tag);
    let new = device::opened_or_made(session)?.new_words(language, relay)?;
    session
        .out
        .answer(&json!({ "words": *new.words }), "recovery-words", &[("words", &*new.words)])?;
    session.out.say("recovery-keep", &[])?;
    Ok(Outcome::Done)
}

fn bring_back(session: &Session, relay: &str, name: &str) -> Result<Outcome, Failure> {
    let request = WordsRestore {
        words: typed_words(session)?,
        relay: relay.to_owned(),
        name: name.to_owned(),
    };
    // Words that are none make no profile.
    check_words(&request.words)?;
    let restored = device::opened_or_made(session)?.restore_by_words(&request)?;
    let taken_over = restored.taken_over;
    session.out.answer(
        &json!({ "restored": true, "taken_over": taken_over }),
        if taken_over {
            "recovery-taken-over"
        } else {
            "recovery-restored"
        },
        &[],
    )?;
    // From words alone nobody can know whether the relay showed the newest state.
    session.out.say("recovery-no-proof", &[])?;
    say(session, restored.synced)
}

fn typed_words(session: &Session) -> Result<Zeroizing<String>, Failure> {
    if let Some(words) = std::env::var("TECHO_WORDS").ok().filter(|words| !words.is_empty()) {
        return Ok(Zeroizing::new(words));
    }
    if !std::io::stdin().is_terminal() {
        return Err(CliError::WordsMissing.into());
    }
    session.out.say("recovery-type-words", &[])?;
    let mut typed = Zeroizing::new(String::new());
    std::io::stdin().read_line(&mut typed).map_err(|_| CliError::FileUnreadable)?;
    Ok(typed)
}
