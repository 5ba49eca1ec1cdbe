//! The little of FHIR R4 that a card's bundle is read for: the patient, the immunizations and the tests against COVID-19. What issuers wrote in
//! forms of their own is read where it can mean one thing only, and named where it cannot be read.

use serde::Deserialize;
use serde_json::Value;

use crate::certificates::note::ContentNote;
use crate::certificates::product;
use crate::certificates::reason::Reason;
use crate::certificates::verified::{Holder, StatedDose, StatedTest, Verified};

/// The code system of vaccines, by its address and by its number.
const CVX: [&str; 2] = ["http://hl7.org/fhir/sid/cvx", "urn:oid:2.16.840.1.113883.12.292"];
/// CVX's code for "no vaccine administered".
const NO_VACCINE: &str = "998";
/// Which of several names is taken, the best first (FHIR R4, value set `name-use`). A name of no use stands between the usual and the others.
const NAME_USES: [&str; 7] = ["official", "usual", "", "temp", "nickname", "old", "maiden"];
/// Resources that only say where a dose was given, and by whom.
const BESIDE: [&str; 5] = ["Patient", "Location", "Organization", "Practitioner", "PractitionerRole"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bundle {
    resource_type: String,
    r#type: String,
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    resource: Value,
}

impl Bundle {
    /// It is a collection, and of no two patients. Cards of other things than COVID-19 may have none.
    pub fn check(&self) -> Result<(), Reason> {
        if self.resource_type != "Bundle" || self.r#type != "collection" {
            return Err(Reason::Schema { field: "fhirBundle" });
        }
        match self.resources("Patient").count() {
            0 | 1 => Ok(()),
            _ => Err(Reason::Several),
        }
    }

    fn resources<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.entry
            .iter()
            .map(|entry| &entry.resource)
            .filter(move |resource| resource["resourceType"] == kind)
    }

    /// Reads all that the bundle tells into `verified`, and notes what it holds beside that.
    pub fn read(&self, verified: &mut Verified) {
        verified.holder = self.resources("Patient").next().map(holder);
        for entry in &self.entry {
            let resource = &entry.resource;
            match resource["resourceType"].as_str() {
                Some("Immunization") => dose(resource, verified),
                Some("Observation") => test(resource, verified),
                Some(kind) if BESIDE.contains(&kind) => {}
                _ => verified.note(ContentNote::PartUnread { part: "entry" }),
            }
        }
        StatedDose::sort(&mut verified.doses);
    }
}

fn holder(patient: &Value) -> Holder {
    let names = as_list(&patient["name"]);
    let rank = |name: &&&Value| {
        let named = name["use"].as_str().unwrap_or_default();
        NAME_USES.iter().position(|known| *known == named).unwrap_or(NAME_USES.len())
    };
    let name = names.iter().min_by_key(rank).copied().unwrap_or(&Value::Null);
    let [surname, given, prefix, suffix] = ["family", "given", "prefix", "suffix"].map(|part| words(&name[part]));
    let full = match name["text"].as_str().map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => text.to_owned(),
        None => full_name(&prefix, &surname, &given, &suffix),
    };
    Holder {
        name: full,
        born: patient["birthDate"].as_str().map(str::to_owned),
        surname,
        given,
    }
}

/// A dose that was given, or a note on why none is shown.
fn dose(given: &Value, verified: &mut Verified) {
    let known = status(given);
    if known == Status::NotDone {
        return verified.note(ContentNote::NotGiven);
    }
    if known == Status::Other {
        verified.note(ContentNote::PartUnread { part: "status" });
    }
    let product = match vaccine(&given["vaccineCode"]) {
        Vaccine::Covid19(product) => Some(product),
        Vaccine::OtherDisease => return verified.note(ContentNote::OtherDisease),
        Vaccine::None => return verified.note(ContentNote::NotGiven),
        Vaccine::Unread => {
            verified.note(ContentNote::PartUnread { part: "vaccineCode" });
            None
        }
    };
    let stated = given["occurrenceDateTime"].as_str();
    let date = stated.and_then(date);
    let when = match (&date, stated, &given["occurrenceString"]) {
        (None, Some(text), _) => Some(text.to_owned()),
        (None, None, Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    if date.is_none() && when.is_none() {
        verified.note(ContentNote::PartUnread { part: "occurrence" });
    }
    let lot = scalar(&given["lotNumber"]);
    if lot.is_none() && !given["lotNumber"].is_null() {
        verified.note(ContentNote::PartUnread { part: "lotNumber" });
    }
    // R4 has a list of protocols here; some issuers wrote one, and R4's choice of types as a plain number.
    let protocol = as_list(&given["protocolApplied"]).first().copied().unwrap_or(&Value::Null);
    let number = |names: [&str; 3]| names.iter().find_map(|name| scalar(&protocol[*name])?.trim().parse().ok());
    verified.doses.push(StatedDose {
        product,
        date,
        when,
        lot,
        number: number(["doseNumberPositiveInt", "doseNumberString", "doseNumber"]),
        of: number(["seriesDosesPositiveInt", "seriesDosesString", "seriesDoses"]),
    });
}

/// A test's result, as laboratories report it.
fn test(observed: &Value, verified: &mut Verified) {
    match status(observed) {
        Status::NotDone => return verified.note(ContentNote::NotGiven),
        Status::Other => verified.note(ContentNote::PartUnread { part: "status" }),
        Status::Done => {}
    }
    let concept = &observed["valueCodeableConcept"];
    let code = as_list(&concept["coding"])
        .into_iter()
        .find_map(|coding| scalar(&coding["code"]));
    let result = code
        .map(|code| StatedTest::result(&code))
        .or_else(|| scalar(&concept["text"]))
        .or_else(|| scalar(&observed["valueString"]))
        .or_else(|| {
            Some(format!(
                "{} {}",
                scalar(&observed["valueQuantity"]["value"])?,
                words(&observed["valueQuantity"]["unit"])
            ))
        });
    if result.is_none() {
        verified.note(ContentNote::PartUnread { part: "value" });
    }
    verified.tests.push(StatedTest {
        time: scalar(&observed["effectiveDateTime"]),
        result: result.map(|result| result.trim().to_owned()),
    });
}

#[derive(PartialEq, Eq)]
enum Status {
    Done,
    NotDone,
    Other,
}

/// Whether something was done. The words are those of FHIR R4, in whatever letters: Quebec wrote "Completed".
fn status(resource: &Value) -> Status {
    match resource["status"]
        .as_str()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "completed" | "final" | "amended" | "corrected" => Status::Done,
        "not-done" | "entered-in-error" | "cancelled" => Status::NotDone,
        _ => Status::Other,
    }
}

enum Vaccine {
    Covid19(String),
    OtherDisease,
    None,
    Unread,
}

/// The vaccine by its CVX code; of other code systems the code as it is, and where there is no code, the text.
fn vaccine(code: &Value) -> Vaccine {
    let codings = as_list(&code["coding"]);
    let is_cvx = |coding: &&Value| coding["system"].as_str().is_some_and(|system| CVX.contains(&system.trim()));
    let cvx = codings
        .iter()
        .copied()
        .filter(is_cvx)
        .find_map(|coding| scalar(&coding["code"]));
    if let Some(cvx) = cvx {
        return match cvx.as_str() {
            NO_VACCINE => Vaccine::None,
            cvx => product::of_cvx(cvx).map_or(Vaccine::OtherDisease, Vaccine::Covid19),
        };
    }
    codings
        .into_iter()
        .find_map(|coding| scalar(&coding["code"]))
        .or_else(|| scalar(&code["text"]))
        .map_or(Vaccine::Unread, Vaccine::Covid19)
}

/// The day of a FHIR `dateTime`, which may be a month or a year (HL7 FHIR R4, datatypes).
fn date(text: &str) -> Option<String> {
    let day = text.split('T').next().unwrap_or_default();
    let is_day = match day.len() {
        4 => day.bytes().all(|b| b.is_ascii_digit()),
        7 => format!("{day}-01").parse::<chrono::NaiveDate>().is_ok(),
        10 => day.parse::<chrono::NaiveDate>().is_ok(),
        _ => false,
    };
    is_day.then(|| day.to_owned())
}

/// The values of a list; one value that stands where a list should is one of one.
fn as_list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().collect(),
        one => vec![one],
    }
}

/// The texts of a name's part in one line.
fn words(value: &Value) -> String {
    let words: Vec<&str> = as_list(value).into_iter().filter_map(Value::as_str).collect();
    words.join(" ").trim().to_owned()
}

/// A text, or a number as text; `None` for an empty one.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// In East Asia the surname comes first.
fn full_name(prefix: &str, surname: &str, given: &str, suffix: &str) -> String {
    let is_east_asian = |c: char| matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '々');
    let parts = if surname.contains(is_east_asian) {
        [prefix, surname, given, suffix]
    } else {
        [prefix, given, surname, suffix]
    };
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests;
