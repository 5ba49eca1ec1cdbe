//! `techo exposure`: bring the authorities' lists, and see which visits they are about.

use clap::Subcommand;
use serde_json::json;
use techo_core::device::FetchOutcome;
use techo_core::exposure::alerts::{Alert, AlertContent, AlertState};
use techo_core::exposure::lists::{Freshness, ListAge};
use techo_protocol::exposure::notice::NoticeId;

use crate::session::Session;
use crate::texts::{Texts, harmless};
use crate::{Failure, Outcome, device, time};

/// Fetch exposure lists and see whether a visit was one
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  techo exposure fetch
  techo exposure list
  techo exposure dismiss VISIT NOTICE")]
pub enum Exposure {
    /// Bring the newest lists of all authorities that are followed. Everybody fetches the same files
    Fetch {
        /// Ask this relay in place of those that the trust lists name; may be given several times
        #[arg(long, value_name = "URL")]
        relay: Vec<String>,
    },
    /// Which visits were exposures, and how old the lists are. What is shown counts as seen
    List,
    /// Put an alert away
    Dismiss {
        /// The visit, as `exposure list` shows it
        visit: String,
        /// The notice, as `exposure list` shows it
        notice: String,
    },
}

impl Exposure {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Fetch { relay } => fetch(session, &relay),
            Self::List => list(session),
            Self::Dismiss { visit, notice } => dismiss(session, &visit, &notice),
        }
    }
}

fn fetch(session: &Session, relays: &[String]) -> Result<Outcome, Failure> {
    let mut failure = None;
    for fetched in device::opened(session)?.fetch(relays)? {
        let authority = fetched.authority.to_string();
        let (new, id) = match fetched.outcome {
            FetchOutcome::Current { new } => (new, "exposure-fetched"),
            FetchOutcome::NothingPublished => (0, "exposure-nothing-published"),
            FetchOutcome::Failed { why } => {
                let why = Failure::from(why).about(&fetched.name);
                if let Some(earlier) = failure.replace(why) {
                    let _: std::process::ExitCode = earlier.report(session.out.is_json());
                }
                continue;
            }
        };
        let line = json!({ "authority": authority, "name": fetched.name, "new_lists": new });
        session.out.answer(&line, id, &[("name", &fetched.name), ("new", &new)])?;
    }
    failure.map_or(Ok(Outcome::Done), Err)
}

fn list(session: &Session) -> Result<Outcome, Failure> {
    let mut device = device::opened(session)?;
    let warnings = device.warnings()?;
    for alert in &warnings.alerts {
        show(session, alert)?;
    }
    if !warnings.has_standing() {
        nothing_found(session, &warnings.lists)?;
    }
    show_ages(session, &warnings.lists)?;
    device.mark_alerts_seen(&warnings.alerts)?;
    Ok(Outcome::Done)
}

fn show(session: &Session, alert: &Alert) -> Result<(), Failure> {
    let out = &session.out;
    let content = &alert.content;
    let text = content.text.as_ref().and_then(|text| text.best(out.texts().languages()));
    out.line(&json!({
        "visit": alert.id.visit.to_string(),
        "notice": alert.id.notice.to_string(),
        "authority": alert.id.authority.to_string(),
        "name": alert.name,
        "from": time::write(content.from),
        "to": time::write(content.to),
        "overlap_minutes": content.overlap_minutes,
        "after_minutes": content.after_minutes,
        "severity": content.severity.as_str(),
        "advice": content.advice,
        "text": content.text,
        "state": alert.state.as_str(),
    }))?;
    let texts = out.texts();
    let state = texts.plain(&format!("state-{}", alert.state.as_str()));
    let severity = texts.plain(&format!("severity-{}", content.severity.as_str()));
    let day = time::day(content.from, texts);
    let line = texts.of(
        if alert.state == AlertState::Withdrawn {
            "alert-withdrawn"
        } else {
            "alert"
        },
        &[
            ("state", &state),
            ("severity", &severity),
            ("name", &alert.name),
            ("day", &day),
            ("from", &time::clock(content.from)),
            ("to", &time::end(content.to, content.from, texts)),
            ("there", &there(content, texts)),
        ],
    );
    out.say_line(&out.bold(&line))?;
    if let Some(text) = text.filter(|_| alert.state != AlertState::Withdrawn) {
        out.say_line(&format!("    {}", harmless(text).replace('\n', "\n    ")))?;
    }
    out.say("alert-ids", &[("visit", &alert.id.visit), ("notice", &alert.id.notice)])
}

/// How long the person was there, in the window that is shown and in the tail after it.
pub fn there(content: &AlertContent, texts: &Texts) -> String {
    let (within, after) = (content.overlap_minutes, content.after_minutes);
    let id = match (within, after) {
        (_, 0) => "alert-within",
        (0, _) => "alert-after",
        _ => "alert-within-and-after",
    };
    texts.of(id, &[("minutes", &within), ("after", &after)])
}

/// Never "no exposure" on a list that is old: it says up to when nothing was found.
fn nothing_found(session: &Session, ages: &[ListAge]) -> Result<(), Failure> {
    let texts = session.out.texts();
    // Of a wrong clock and of damage the lines below tell; neither makes a list old.
    let fresh = ages.iter().all(|age| age.freshness != Freshness::Stale);
    match ages.iter().map(|age| age.as_of).min().flatten() {
        Some(oldest) if fresh => session
            .out
            .say("exposure-nothing", &[("time", &time::day_and_time(oldest, texts))]),
        Some(oldest) => session
            .out
            .say("exposure-nothing-stale", &[("time", &time::day_and_time(oldest, texts))]),
        None if ages.is_empty() => session.out.say("exposure-nobody-followed", &[]),
        None => session.out.say("exposure-no-lists", &[]),
    }
}

fn show_ages(session: &Session, ages: &[ListAge]) -> Result<(), Failure> {
    let lists: Vec<_> = ages
        .iter()
        .map(|age| {
            json!({
                "authority": age.authority.to_string(),
                "name": age.name,
                "as_of": age.as_of.map(time::write),
                "fresh": age.freshness == Freshness::Fresh,
                "clock_wrong": age.freshness == Freshness::ClockWrong,
                "damaged": age.freshness == Freshness::Damaged,
            })
        })
        .collect();
    session.out.line(&json!({ "lists": lists }))?;
    for age in ages {
        say_age(session, age)?;
    }
    Ok(())
}

/// How old the lists of an authority are, for people.
pub fn say_age(session: &Session, age: &ListAge) -> Result<(), Failure> {
    let as_of = age.as_of.map(|at| time::day_and_time(at, session.out.texts()));
    let id = match age.freshness {
        Freshness::Fresh => "list-fresh",
        Freshness::Stale if as_of.is_none() => "list-never",
        Freshness::Stale => "list-stale",
        Freshness::ClockWrong => "list-clock-wrong",
        Freshness::Damaged => "list-damaged",
    };
    let as_of = as_of.unwrap_or_default();
    session.out.say(id, &[("name", &age.name), ("as_of", &as_of)])
}

fn dismiss(session: &Session, visit: &str, notice: &str) -> Result<Outcome, Failure> {
    let visit = device::visit_id(visit)?;
    let notice: NoticeId = notice.parse()?;
    device::opened(session)?.dismiss_alert(visit, notice)?;
    session.out.answer(
        &json!({ "visit": visit.to_string(), "notice": notice.to_string(), "state": "dismissed" }),
        "alert-dismissed",
        &[],
    )?;
    Ok(Outcome::Done)
}
