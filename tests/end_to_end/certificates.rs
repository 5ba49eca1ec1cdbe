//! `techo verify` and bundles of issuers' keys through the real binary, with published certificates.

use serde_json::{Value, json};
use techo_tests::{Profile, vectors};

use crate::story::path;

const AT: &str = "2023-07-01T00:00:00Z";

#[test]
fn a_card_is_verified_joined_and_turned_away_at_a_door() {
    let Some(folder) = vectors("vax/shc") else { return };
    let base = tempfile::tempdir().unwrap();
    let nobody = Profile::new(base.path(), "nobody");
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let keys = file("issuer/jwks.json");
    let card = file("example-00-d-jws.txt");

    let valid = nobody.run(&["verify", &card, "--trust-key", &keys, "--at", AT]);
    let line = valid.first();
    assert_eq!(
        (&line["kind"], &line["verdict"], &line["reasons"]),
        (&json!("shc"), &json!("valid"), &json!([]))
    );
    assert_eq!(
        (&line["holder"]["name"], &line["doses"][0]["product"]),
        (&json!("John B. Anyperson"), &json!("moderna"))
    );

    let unknown = nobody.ask(&["verify", &card, "--at", AT]);
    assert_eq!((unknown.status, &unknown.first()["verdict"]), (1, &json!("unknown")));
    assert_eq!(unknown.first()["reasons"], json!(["signature.unknown_key"]));

    for flags in [&["--door"][..], &["--nonce", "123456"]] {
        let door = nobody.ask(&[&["verify", &card, "--trust-key", &keys, "--at", AT], flags].concat());
        assert_eq!((door.status, &door.first()["reasons"]), (1, &json!(["content.not_a_status"])));
        assert_eq!(door.first()["holder"], Value::Null, "a door learns no name");
    }

    let part = |number: usize| file(&format!("example-02-f-qr-code-numeric-value-{number}.txt"));
    let (one, two, three) = (part(0), part(1), part(2));
    let whole = nobody.run(&["verify", &three, &one, &two, "--trust-key", &keys, "--at", AT]);
    assert_eq!((whole.lines.len(), &whole.first()["verdict"]), (1, &json!("valid")));
    let torn = nobody.ask(&["verify", &three, &one, "--trust-key", &keys, "--at", AT]);
    assert_eq!((torn.status, &torn.first()["reasons"]), (1, &json!(["malformed.chunks"])));

    let missing = nobody.ask(&["verify", "hello", "--trust-key", &file("no-such-key.json")]);
    assert_eq!((missing.status, missing.error_code().as_str()), (3, "file.unreadable"));
    assert!(!nobody.folder.exists(), "no profile is made");
}

#[test]
fn what_cannot_be_decoded_is_an_answer_too() {
    let base = tempfile::tempdir().unwrap();
    let nobody = Profile::new(base.path(), "nobody");
    for (text, reason) in [
        ("hello", "malformed.unknown"),
        ("HC1:a", "malformed.encoding"),
        ("NZCP:/2/ABC", "malformed.version"),
    ] {
        let answer = nobody.ask(&["verify", text]);
        let line = answer.first();
        assert_eq!(
            (answer.status, &line["kind"], &line["verdict"]),
            (1, &json!("unknown"), &json!("invalid"))
        );
        assert_eq!(line["reasons"], json!([reason]));
    }
}

#[test]
fn a_bundle_travels_from_an_authority_to_a_phone() {
    let Some(folder) = vectors("vax") else { return };
    let base = tempfile::tempdir().unwrap();
    let authority = Profile::new(base.path(), "pref").at("2023-07-01T09:00:00+09:00");
    authority.run(&["authority", "init", "--name", "Osaka Prefecture"]);
    let (trust, bundle, later) = (
        path(base.path(), "pref.trust"),
        path(base.path(), "keys.bundle"),
        path(base.path(), "later.bundle"),
    );
    authority.run(&["authority", "trust", "export", &trust]);

    // A folder of a card issuer's keys and a DID document; a file that is neither is named.
    let source = base.path().join("source");
    std::fs::create_dir(&source).unwrap();
    std::fs::copy(folder.join("shc/issuer/jwks.json"), source.join("cards.json")).unwrap();
    std::fs::copy(folder.join("nzcp/did.json"), source.join("nz.json")).unwrap();
    std::fs::write(source.join("readme.txt"), "no key").unwrap();
    let source_path = source.to_str().unwrap();
    let made = authority.run(&[
        "authority",
        "trust",
        "bundle",
        source_path,
        "--out",
        &bundle,
        "--name",
        "World",
    ]);
    assert_eq!((&made.first()["keys"], &made.first()["archived"]), (&json!(3), &json!(0)));
    assert_eq!(made.first()["skipped"][0]["code"], "issuer_key.not_a_key");

    let card = folder.join("shc/example-00-d-jws.txt").to_str().unwrap().to_owned();
    let resident = Profile::new(base.path(), "aki").at("2023-07-04T09:00:00+09:00");
    let given = resident.run(&["verify", &card, "--trust", &bundle]);
    assert_eq!(given.first()["verdict"], "valid");
    assert!(given.first()["key_seen_at"].as_str().unwrap().starts_with("2023-07-01"));

    resident.run(&["trust", "add", &trust]);
    assert_eq!(resident.ask(&["verify", &card]).status, 1);
    resident.run(&["trust", "update", &bundle]);
    assert_eq!(resident.run(&["verify", &card]).first()["verdict"], "valid");
    let listed = resident.run(&["trust", "list"]);
    let line = listed.lines.iter().find(|line| line["bundle"] == "World").unwrap();
    assert_eq!((&line["keys"], &line["age_days"]), (&json!(3), &json!(3)));

    // The card issuer's server goes away; its card stays valid, from the archive.
    std::fs::remove_file(source.join("cards.json")).unwrap();
    let next_year = authority.at("2024-07-01T09:00:00+09:00");
    let made = next_year.run(&[
        "authority",
        "trust",
        "bundle",
        source_path,
        "--out",
        &later,
        "--name",
        "World",
        "--archive",
        &bundle,
    ]);
    assert_eq!((&made.first()["keys"], &made.first()["archived"]), (&json!(3), &json!(2)));
    let resident = resident.at("2024-07-02T09:00:00+09:00");
    resident.run(&["trust", "update", &later]);
    assert_eq!(resident.run(&["verify", &card]).first()["verdict"], "valid");
    assert_eq!(resident.fails(&["trust", "update", &bundle]), "trust_bundle.older");

    // Nobody who does not follow the authority takes its bundle.
    let stranger = Profile::new(base.path(), "stranger").at("2023-07-02T09:00:00+09:00");
    stranger.run(&[
        "diary",
        "add",
        "--name",
        "Home",
        "--from",
        "2023-07-01T10:00",
        "--to",
        "2023-07-01T11:00",
    ]);
    assert_eq!(stranger.fails(&["trust", "update", &bundle]), "trust.not_followed");
}
