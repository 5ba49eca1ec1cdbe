//! All that the vaccine record holds as readable JSON: a person's own data, for whatever they want with it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Content, Dose, Listing, Person};

/// The version of the format.
const FORMAT: u64 = 1;

/// The JSON. It holds names, birth dates and doses in the clear: only its owner may be able to read the file.
pub fn export(people: &[Person], listing: &Listing, doses: &[Dose]) -> String {
    let people: Vec<Value> = people
        .iter()
        .map(|person| json!({ "id": person.id.to_string(), "name": person.name, "born": person.born }))
        .collect();
    let doses: Vec<Value> = doses.iter().map(dose).collect();
    let records: Vec<Value> = listing
        .records
        .iter()
        .map(|record| {
            let (kind, content) = match &record.content {
                Content::Slip(text) => ("dose_slip", json!(text)),
                Content::Certificate(text) => ("certificate", json!(text)),
                Content::Ticket(digits) => ("ticket", json!(digits)),
                Content::Pass(file) => ("pass", json!(STANDARD.encode(file))),
                Content::Dose(typed) => (
                    "hand",
                    json!({ "date": typed.date, "number": typed.number, "product": typed.product, "lot": typed.lot }),
                ),
            };
            json!({
                "id": record.id.to_string(),
                "person": record.person.to_string(),
                "added": crate::diary::time_text(record.added),
                "kind": kind,
                "content": content,
            })
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
        "records": dose.evidence,
    })
}
