//! The tests of the SMART Health Cards developer tools, each with upstream's answer beside ours in `docs/conformance-shc.md`.

use std::fmt::Write as _;

use super::*;
use crate::certificates::key_source::{KeySourceError, jwk};
use crate::scan::{self, Options, picture};
use techo_protocol::Coded as _;

const ISSUER: &str = "https://spec.smarthealth.cards/examples/issuer";
/// The name in the certificates of the tests of keys.
const KEYS_ISSUER: &str = "https://smarthealth.cards/examples/issuer";
const HEAD: &str = "# Conformance: SMART Health Cards

Every test of the SMART Health Cards developer tools (`health-cards-dev-tools`, `tests/card.test.ts` and `tests/keys.test.ts`) of the types `jws`,
`healthcard`, `qrnumeric`, `qr` and `jwkset` whose files are at hand, at 2023-07-01, with the example issuer's keys trusted. Made by the test
`certificates::tests::conformance::shc`, with `TECHO_WRITE=1`.

Upstream's warnings leave a card valid, and Techo has none. Techo downloads nothing: where upstream fetches a key set or a revocation list and finds
it wrong, the key is not one that is trusted here.

| test | upstream | Techo | reasons |
|---|---|---|---|
";

struct Row {
    name: String,
    upstream: String,
    is_error: bool,
    verdict: String,
    reasons: String,
    agrees: bool,
}

impl Row {
    fn line(&self) -> String {
        format!("| {} | {} | {} | {} |", self.name, self.upstream, self.verdict, self.reasons)
    }
}

/// Errors and warnings that upstream expects.
fn upstream(test: &Value) -> (Vec<String>, Vec<String>) {
    let source = test["expected_src"].as_str().unwrap();
    let codes = |text: &str| -> Vec<String> {
        let code = |part: &str| {
            part.chars()
                .take_while(|c| c.is_ascii_uppercase() || *c == '_' || c.is_ascii_digit())
                .collect()
        };
        text.split("ec.").skip(1).map(code).collect()
    };
    match source.strip_prefix("[[") {
        Some(rest) => {
            let (errors, warnings) = rest.split_once(']').unwrap();
            (codes(errors), codes(warnings))
        }
        None => (vec![], codes(source)),
    }
}

fn keys(base: &Path) -> Trust {
    let set = json(&base.join("issuer/jwks.json"));
    let keys = set["keys"].as_array().unwrap().iter();
    Trust::new(keys.map(|key| jwk::of_card_issuer(key, ISSUER, None).unwrap()).collect())
}

fn card(base: &Path, test: &Value, files: &[PathBuf]) -> Option<Row> {
    let (errors, warnings) = upstream(test);
    let name = test["name"].as_str().unwrap();
    let directory = test["expected_src"].as_str().unwrap().contains("issuerDirectory: 'VCI'");
    let trust = if directory {
        trust(&std::fs::read(vectors("ref/trust")?.join("vci_snapshot.json")).unwrap())
    } else {
        keys(base)
    };
    let mut texts = Vec::new();
    for file in files {
        let content = std::fs::read(file).unwrap();
        match std::str::from_utf8(&content) {
            Ok(text) => texts.push(text.trim().to_owned()),
            Err(_) => texts.extend(
                scan::scan(&picture::decode(&content).unwrap(), &Options::default())
                    .into_iter()
                    .map(|found| found.text),
            ),
        }
    }
    let now = unix("2023-07-01T00:00:00Z");
    let verified: Vec<Verified> = match whole(&texts) {
        Ok(texts) => texts.iter().map(|text| verify(text, &trust, now)).collect(),
        Err(reason) => vec![Verified::unreadable(reason)],
    };
    let reasons: Vec<String> = verified
        .iter()
        .flat_map(|verified| &verified.reasons)
        .map(|reason| format!("`{}`", reason.code()))
        .collect();
    // A picture without a code is no card.
    let verdict = verified
        .iter()
        .find(|verified| verified.verdict() != Verdict::Valid)
        .or(verified.first())
        .map_or("no code", |verified| verified.verdict().name());
    // That a card is in several codes is deprecated, and still a card.
    let is_error = errors.iter().any(|code| code != "QR_CHUNKING_DEPRECATED");
    let mut said: Vec<String> = errors.iter().map(|code| format!("error {code}")).collect();
    said.extend(warnings.iter().map(|code| format!("warning {code}")));
    Some(Row {
        name: name.to_owned(),
        upstream: if said.is_empty() { "valid".into() } else { said.join(", ") },
        is_error,
        agrees: (verdict == "valid") != is_error,
        verdict: verdict.to_owned(),
        reasons: reasons.join(", "),
    })
}

fn key_set(test: &Value, files: &[PathBuf]) -> Row {
    let source = test["expected_src"].as_str().unwrap();
    let issuer = if source.contains("https://invalid.url") {
        "https://invalid.url"
    } else {
        KEYS_ISSUER
    };
    let set = json(&files[0]);
    let answer: Result<(), KeySourceError> = set["keys"]
        .as_array()
        .unwrap()
        .iter()
        .try_for_each(|key| jwk::of_card_issuer(key, issuer, None).map(|_| ()));
    let code = test["expected_codes"].as_array().unwrap().first().and_then(Value::as_str);
    let agrees = match (code, &answer) {
        (None, answer) => answer.is_ok(),
        (Some("INVALID_KEY_WRONG_KID"), Err(KeySourceError::KeyId))
        | (Some("INVALID_KEY_WRONG_CRV"), Err(KeySourceError::Curve))
        | (Some("INVALID_KEY_WRONG_USE"), Err(KeySourceError::KeyUse))
        | (Some("INVALID_KEY_WRONG_ALG"), Err(KeySourceError::Algorithm))
        | (Some("INVALID_KEY_WRONG_KTY"), Err(KeySourceError::KeyType))
        | (Some("INVALID_KEY_PRIVATE"), Err(KeySourceError::Private))
        | (Some("INVALID_KEY_X5C"), Err(KeySourceError::CertificateMismatch | KeySourceError::CertificateName)) => true,
        _ => false,
    };
    Row {
        name: test["name"].as_str().unwrap().to_owned(),
        upstream: code.map_or_else(|| "valid".to_owned(), |code| format!("error {code}")),
        is_error: code.is_some(),
        agrees,
        verdict: if answer.is_ok() { "valid" } else { "refused" }.to_owned(),
        reasons: answer.err().map(|error| format!("`{}`", error.code())).unwrap_or_default(),
    }
}

#[test]
fn upstream_s_tests_of_cards_and_keys() {
    let Some(base) = vectors("shc") else { return };
    let mut rows = Vec::new();
    for test in json(&base.join("manifest.json"))["tests"].as_array().unwrap() {
        let kind = test["type"].as_str().unwrap();
        let files: Vec<PathBuf> = test["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| {
                let name = name.as_str().unwrap();
                base.join(test["renamed"][name].as_str().unwrap_or(name))
            })
            .collect();
        if !files.iter().all(|file| file.exists()) {
            continue;
        }
        match kind {
            "jws" | "healthcard" | "qrnumeric" | "qr" => rows.extend(card(&base, test, &files)),
            "jwkset" => rows.push(key_set(test, &files)),
            _ => {}
        }
    }
    assert!(rows.iter().any(|row| row.is_error) && rows.iter().any(|row| !row.is_error));
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance-shc.md");
    if std::env::var_os("TECHO_WRITE").is_some() {
        let mut text = HEAD.to_owned();
        for row in &rows {
            writeln!(text, "{}", row.line()).unwrap();
        }
        std::fs::write(&document, text).unwrap();
    }
    let document = std::fs::read_to_string(document).unwrap();
    for row in &rows {
        assert!(row.agrees, "{}", row.line());
        // The same vectors may be here in another number.
        if document.contains(&format!("| {} |", row.name)) {
            assert!(
                document.contains(&row.line()),
                "docs/conformance-shc.md is out of date: {}",
                row.line()
            );
        }
    }
}
