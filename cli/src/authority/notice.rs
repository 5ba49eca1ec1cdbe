//! `techo authority notice`: what is said of venues.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use serde_json::json;
use techo_authority::notices::{self, Change, Changed, Content, Revision};
use techo_protocol::exposure::notice::{DEFAULT_TAIL_SECONDS, NoticeId, Severity, Window};

use super::{open, read_texts, venue};
use crate::session::Session;
use crate::{Failure, Outcome, time};

/// Say that a venue was an exposure; revise it; take it back. `authority publish` sends it out
#[derive(Debug, Subcommand)]
pub enum Notice {
    Add(Add),
    Revise(Revise),
    /// Take a notice back
    Withdraw {
        /// The notice's number
        notice: String,
        /// Only show what publishing it takes
        #[arg(long)]
        dry_run: bool,
    },
    /// All notices
    List,
}

/// Make a notice
#[derive(Debug, Args)]
pub struct Add {
    /// The venue's number
    #[arg(long, value_name = "ID")]
    venue: String,
    /// When the exposure began
    #[arg(long, value_name = "TIME")]
    from: String,
    /// When it ended
    #[arg(long, value_name = "TIME")]
    to: String,
    /// How serious it is
    #[arg(long, value_parser = severities())]
    severity: Severity,
    #[command(flatten)]
    more: More,
}

/// Replace what a notice says; what is not given stays
#[derive(Debug, Args)]
pub struct Revise {
    /// The notice's number
    notice: String,
    /// When the exposure began
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// When it ended
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// How serious it is
    #[arg(long, value_parser = severities())]
    severity: Option<Severity>,
    #[command(flatten)]
    more: More,
}

#[derive(Debug, Args)]
struct More {
    /// For how many minutes after the end people are still warned; 30 unless given
    #[arg(long, value_name = "MINUTES")]
    tail: Option<u32>,
    /// Number of the advice in the authority's own list
    #[arg(long, value_name = "A")]
    advice: Option<u8>,
    /// What people are told, as LANGUAGE=FILE; may be given several times
    #[arg(long, value_name = "LANGUAGE=FILE")]
    text: Vec<String>,
    /// Only show what publishing it takes
    #[arg(long)]
    dry_run: bool,
}

fn severities() -> impl clap::builder::TypedValueParser<Value = Severity> {
    let all = [Severity::Caution, Severity::Cluster];
    PossibleValuesParser::new(all.map(Severity::as_str)).map(move |name| {
        all.into_iter()
            .find(|severity| severity.as_str() == name)
            .unwrap_or(Severity::Caution)
    })
}

impl Notice {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let (change, dry_run) = match self {
            Self::List => return list(session),
            Self::Add(add) => {
                let content = Content {
                    window: Window {
                        from: time::read(&add.from)?,
                        to: time::read(&add.to)?,
                        tail: add.more.tail_seconds().unwrap_or(DEFAULT_TAIL_SECONDS),
                    },
                    severity: add.severity,
                    advice: add.more.advice.unwrap_or(0),
                    text: read_texts(&add.more.text)?,
                };
                (Change::Add(venue::number(&add.venue)?, content), add.more.dry_run)
            }
            Self::Revise(revise) => {
                let text = read_texts(&revise.more.text)?;
                let revision = Revision {
                    from: revise.from.as_deref().map(time::read).transpose()?,
                    to: revise.to.as_deref().map(time::read).transpose()?,
                    tail: revise.more.tail_seconds(),
                    severity: revise.severity,
                    advice: revise.more.advice,
                    text: (!text.0.is_empty()).then_some(text),
                };
                (Change::Revise(number(&revise.notice)?, revision), revise.more.dry_run)
            }
            Self::Withdraw { notice, dry_run } => (Change::Withdraw(number(&notice)?), dry_run),
        };
        let changed = open(session)?.change_notice(&change, dry_run, session.now(), &session.random)?;
        answer(session, &change, &changed, dry_run)
    }
}

impl More {
    fn tail_seconds(&self) -> Option<i64> {
        self.tail.map(|minutes| i64::from(minutes) * 60)
    }
}

fn number(text: &str) -> Result<NoticeId, Failure> {
    text.parse::<NoticeId>().map_err(|error| Failure::from(error).about(text))
}

fn answer(session: &Session, change: &Change, changed: &Changed, dry_run: bool) -> Result<Outcome, Failure> {
    let effect = changed.effect;
    let mut line = json!({
        "notice": changed.notice.to_string(),
        "revision": changed.revision,
        "effect": { "hours": effect.hours, "codes": effect.codes, "entries": effect.entries, "bytes": effect.bytes },
    });
    if dry_run {
        line["dry_run"] = json!(true);
        if matches!(change, Change::Add(..)) {
            // Its number would be another when it is made.
            line["notice"] = json!(null);
        }
    }
    let id = match (change, dry_run) {
        (_, true) => "authority-notice-dry-run",
        (Change::Add(..), _) => "authority-notice-added",
        (Change::Revise(..), _) => "authority-notice-revised",
        (Change::Withdraw(_), _) => "authority-notice-withdrawn",
    };
    session.out.answer(
        &line,
        id,
        &[
            ("notice", &changed.notice),
            ("revision", &changed.revision),
            ("hours", &effect.hours),
            ("codes", &effect.codes),
            ("bytes", &effect.bytes),
        ],
    )?;
    Ok(Outcome::Done)
}

fn list(session: &Session) -> Result<Outcome, Failure> {
    for notice in open(session)?.notices()? {
        let window = notice.content.window;
        let line = json!({
            "notice": notice.id.to_string(),
            "revision": notice.revision,
            "venue": notice.venue.to_string(),
            "name": notice.venue_name,
            "from": time::write(window.from),
            "to": time::write(window.to),
            "tail_minutes": window.tail / 60,
            "severity": notice.content.severity.as_str(),
            "advice": notice.content.advice,
            "text": notice.content.text,
            "withdrawn": notice.withdrawn,
            "published": notice.published,
            "made": time::write(notice.made_at),
        });
        session.out.answer(
            &line,
            state(&notice),
            &[
                ("notice", &notice.id),
                ("revision", &notice.revision),
                ("name", &notice.venue_name),
                ("from", &time::day_and_time(window.from, session.out.texts())),
                ("to", &time::day_and_time(window.to, session.out.texts())),
                ("severity", &notice.content.severity.as_str()),
            ],
        )?;
    }
    Ok(Outcome::Done)
}

fn state(notice: &notices::Notice) -> &'static str {
    match (notice.withdrawn, notice.published) {
        (false, true) => "authority-notice",
        (false, false) => "authority-notice-pending",
        (true, _) => "authority-notice-gone",
    }
}
