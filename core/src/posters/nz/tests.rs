use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;

use super::*;

fn poster(json: &str) -> Result<ReadPoster, PosterError> {
    read(&format!("{PREFIX}{}", STANDARD.encode(json))).unwrap()
}

const CAFE: &str = r#"{"typ":"entry","gln":"9429000000000","opn":"Cafe","adr":"1 Main Street\nNelson","ver":"c19:1","x":1}"#;

#[test]
fn a_poster() {
    let expected = ReadPoster {
        kind: PosterKind::Nz,
        name: "Cafe".to_owned(),
        address: Some("1 Main Street\nNelson".to_owned()),
        signature: PosterSignature::None,
        stay_minutes: None,
        valid: None,
        complaint: None,
    };
    assert_eq!(poster(CAFE), Ok(expected));
}

#[test]
fn a_tag_and_a_link_say_the_same_as_the_poster() {
    let code = STANDARD.encode(CAFE);
    let escaped = code.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let expected = poster(CAFE);
    for text in [
        format!("https://tracing.covid19.govt.nz/scan#data={code}"),
        format!("https://tracing.covid19.govt.nz/scan#data=NZCOVIDTRACER:{code}"),
        format!("https://tracing.covid19.govt.nz/scan?source=url#data={code}"),
        format!("https://tracing.covid19.govt.nz/scan#data={escaped}"),
        format!("NZCOVIDTRACER:{}", code.trim_end_matches('=')),
    ] {
        assert_eq!(read(&text), Some(expected.clone()), "{text}");
    }
}

#[test]
fn what_is_not_a_poster() {
    for text in [
        "",
        "NZCOVIDTRACER",
        "nzcovidtracer:AAAA",
        "https://tracing.covid19.govt.nz/scan",
        "https://tracing.covid19.govt.nz/scanner#data=AAAA",
        "https://tracing.covid19.govt.nz.example/scan#data=AAAA",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn what_is_a_poster_made_wrongly() {
    let with = |from: &str, to: &str| poster(&CAFE.replace(from, to));
    assert_eq!(with(r#""ver":"c19:1","#, ""), Err(PosterError::Malformed));
    assert_eq!(with(r#""Cafe""#, "5"), Err(PosterError::Malformed));
    assert_eq!(with("Cafe", " "), Err(PosterError::TextMissing));
    assert_eq!(with("Cafe", &"x".repeat(256)), Err(PosterError::TextTooLong));
    assert_eq!(with("Cafe", r"\u001b[0m"), Err(PosterError::TextControl));
    assert_eq!(poster("[]"), Err(PosterError::Malformed));
    assert_eq!(read("NZCOVIDTRACER:***"), Some(Err(PosterError::Malformed)));
    assert_eq!(
        read(&format!("{PREFIX}{}", "A".repeat(4_297))),
        Some(Err(PosterError::TooLong))
    );
}

#[test]
fn an_empty_address_is_none() {
    let read = poster(&CAFE.replace(r"1 Main Street\nNelson", "")).unwrap();
    assert_eq!(read.address, None);
}

#[test]
fn location_numbers() {
    // GS1's own example of the check digit.
    assert!(is_gln("6291041500213"));
    for wrong in [
        "6291041500214",
        "6291041500123",
        "629104150021",
        "06291041500213",
        "Test",
        "",
        "00000000",
        "6291041500213x",
        "0xxxxxxxxxxxx",
        "629104150021３",
    ] {
        assert!(!is_gln(wrong), "{wrong}");
    }
    let read = poster(&CAFE.replace("9429000000000", "9429000000008")).unwrap();
    assert_eq!(
        (read.name.as_str(), read.complaint),
        ("Cafe", Some(PosterError::LocationNumber))
    );
}
