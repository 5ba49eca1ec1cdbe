use super::super::protobuf::tests::Writer;
use super::super::trace_location::tests::Sample;
use super::*;

fn sample() -> Sample {
    Sample {
        description: "Friseur".to_owned(),
        address: "Berlin".to_owned(),
        times: (1_600_000_000, 1_600_007_200),
        time_fields: (5, 6),
        seed: vec![9; 16],
        country_data: Writer::default().varint(1, 1).varint(2, 5).varint(3, 120).0,
    }
}

fn poster() -> ReadPoster {
    ReadPoster {
        kind: PosterKind::Cwa,
        name: "Friseur".to_owned(),
        address: Some("Berlin".to_owned()),
        signature: PosterSignature::None,
        stay_minutes: Some(120),
        valid: Some((1_600_000_000, 1_600_007_200)),
        complaint: None,
    }
}

#[test]
fn a_poster_of_either_app() {
    let payload = sample().base64();
    for text in [
        format!("https://e.coronawarn.app?v=1#{payload}"),
        format!("https://e.coronawarn.app/?v=1#{payload}"),
        format!("https://app.luca-app.de/webapp/386d0384#/CWA1/{payload}"),
        format!("https://app.luca-app.de/webapp/386d0384#42/CWA1/{payload}"),
    ] {
        assert_eq!(read(&text), Some(Ok(poster())), "{text}");
    }
}

#[test]
fn what_is_not_a_poster() {
    for text in [
        "",
        "https://e.coronawarn.app",
        "https://e.coronawarn.app/e1/BIYAUEDBZY6EIWF7QX6JOKSRPAGEB3H7",
        "https://e.coronawarn.app.example?v=1#CAES",
        "https://app.luca-app.de/webapp/386d0384",
        "https://app.luca-app.de/webapp/386d0384#e30",
        "https://app.luca-app.de/webapp/386d0384#/CWAx/CAES",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn what_is_a_poster_made_wrongly() {
    assert_eq!(read("https://e.coronawarn.app?v=2#CAES"), Some(Err(PosterError::Version)));
    assert_eq!(
        read("https://app.luca-app.de/webapp/1#/CWA2/CAES"),
        Some(Err(PosterError::Version))
    );
    assert_eq!(read("https://e.coronawarn.app?v=1#CAES"), Some(Err(PosterError::Malformed)));
    let long = "A".repeat(4_297);
    assert_eq!(
        read(&format!("https://e.coronawarn.app?v=1#{long}")),
        Some(Err(PosterError::TooLong))
    );
}

#[test]
fn usual_stays() {
    let stay = |country_data: Vec<u8>| {
        let payload = Sample {
            country_data,
            ..sample()
        }
        .base64();
        read(&format!("https://e.coronawarn.app?v=1#{payload}"))
            .unwrap()
            .map(|poster| poster.stay_minutes)
    };
    let minutes = |value| stay(Writer::default().varint(3, value).0);
    assert_eq!(stay(Vec::new()), Ok(None));
    assert_eq!(minutes(0), Ok(None));
    assert_eq!(minutes(1_440), Ok(Some(1_440)));
    assert_eq!(minutes(1_441), Ok(Some(1_440)));
    assert_eq!(minutes(u64::MAX), Ok(Some(1_440)));
    assert_eq!(stay(vec![0x18]), Err(PosterError::Malformed));
}
