//! All that the vaccine record holds as readable JSON: a person's own data, for whatever they want with it.

use serde_json::{Value, json};
use techo_protocol::Coded;
use techo_protocol::vaccination::status_pass::Pass;

use super::{Content, Dose, Evidence, Person, RecordList};
use crate::certificates::Verdict;

/// The version of the format.
const FORMAT: u64 = 1;

/// Writes the record as JSON, with names, birth dates and doses in the clear: only its owner may be able to read the file. Of a pass it has the SMART Health Card
/// and the end, and not the keys: a file that lies about must not be a pass. Requests for passes are keys alone, and are left out.
///
/// ```
/// use techo_core::vaccine::{EntryId, Person, RecordList, export};
///
/// let aki = Person::called(EntryId([1; 16]), "Aki");
/// let file: serde_json::Value = serde_json::from_str(&export(&[aki], &RecordList::default(), &[]))?;
/// assert_eq!((&file["techo_vaccine"], &file["people"][0]["name"]), (&1.into(), &"Aki".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn export(people: &[Person], listing: &RecordList, doses: &[Dose]) -> String {
    let people: Vec<Value> = people
        .iter()
        .map(|person| json!({ "id": person.id.to_string(), "name": person.name, "born": person.born }))
        .collect();
    let doses: Vec<Value> = doses.iter().map(dose).collect();
    let records: Vec<Value> = listing
        .records
        .iter()
        .filter_map(|record| {
            let (kind, content) = match &record.content {
                Content::Slip(text) => ("dose_slip", json!(text)),
                Content::Certificate(text) => ("certificate", json!(text)),
                Content::Ticket(digits) => ("ticket", json!(digits)),
                Content::Pass(kept) => {
                    let pass = Pass::from_bytes(kept).ok()?;
                    let until = crate::diary::time_text(pass.expires_at());
                    ("pass", json!({ "until": until, "card": pass.card() }))
                }
                Content::Request(_) => return None,
                Content::Dose(typed) => (
                    "hand",
                    json!({ "date": typed.date, "number": typed.number, "product": typed.product, "lot": typed.lot }),
                ),
            };
            Some(json!({
                "id": record.id.to_string(),
                "person": record.person.to_string(),
                "added": crate::diary::time_text(record.added),
                "kind": kind,
                "content": content,
            }))
        })
        .collect();
    let file = json!({ "techo_vaccine": FORMAT, "people": people, "doses": doses, "records": records });
    // Strings, numbers and lists alone: there is nothing in it that JSON cannot hold.
    serde_json::to_string_pretty(&file).unwrap_or_default()
}

fn dose(dose: &Dose) -> Value {
    json!({
        "person": dose.person.to_string(),
        "date": dose.date,
        "product": dose.product,
        "number": dose.number,
        "lot": dose.lot,
        "place": dose.place,
        "records": dose.evidence.iter().map(evidence).collect::<Vec<_>>(),
    })
}

fn evidence(evidence: &Evidence) -> Value {
    json!({
        "record": evidence.record.to_string(),
        "kind": evidence.kind.name(),
        "verdict": evidence.verdict.map_or("none", Verdict::name),
        "reasons": evidence.reasons.iter().map(Coded::code).collect::<Vec<_>>(),
    })
}
