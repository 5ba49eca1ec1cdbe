//! The published test data of the EU, SMART Health Cards, New Zealand, ICAO and the Corona-Warn-App, read from `TECHO_VECTORS`.

use std::path::{Path, PathBuf};

use serde_json::Value;
use techo_protocol::certificates::issuer_key::Uses;
use techo_protocol::certificates::trust_bundle::TrustBundle;

use crate::certificates::{DocumentKind, Reason, Trust, Verdict, Verified, holder, key_source, verify, whole};
use crate::exposure::fixture::Authority;

mod dgc;
mod shc;

fn vectors(below: &str) -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let root = std::env::var_os("TECHO_VECTORS").map_or_else(|| PathBuf::from(default), PathBuf::from);
    let folder = root.join("vax").join(below);
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("NOT RUN: no vectors at {}", folder.display());
    None
}

fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn trust(content: &[u8]) -> Trust {
    Trust::new(key_source::read(content, None).unwrap())
}

fn unix(time: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(time).unwrap().timestamp()
}

#[test]
fn new_zealand() {
    let Some(folder) = vectors("nzcp") else { return };
    let now = unix("2021-11-26T00:00:00+13:00");
    let mut read = 0;
    for keys in ["did.json", "jwk.json"] {
        let trust = trust(&std::fs::read(folder.join(keys)).unwrap());
        for (name, case) in json(&folder.join("expected.json"))["cases"].as_object().unwrap() {
            let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.txt"))) else {
                continue;
            };
            let verified = verify(&text, &trust, now);
            let is_valid = case["expected"] == "VALID";
            assert_eq!(verified.kind, DocumentKind::Nzcp, "{name}");
            assert_eq!(
                verified.verdict() == Verdict::Valid,
                is_valid,
                "{name}: {:?}",
                verified.reasons
            );
            if name.ends_with("expired-payload") {
                assert_eq!(verified.reasons, [Reason::Expired]);
            }
            if is_valid {
                let holder = verified.holder.unwrap();
                assert_eq!(
                    (holder.name.as_str(), holder.born.as_deref()),
                    ("Jack Sparrow", Some("1960-04-16"))
                );
                assert_eq!(verified.issuer.as_deref(), Some("did:web:nzcp.covid19.health.nz"));
            }
            read += 1;
        }
    }
    assert!(read >= 2, "{read}");
}

#[test]
fn vds_nc() {
    let Some(folder) = vectors("vds-nc") else { return };
    let authorities: Vec<_> = json(&folder.join("csca_certs_b64.json"))
        .as_object()
        .unwrap()
        .values()
        .flat_map(|text| key_source::read(text.as_str().unwrap().as_bytes(), None).unwrap())
        .collect();
    assert!(authorities.iter().all(|key| key.uses.has(Uses::VDS_NC_AUTHORITY)));
    let trust = Trust::new(authorities);
    let now = unix("2022-06-01T00:00:00+09:00");
    let expected = json(&folder.join("expected.json"));
    let names = ["dev", "holdout"]
        .map(|part| expected[part].as_object().unwrap().keys().cloned().collect::<Vec<_>>())
        .concat();
    for name in names {
        let Ok(text) = std::fs::read_to_string(folder.join(format!("{name}.json"))) else {
            continue;
        };
        let mut value: Value = serde_json::from_str(&text).unwrap();
        if value.is_array() {
            value = value[0].take();
        }
        let verified = verify(&value.to_string(), &trust, now);
        assert_eq!(verified.kind, DocumentKind::VdsNc, "{name}");
        assert_ne!(verified.verdict(), Verdict::Invalid, "{name}: {:?}", verified.reasons);
        if name == "single-vaccine" {
            let signer = key_source::read(value["sig"]["cer"].as_str().unwrap().as_bytes(), None).unwrap();
            let verified = verify(&value.to_string(), &Trust::new(signer), now);
            assert_eq!(
                verified.verdict(),
                Verdict::Valid,
                "a signer may be trusted without its authority"
            );
            let dose = &verified.doses[0];
            assert_eq!(
                (dose.product.as_deref(), dose.number, dose.lot.as_deref()),
                (Some("pfizer"), Some(1), Some("VC35679"))
            );
        }
        value["data"]["msg"]["pid"]["n"] = "SOMEBODY ELSE".into();
        let changed = verify(&value.to_string(), &trust, now);
        assert!(
            changed.reasons.contains(&Reason::SignatureInvalid),
            "{name}: {:?}",
            changed.reasons
        );
    }
}

/// A curve that is spelled out is taken only where every number of it is P-384's.
#[test]
fn a_curve_with_another_base_point_is_refused() {
    let Some(folder) = vectors("vds-nc") else { return };
    let base_point = hex::decode("04aa87ca22be8b05378eb1c71ef320ad746e").unwrap();
    let mut changed = 0;
    for text in json(&folder.join("csca_certs_b64.json")).as_object().unwrap().values() {
        let mut der = key_source::base64(text.as_str().unwrap()).unwrap();
        let Some(at) = der.windows(base_point.len()).position(|part| part == base_point) else {
            continue;
        };
        assert!(key_source::read(&der, None).is_ok());
        for offset in [-130_isize, -60, -20, 5, 90, 130] {
            let at = at.checked_add_signed(offset).unwrap();
            der[at] ^= 1;
            let read = key_source::read(&der, None);
            assert!(read.is_err(), "{offset}: {read:?}");
            der[at] ^= 1;
        }
        changed += 1;
    }
    assert!(changed > 0, "Japan's certificates are among the vectors");
}

/// The EU's list of 829 signers, as Germany's apps last published it.
#[test]
fn the_eu_s_keys_fit_a_small_bundle() {
    let Some(folder) = vectors("ref/trust") else { return };
    let content = std::fs::read(folder.join("covpass-dsc-list-prod.json")).unwrap();
    let keys = key_source::read(&content, Some(1_700_000_000)).unwrap();
    let listed = json(&folder.join("covpass-dsc-list-prod.json"))["list"]["certificates"]
        .as_array()
        .map_or(0, Vec::len);
    assert_eq!(keys.len(), listed, "every signer's certificate is read");
    let authority = Authority::new(10);
    let bundle = TrustBundle {
        name: "EU".into(),
        signed_at: 1_700_000_000,
        keys: keys.into_iter().map(key_source::narrowed).collect(),
        trust_list: authority.trust_file(),
    };
    let file = bundle.write(&authority.manifest_key);
    assert!(file.len() <= 80_000, "{} bytes", file.len());
    let read = TrustBundle::read(&file).unwrap();
    assert!(read.keys.len() == bundle.keys.len() && bundle.keys.iter().all(|key| read.keys.contains(key)));
}

#[test]
fn holders_are_told_apart_like_the_corona_warn_app_does() {
    let Some(folder) = vectors("cwa") else { return };
    let cases = json(&folder.join("dcc-holder-comparison.gen.json"));
    for case in cases["data"].as_array().unwrap() {
        let of = |side: &str| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let holder = &case[side];
            crate::certificates::Holder {
                name: String::new(),
                born: holder["dob"].as_str().map(str::to_owned),
                surname: text(&holder["nam"]["fnt"]),
                given: text(&holder["nam"]["gnt"]),
            }
        };
        let (a, b) = (of("actHolderA"), of("actHolderB"));
        let expected = case["expIsSameHolder"].as_bool().unwrap();
        assert_eq!(holder::is_same_person(&a, &b), expected, "{}", case["description"]);
        assert_eq!(
            holder::is_same_person(&b, &a),
            expected,
            "the other way round: {}",
            case["description"]
        );
    }
    for case in json(&folder.join("dcc-holder-name-components.gen.json"))["data"]
        .as_array()
        .unwrap()
    {
        let expected = case["expNameComponents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned());
        let found = holder::name_components(case["actName"].as_str().unwrap());
        assert_eq!(found, expected.collect(), "{}", case["description"]);
    }
}

/// What a test expects, in one word that says why not.
fn assert_valid(name: &str, verified: &Verified, is_valid: bool) {
    assert_eq!(
        verified.verdict() == Verdict::Valid,
        is_valid,
        "{name}: {:?}",
        verified.reasons
    );
}
