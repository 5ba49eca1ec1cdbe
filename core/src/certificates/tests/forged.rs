//! Certificates of our own making, each wrong in one way.

use ciborium::Value as Cbor;
use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use proptest::prelude::*;
use serde_json::json;
use techo_protocol::basics::base45;
use techo_protocol::certificates::issuer_key::Uses;

use super::issuing::*;
use crate::certificates::{ContentNote, DocumentKind, Reason, Trust, Verdict, verify};

/// What is against a DCC that the trusted issuer signed.
fn reasons(issuer: &Issuer, dcc: &NewDcc) -> Vec<Reason> {
    verify(&dcc.text(|message| issuer.sign(message)), &issuer.trusted(), NOW).reasons
}

#[test]
fn a_right_one_is_valid_and_says_all() {
    let issuer = Issuer::new();
    let verified = verify(&NewDcc::new().text(|message| issuer.sign(message)), &issuer.trusted(), NOW);
    assert_eq!(
        (verified.kind, verified.verdict()),
        (DocumentKind::Dcc, Verdict::Valid),
        "{:?}",
        verified.reasons
    );
    let (holder, dose) = (verified.holder.unwrap(), &verified.doses[0]);
    assert_eq!(
        (holder.name.as_str(), holder.born.as_deref()),
        ("Aki Sato", Some("1980-01-01"))
    );
    assert_eq!(
        (dose.product.as_deref(), dose.number, dose.of),
        (Some("pfizer"), Some(2), Some(2))
    );
    assert_eq!(
        (verified.issuer.as_deref(), verified.valid_until),
        (Some("techo_protocol"), Some(EXPIRES))
    );
}

#[test]
fn a_key_that_is_not_trusted_leaves_it_open_unless_something_is_wrong() {
    let (issuer, other) = (Issuer::new(), Issuer::new());
    let text = NewDcc::new().text(|message| issuer.sign(message));
    let nobody = verify(&text, &Trust::default(), NOW);
    assert_eq!(
        (nobody.verdict(), nobody.reasons),
        (Verdict::Unknown, vec![Reason::UnknownKey])
    );
    let over = verify(&text, &Trust::default(), EXPIRES);
    assert_eq!(
        (over.verdict(), over.reasons),
        (Verdict::Invalid, vec![Reason::UnknownKey, Reason::Expired])
    );
    assert_eq!(verify(&text, &other.trusted(), NOW).reasons, [Reason::SignatureInvalid]);
}

#[test]
fn two_keys_may_have_one_id() {
    let (issuer, other) = (Issuer::new(), Issuer::new());
    let text = NewDcc::new().text(|message| issuer.sign(message));
    for keys in [[&other, &issuer], [&issuer, &other]] {
        let trust = Trust::new(keys.map(|issuer| issuer.listed(KEY_ID, "techo_protocol", Uses::DCC)).into());
        assert_eq!(verify(&text, &trust, NOW).reasons, []);
    }
}

#[test]
fn a_key_for_other_certificates_is_not_trusted_for_these() {
    let issuer = Issuer::new();
    let text = NewDcc::new().text(|message| issuer.sign(message));
    for uses in [Uses::SHC, Uses::NZCP, Uses::VDS_NC, Uses::VDS_NC_AUTHORITY] {
        let trust = Trust::new(vec![issuer.listed(KEY_ID, "techo_protocol", uses)]);
        assert_eq!(verify(&text, &trust, NOW).reasons, [Reason::UnknownKey]);
    }
    let tests_only = Trust::new(vec![issuer.listed(KEY_ID, "techo_protocol", Uses::DCC.and(Uses::TEST))]);
    assert_eq!(verify(&text, &tests_only, NOW).reasons, [Reason::IssuerKeyUse]);
}

#[test]
fn the_algorithm_goes_with_the_key() {
    let issuer = Issuer::new();
    for (number, expected) in [(-37, Reason::Algorithm), (-35, Reason::Algorithm), (5, Reason::Algorithm)] {
        let mut dcc = NewDcc::new();
        dcc.protected[0].1 = number.into();
        assert_eq!(reasons(&issuer, &dcc), [expected], "{number}");
    }
}

#[test]
fn a_signature_in_der_is_refused() {
    let issuer = Issuer::new();
    let text = NewDcc::new().text(|message| issuer.sign_der(message));
    assert_eq!(verify(&text, &issuer.trusted(), NOW).reasons, [Reason::SignatureEncoding]);
    let long = NewDcc::new().text(|_| vec![1; 71]);
    assert_eq!(verify(&long, &issuer.trusted(), NOW).reasons, [Reason::SignatureEncoding]);
}

#[test]
fn times_are_those_of_the_clock_that_is_given() {
    let issuer = Issuer::new();
    let text = NewDcc::new().text(|message| issuer.sign(message));
    let at = |now| verify(&text, &issuer.trusted(), now).reasons;
    assert_eq!(at(ISSUED - 1), [Reason::NotYetValid]);
    assert_eq!((at(ISSUED), at(EXPIRES - 1)), (vec![], vec![]));
    assert_eq!(at(EXPIRES), [Reason::Expired]);
    let from_later = NewDcc::new().claim(5, NOW + 1);
    assert_eq!(reasons(&issuer, &from_later), [Reason::NotYetValid]);
    let mut key = issuer.listed(KEY_ID, "techo_protocol", Uses::DCC);
    key.not_before = ISSUED + 1;
    assert_eq!(verify(&text, &Trust::new(vec![key]), NOW).reasons, [Reason::IssuerKeyTime]);
}

#[test]
fn numbers_without_bounds_are_refused() {
    let issuer = Issuer::new();
    for exp in [
        Cbor::from(u64::MAX),
        Cbor::Float(f64::INFINITY),
        Cbor::Float(1e300),
        Cbor::Float(f64::NAN),
    ] {
        assert_eq!(reasons(&issuer, &NewDcc::new().claim(4, exp)), [Reason::Number]);
    }
    let mut entry = vaccination();
    entry["dn"] = u64::MAX.into();
    let dcc = NewDcc::of(&json!({ "ver": "1.3.0", "dob": "", "nam": { "fnt": "SATO" }, "v": [entry] }));
    assert_eq!(reasons(&issuer, &dcc), [Reason::Schema { field: "dn" }]);
    for (number, is_good) in [(2.0, true), (0.0, false), (-1.0, false), (1.5, false), (1e300, false)] {
        entry["dn"] = number.into();
        let dcc = NewDcc::of(&json!({ "ver": "1.3.0", "dob": "", "nam": { "fnt": "SATO" }, "v": [entry] }));
        assert_eq!(reasons(&issuer, &dcc).is_empty(), is_good, "{number}");
    }
}

#[test]
fn a_claim_that_stands_twice_is_refused() {
    let issuer = Issuer::new();
    let mut dcc = NewDcc::new();
    dcc.claims.push((4.into(), i64::MAX.into()));
    assert_eq!(reasons(&issuer, &dcc), [Reason::DuplicateKey]);
    let mut dcc = NewDcc::new();
    dcc.protected.push((1.into(), (-37).into()));
    assert_eq!(reasons(&issuer, &dcc), [Reason::DuplicateKey]);
}

#[test]
fn bombs_and_towers_are_refused() {
    let issuer = Issuer::new();
    let of = |bytes: &[u8]| verify(&packed(bytes), &issuer.trusted(), NOW).reasons;
    assert_eq!(of(&vec![0; 2 << 20]), [Reason::TooLarge]);
    assert_eq!(of(&vec![0x81; 60_000]), [Reason::Cbor]);
    let mut tower = vec![0x81; 60_000];
    tower.push(0x01);
    let inside = message(vec![], tower, |_| vec![0; 64]);
    assert_eq!(of(&inside), [Reason::Cbor]);
    let long = format!("HC1:{}", "0".repeat(5_000));
    assert_eq!(verify(&long, &Trust::default(), NOW).reasons, [Reason::TooLong]);
    assert_eq!(verify("HC2:6BF", &Trust::default(), NOW).reasons, [Reason::Version]);
    assert_eq!(verify("HC1:a", &Trust::default(), NOW).reasons, [Reason::Encoding]);
    assert_eq!(verify("HC1:6BF", &Trust::default(), NOW).reasons, [Reason::Compression]);
    let empty = format!("HC1:{}", base45::encode(&compress_to_vec_zlib(&[], 9)));
    assert_eq!(verify(&empty, &Trust::default(), NOW).reasons, [Reason::Cbor]);
}

#[test]
fn one_certificate_holds_one_entry() {
    let issuer = Issuer::new();
    let with = |groups: serde_json::Value| {
        let mut content = json!({ "ver": "1.3.0", "dob": "", "nam": { "fnt": "SATO" } });
        content.as_object_mut().unwrap().extend(groups.as_object().unwrap().clone());
        reasons(&issuer, &NewDcc::of(&content))
    };
    assert_eq!(with(json!({ "v": [vaccination()] })), []);
    assert_eq!(with(json!({ "v": [vaccination()], "t": null, "r": [] })), []);
    assert_eq!(with(json!({ "v": [vaccination(), vaccination()] })), [Reason::Several]);
    assert_eq!(with(json!({})), [Reason::Several]);
    let entries = json!({ "r": [{ "tg": "1", "fr": "2021-02-30", "co": "XX", "is": "M", "df": "2021-03-01", "du": "2021-09-01", "ci": "1" }] });
    assert_eq!(with(entries), [Reason::Schema { field: "fr" }]);
}

#[test]
fn a_card_is_checked_like_the_rest() {
    let (issuer, other) = (Issuer::new(), Issuer::new());
    let trust = issuer.trusted_for_cards();
    let of = |payload: &serde_json::Value| verify(&card_text(&issuer, payload), &trust, NOW).reasons;
    assert_eq!(of(&card()), []);
    let changed = |path: &str, value: serde_json::Value| {
        let mut payload = card();
        *payload.pointer_mut(path).unwrap() = value;
        of(&payload)
    };
    assert_eq!(changed("/nbf", (NOW + 1).into()), [Reason::NotYetValid]);
    assert_eq!(
        changed("/nbf", 1_630_000_000_000_i64.into()),
        [Reason::Milliseconds],
        "in milliseconds"
    );
    assert_eq!(changed("/nbf", 1e300.into()), [Reason::Number]);
    assert_eq!(changed("/vc/type", json!(["other"])), [Reason::ContentType]);
    assert_eq!(changed("/iss", "https://cards.example/other".into()), [Reason::IssuerOther]);
    assert_eq!(
        changed("/iss", "http://cards.example".into()),
        [Reason::IssuerOther, Reason::IssuerName]
    );
    let mut over = card();
    over["exp"] = NOW.into();
    assert_eq!(of(&over), [Reason::Expired]);
    let unknown = verify(&card_text(&other, &card()), &trust, NOW);
    assert_eq!((unknown.kind, unknown.verdict()), (DocumentKind::Shc, Verdict::Unknown));
}

#[test]
fn a_card_s_envelope_is_in_the_form_of_its_kind() {
    let issuer = Issuer::new();
    let trust = issuer.trusted_for_cards();
    let payload = compress_to_vec(card().to_string().as_bytes(), 9);
    let with = |header: serde_json::Value, payload: &[u8]| {
        verify(&jws(&header, payload, |message| issuer.sign(message)), &trust, NOW).reasons
    };
    let header = card_header(&issuer);
    let changed = |name: &str, value: serde_json::Value| {
        let mut header = header.clone();
        header[name] = value;
        with(header, &payload)
    };
    assert_eq!(with(header.clone(), &payload), []);
    assert_eq!(changed("alg", "none".into()), [Reason::Algorithm]);
    assert_eq!(changed("alg", "HS256".into()), [Reason::Algorithm]);
    assert_eq!(changed("zip", json!(null)), [Reason::Envelope]);
    assert_eq!(changed("kid", json!(null)), [Reason::Envelope]);
    assert_eq!(changed("crit", json!(["b64"])), [Reason::Critical]);
    assert_eq!(with(header.clone(), card().to_string().as_bytes()), [Reason::Compression]);
    assert_eq!(
        with(header.clone(), &compress_to_vec(&vec![b' '; 5 << 20], 9)),
        [Reason::TooLarge]
    );
    assert_eq!(
        with(header.clone(), &compress_to_vec("[".repeat(100_000).as_bytes(), 9)),
        [Reason::Schema { field: "card" }]
    );
    let deep = card()
        .to_string()
        .replace("\"Aki\"", &format!("{}{}", "[".repeat(200), "]".repeat(200)));
    assert_eq!(with(header.clone(), &compress_to_vec(deep.as_bytes(), 9)), [Reason::Json]);
    let twice = card().to_string().replacen('{', &format!("{{\"iss\":\"{CARD_ISSUER}\","), 1);
    assert_eq!(
        with(header.clone(), &compress_to_vec(twice.as_bytes(), 9)),
        [Reason::DuplicateKey]
    );
    let der = jws(&header, &payload, |message| issuer.sign_der(message));
    assert_eq!(verify(&der, &trust, NOW).reasons, [Reason::SignatureEncoding]);
}

/// The valid ones, each changed at one place, are never valid.
#[test]
fn every_changed_character_is_noticed() {
    let issuer = Issuer::new();
    let text = NewDcc::new().text(|message| issuer.sign(message));
    let mut keys = vec![issuer.listed(KEY_ID, "techo_protocol", Uses::DCC)];
    keys.push(issuer.listed(issuer.key.thumbprint().as_bytes(), CARD_ISSUER, Uses::SHC));
    let trust = Trust::new(keys);
    let card = card_text(&issuer, &card());
    for text in [text, card] {
        assert_eq!(verify(&text, &trust, NOW).verdict(), Verdict::Valid);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_ne!(verify(&changed, &trust, NOW).verdict(), Verdict::Valid, "{at}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(prefix in "(HC1:|shc:/|shc:/1/2/|NZCP:/1/|eyJ|\\{\"icao\\.|)", text in "[ -~]{0,200}") {
        let verified = verify(&format!("{prefix}{text}"), &Trust::default(), NOW);
        prop_assert_ne!(verified.verdict(), Verdict::Valid);
    }

    #[test]
    fn any_bytes_inside_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let inside = message(vec![0xA1, 0x01, 0x26], bytes.clone(), |_| vec![0; 64]);
        for bytes in [bytes, inside] {
            let verified = verify(&packed(&bytes), &Trust::default(), NOW);
            prop_assert_ne!(verified.verdict(), Verdict::Valid);
        }
    }
}

#[test]
fn a_test_and_a_recovery_say_what_they_tell() {
    let issuer = Issuer::new();
    let trust = issuer.trusted();
    let of = |group: &str, entry: serde_json::Value| {
        let content = json!({ "ver": "1.3.0", "dob": "1980-01-01", "nam": { "fn": "Sato", "fnt": "SATO" }, group: [entry] });
        verify(&NewDcc::of(&content).text(|message| issuer.sign(message)), &trust, NOW)
    };
    let test = |disease: &str, result: &str| json!({ "tg": disease, "tt": "LP6464-4", "sc": "2021-08-01T10:00:00Z", "tr": result, "co": "XX", "is": "Ministry", "ci": "URN:1" });
    let positive = of("t", test("840539006", "260373001"));
    assert_eq!((positive.verdict(), positive.notes), (Verdict::Valid, vec![]));
    assert_eq!(
        positive.tests[0].result.as_deref(),
        Some("detected"),
        "valid, and no reason to let anybody in"
    );
    assert_eq!(positive.tests[0].time.as_deref(), Some("2021-08-01T10:00:00Z"));
    assert_eq!(
        of("t", test("840539006", "419984006")).tests[0].result.as_deref(),
        Some("419984006")
    );
    let other = of("t", test("397430003", "260415000"));
    assert_eq!((other.tests, other.notes), (vec![], vec![ContentNote::OtherDisease]));

    let recovery = json!({ "tg": "840539006", "fr": "2021-06-01", "df": "2021-06-11", "du": "2021-11-28", "co": "XX", "is": "Ministry", "ci": "URN:1" });
    let recovered = of("r", recovery).recoveries.remove(0);
    assert_eq!(
        [recovered.positive, recovered.from, recovered.until].map(Option::unwrap_or_default),
        ["2021-06-01", "2021-06-11", "2021-11-28"]
    );
}

#[test]
fn a_card_that_tells_of_nothing_says_so() {
    let issuer = Issuer::new();
    let empty = verify(&card_text(&issuer, &card()), &issuer.trusted_for_cards(), NOW);
    assert_eq!(
        (empty.verdict(), empty.notes),
        (Verdict::Valid, vec![ContentNote::NothingTold])
    );
}

#[test]
fn an_end_in_milliseconds_is_none_in_50_000_years() {
    let issuer = Issuer::new();
    assert_eq!(
        reasons(&issuer, &NewDcc::new().claim(4, EXPIRES * 1_000)),
        [Reason::Milliseconds]
    );
}
