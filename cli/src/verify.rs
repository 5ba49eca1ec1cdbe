//! `techo verify`: is a certificate, slip or pass to be believed? Needs no profile and makes none.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use techo_core::certificates::{self, Kind, Reason, Trust, Verdict, Verified, key_source};
use techo_core::vaccine;
use techo_protocol::Coded;
use techo_protocol::dose_slip;
use techo_protocol::trust::{TrustError, TrustList};
use techo_protocol::trust_bundle::TrustBundle;

use crate::session::Session;
use crate::{Failure, Outcome, device, input, time};

/// Check certificates of the EU, SMART Health Cards, New Zealand's passes and VDS-NC, without any network
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  techo verify certificate.png --trust eu.bundle
  techo verify card-1.png card-2.png card-3.png       the codes of one SMART Health Card
  techo verify pass.png --door                        status passes only: nobody's certificate is needed at a door")]
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
    /// Trust the issuers' keys of this bundle, or this municipality's trust file, for this run, beside those that the profile has. May be given several times
    #[arg(long, value_name = "BUNDLE")]
    trust: Vec<PathBuf>,
    /// Strict check: the pass must answer this nonce, which the checker showed. As with --door, nothing but a status pass does
    #[arg(long, value_name = "N")]
    nonce: Option<String>,
    /// The time to check for, instead of now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

impl Verify {
    pub fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let at = self.at.as_deref().map(time::read).transpose()?;
        let now = at.unwrap_or_else(|| session.now());
        let (trust, lists) = self.trusted(session)?;
        let mut texts = Vec::new();
        for name in &self.inputs {
            texts.extend(input::read(name)?.codes.into_iter().map(|code| code.text));
        }
        let mut answers: Vec<Verified> = match certificates::whole(&texts) {
            Ok(texts) => texts.iter().map(|text| verify(text, &trust, &lists, now)).collect(),
            Err(reason) => vec![Verified::unreadable(reason)],
        };
        if answers.is_empty() {
            answers.push(Verified::unreadable(Reason::Unknown));
        }
        let mut outcome = Outcome::Done;
        for answer in &mut answers {
            if (self.door || self.nonce.is_some()) && answer.kind != Kind::Status {
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

    fn trusted(&self, session: &Session) -> Result<(Trust, Vec<TrustList>), Failure> {
        let mut keys = device::issuers(session)?;
        let mut lists = device::followed(session)?;
        for path in &self.trust {
            let content = input::file(path)?;
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
        Ok((Trust::new(keys), lists))
    }
}

fn verify(text: &str, trust: &Trust, lists: &[TrustList], now: i64) -> Verified {
    if text.trim().starts_with(dose_slip::PREFIX) {
        vaccine::verify_slip(text, lists, now)
    } else {
        certificates::verify(text, trust, now)
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
    if let Some(holder) = &verified.holder {
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
        let values = reason.values();
        let said = texts
            .of_error(reason.code(), "message", &values)
            .unwrap_or_else(|| reason.to_string());
        out.say_line(&format!("- {said} ({})", reason.code()))?;
    }
    Ok(())
}

fn line(verified: &Verified) -> Value {
    json!({
        "kind": verified.kind,
        "verdict": verified.verdict(),
        "reasons": verified.reasons.iter().map(Coded::code).collect::<Vec<_>>(),
        "issuer": verified.issuer,
        "holder": verified.holder,
        "doses": verified.doses,
        "valid_until": verified.valid_until.map(time::write),
        "key_seen_at": verified.key_seen_at.map(time::write),
    })
}
