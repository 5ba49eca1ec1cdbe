//! `techo scan`: what codes a picture or text holds, and whether they are to be believed. Needs no profile and makes none.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use techo_core::device::Device;
use techo_core::recognise::{FoundText, Recognised, RecognisedText};
use techo_core::scan::Level;
use techo_protocol::trust::TrustList;

use crate::session::Session;
use crate::{Failure, Outcome, device, input};

/// Look at pictures, text files, stdin (-) or a text, and say what codes they hold
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  techo scan poster.png
  techo scan --trust pref.trust photo.jpg      believe this authority for this run only
  techo scan *.png --json")]
pub struct Scan {
    /// Picture, text file, - for stdin, or the text itself
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
    /// A trust file to believe for this run, beside those that the profile follows
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
}

/// Who looks: the profile's device, which believes those that it follows, or somebody who believes the files that were named alone.
enum Looking {
    Device(Box<Device>),
    Nobody { lists: Vec<TrustList>, now: i64 },
}

impl Looking {
    fn of(session: &Session) -> Result<Self, Failure> {
        Ok(match device::opened_if_any(session)? {
            Some(device) => Self::Device(Box::new(device)),
            None => Self::Nobody {
                lists: Vec::new(),
                now: session.now(),
            },
        })
    }

    fn believe(&mut self, file: &[u8]) -> Result<(), Failure> {
        let list = TrustList::read(file)?;
        match self {
            Self::Device(device) => device.believe_for_now(file)?,
            Self::Nobody { lists, .. } => lists.push(list),
        }
        Ok(())
    }

    fn what_is(&mut self, text: &str) -> Result<RecognisedText, Failure> {
        Ok(match self {
            Self::Device(device) => device.what_is(text)?,
            Self::Nobody { lists, now } => Recognised::of(text, lists).view(text, *now),
        })
    }
}

impl Scan {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let mut looking = Looking::of(session)?;
        for path in &self.trust {
            looking.believe(&input::file(path)?)?;
        }
        let mut outcome = Outcome::Done;
        let mut failed = None;
        for name in &self.inputs {
            match input::read(name) {
                Ok(read) => {
                    if read.codes.is_empty() {
                        outcome = Outcome::No;
                    }
                    show(session, name, &read, &mut looking)?;
                }
                // The other pictures are still looked at.
                Err(failure) => {
                    if let Some(earlier) = failed.replace(failure) {
                        let _: std::process::ExitCode = earlier.report(session.out.is_json());
                    }
                }
            }
        }
        failed.map_or(Ok(outcome), Err)
    }
}

fn show(session: &Session, name: &str, read: &input::Input, looking: &mut Looking) -> Result<(), Failure> {
    let out = &session.out;
    let mut codes = Vec::new();
    for code in &read.codes {
        let recognised = looking.what_is(&code.text)?;
        codes.push(line(code, &recognised));
        let about = shortened(recognised.name.as_deref().unwrap_or(&code.text));
        let address = recognised
            .address
            .as_ref()
            .map(|address| format!(", {}", address.replace('\n', ", ")))
            .unwrap_or_default();
        let texts = out.texts();
        let signature = texts.plain(&format!("signature-{}", recognised.signature.name().replace('_', "-")));
        let kind = texts.plain(&format!("kind-{}", recognised.kind.name().replace('_', "-")));
        out.say(
            "scan-code",
            &[
                ("kind", &kind),
                ("about", &about),
                ("address", &address),
                ("signature", &signature),
            ],
        )?;
    }
    if codes.is_empty() {
        out.say("scan-nothing", &[("file", &name)])?;
    }
    out.line(&json!({ "file": name, "ms": read.ms, "codes": codes }))
}

fn line(code: &FoundText, recognised: &RecognisedText) -> Value {
    let mut line = json!({
        "text": code.text,
        "kind": recognised.kind.name(),
        "signature": recognised.signature.name(),
    });
    let mut add = |name: &str, value: Value| line.as_object_mut().map(|fields| fields.insert(name.to_owned(), value));
    if let Some(found) = &code.code {
        add("version", json!(found.version));
        add("level", json!(level(found.level)));
        if std::str::from_utf8(&found.bytes).is_err() {
            add("bytes", json!(hex::encode(&found.bytes)));
        }
    }
    if let Some(name) = &recognised.name {
        add("name", json!(name));
    }
    if let Some(address) = &recognised.address {
        add("address", json!(address));
    }
    if let Some(error) = &recognised.unreadable {
        add("reason", json!(techo_protocol::Coded::code(error)));
    }
    line
}

/// A text as a line for people: a text file may be given by mistake.
fn shortened(text: &str) -> String {
    const MOST: usize = 300;
    let mut line: String = text.chars().take(MOST).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    line
}

fn level(level: Level) -> &'static str {
    match level {
        Level::L => "L",
        Level::M => "M",
        Level::Q => "Q",
        Level::H => "H",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_long_text_is_shortened_between_characters() {
        assert_eq!(super::shortened("酒"), "酒");
        assert_eq!(super::shortened(&"酒".repeat(300)), "酒".repeat(300));
        assert_eq!(super::shortened(&"酒".repeat(301)), "酒".repeat(300) + "…");
    }
}
