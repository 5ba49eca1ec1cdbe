//! `techo verify`: is a certificate, slip or pass to be believed? Needs no profile and makes none.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use techo_core::certificates::{DocumentKind, Reason, StatedDose, Verdict, Verified};
use techo_core::device::{Check, CheckedDocument, Device};
use techo_core::recognise::TextKind;
use techo_core::vaccine::Checker;
use techo_protocol::Coded;
use techo_protocol::vaccination::revocations;
use techo_protocol::vaccination::status_pass::{StatusPassError, Value as Shown, is_nonce};

use crate::output::Output;
use crate::session::Session;
use crate::texts::{Texts, harmless};
use crate::{Failure, Outcome, device, input, time};

/// Check status passes, dose slips, certificates of the EU, SMART Health Cards, New Zealand's passes and VDS-NC, without any network
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  techo verify certificate.png --trust eu.bundle
  techo verify card-1.png card-2.png card-3.png       the codes of one SMART Health Card
  techo verify pass.png --door --trust sakai.trust    status passes only: nobody's certificate is needed at a door
  techo verify pass.png --nonce 7Kq2                  a strict check: the phone signed what the checker showed")]
pub struct Verify {
    /// Picture, text file, - for stdin, or the text itself
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<String>,
    /// Accept status passes only
    #[arg(long)]
    door: bool,
    /// Trust this issuer's key for this run: an X.509 certificate, a JWK or JWK set, or a DID document. May be given several times
    #[arg(long, value_name = "FILE")]
    trust_key: Vec<PathBuf>,
    /// Trust the issuers' keys of this bundle or this municipality's trust file, or heed this list of revoked passes, for this run, beside those that
    /// the profile has. May be given several times
    #[arg(long, value_name = "BUNDLE")]
    trust: Vec<PathBuf>,
    /// Strict check: the pass must answer this nonce, which the checker showed. As with --door, nothing but a status pass does
    #[arg(long, value_name = "N")]
    nonce: Option<String>,
    /// The time to check for, instead of now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Who checks: the profile's device, which believes those that it follows, or somebody who believes nobody yet.
enum Checking {
    Device(Box<Device>),
    Nobody(Checker),
}

impl Checking {
    fn of(session: &Session) -> Result<Self, Failure> {
        Ok(match device::opened_if_any(session)? {
            Some(device) => Self::Device(Box::new(device)),
            None => Self::Nobody(Checker::default()),
        })
    }

    fn believe(&mut self, file: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Device(device) => Ok(device.believe_for_now(file)?),
            Self::Nobody(checker) => Ok(checker.believe(file)?),
        }
    }

    fn believe_key(&mut self, file: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Device(device) => Ok(device.believe_key_for_now(file)?),
            Self::Nobody(checker) => Ok(checker.believe_key(file)?),
        }
    }

    fn check(&mut self, check: &Check, now: i64) -> Result<Vec<CheckedDocument>, Failure> {
        match self {
            Self::Device(device) => Ok(device.check(check)?),
            Self::Nobody(checker) => Ok(checker.check(check, now)?),
        }
    }
}

impl Verify {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let at = self.at.as_deref().map(time::read).transpose()?;
        if let Some(nonce) = self.nonce.as_deref().filter(|nonce| !is_nonce(nonce)) {
            return Err(Failure::from(StatusPassError::CannotBeWritten).about(nonce));
        }
        let mut checking = self.checking(session)?;
        let mut texts = Vec::new();
        let mut without_code = 0;
        for name in &self.inputs {
            let codes = input::read(name)?.codes;
            without_code += usize::from(codes.is_empty());
            texts.extend(codes.into_iter().map(|code| code.text));
        }
        if texts.is_empty() {
            // Core says so itself, once.
            without_code = 0;
        }
        let check = Check {
            texts,
            at_door: self.door,
            nonce: self.nonce,
            at,
        };
        let mut answers = checking.check(&check, session.now())?;
        let nothing = || CheckedDocument::from(Verified::unreadable(Reason::NoCode));
        answers.extend(std::iter::repeat_with(nothing).take(without_code));
        for answer in &answers {
            show(session, answer)?;
        }
        let is_valid = answers.iter().all(|answer| answer.verdict == Verdict::Valid);
        Ok(if is_valid { Outcome::Done } else { Outcome::No })
    }

    fn checking(&self, session: &Session) -> Result<Checking, Failure> {
        let mut checking = Checking::of(session)?;
        let mut files = Vec::new();
        for path in &self.trust {
            files.push((path, input::file(path)?));
        }
        // Lists of revoked passes are read by the trust files, whatever their order on the command line.
        files.sort_by_key(|(_, content)| revocations::is_form(content));
        for (path, content) in files {
            checking.believe(&content).map_err(|failure| failure.about(path.display()))?;
        }
        for path in &self.trust_key {
            let content = input::file(path)?;
            checking
                .believe_key(&content)
                .map_err(|failure| failure.about(path.display()))?;
        }
        Ok(checking)
    }
}

fn show(session: &Session, verified: &CheckedDocument) -> Result<(), Failure> {
    let out = &session.out;
    out.line(&line(verified))?;
    let texts = out.texts();
    let kind = verified.seems.map_or(verified.kind.name(), TextKind::name);
    let kind = texts.plain(&format!("kind-{}", kind.replace('_', "-")));
    if verified.kind == DocumentKind::Unknown {
        let is_empty = verified.reasons == [Reason::NoCode];
        out.say(
            if is_empty { "verify-nothing" } else { "verify-no-document" },
            &[("kind", &kind)],
        )?;
    } else {
        say_verdict(out, verified.verdict, &kind, verified.issuer.as_deref())?;
    }
    for value in &verified.shown {
        let field = texts.plain(&format!("status-field-{}", value.field().name().replace('_', "-")));
        let said = match value {
            Shown::Status(status) => texts.plain(&format!("status-{}", status.name().replace('_', "-"))),
            _ => harmless(&value.to_text()),
        };
        out.say_line(&format!("{field}: {}", out.bold(&said)))?;
    }
    if verified.kind == DocumentKind::Status {
        if verified.holder.is_some() {
            out.say("verify-compare", &[])?;
        }
        match verified.revocations_at {
            Some(at) => out.say("verify-revocations", &[("day", &time::day_and_time(at, texts))])?,
            None if verified.verdict == Verdict::Valid => out.warn("verify-no-revocations", &[]),
            None => {}
        }
    } else if let Some(holder) = &verified.holder {
        let born = holder.born.as_deref().unwrap_or("?");
        let name = Some(holder.name.as_str()).filter(|name| !name.is_empty()).unwrap_or("?");
        out.say("verify-holder", &[("name", &name), ("born", &born)])?;
    }
    for dose in &verified.doses {
        let date = dose.date.as_ref().or(dose.when.as_ref());
        let lot = dose
            .lot
            .as_ref()
            .map(|lot| texts.of("verify-lot", &[("lot", lot)]))
            .unwrap_or_default();
        out.say(
            "verify-dose",
            &[
                ("date", &or_unknown(date)),
                ("product", &or_unknown(dose.product.as_ref())),
                ("number", &which(dose, texts)),
                ("lot", &lot),
            ],
        )?;
    }
    for test in &verified.tests {
        let result = or_unknown(test.result.as_ref());
        let said = match result.as_str() {
            "detected" | "not_detected" => texts.plain(&format!("verify-{}", result.replace('_', "-"))),
            _ => result,
        };
        out.say("verify-test", &[("time", &or_unknown(test.time.as_ref())), ("result", &said)])?;
    }
    for recovery in &verified.recoveries {
        let [positive, from, until] = [&recovery.positive, &recovery.from, &recovery.until].map(|day| or_unknown(day.as_ref()));
        out.say(
            "verify-recovery",
            &[("positive", &positive), ("from", &from), ("until", &until)],
        )?;
    }
    for note in &verified.notes {
        out.say_line(&format!("* {} ({})", texts.message(note), note.code()))?;
    }
    for reason in &verified.reasons {
        out.say_line(&format!("- {} ({})", texts.message(reason), reason.code()))?;
    }
    Ok(())
}

/// Says what the checks came to, and who issued the document, if it says so.
pub fn say_verdict(out: &Output, verdict: Verdict, kind: &str, issuer: Option<&str>) -> Result<(), Failure> {
    let id = format!("verify-{}", verdict.name());
    match issuer {
        Some(issuer) => out.say(&id, &[("kind", &kind), ("issuer", &issuer)]),
        None => out.say(&format!("{id}-unsaid"), &[("kind", &kind)]),
    }
}

fn or_unknown(text: Option<&String>) -> String {
    text.cloned().unwrap_or_else(|| "?".to_owned())
}

/// Which dose it is, and of how many: "2 of 1" for a booster after a series of one.
pub fn which(dose: &StatedDose, texts: &Texts) -> String {
    match (dose.number, dose.of) {
        (Some(number), Some(of)) => texts.of("verify-dose-of", &[("number", &number), ("of", &of)]),
        (Some(number), None) => number.to_string(),
        (None, _) => "?".to_owned(),
    }
}

fn line(verified: &CheckedDocument) -> Value {
    let mut line = json!({
        "kind": verified.kind,
        "verdict": verified.verdict,
        "reasons": verified.reasons.iter().map(Coded::code).collect::<Vec<_>>(),
        "issuer": verified.issuer,
        "holder": verified.holder,
        "doses": verified.doses,
        "tests": verified.tests,
        "recoveries": verified.recoveries,
        "warnings": verified.notes.iter().map(Coded::code).collect::<Vec<_>>(),
        "valid_until": verified.valid_until.map(time::write),
        "key_seen_at": verified.key_seen_at.map(time::write),
    });
    if let Some(seems) = verified.seems {
        line["seems"] = json!(seems.name());
    }
    if verified.kind == DocumentKind::Status {
        let shown = verified
            .shown
            .iter()
            .map(|value| (value.field().name().to_owned(), json!(value.to_text())));
        line["shown"] = Value::Object(shown.collect());
        line["revocations"] = json!(verified.revocations_at.map(time::write));
    }
    line
}
