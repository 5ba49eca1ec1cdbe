//! The little of FHIR R4 that a card's bundle is read for: the patient and the immunizations against COVID-19.

use serde::Deserialize;
use serde_json::Value;

use crate::certificates::product;
use crate::certificates::reason::Reason;
use crate::certificates::verified::{Holder, StatedDose};

/// The code system of vaccines.
const CVX: &str = "http://hl7.org/fhir/sid/cvx";

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

    pub fn holder(&self) -> Option<Holder> {
        let patient = self.resources("Patient").next()?;
        let name = patient["name"].get(0)?;
        let surname = name["family"].as_str().unwrap_or_default().to_owned();
        let given: Vec<&str> = name["given"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let given = given.join(" ");
        Some(Holder {
            name: name["text"]
                .as_str()
                .map_or_else(|| full_name(&surname, &given), str::to_owned),
            born: patient["birthDate"].as_str().map(str::to_owned),
            surname,
            given,
        })
    }

    /// Doses that were given, oldest first. Cards say no numbers.
    pub fn doses(&self) -> Vec<StatedDose> {
        let given = self.resources("Immunization").filter(|dose| dose["status"] == "completed");
        let mut doses: Vec<StatedDose> = given
            .filter_map(|dose| {
                Some(StatedDose {
                    product: Some(product_of(&dose["vaccineCode"])?),
                    date: dose["occurrenceDateTime"]
                        .as_str()
                        .and_then(|at| at.get(..10))
                        .map(str::to_owned),
                    lot: dose["lotNumber"].as_str().map(str::to_owned),
                    number: None,
                    of: None,
                })
            })
            .collect();
        doses.sort_by(|a, b| a.date.cmp(&b.date));
        doses
    }
}

/// The vaccine; `None` for one against something else, or of which nothing is said. Of other code systems than CVX the code is given as it is.
fn product_of(code: &Value) -> Option<String> {
    let codings = code["coding"].as_array()?;
    match codings.iter().find(|coding| coding["system"] == CVX) {
        Some(coding) => product::of_cvx(coding["code"].as_str()?),
        None => codings.first()?["code"].as_str().map(str::to_owned),
    }
}

/// In East Asia the surname comes first.
fn full_name(surname: &str, given: &str) -> String {
    let is_east_asian = |c: char| matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '々');
    let both = if surname.contains(is_east_asian) {
        format!("{surname} {given}")
    } else {
        format!("{given} {surname}")
    };
    both.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn doses_are_those_given_against_covid_by_date() {
        let dose = |status: &str, code: &str, day: &str| {
            json!({ "resource": { "resourceType": "Immunization", "status": status, "occurrenceDateTime": day, "lotNumber": "L1",
                "vaccineCode": { "coding": [{ "system": CVX, "code": code }] } } })
        };
        let bundle: Bundle = serde_json::from_value(json!({ "resourceType": "Bundle", "type": "collection", "entry": [
            { "resource": { "resourceType": "Patient", "name": [{ "family": "山田", "given": ["花子"] }], "birthDate": "1980-01-01" } },
            dose("completed", "208", "2021-07-01T10:00:00+09:00"), dose("completed", "207", "2021-06-01"),
            dose("entered-in-error", "208", "2021-05-01"), dose("completed", "08", "2021-04-01"),
        ] }))
        .unwrap();
        assert_eq!(bundle.check(), Ok(()));
        let doses: Vec<_> = bundle
            .doses()
            .into_iter()
            .map(|dose| (dose.date.unwrap(), dose.product.unwrap()))
            .collect();
        assert_eq!(
            doses,
            [
                ("2021-06-01".into(), "moderna".into()),
                ("2021-07-01".into(), "pfizer".into())
            ]
        );
        assert_eq!(bundle.holder().unwrap().name, "山田 花子");
    }
}
