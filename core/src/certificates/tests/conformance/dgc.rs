//! The EU's: dgc-testdata of the countries, the certificates of dcc-quality-assurance, and the schema's own examples.

use ciborium::Value as Cbor;

use super::*;
use crate::certificates::dcc;

/// Vectors that are wrong upstream, or of which upstream leaves open what they come to; each with its issue or reason.
const LEFT_OUT: [(&str, &[&str]); 8] = [
    (
        "signed with P-384 under the name of ES256 (dgc-testdata issue 228)",
        &["ES/401", "ES/402", "ES/403"],
    ),
    (
        "the clock stands at the end itself: over by RFC 8392",
        &["DK/", "IE/", "ES/1501", "ES/1502", "ES/1503"],
    ),
    (
        "the clock stands before it was issued, which test case CO16 calls invalid",
        &[
            "ES/1101",
            "ES/1102",
            "ES/1103",
            "ES/2101",
            "ES/2102",
            "ES/2103",
            "FR/test_pcr_ok",
            "FR/vaccin_ok",
            "FR/recovery_ok",
            "LU/INCERT_R_DCC_Recovery",
        ],
    ),
    (
        "a test signed by a key for vaccinations; upstream says nothing of it (LI), or the certificate has no use at all and must then be for all (IS)",
        &["LI/4", "IS/3"],
    ),
    ("issued before its certificate began", &["BG/4"]),
    ("the certificates are not DER (issue 407)", &["FI/"]),
    ("an empty protected header, against its own description", &["common/CO20"]),
    (
        "break the schema and should pass (issues 340, 356, 357)",
        &["HU/3", "RO/2", "SK/3"],
    ),
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "json") {
            found.push(path);
        }
    }
}

fn clock(text: &str) -> i64 {
    let zoned = |text: &str| {
        chrono::DateTime::parse_from_rfc3339(text).or_else(|_| chrono::DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
    };
    zoned(text).or_else(|_| zoned(&format!("{text}Z"))).unwrap().timestamp()
}

/// The rules of the schema that vectors of the Netherlands and Poland break, whether they say so or not (issue 107).
fn breaks_schema(certificate: &Value) -> bool {
    let entries = ["v", "t", "r"]
        .iter()
        .filter_map(|group| certificate[group].as_array())
        .flatten();
    let born = certificate["dob"].as_str().unwrap();
    !(born.is_empty() || born.starts_with("19") || born.starts_with("20"))
        || entries.into_iter().any(|entry| {
            entry["co"] == "" || entry["dn"] == 0 || entry["sd"] == 0 || entry["dt"].as_str().is_some_and(|day| day.len() > 10)
        })
}

#[test]
fn test_data_of_the_countries() {
    let Some(base) = vectors("dgc-testdata") else { return };
    let mut paths = Vec::new();
    files(&base, &mut paths);
    let mut checked = 0;
    for path in paths {
        let relative = path.strip_prefix(&base).unwrap().with_extension("");
        let parts = relative.iter().map(|part| part.to_str().unwrap());
        let name = parts
            .filter(|part| !["2dcode", "raw"].contains(&part.to_lowercase().as_str()))
            .collect::<Vec<_>>()
            .join("/");
        let vector = json(&path);
        let expected = |name: &str| vector["EXPECTEDRESULTS"][format!("EXPECTED{name}")].as_bool();
        let (Some(text), Some(certificate), Some(at)) = (
            vector["PREFIX"].as_str(),
            vector["TESTCTX"]["CERTIFICATE"].as_str(),
            vector["TESTCTX"]["VALIDATIONCLOCK"].as_str(),
        ) else {
            continue;
        };
        let stages = [
            "VERIFY",
            "DECODE",
            "B45DECODE",
            "COMPRESSION",
            "UNPREFIX",
            "EXPIRATIONCHECK",
            "VALIDOBJECT",
            "KEYUSAGE",
        ];
        let other = stages.iter().all(|stage| expected(stage) != Some(false));
        let schema = expected("SCHEMAVALIDATION") != Some(false);
        let says_nothing = expected("VERIFY").is_none() && other && schema;
        let left_out = LEFT_OUT
            .iter()
            .flat_map(|(_, names)| *names)
            .any(|left| name == *left || (left.ends_with('/') && name.starts_with(left)));
        let disagrees = (name.starts_with("NL/") || name.starts_with("PL/")) && other && schema == breaks_schema(&vector["JSON"]);
        if says_nothing || left_out || disagrees {
            continue;
        }
        let verified = verify(text, &trust(certificate.as_bytes()), clock(at));
        assert_valid(&name, &verified, other && schema);
        if name == "common/CO22" || name == "common/CO23" {
            assert_eq!(
                verified.reasons,
                [Reason::UnknownKey],
                "{name}: a key id that is not the key's"
            );
        }
        checked += 1;
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn certificates_as_the_countries_drew_them() {
    let (Some(base), Some(lists)) = (vectors("dcc-quality-assurance"), vectors("ref/trust")) else {
        return;
    };
    let list = std::fs::read(lists.join("covpass-dsc-list-demo.json")).unwrap();
    let trust = trust(&list);
    let (mut valid, mut decoded) = (0, 0);
    for (name, case) in json(&base.join("expected.json"))["cases"].as_object().unwrap() {
        let Some(text) = case["qr"].as_str().filter(|text| text.starts_with("HC1:")) else {
            continue;
        };
        // Within every certificate's time, so that only signature and content count.
        let claims = &case["claims"];
        let Some(at) = claims["6"].as_i64().or_else(|| Some(claims["4"].as_i64()? - 1)) else {
            continue;
        };
        let verified = verify(text, &trust, at);
        let has = |reason: &Reason| verified.reasons.contains(reason);
        match case["sig"]["demo"].as_str() {
            // Its key has 1024 bits.
            Some("valid") if name.starts_with("MK/") => assert!(has(&Reason::UnknownKey), "{name}: {:?}", verified.reasons),
            Some("valid") => {
                assert!(
                    !has(&Reason::SignatureInvalid) && !has(&Reason::UnknownKey) && !has(&Reason::Algorithm),
                    "{name}: {:?}",
                    verified.reasons
                );
                valid += 1;
            }
            Some("unknown-kid") => assert!(
                has(&Reason::UnknownKey) || has(&Reason::Algorithm),
                "{name}: {:?}",
                verified.reasons
            ),
            _ => assert_ne!(verified.verdict(), Verdict::Valid, "{name}"),
        }
        if verified.kind == DocumentKind::Dcc {
            decoded += 1;
            if let Some(holder) = verified.holder {
                let standard = case["dcc"]["nam"]["fnt"].as_str().unwrap_or_default();
                assert_eq!(holder.surname, standard, "{name}");
            }
            if let (Some(dose), Some(entry)) = (verified.doses.first(), case["dcc"]["v"].get(0)) {
                assert_eq!(dose.number.map(f64::from), entry["dn"].as_f64(), "{name}");
                assert_eq!(dose.date.as_deref(), entry["dt"].as_str(), "{name}");
            }
        }
    }
    assert!(valid > 20 && decoded > 100, "{valid} {decoded}");
}

#[test]
fn the_schema_s_own_examples() {
    let Some(base) = vectors("dcc-schema") else { return };
    let mut paths = Vec::new();
    files(&base, &mut paths);
    assert!(!paths.is_empty());
    for path in paths {
        let content = Cbor::serialized(&json(&path)).unwrap();
        let mut verified = Verified::of(DocumentKind::Dcc);
        let read = dcc::content::read(content.as_map().unwrap(), &mut verified);
        let is_invalid = path.to_str().unwrap().contains("/invalid/");
        assert_eq!(read.is_err(), is_invalid, "{}: {read:?}", path.display());
    }
}
