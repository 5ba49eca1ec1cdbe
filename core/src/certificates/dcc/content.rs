//! What a DCC says: the EU's schema 1.3.x, which the versions before it also satisfy, and the person and doses that it tells of.
//!
//! Sets of values (vaccines, tests, countries) are not checked: they grow, and an old program would refuse a new vaccine.

use chrono::{DateTime, NaiveDate};
use ciborium::Value;
use techo_protocol::certificates::issuer_key::Uses;

use crate::certificates::cbor;
use crate::certificates::note::ContentNote;
use crate::certificates::product;
use crate::certificates::reason::Reason;
use crate::certificates::verified::{Holder, StatedDose, StatedRecovery, StatedTest, Verified};

type Map = [(Value, Value)];

/// Longest text of a field, in characters.
const LONGEST: usize = 80;
/// COVID-19 in SNOMED CT, the only disease of the EU's value set.
const COVID_19: &str = "840539006";
/// The tag of a time as text (RFC 8949, section 3.4.1).
const TIME_TEXT: u64 = 0;

/// Reads the content into `verified`, and says whether it is a test, a vaccination or a recovery.
pub(in crate::certificates) fn read(map: &Map, verified: &mut Verified) -> Result<Uses, Reason> {
    let born = born(map);
    let holder = holder(map);
    if let Ok(holder) = &holder {
        verified.holder = Some(Holder {
            born: born
                .as_ref()
                .ok()
                .filter(|born| !born.is_empty())
                .map(|&born| born.to_owned()),
            ..holder.clone()
        });
    }
    let (uses, entry) = entry(map)?;
    match uses {
        Uses::VACCINATION => verified.doses = vec![vaccination(entry)?],
        Uses::TEST => verified.tests = vec![test(entry)?],
        _ => verified.recoveries = vec![recovery(entry)?],
    }
    if required(entry, "tg")? != COVID_19 {
        verified.doses.clear();
        verified.tests.clear();
        verified.recoveries.clear();
        verified.note(ContentNote::OtherDisease);
    }
    version(map)?;
    born?;
    holder?;
    Ok(uses)
}

/// The one entry. The schema allows one group only, and one entry in it (test case DGC2).
fn entry(map: &Map) -> Result<(Uses, &Map), Reason> {
    let mut found = None;
    for (name, uses) in [("v", Uses::VACCINATION), ("t", Uses::TEST), ("r", Uses::RECOVERY)] {
        let Some(group) = cbor::of_text(map, name) else { continue };
        let group = group.as_array().ok_or(Reason::Schema { field: name })?;
        for entry in group {
            let entry = entry.as_map().ok_or(Reason::Schema { field: name })?;
            if found.replace((uses, entry.as_slice())).is_some() {
                return Err(Reason::Several);
            }
        }
    }
    found.ok_or(Reason::Several)
}

fn version(map: &Map) -> Result<(), Reason> {
    let version = required(map, "ver")?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = version.split('.').collect();
    (parts.len() == 3 && parts.into_iter().all(is_number))
        .then_some(())
        .ok_or(Reason::Schema { field: "ver" })
}

/// The day of birth, or only its month or year, or nothing.
fn born(map: &Map) -> Result<&str, Reason> {
    let wrong = Reason::Schema { field: "dob" };
    let born = cbor::of_text(map, "dob").and_then(Value::as_text).ok_or(wrong.clone())?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let is_year = |text: &str| text.len() == 4 && digits(text) && (text.starts_with("19") || text.starts_with("20"));
    let mut parts = born.split('-');
    let year = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let is_good =
        born.is_empty() || (is_year(year) && rest.len() <= 2 && rest.iter().all(|part| part.len() == 2 && digits(part)));
    is_good.then_some(born).ok_or(wrong)
}

fn holder(map: &Map) -> Result<Holder, Reason> {
    let name = cbor::of_text(map, "nam")
        .and_then(Value::as_map)
        .ok_or(Reason::Schema { field: "nam" })?;
    let (surname, given) = (optional(name, "fn")?, optional(name, "gn")?);
    let (standard_surname, standard_given) = (optional(name, "fnt")?, optional(name, "gnt")?);
    let is_standard = |text: &str| text.bytes().all(|b| b.is_ascii_uppercase() || b == b'<');
    for (text, field) in [(standard_surname, "fnt"), (standard_given, "gnt")] {
        if !text.is_none_or(is_standard) {
            return Err(Reason::Schema { field });
        }
    }
    if standard_surname.is_none() && standard_given.is_none() {
        return Err(Reason::Schema { field: "nam" });
    }
    let surname = surname.or(standard_surname).unwrap_or_default();
    let given = given.or(standard_given).unwrap_or_default();
    Ok(Holder {
        name: [given, surname].join(" ").trim().to_owned(),
        born: None,
        surname: standard_surname.unwrap_or_default().to_owned(),
        given: standard_given.unwrap_or_default().to_owned(),
    })
}

fn vaccination(entry: &Map) -> Result<StatedDose, Reason> {
    for field in ["tg", "vp", "mp", "ma"] {
        required(entry, field)?;
    }
    let dose = StatedDose {
        date: Some(date(entry, "dt")?.to_owned()),
        product: Some(product::of_eu(required(entry, "mp")?)),
        number: Some(count(entry, "dn")?),
        of: Some(count(entry, "sd")?),
        ..StatedDose::default()
    };
    origin(entry)?;
    Ok(dose)
}

fn test(entry: &Map) -> Result<StatedTest, Reason> {
    for field in ["tg", "tt", "tr"] {
        required(entry, field)?;
    }
    for field in ["nm", "ma", "tc"] {
        optional(entry, field)?;
    }
    let taken = required(entry, "sc")?;
    DateTime::parse_from_rfc3339(&with_colon(taken)).map_err(|_| Reason::Schema { field: "sc" })?;
    origin(entry)?;
    Ok(StatedTest {
        time: Some(taken.to_owned()),
        result: Some(StatedTest::result(required(entry, "tr")?)),
    })
}

/// Time zones without a colon, or of hours alone, are ISO 8601 as well, and some countries write them.
fn with_colon(time: &str) -> String {
    match time.len().checked_sub(5).and_then(|at| time.split_at_checked(at)) {
        Some((head, zone)) if zone.starts_with(['+', '-']) => {
            let (hours, minutes) = zone.split_at_checked(3).unwrap_or((zone, ""));
            format!("{head}{hours}:{minutes}")
        }
        _ if time.len() > 3 && time.is_char_boundary(time.len() - 3) && time[time.len() - 3..].starts_with(['+', '-']) => {
            format!("{time}:00")
        }
        _ => time.to_owned(),
    }
}

fn recovery(entry: &Map) -> Result<StatedRecovery, Reason> {
    required(entry, "tg")?;
    let day = |field| date(entry, field).map(|day| Some(day.to_owned()));
    let recovery = StatedRecovery {
        positive: day("fr")?,
        from: day("df")?,
        until: day("du")?,
    };
    origin(entry)?;
    Ok(recovery)
}

/// Country, issuer and identifier, which every entry has.
fn origin(entry: &Map) -> Result<(), Reason> {
    let country = required(entry, "co")?;
    if !(1..=10).contains(&country.len()) || !country.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(Reason::Schema { field: "co" });
    }
    required(entry, "is")?;
    required(entry, "ci")?;
    Ok(())
}

fn required<'a>(map: &'a Map, field: &'static str) -> Result<&'a str, Reason> {
    optional(map, field)?.ok_or(Reason::Schema { field })
}

fn optional<'a>(map: &'a Map, field: &'static str) -> Result<Option<&'a str>, Reason> {
    let Some(value) = cbor::of_text(map, field) else {
        return Ok(None);
    };
    // Some countries mark their times as such.
    let value = match value {
        Value::Tag(TIME_TEXT, inner) => inner,
        other => other,
    };
    value
        .as_text()
        .filter(|text| text.chars().count() <= LONGEST)
        .map(Some)
        .ok_or(Reason::Schema { field })
}

fn date<'a>(map: &'a Map, field: &'static str) -> Result<&'a str, Reason> {
    let text = required(map, field)?;
    let is_date = text.len() == 10 && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok();
    is_date.then_some(text).ok_or(Reason::Schema { field })
}

/// A dose number or the doses of a series: 1 or more. To JSON Schema, 2.0 is a whole number, and one country writes it so.
fn count(map: &Map, field: &'static str) -> Result<u32, Reason> {
    let number = match cbor::of_text(map, field) {
        Some(Value::Integer(number)) => u32::try_from(*number).ok(),
        Some(Value::Float(number)) if number.fract() == 0.0 => {
            cbor::whole(*number).ok().and_then(|number| u32::try_from(number).ok())
        }
        _ => None,
    };
    number.filter(|&number| number > 0).ok_or(Reason::Schema { field })
}
