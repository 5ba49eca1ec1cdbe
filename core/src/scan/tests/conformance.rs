//! Public pictures with and without codes.

use std::path::PathBuf;

use serde_json::Value;

use crate::scan::{Options, picture, scan};

/// Of a thousand pictures with a code, those that must be read: the project's goal. zxing-cpp reads 902 of the same.
const GOAL: usize = 930;

fn folder() -> PathBuf {
    let vectors = std::env::var_os("TECHO_VECTORS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    vectors.join("qr")
}

#[test]
fn public_pictures_are_read() {
    let folder = folder();
    let Ok(manifest) = std::fs::read(folder.join("manifest.json")) else {
        eprintln!(
            "NOT RUN: there is no manifest.json in {}; set TECHO_VECTORS to the folder of test data",
            folder.display()
        );
        return;
    };
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let (mut with_code, mut read) = (0, 0);
    for entry in manifest.as_array().unwrap() {
        let file = entry["file"].as_str().unwrap();
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let found = scan(&picture::decode(&bytes).unwrap(), &Options::default());
        if entry["negative"] == true {
            assert!(found.is_empty(), "{file} holds no code, but {:?} was read", found[0].text);
            continue;
        }
        let texts: Vec<&str> = entry["texts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t.as_str().unwrap())
            .collect();
        let right = |f: &crate::scan::Found| {
            texts
                .iter()
                .any(|&t| t == f.text || t.strip_prefix("hex:").is_some_and(|digits| digits == hex::encode(&f.bytes)))
        };
        if !texts.is_empty() {
            let wrong: Vec<&str> = found.iter().filter(|f| !right(f)).map(|f| f.text.as_str()).collect();
            assert!(wrong.is_empty(), "{file}: {wrong:?} is none of {texts:?}");
        }
        if entry["supported_by_qr"] == true {
            with_code += 1;
            read += usize::from(found.iter().any(right));
        }
    }
    assert!(with_code > 0);
    assert!(read * 1000 >= with_code * GOAL, "{read} of {with_code} pictures were read");
}
