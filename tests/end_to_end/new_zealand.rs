//! New Zealand's real lists replayed: import, publish, and a visitor of one of its venues.

use serde_json::Value;
use techo_tests::{Profile, vectors};

use crate::story::{alerts, path};

#[test]
fn a_list_is_imported_published_and_meets_a_visitor() {
    let Some(folder) = vectors("venue/nz") else { return };
    let file = folder.join("locations-of-interest.peak-70b64dc3.csv");
    let base = tempfile::tempdir().unwrap();
    let now = "2021-08-23T12:00:00+12:00";
    let authority = Profile::new(base.path(), "nz").at(now);
    authority.run(&["authority", "init", "--name", "Manatū Hauora"]);
    let csv = file.to_str().unwrap();
    let summary = |complete: bool, dry: bool| -> Value {
        let mut arguments = vec!["authority", "import", csv];
        arguments.extend(complete.then_some("--complete"));
        arguments.extend(dry.then_some("--dry-run"));
        authority.ask(&arguments).lines.pop().unwrap()
    };
    let dry = summary(false, true);
    let real = summary(false, false);
    assert_eq!(dry["accepted"], real["accepted"], "a dry run promises what is done");
    assert!(real["accepted"].as_u64().unwrap() > 400, "{real}");
    assert_eq!(
        real["accepted"].as_u64().unwrap() + real["rejected"].as_u64().unwrap(),
        real["rows"].as_u64().unwrap()
    );
    let again = summary(true, false);
    assert_eq!(
        (&again["revised"], &again["withdrawn"], &again["venues"]),
        (&0.into(), &0.into(), &0.into())
    );

    let trust = path(base.path(), "nz.trust");
    authority.run(&["authority", "trust", "export", &trust]);
    let relay = Profile::new(base.path(), "relay").serve(&["relay", "serve", "--listen", "127.0.0.1:0", "--trust", &trust]);
    let venues = authority.run(&["authority", "venue", "list"]);
    let venue = venues
        .lines
        .iter()
        .find(|line| {
            line["name"]
                .as_str()
                .is_some_and(|name| name.starts_with("Countdown Greenlane"))
        })
        .unwrap();
    let poster = path(base.path(), "countdown.png");
    let id = venue["venue"].as_str().unwrap();
    authority
        .at("2021-08-17T08:00:00+12:00")
        .run(&["authority", "venue", "reissue", id, "--poster", &poster]);
    authority.run(&["authority", "publish", "--relay", &relay.url]);

    let visitor = Profile::new(base.path(), "visitor").at(now);
    visitor.run(&["trust", "add", &trust]);
    // The list names 17 August, 20:27 to 20:50, New Zealand's time.
    visitor.run(&["checkin", &poster, "--at", "2021-08-17T20:40:00+12:00", "--stay", "30"]);
    visitor.run(&["exposure", "fetch", "--relay", &relay.url]);
    let shown = visitor.run(&["exposure", "list"]);
    assert_eq!(alerts(&shown).first().map(|alert| alert.0.as_str()), Some("new"));
    assert_eq!(
        shown.first()["severity"],
        "cluster",
        "New Zealand asks these visitors to isolate"
    );
}
