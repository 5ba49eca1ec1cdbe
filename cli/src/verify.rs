//! `techo verify`: is a certificate, slip or pass to be believed? Needs no profile and makes none.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use techo_core::certificates::{self, DocumentKind, Reason, Trust, Verdict, Verified, key_source};
use techo_core::vaccine::{self, StatusChecker};
use techo_protocol::Coded;
use techo_protocol::certificates::trust_bundle::TrustBundle;
use techo_protocol::trust::{TrustError, TrustList};
use techo_protocol::vaccination::dose_slip;
use techo_protocol::vaccination::revocations::{self, Revocations};
use techo_protocol::vaccination::status_pass::{StatusPassError, is_form, is_nonce};

use crate::session::Session;
use crate::texts::harmless;
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

/// Whom and what to believe in this run.
struct Believed {
    issuers: Trust,
    lists: Vec<TrustList>,
    revoked: Vec<Revocations>,
}

impl Verify {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let at = self.at.as_deref().map(time::read).transpose()?;
        let now = at.unwrap_or_else(|| session.now());
        if let Some(nonce) = self.nonce.as_deref().filter(|nonce| !is_nonce(nonce)) {
            return Err(Failure::from(StatusPassError::CannotBeWritten).about(nonce));
        }
        let believed = self.believed(session)?;
        let mut checker = StatusChecker::new(&believed.lists, &believed.revoked);
        let mut texts = Vec::new();
        for name in &self.inputs {
            texts.extend(input::read(name)?.codes.into_iter().map(|code| code.text));
        }
        let mut answers: Vec<Verified> = match certificates::whole(&texts) {
            Ok(texts) => texts
                .iter()
                .map(|text| {
                    if is_form(text.trim()) {
                        checker.verify(text, self.nonce.as_deref(), now)
                    } else {
                        verify(text, &believed, now)
                    }
                })
                .collect(),
            Err(reason) => vec![Verified::unreadable(reason)],
        };
        if answers.is_empty() {
            answers.push(Verified::unreadable(Reason::Unknown));
        }
        let mut outcome = Outcome::Done;
        for answer in &mut answers {
            if (self.door || self.nonce.is_some()) && answer.kind != DocumentKind::Status {
                // Whose certificate it is, is nobody's business at a door.
                *answer = Verified {
                    reasons: vec![Reason::NotAStatus],
                    ..Verified::of(answer.kind)
                };
            }
            if answer.verdict() != Verdict::Valid {
                outcome = Outcome::No;
            }
            show(session, answer)?;
        }
        Ok(outcome)
    }

    fn believed(&self, session: &Session) -> Result<Believed, Failure> {
        let mut keys = device::issuers(session)?;
        let mut lists = device::followed(session)?;
        let mut revoked = device::revoked(session)?;
        let mut files = Vec::new();
        for path in &self.trust {
            let content = input::file(path)?;
            if revocations::is_form(&content) {
                files.push((path, content));
                continue;
            }
            match TrustList::read(&content) {
                Ok(list) => lists.push(list),
                Err(TrustError::NotATrustList) => {
                    let bundle = TrustBundle::read(&content).map_err(|error| Failure::from(error).about(path.display()))?;
                    keys.extend(bundle.keys);
                }
                Err(error) => return Err(Failure::from(error).about(path.display())),
            }
        }
        for path in &self.trust_key {
            let content = input::file(path)?;
            keys.extend(key_source::read(&content, None).map_err(|error| Failure::from(error).about(path.display()))?);
        }
        // After all trust files, whatever their order on the command line.
        for (path, content) in files {
            revoked.push(Revocations::read(&content, &lists).map_err(|error| Failure::from(error).about(path.display()))?);
        }
        Ok(Believed {
            issuers: Trust::new(keys),
            lists,
            revoked,
        })
    }
}

fn verify(text: &str, believed: &Believed, now: i64) -> Verified {
    if text.trim().starts_with(dose_slip::PREFIX) {
        vaccine::verify_slip(text, &believed.lists, now)
    } else {
        certificates::verify(text, &believed.issuers, now)
    }
}

fn show(session: &Session, verified: &Verified) -> Result<(), Failure> {
    let out = &session.out;
    out.line(&line(verified))?;
    let texts = out.texts();
    let kind = texts.plain(&format!("kind-{}", verified.kind.name().replace('_', "-")));
    let nobody = texts.plain("verify-nobody");
    out.say(
        &format!("verify-{}", verified.verdict().name()),
        &[("kind", &kind), ("issuer", &verified.issuer.as_deref().unwrap_or(&nobody))],
    )?;
    for value in &verified.shown {
        let field = texts.plain(&format!("status-field-{}", value.field().name().replace('_', "-")));
        let said = match value {
            techo_protocol::vaccination::status_pass::Value::Status(status) => {
                texts.plain(&format!("status-{}", status.name().replace('_', "-")))
            }
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
            None if verified.verdict() == Verdict::Valid => out.warn("verify-no-revocations", &[]),
            None => {}
        }
    } else if let Some(holder) = &verified.holder {
        let born = holder.born.as_deref().unwrap_or("?");
        out.say("verify-holder", &[("name", &holder.name), ("born", &born)])?;
    }
    for dose in &verified.doses {
        let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
        let number = dose.number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        out.say(
            "verify-dose",
            &[
                ("date", &or_unknown(&dose.date)),
                ("product", &or_unknown(&dose.product)),
                ("number", &number),
            ],
        )?;
    }
    for reason in &verified.reasons {
        out.say_line(&format!("- {} ({})", texts.message(reason), reason.code()))?;
    }
    Ok(())
}

fn line(verified: &Verified) -> Value {
    let mut line = json!({
        "kind": verified.kind,
        "verdict": verified.verdict(),
        "reasons": verified.reasons.iter().map(Coded::code).collect::<Vec<_>>(),
        "issuer": verified.issuer,
        "holder": verified.holder,
        "doses": verified.doses,
        "valid_until": verified.valid_until.map(time::write),
        "key_seen_at": verified.key_seen_at.map(time::write),
    });
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
