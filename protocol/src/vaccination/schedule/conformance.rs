//! The CDC's supporting data (CDSi 4.64) and test cases, read from `TECHO_VECTORS`: a whole standard series becomes a schedule of ours, and
//! forecasts what the CDC's own cases expect. Which field becomes which is in `docs/cdsi.md`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::tests::{date, key};
use super::*;

const SUPPORTING_DATA: &str = "vax/ref/cdsi-supporting-data-4.64-508";
const CASES: &str = "vax/cdsi/healthy_v4.45.csv";

fn vectors(below: &str) -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let root = std::env::var_os("TECHO_VECTORS").map_or_else(|| PathBuf::from(default), PathBuf::from);
    let path = root.join(below);
    if path.exists() {
        return Some(path);
    }
    eprintln!("NOT RUN: no {} (set TECHO_VECTORS)", path.display());
    None
}

fn antigen(name: &str) -> Option<Value> {
    let file = vectors(SUPPORTING_DATA)?.join(format!("AntigenSupportingData- {name}-508.json"));
    let text = std::fs::read_to_string(&file).unwrap();
    Some(serde_json::from_str::<Value>(&text).unwrap()["antigenSupportingData"].clone())
}

/// Which of CDSi's two minimums is taken: what is forecast, or, with the days of grace, what still counts when it was given.
#[derive(Clone, Copy)]
enum Minimum {
    Forecast,
    Evaluation,
}

fn period(value: &Value) -> Option<Period> {
    value.as_str().map(|text| text.parse().unwrap_or_else(|_| panic!("{text}")))
}

/// How much longer one age is than another, which both are whole months and the longer has days.
fn difference(longer: &Value, shorter: &Value) -> Option<String> {
    let (longer, shorter) = (longer.as_str()?, shorter.as_str()?);
    let (months, rest) = longer.split_once(" months").unwrap_or_else(|| panic!("{longer}"));
    let less = shorter.strip_suffix(" months").unwrap_or_else(|| panic!("{shorter}"));
    let left = months.parse::<u32>().unwrap() - less.parse::<u32>().unwrap();
    Some(format!("{left} months{rest}"))
}

/// A series of CDSi as a schedule.
fn schedule(series: &Value, minimum: Minimum) -> Schedule {
    let mut products = BTreeMap::new();
    let mut doses = Vec::new();
    let (min_age, min_interval) = match minimum {
        Minimum::Forecast => ("minAge", "minInt"),
        Minimum::Evaluation => ("absMinAge", "absMinInt"),
    };
    for (index, dose) in series["seriesDose"].as_array().unwrap().iter().enumerate() {
        for vaccine in ["preferableVaccine", "allowableVaccine"]
            .iter()
            .flat_map(|kind| dose[kind].as_array().unwrap())
        {
            let code = format!("cvx-{}", vaccine["cvx"].as_str().unwrap());
            products.insert(code, vaccine["vaccineType"].as_str().unwrap());
        }
        let (age, interval) = (&dose["age"][0], &dose["interval"][0]);
        let mut rule = json!({
            "id": format!("dose-{}", index + 1),
            "from": "1900-01-01",
            "age": { "from": age[min_age], "below": age["maxAge"], "recommended_from": age["earliestRecAge"] },
            "sources": ["cdsi-4-64"],
        });
        let late = if index == 0 {
            difference(&age["latestRecAge"], &age["earliestRecAge"]).map(|text| json!({ "after_recommended": text }))
        } else {
            rule["earliest"] = interval[min_interval].clone();
            rule["recommended"] = interval["earliestRecInt"].clone();
            period(&interval["latestRecInt"]).map(|late| json!({ "after_previous": late }))
        };
        rule["overdue"] = json!(late);
        doses.push(json!({ "rules": [rule] }));
    }
    let codes: Vec<&String> = products.keys().collect();
    let products: Vec<Value> = products
        .iter()
        .map(|(code, name)| json!({ "code": code, "maker": code, "name": name }))
        .collect();
    let schedule = json!({
        "code": "us-hepa",
        "name": series["seriesName"],
        "version": 1,
        "issued": "2025-11-10",
        "sources": [{ "id": "cdsi-4-64", "title": "CDC, CDSi supporting data 4.64", "url": "" }],
        "series": [{ "code": "standard", "kind": "primary", "products": codes, "doses": doses }],
        "products": products,
    });
    Schedule::from_json(&schedule.to_string()).unwrap()
}

/// The rows of a CSV file, with quotation marks around commas and line breaks (RFC 4180).
fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut is_quoted = false;
    for c in text.trim_start_matches('\u{feff}').chars() {
        let row = rows.last_mut().unwrap();
        match c {
            '"' => is_quoted = !is_quoted,
            '\r' => {}
            ',' if !is_quoted => row.push(String::new()),
            '\n' if !is_quoted => rows.push(vec![String::new()]),
            c => row.last_mut().unwrap().push(c),
        }
    }
    rows
}

/// The CDC's cases of a vaccine group.
fn cases(group: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let text = std::fs::read_to_string(vectors(CASES)?).unwrap();
    let mut rows = rows(&text).into_iter();
    let header = rows.next().unwrap();
    let whole = rows.filter(|row| row.len() == header.len());
    let cases = whole.map(|row| header.iter().cloned().zip(row).collect::<BTreeMap<_, _>>());
    Some(cases.filter(|case| case["Vaccine_Group"] == group).collect())
}

#[test]
fn a_series_of_the_cdc_forecasts_what_the_cdc_expects() {
    let (Some(antigen), Some(cases)) = (antigen("HepA"), cases("HepA")) else {
        return;
    };
    let [forecast, evaluation] = [Minimum::Forecast, Minimum::Evaluation].map(|minimum| schedule(&antigen["series"][0], minimum));
    // As a file of ours, too.
    let file = forecast.write(&key(1)).unwrap();
    assert_eq!(Schedule::read(&file, [&key(1).public()]), Ok(forecast.clone()));

    let (mut forecasts, mut evaluations) = (0, 0);
    for case in &cases {
        let id = &case["CDC_Test_ID"];
        let born = Some(date(&case["DOB"]));
        let mut given: Vec<(NaiveDate, String)> = Vec::new();
        for number in 1..=7 {
            let field = |name: &str| case[&format!("{name}_{number}")].as_str();
            if field("Date_Administered").is_empty() {
                break;
            }
            let (day, product) = (date(field("Date_Administered")), format!("cvx-{}", field("CVX")));
            let before: Vec<GivenDose<'_>> = given.iter().map(dose).collect();
            let permitted = evaluation.permits(&before, born, day, &product).map(str::to_owned);
            assert_eq!(
                permitted.is_ok(),
                field("Evaluation_Status") == "Valid",
                "{id}: {permitted:?}"
            );
            evaluations += 1;
            if permitted.is_ok() {
                given.push((day, product));
            }
        }
        let is_repeated = (1..=7).any(|number| case[&format!("Evaluation_Status_{number}")] == "Not Valid");
        let given: Vec<GivenDose<'_>> = given.iter().map(dose).collect();
        let answer = forecast.next(&given, born, date(&case["Assessment_Date"]));
        if case["Series_Status"] == "Complete" {
            assert_eq!(answer.due, Err(NoDose::NotYet), "{id}");
        } else if !is_repeated {
            // The CDC counts a dose that was not valid into the next interval; here the site does not give it.
            let due = answer.due.unwrap_or_else(|why| panic!("{id}: {why}"));
            assert_eq!(due.dose.to_string(), case["Forecast_#"], "{id}");
            assert_eq!(due.earliest, date(&case["Earliest_Date"]), "{id}");
            assert_eq!(due.recommended, date(&case["Recommended_Date"]), "{id}");
            // Theirs is the last day that is not late.
            assert_eq!(due.overdue, date(&case["Past_Due_Date"]).succ_opt(), "{id}");
            forecasts += 1;
        }
    }
    assert!(forecasts >= 5 && evaluations >= 12, "{forecasts} {evaluations}");
}

fn dose((date, product): &(NaiveDate, String)) -> GivenDose<'_> {
    GivenDose {
        date: *date,
        product: Some(product),
        number: None,
    }
}

#[test]
fn every_age_and_interval_of_the_cdc_is_a_period() {
    fn look(value: &Value, name: &str, seen: &mut u32) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| look(value, name, seen)),
            Value::Array(values) => values.iter().for_each(|value| look(value, name, seen)),
            Value::String(_) if name.ends_with("Age") || name.ends_with("Int") => {
                let read = period(value).unwrap();
                assert_eq!(read.to_string().parse(), Ok(read), "{value}");
                *seen += 1;
            }
            _ => {}
        }
    }
    let Some(folder) = vectors(SUPPORTING_DATA) else { return };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        look(&serde_json::from_str(&text).unwrap(), "", &mut seen);
    }
    assert!(seen > 9_000, "{seen}");
}
