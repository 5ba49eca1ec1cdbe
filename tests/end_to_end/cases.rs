//! A diary sent with a one-time code: only what was chosen, opened by the authority alone.

use techo_tests::files_holding;

use crate::story::{NAME, Prefecture};

#[test]
fn only_the_chosen_visits_arrive_with_proof_of_the_code() {
    let world = Prefecture::new();
    let resident = world.resident("aki", "2026-11-20T19:10:00+09:00", "30");
    let add = [
        "diary",
        "add",
        "--name",
        "Tsubame An",
        "--from",
        "2026-11-19T14:00:00+09:00",
        "--to",
        "2026-11-19T15:00:00+09:00",
    ];
    let typed = resident.run(&add).first()["visit"].as_str().unwrap().to_owned();
    let secret = [
        "diary",
        "add",
        "--name",
        "Himitsu",
        "--from",
        "2026-11-19T16:00:00+09:00",
        "--to",
        "2026-11-19T17:00:00+09:00",
    ];
    resident.run(&secret);
    let list = resident.run(&["diary", "list"]);
    let scanned = list.lines.iter().find(|line| line["name"] == NAME).unwrap()["visit"]
        .as_str()
        .unwrap()
        .to_owned();

    let case = world.authority.run(&["authority", "case", "new"]);
    let (id, code) = (case.first()["case"].to_string(), case.first()["code"].as_str().unwrap());
    let url = &world.relay.url;
    resident.run(&["diary", "send", "--code", code, "--visit", &scanned, &typed, "--relay", url]);
    assert_eq!(
        files_holding(&world.folder.path().join("relay"), &["Tsubame", "Kanaria"]),
        Vec::<std::path::PathBuf>::new()
    );
    world.authority.run(&["authority", "case", "fetch", "--relay", url]);
    assert_eq!(
        files_holding(&world.folder.path().join("pref"), &["Tsubame"]),
        Vec::<std::path::PathBuf>::new(),
        "sealed at rest"
    );

    let shown = world.authority.run(&["authority", "case", "show", &id]);
    let text = serde_json::to_string(&shown.lines).unwrap();
    assert!(text.contains("Tsubame An") && text.contains("Kanaria"), "{text}");
    assert!(!text.contains("Himitsu"), "what was not named was not sent");
    assert!(
        text.contains(&world.venue),
        "the code was held, so the venue is known: {text}"
    );
}

#[test]
fn a_mistyped_code_is_told_from_what_is_no_code() {
    let world = Prefecture::new();
    let resident = world.resident("aki", "2026-11-20T19:10:00+09:00", "30");
    let visit = resident.run(&["diary", "list"]).first()["visit"].as_str().unwrap().to_owned();
    let case = world.authority.run(&["authority", "case", "new"]);
    let code = case.first()["code"].as_str().unwrap();
    let last = if code.ends_with('A') { "B" } else { "A" };
    let mistyped = format!("{}{last}", &code[..code.len() - 1]);
    let send = |code: &str| {
        resident.fails(&[
            "diary",
            "send",
            "--code",
            code,
            "--visit",
            &visit,
            "--relay",
            &world.relay.url,
        ])
    };
    assert_eq!(send(&mistyped), "case_code.mistyped");
    assert_eq!(send("ABC"), "case_code.not_a_code");
}
