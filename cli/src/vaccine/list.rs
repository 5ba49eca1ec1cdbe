//! `techo vaccine list`: the doses, each once, with what tells of them; tickets and passes.

use serde_json::{Value, json};
use techo_core::certificates::{DocumentKind, Verdict};
use techo_core::device::{DoseView, Paper, PaperView, PartlyDatedView};
use techo_core::vaccine::{Evidence, Recalled};
use techo_protocol::Coded;

use super::only;
use crate::session::Session;
use crate::texts::harmless;
use crate::{Failure, Outcome, device, time, verify};

pub fn run(session: &Session, person: Option<&str>) -> Result<Outcome, Failure> {
    let mut device = device::opened(session)?;
    let person = only(&mut device, person)?;
    let record = device.vaccine_record(person)?;
    let out = &session.out;
    for dose in &record.doses {
        show(session, dose)?;
    }
    for dose in &record.partly_dated {
        show_partly_dated(session, dose)?;
    }
    for paper in &record.papers {
        show_paper(session, paper)?;
    }
    if record.records == 0 {
        out.say("vaccine-empty", &[])?;
    }
    for id in &record.newer {
        let line = json!({ "record": id.to_string(), "kind": "newer" });
        out.answer(&line, "diary-newer", &[("id", id)])?;
    }
    for row in &record.damaged {
        out.warn("diary-damaged", &[("row", row)]);
    }
    Ok(Outcome::Done)
}

/// What a person is called; "someone" while the record has come from another device and its person has not.
fn called(session: &Session, name: Option<&str>) -> String {
    name.map_or_else(|| session.out.texts().plain("someone"), str::to_owned)
}

fn show(session: &Session, dose: &DoseView) -> Result<(), Failure> {
    let out = &session.out;
    let name = called(session, dose.name.as_deref());
    out.line(&json!({
        "person": name,
        "id": dose.person.to_string(),
        "dose": dose.number,
        "date": dose.date,
        "product": dose.product,
        "lot": dose.lot,
        "place": dose.place,
        "believed": dose.is_believed,
        "recalled": dose.recalls.iter().map(recall_line).collect::<Vec<_>>(),
        "records": dose.proof.iter().map(evidence_line).collect::<Vec<_>>(),
    }))?;
    let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
    let number = dose.number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let (product, lot) = (or_unknown(&dose.product), or_unknown(&dose.lot));
    out.say(
        "vaccine-dose",
        &[
            ("name", &name),
            ("number", &number),
            ("date", &dose.date),
            ("product", &product),
            ("lot", &lot),
        ],
    )?;
    for evidence in &dose.proof {
        let kind = out.texts().plain(&format!("kind-{}", evidence.kind.name().replace('_', "-")));
        let reasons = evidence.reasons.iter().map(Coded::code).collect::<Vec<_>>().join(", ");
        let verdict = if reasons.is_empty() {
            evidence.verdict.map_or("none", Verdict::name)
        } else {
            &reasons
        };
        out.say_line(&format!("    {kind}: {verdict}  [{}]", evidence.record))?;
    }
    for recalled in &dose.recalls {
        warn(session, &name, recalled)?;
    }
    Ok(())
}

/// A dose whose day is known only in part.
fn show_partly_dated(session: &Session, known: &PartlyDatedView) -> Result<(), Failure> {
    let out = &session.out;
    let name = called(session, known.name.as_deref());
    let dose = &known.dose;
    let or_unknown = |text: Option<&String>| text.cloned().unwrap_or_else(|| "?".to_owned());
    out.answer(
        &json!({
            "person": name,
            "id": known.person.to_string(),
            "dose": dose.number,
            "date": dose.date,
            "when": dose.when,
            "product": dose.product,
            "lot": dose.lot,
            "partly_dated": true,
            "records": [evidence_line(&known.proof)],
        }),
        "vaccine-dose-partly-dated",
        &[
            ("name", &name),
            ("number", &verify::which(dose, out.texts())),
            ("date", &or_unknown(dose.date.as_ref().or(dose.when.as_ref()))),
            ("product", &or_unknown(dose.product.as_ref())),
            ("lot", &or_unknown(dose.lot.as_ref())),
        ],
    )
}

fn evidence_line(evidence: &Evidence) -> Value {
    json!({
        "record": evidence.record.to_string(),
        "kind": evidence.kind.name(),
        "verdict": evidence.verdict.map_or("none", Verdict::name),
        "reasons": evidence.reasons.iter().map(Coded::code).collect::<Vec<_>>(),
    })
}

/// A recall as a JSON value.
pub fn recall_line(recalled: &Recalled) -> Value {
    json!({
        "date": recalled.date,
        "product": recalled.product,
        "lot": recalled.lot,
        "authority": recalled.authority.to_string(),
        "text": recalled.text,
    })
}

/// Says for people that a lot was recalled.
pub fn warn(session: &Session, name: &str, recalled: &Recalled) -> Result<(), Failure> {
    let out = &session.out;
    out.say(
        "vaccine-recalled",
        &[
            ("name", &name),
            ("date", &recalled.date),
            ("product", &recalled.product),
            ("lot", &recalled.lot),
        ],
    )?;
    let language = if out.texts().is_japanese() { "ja" } else { "en" };
    let text = recalled.text.0.get(language).or_else(|| recalled.text.0.values().next());
    text.map_or(Ok(()), |text| out.say_line(&harmless(text)))
}

fn show_paper(session: &Session, paper: &PaperView) -> Result<(), Failure> {
    let name = called(session, paper.name.as_deref());
    let mut line = json!({
        "person": name,
        "id": paper.person.to_string(),
        "record": paper.record.to_string(),
        "added": time::write(paper.added),
    });
    let (kind, what) = match &paper.paper {
        Paper::Ticket { digits } => {
            line["ticket"] = json!(digits);
            (DocumentKind::Ticket, digits.clone())
        }
        Paper::Pass {
            issuer,
            until,
            says,
            has_card,
        } => {
            line["issuer"] = json!(issuer);
            line["until"] = json!(time::write(*until));
            line["fields"] = says.iter().map(|value| value.field().name()).collect();
            line["card"] = json!(has_card);
            (DocumentKind::Status, time::day(*until, session.out.texts()))
        }
        Paper::DamagedPass => (DocumentKind::Status, String::new()),
    };
    line["kind"] = json!(kind.name());
    let kind = session.out.texts().plain(&format!("kind-{}", kind.name()));
    session.out.answer(
        &line,
        "vaccine-other",
        &[("name", &name), ("kind", &kind), ("what", &what), ("id", &paper.record)],
    )
}
