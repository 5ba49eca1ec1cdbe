use super::super::trace_location::tests::Sample;
use super::*;

fn sample() -> Sample {
    Sample {
        description: "Kantine".to_owned(),
        address: "Bahnhofstrasse 1, Zürich".to_owned(),
        times: (1_600_000_000, 1_600_007_200),
        time_fields: (4, 5),
        seed: vec![9; 32],
        country_data: Vec::new(),
    }
}

fn read_sample(sample: &Sample) -> Result<ReadPoster, PosterError> {
    read(&format!("https://qr.notify-me.ch?v=3#{}", sample.base64())).unwrap()
}

#[test]
fn posters_of_both_versions_and_hosts() {
    let expected = ReadPoster {
        kind: PosterKind::NotifyMe,
        name: "Kantine".to_owned(),
        address: Some("Bahnhofstrasse 1, Zürich".to_owned()),
        signature: PosterSignature::None,
        stay_minutes: None,
        valid: Some((1_600_000_000, 1_600_007_200)),
        complaint: None,
    };
    for url in [
        "https://qr.notify-me.ch?v=3#",
        "https://qr.notify-me.ch/?v=3#",
        "https://qr.notify-me.ch?v=4#",
        "https://qr.swisscovid.ch?v=4#",
    ] {
        assert_eq!(
            read(&format!("{url}{}", sample().base64())),
            Some(Ok(expected.clone())),
            "{url}"
        );
    }
}

#[test]
fn times_stand_in_other_fields_than_germany_s() {
    let german = Sample {
        time_fields: (5, 6),
        times: (1_600_000_000, 1_600_007_200),
        ..sample()
    };
    // Read by Switzerland's numbers, Germany's start is the end and there is no start.
    assert_eq!(read_sample(&german).map(|poster| poster.valid), Ok(Some((0, 1_600_000_000))));
}

#[test]
fn an_address_is_not_needed_and_the_seed_is_32_bytes() {
    assert_eq!(
        read_sample(&Sample {
            address: String::new(),
            ..sample()
        })
        .map(|p| p.address),
        Ok(None)
    );
    let short = read_sample(&Sample {
        seed: vec![1; 16],
        ..sample()
    })
    .unwrap();
    assert_eq!((short.name.as_str(), short.complaint), ("Kantine", Some(PosterError::Seed)));
}

#[test]
fn other_versions_and_other_texts() {
    assert_eq!(read("https://qr.notify-me.ch?v=2#CAIS"), Some(Err(PosterError::Version)));
    assert_eq!(read("https://qr.notify-me.ch?v=3#CAIS"), Some(Err(PosterError::Malformed)));
    assert_eq!(read("https://qr.notify-me.ch/#CAESZAgBEiDw"), None);
    assert_eq!(read("https://qr.notify-me.ch.example?v=3#CAIS"), None);
}
