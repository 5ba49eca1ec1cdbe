//! `techo vaccine list`: the doses, each once, with what tells of them; tickets and passes.

use serde_json::{Value, json};
use techo_core::certificates::Verdict;
use techo_core::vaccine::{Content, Dose, Evidence, Recalled, Record, pass};
use techo_protocol::Coded;

use super::Book;
use crate::session::Session;
use crate::texts::harmless;
use crate::{Failure, Outcome, time};

pub fn run(session: &Session, person: Option<&str>) -> Result<Outcome, Failure> {
    let book = Book::open(session, person)?;
    let out = &session.out;
    for dose in &book.doses {
        show(session, &book, dose)?;
    }
    for record in &book.listing.records {
        show_other(session, &book, record)?;
    }
    if book.listing.records.is_empty() {
        out.say("vaccine-empty", &[])?;
    }
    for id in &book.listing.newer {
        let line = json!({ "record": id.to_string(), "kind": "newer" });
        out.answer(&line, "diary-newer", &[("id", id)])?;
    }
    for row in &book.listing.damaged {
        out.warn("diary-damaged", &[("row", row)]);
    }
    Ok(Outcome::Done)
}

fn show(session: &Session, book: &Book, dose: &Dose) -> Result<(), Failure> {
    let out = &session.out;
    let name = book.name(session, dose.person);
    let recalls: Vec<&Recalled> = book
        .recalled
        .iter()
        .filter(|recalled| (recalled.person, recalled.date) == (dose.person, dose.date))
        .collect();
    out.line(&json!({
        "person": name,
        "id": dose.person.to_string(),
        "dose": dose.number,
        "date": dose.date,
        "product": dose.product,
        "lot": dose.lot,
        "place": dose.place,
        "believed": dose.is_believed(),
        "recalled": recalls.iter().map(|recalled| recall_line(recalled)).collect::<Vec<_>>(),
        "records": dose.evidence.iter().map(evidence_line).collect::<Vec<_>>(),
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
    for evidence in &dose.evidence {
        let kind = out.texts().plain(&format!("kind-{}", evidence.kind.name().replace('_', "-")));
        let reasons = evidence.reasons.iter().map(Coded::code).collect::<Vec<_>>().join(", ");
        let verdict = if reasons.is_empty() {
            evidence.verdict.map_or("none", Verdict::name)
        } else {
            &reasons
        };
        out.say_line(&format!("    {kind}: {verdict}  [{}]", evidence.record))?;
    }
    for recalled in recalls {
        warn(session, &name, recalled)?;
    }
    Ok(())
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

fn show_other(session: &Session, book: &Book, record: &Record) -> Result<(), Failure> {
    let (kind, mut what) = match &record.content {
        Content::Ticket(digits) => ("ticket", digits.clone()),
        Content::Pass(_) => ("status", String::new()),
        Content::Slip(_) | Content::Certificate(_) | Content::Dose(_) | Content::Request(_) => return Ok(()),
    };
    let name = book.name(session, record.person);
    let mut line = json!({
        "person": name,
        "id": record.person.to_string(),
        "record": record.id.to_string(),
        "kind": kind,
        "added": time::write(record.added),
    });
    match &record.content {
        Content::Ticket(digits) => line["ticket"] = json!(digits),
        Content::Pass(content) => {
            if let Some(summary) = pass::kept(content, &book.lists, session.now()) {
                let fields: Vec<&str> = summary.fields.iter().map(|field| field.name()).collect();
                line["issuer"] = json!(summary.issuer);
                line["until"] = json!(time::write(summary.until));
                line["fields"] = json!(fields);
                line["card"] = json!(summary.has_card);
                what = time::day(summary.until, session.out.texts());
            }
        }
        _ => {}
    }
    let kind = session.out.texts().plain(&format!("kind-{kind}"));
    session.out.answer(
        &line,
        "vaccine-other",
        &[("name", &name), ("kind", &kind), ("what", &what), ("id", &record.id)],
    )
}
