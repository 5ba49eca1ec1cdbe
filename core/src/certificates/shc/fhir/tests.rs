use serde_json::json;

use super::*;
use crate::certificates::verified::DocumentKind;

fn patient() -> Value {
    json!({ "resourceType": "Patient", "name": [{ "family": "山田", "given": ["花子"] }], "birthDate": "1980-01-01" })
}

fn dose(status: &str, code: &str, day: &str) -> Value {
    json!({ "resourceType": "Immunization", "status": status, "occurrenceDateTime": day, "lotNumber": "L1",
        "vaccineCode": { "coding": [{ "system": CVX[0], "code": code }] } })
}

fn read(resources: &[Value]) -> Verified {
    let entries: Vec<Value> = resources.iter().map(|resource| json!({ "resource": resource })).collect();
    let bundle: Bundle =
        serde_json::from_value(json!({ "resourceType": "Bundle", "type": "collection", "entry": entries })).unwrap();
    assert_eq!(bundle.check(), Ok(()));
    let mut verified = Verified::of(DocumentKind::Shc);
    bundle.read(&mut verified);
    verified
}

fn said(verified: &Verified) -> Vec<(&str, &str)> {
    let dose = |dose: &'_ StatedDose| {
        (
            dose.date.clone().unwrap_or_default(),
            dose.product.clone().unwrap_or_default(),
        )
    };
    let said: Vec<(String, String)> = verified.doses.iter().map(dose).collect();
    said.into_iter()
        .map(|(date, product)| (&*date.leak(), &*product.leak()))
        .collect()
}

#[test]
fn doses_are_those_given_against_covid_by_date_and_what_is_left_out_is_named() {
    let verified = read(&[
        patient(),
        dose("completed", "208", "2021-07-01T10:00:00+09:00"),
        dose("completed", "207", "2021-06-01"),
    ]);
    assert_eq!(said(&verified), [("2021-06-01", "moderna"), ("2021-07-01", "pfizer")]);
    assert_eq!(verified.holder.unwrap().name, "山田 花子");
    assert_eq!(verified.notes, []);

    let verified = read(&[
        dose("entered-in-error", "208", "2021-05-01"),
        dose("completed", "08", "2021-04-01"),
        dose("completed", "998", "2021-04-01"),
        json!({ "resourceType": "Condition" }),
    ]);
    assert_eq!(said(&verified), []);
    let unread = ContentNote::PartUnread { part: "entry" };
    assert_eq!(verified.notes, [ContentNote::NotGiven, ContentNote::OtherDisease, unread]);
}

#[test]
fn a_code_that_nobody_knew_yet_stays_as_it_is() {
    let mut text_only = dose("completed", "", "2021-02-01");
    text_only["vaccineCode"] = json!({ "text": "Vaxzevria" });
    let mut of_another_system = dose("completed", "208", "2021-03-01");
    of_another_system["vaccineCode"]["coding"][0] = json!({ "system": "http://snomed.info/sct", "code": "28581000087106" });
    let mut nothing = dose("completed", "208", "2021-04-01");
    nothing["vaccineCode"] = json!({});
    let verified = read(&[
        dose("completed", "334", "2025-10-01"),
        dose("completed", "399", "2026-10-01"),
        text_only,
        of_another_system,
        nothing,
    ]);
    let products: Vec<&str> = said(&verified).into_iter().map(|(_, product)| product).collect();
    assert_eq!(products, ["Vaxzevria", "28581000087106", "", "moderna", "399"]);
    assert_eq!(verified.notes, [ContentNote::PartUnread { part: "vaccineCode" }]);
}

#[test]
fn a_day_is_as_exact_as_the_card_says() {
    let mut in_words = dose("completed", "207", "");
    in_words.as_object_mut().unwrap().remove("occurrenceDateTime");
    in_words["occurrenceString"] = "in spring".into();
    let mut never = dose("completed", "207", "");
    never.as_object_mut().unwrap().remove("occurrenceDateTime");
    let verified = read(&[
        never,
        in_words,
        dose("completed", "207", "2021-13"),
        dose("completed", "207", "2022-04"),
        dose("completed", "207", "2022"),
        dose("completed", "207", "2021-06-01"),
    ]);
    let days: Vec<(Option<&str>, Option<&str>)> = verified
        .doses
        .iter()
        .map(|dose| (dose.date.as_deref(), dose.when.as_deref()))
        .collect();
    assert_eq!(
        days,
        [
            (Some("2021-06-01"), None),
            (Some("2022"), None),
            (Some("2022-04"), None),
            (None, None),
            (None, Some("in spring")),
            (None, Some("2021-13")),
        ]
    );
    assert_eq!(verified.notes, [ContentNote::PartUnread { part: "occurrence" }]);
}

#[test]
fn what_one_province_wrote_in_its_own_form_is_read() {
    let card = json!({ "resourceType": "Immunization", "status": "Completed", "occurrenceDateTime": "2021-05-02T04:00:00+00:00", "lotNumber": 4711,
        "vaccineCode": { "coding": { "system": CVX[1], "code": 208 } },
        "protocolApplied": { "doseNumber": 2, "seriesDosesPositiveInt": 2 } });
    let person = json!({ "resourceType": "Patient", "name": [{ "family": ["Gagnon", "Roy"], "given": "Anne" }] });
    let verified = read(&[person, card]);
    let holder = verified.holder.unwrap();
    assert_eq!(
        (holder.name.as_str(), holder.surname.as_str()),
        ("Anne Gagnon Roy", "Gagnon Roy")
    );
    let dose = &verified.doses[0];
    assert_eq!((dose.product.as_deref(), dose.lot.as_deref()), (Some("pfizer"), Some("4711")));
    assert_eq!((dose.number, dose.of), (Some(2), Some(2)));
    assert_eq!(verified.notes, []);
}

#[test]
fn of_several_names_the_official_one_is_taken_and_then_the_usual_one() {
    let name = |named: &str, family: &str| json!({ "use": named, "family": family, "given": ["Eva"], "suffix": ["Jr."] });
    let called = |names: &[Value]| {
        let person = json!({ "resourceType": "Patient", "name": names, "birthDate": "1980-01" });
        holder(&person).name
    };
    let (maiden, usual, official) = (name("maiden", "Falk"), name("usual", "Ek"), name("official", "Berg"));
    assert_eq!(called(&[maiden.clone(), usual.clone(), official]), "Eva Berg Jr.");
    assert_eq!(called(&[maiden.clone(), usual]), "Eva Ek Jr.");
    let unmarked = json!({ "family": "Lund" });
    assert_eq!(called(&[maiden, unmarked]), "Lund");
    let nobody = holder(&json!({ "resourceType": "Patient", "birthDate": "1980-01" }));
    assert_eq!((nobody.name.as_str(), nobody.born.as_deref()), ("", Some("1980-01")));
}

#[test]
fn tests_say_what_came_of_them() {
    let observed = |value: Value| json!({ "resourceType": "Observation", "status": "final", "effectiveDateTime": "2021-02-17", "valueCodeableConcept": value });
    let verified = read(&[
        observed(json!({ "coding": [{ "system": "http://snomed.info/sct", "code": "260415000" }] })),
        observed(json!({ "coding": [{ "system": "http://snomed.info/sct", "code": "260373001" }] })),
        observed(json!({ "text": "Inconclusive" })),
        observed(json!({})),
    ]);
    let results: Vec<Option<&str>> = verified.tests.iter().map(|test| test.result.as_deref()).collect();
    assert_eq!(results, [Some("not_detected"), Some("detected"), Some("Inconclusive"), None]);
    assert_eq!(verified.tests[0].time.as_deref(), Some("2021-02-17"));
    assert_eq!(verified.notes, [ContentNote::PartUnread { part: "value" }]);
}
