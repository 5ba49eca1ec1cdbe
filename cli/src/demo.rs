//! `techo demo`: the whole job, step by step, with what each party could see. Everything is real: pictures are drawn and scanned, files are
//! signed and fetched over HTTP, diaries lie in vaults. It runs in a folder of its own, which is removed at the end.

mod cast;
mod household;
mod loopback;
mod patient;
mod phone;
mod search;
mod sync;
mod town;
mod vaccine;

use std::path::Path;

use clap::Args;
use techo_authority::notices::{Change, Content, Revision};
use techo_core::exposure::alerts::{Alert, AlertState};
use techo_protocol::basics::clock::{DAY_SECONDS, HOUR_SECONDS as HOUR};
use techo_protocol::exposure::notice::{DEFAULT_TAIL_SECONDS, LocalisedText, Severity, Window};

use crate::exposure::there;
use crate::session::Session;
use crate::texts::Argument;
use crate::{Failure, Outcome, time};
use cast::{Cast, Resident};

/// The name that must be nowhere it does not belong.
const VENUE: &str = "Bar Yoru 夜";
const ADDRESS: &str = "1-2-3 Sonezaki, Kita-ku, Osaka";

/// See the main job work, step by step, with what each party could see
#[derive(Debug, Args)]
pub struct Demo {
    /// Two devices of one household and a relay that lies, in place of the main job
    #[arg(long)]
    sync: bool,
    /// A town, a vaccination site without a network, and a stick, in place of the main job
    #[arg(long, conflicts_with = "sync")]
    vaccine: bool,
    /// Keep the folder of the demonstration, to look at what each party held
    #[arg(long)]
    keep: bool,
}

impl Demo {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let folder = search::TemporaryFolder::new(&session.random, self.keep)?;
        if self.keep {
            session.out.say_line(&folder.path().display().to_string())?;
        }
        let told = Story {
            session,
            step: std::cell::Cell::new(0),
        };
        if self.sync {
            told.tell_sync(folder.path())
        } else if self.vaccine {
            told.tell_vaccine(folder.path())
        } else {
            told.tell(folder.path())
        }
    }
}

struct Story<'a> {
    session: &'a Session,
    step: std::cell::Cell<u32>,
}

impl Story<'_> {
    fn step(&self, id: &str, arguments: &[(&str, &dyn Argument)]) -> Result<(), Failure> {
        self.step.set(self.step.get() + 1);
        let texts = self.session.out.texts();
        let title = format!("{}. {}", self.step.get(), texts.of(id, arguments));
        self.session.out.print(&format!("\n{}", self.session.out.bold(&title)))
    }

    fn say(&self, id: &str, arguments: &[(&str, &dyn Argument)]) -> Result<(), Failure> {
        self.session
            .out
            .print(&format!("   {}", self.session.out.texts().of(id, arguments)))
    }

    fn tell(&self, folder: &Path) -> Result<Outcome, Failure> {
        let texts = self.session.out.texts();
        self.session.out.print(&texts.plain("demo-title"))?;
        // Yesterday evening in Japan, whatever day it is.
        let now = self.session.now();
        let evening = now.div_euclid(DAY_SECONDS) * DAY_SECONDS - DAY_SECONDS + 10 * HOUR;
        let at = |hours: i64, minutes: i64| evening + hours * HOUR + minutes * 60;

        self.step("demo-venue", &[("venue", &VENUE)])?;
        let mut cast = Cast::gather(folder, VENUE, ADDRESS, evening - 2 * HOUR)?;
        self.say(
            "demo-venue-poster",
            &[("bytes", &cast.poster.len()), ("digits", &cast.code_digits)],
        )?;
        self.say("demo-relay-started", &[("url", &cast.relay_url())])?;

        self.step("demo-scan", &[])?;
        let plan = [("Aki", at(-1, 0), 30_u16), ("Yui", at(0, 10), 60), ("Ren", at(2, 40), 45)];
        let mut residents = Vec::new();
        for (name, from, stay) in plan {
            let (resident, ms) = cast.resident(name, from, stay, now)?;
            let to = time::clock(from + i64::from(stay) * 60);
            self.say(
                "demo-scanned",
                &[
                    ("name", &name),
                    ("from", &time::clock(from)),
                    ("to", &to),
                    ("ms", &format!("{ms:.1}")),
                ],
            )?;
            residents.push(resident);
        }
        self.say("demo-scan-secret", &[])?;

        self.step("demo-quiet", &[])?;
        cast.publish(now)?;
        self.look(&cast, &mut residents, &[None, None, None])?;

        let window = Window {
            from: at(0, 0),
            to: at(2, 30),
            tail: DEFAULT_TAIL_SECONDS,
        };
        let hours = [("from", time::clock(window.from)), ("to", time::clock(window.to))];
        self.step("demo-notice", &[(hours[0].0, &hours[0].1), (hours[1].0, &hours[1].1)])?;
        let text = LocalisedText(
            [
                ("en", "Watch for symptoms for ten days."),
                ("ja", "10日間、体調に注意してください。"),
            ]
            .map(|(language, text)| (language.to_owned(), text.to_owned()))
            .into(),
        );
        let content = Content {
            window,
            severity: Severity::Caution,
            advice: 0,
            text,
        };
        let notice = cast.change(&Change::Add(cast.venue, content), now)?;
        let bytes = cast.publish(now)?;
        self.say("demo-published", &[("bytes", &bytes)])?;
        self.say("demo-relay-sees", &[("tag", &cast.any_tag()?)])?;
        self.look(&cast, &mut residents, &[None, Some(AlertState::New), Some(AlertState::New)])?;

        self.step("demo-revise", &[("to", &time::clock(at(1, 0)))])?;
        let revision = Revision {
            to: Some(at(1, 0)),
            ..Revision::default()
        };
        cast.change(&Change::Revise(notice, revision), now)?;
        cast.publish(now)?;
        self.look(
            &cast,
            &mut residents,
            &[None, Some(AlertState::Revised), Some(AlertState::Withdrawn)],
        )?;

        self.step("demo-withdraw", &[])?;
        cast.change(&Change::Withdraw(notice), now)?;
        cast.publish(now)?;
        self.look(
            &cast,
            &mut residents,
            &[None, Some(AlertState::Withdrawn), Some(AlertState::Withdrawn)],
        )?;

        self.step("demo-search", &[])?;
        let (requests, log) = cast.stop_relay();
        // No shorter words: two bytes of sealed noise would be found by chance.
        let found = search::for_words(folder, &log, &[VENUE, "Bar Yoru", "Sonezaki"])?;
        self.say(
            "demo-searched",
            &[("files", &found.files), ("bytes", &found.bytes), ("lines", &requests)],
        )?;
        for place in &found.places {
            self.say("demo-found", &[("place", place)])?;
        }
        if found.places.is_empty() {
            self.say("demo-clean", &[])?;
        }
        self.learned()?;
        Ok(if found.places.is_empty() { Outcome::Done } else { Outcome::No })
    }

    /// Each resident fetches and looks; what is shown must be what the story expects.
    fn look(&self, cast: &Cast, residents: &mut [Resident], expected: &[Option<AlertState>]) -> Result<(), Failure> {
        for (resident, expected) in residents.iter_mut().zip(expected) {
            let alerts = resident.look(cast)?;
            let shown = alerts.first().map(|alert| alert.state);
            if shown != *expected {
                return Err(crate::failure::CliError::DemoFailed.into());
            }
            self.show(&resident.name, alerts.first())?;
        }
        Ok(())
    }

    fn show(&self, name: &str, alert: Option<&Alert>) -> Result<(), Failure> {
        let Some(alert) = alert else {
            return self.say("demo-nothing", &[("name", &name)]);
        };
        // The states as they are in JSON, so that they can be found in any language.
        let state = alert.state.as_str();
        let content = &alert.content;
        let texts = self.session.out.texts();
        let text = content
            .text
            .as_ref()
            .and_then(|text| text.best(texts.languages()))
            .unwrap_or_default();
        if alert.state == AlertState::Withdrawn {
            return self.say(
                "demo-alert-withdrawn",
                &[("name", &name), ("state", &state), ("venue", &alert.name)],
            );
        }
        let (from, to) = (time::clock(content.from), time::clock(content.to));
        self.say(
            "demo-alert",
            &[
                ("name", &name),
                ("state", &state),
                ("venue", &alert.name),
                ("from", &from),
                ("to", &to),
                ("there", &there(content, texts)),
                ("text", &text),
            ],
        )
    }

    /// What each party could learn in all this.
    fn learned(&self) -> Result<(), Failure> {
        self.step("demo-learned", &[])?;
        for id in [
            "demo-learned-relay",
            "demo-learned-authority",
            "demo-learned-venue",
            "demo-learned-others",
            "demo-learned-phone",
        ] {
            self.say(id, &[])?;
        }
        self.session.out.print("")
    }
}
