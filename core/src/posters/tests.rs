use proptest::prelude::*;

use super::*;

#[test]
fn other_texts_are_no_posters() {
    for text in [
        "",
        " ",
        "hello",
        "https://techo.example/v#123",
        "WIFI:S:net;;",
        "HC1:6BF",
        "ukc19tracing:1:a.b.c",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn white_space_around_a_text_is_not_part_of_it() {
    assert_eq!(read("  UKC19TRACING:x\r\n"), Some(Err(PosterError::Malformed)));
}

#[test]
fn names_are_stable() {
    let kinds = [PosterKind::Nz, PosterKind::Nhs, PosterKind::Cwa, PosterKind::NotifyMe];
    assert_eq!(kinds.map(PosterKind::name), ["nz", "nhs", "cwa", "notifyme"]);
}

proptest! {
    #[test]
    fn any_text_is_an_answer(
        prefix in prop::sample::select(vec![
            "",
            "NZCOVIDTRACER:",
            "https://tracing.covid19.govt.nz/scan#data=",
            "UKC19TRACING:1:",
            "https://e.coronawarn.app?v=1#",
            "https://app.luca-app.de/webapp/1#/CWA1/",
            "https://qr.notify-me.ch?v=3#",
        ]),
        rest in "([A-Za-z0-9_.:#/-]{0,200}|\\PC{0,60})",
    ) {
        let answer = read(&format!("{prefix}{rest}"));
        prop_assert!(prefix.is_empty() || answer.is_some());
        if let Some(Ok(poster)) = answer {
            prop_assert!(!poster.name.is_empty() && poster.name.chars().count() <= 255);
        }
    }
}
