//! A venue, four residents, a notice, a revision, a withdrawal; then the search for the venue's name where it does not belong.

use std::path::Path;

use techo_tests::{Answer, Profile, Server, files_holding};

/// Names that must be nowhere but in the authority's profile and on the poster.
pub const NAME: &str = "Kanaria Tei 金糸雀亭";
const CANARIES: [&str; 4] = ["Kanaria", "金糸雀亭", "Umeda", "1-2-3"];

pub const ISSUED: &str = "2026-11-18T09:00:00+09:00";
pub const NOW: &str = "2026-11-20T23:30:00+09:00";

/// An authority with one venue and its poster, and a relay that knows the authority.
pub struct Prefecture {
    pub folder: tempfile::TempDir,
    pub authority: Profile,
    pub venue: String,
    pub relay: Server,
}

impl Prefecture {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        let authority = Profile::new(base, "pref").at(ISSUED);
        authority.run(&["authority", "init", "--name", "Prefecture K"]);
        let poster = path(base, "poster.png");
        let add = [
            "authority",
            "venue",
            "add",
            "--name",
            NAME,
            "--address",
            "1-2-3 Umeda, Kita-ku",
            "--kind",
            "restaurant",
            "--seats",
            "40",
        ];
        let venue = authority.run(&[&add[..], &["--poster", &poster]].concat()).first()["venue"]
            .as_str()
            .unwrap()
            .to_owned();
        let trust = path(base, "pref.trust");
        authority.run(&["authority", "trust", "export", &trust]);
        let relay = Profile::new(base, "relay").serve(&["relay", "serve", "--listen", "127.0.0.1:0", "--trust", &trust]);
        Self {
            authority: authority.at(NOW),
            venue,
            relay,
            folder,
        }
    }

    pub fn path(&self, name: &str) -> String {
        path(self.folder.path(), name)
    }

    /// A resident who follows the authority and scans the poster.
    pub fn resident(&self, name: &str, at: &str, stay: &str) -> Profile {
        let resident = Profile::new(self.folder.path(), name).at(NOW);
        resident.run(&["trust", "add", &self.path("pref.trust")]);
        resident.run(&["checkin", &self.path("poster.png"), "--at", at, "--stay", stay]);
        resident
    }

    pub fn publish(&self) {
        self.authority.run(&["authority", "publish", "--relay", &self.relay.url]);
    }

    pub fn notice(&self, from: &str, to: &str) -> String {
        let add = [
            "authority",
            "notice",
            "add",
            "--venue",
            &self.venue,
            "--from",
            from,
            "--to",
            to,
            "--severity",
            "caution",
        ];
        self.authority.run(&add).first()["notice"].as_str().unwrap().to_owned()
    }

    /// What a resident is shown after a fetch: state and minutes of each alert.
    pub fn look(&self, resident: &Profile) -> Vec<(String, i64)> {
        resident.run(&["exposure", "fetch", "--relay", &self.relay.url]);
        alerts(&resident.run(&["exposure", "list"]))
    }
}

pub fn path(base: &Path, name: &str) -> String {
    base.join(name).to_str().unwrap().to_owned()
}

pub fn alerts(answer: &Answer) -> Vec<(String, i64)> {
    let alerts = answer.lines.iter().filter(|line| line.get("state").is_some());
    alerts
        .map(|line| {
            (
                line["state"].as_str().unwrap().to_owned(),
                line["overlap_minutes"].as_i64().unwrap(),
            )
        })
        .collect()
}

fn is(state: &str, minutes: i64) -> Vec<(String, i64)> {
    vec![(state.to_owned(), minutes)]
}

#[test]
fn the_right_ones_are_warned_and_nobody_else_learns_anything() {
    let world = Prefecture::new();
    let early = world.resident("early", "2026-11-20T18:00:00+09:00", "30");
    let inside = world.resident("inside", "2026-11-20T19:10:00+09:00", "60");
    let through = world.resident("through", "2026-11-20T18:59:00+09:00", "181");
    let day_before = world.resident("day-before", "2026-11-19T19:10:00+09:00", "60");

    world.publish();
    assert_eq!(world.look(&inside), []);
    let notice = world.notice("2026-11-20T19:00:00+09:00", "2026-11-20T22:00:00+09:00");
    world.publish();
    assert_eq!(world.look(&early), []);
    assert_eq!(world.look(&day_before), []);
    assert_eq!(world.look(&inside), is("new", 60));
    assert_eq!(world.look(&inside), is("seen", 60));
    assert_eq!(world.look(&through), is("new", 180));

    let revise = [
        "authority",
        "notice",
        "revise",
        &notice,
        "--from",
        "2026-11-20T19:45:00+09:00",
        "--to",
        "2026-11-20T22:00:00+09:00",
    ];
    world.authority.run(&revise);
    world.publish();
    assert_eq!(world.look(&inside), is("revised", 25));
    assert_eq!(world.look(&early), []);

    world.authority.run(&["authority", "notice", "withdraw", &notice]);
    world.publish();
    assert_eq!(world.look(&inside), is("withdrawn", 25));
    assert_eq!(world.look(&day_before), []);

    let base = world.folder.path();
    let (status, log) = world.relay.stop();
    assert_eq!(status, 0, "a relay that is asked to end ends well");
    assert!(!log.is_empty(), "the relay logs");
    for canary in CANARIES {
        assert!(!log.contains(canary), "{canary} in the relay's log");
    }
    assert!(!log.contains("127.0.0.1"), "an address in the relay's log");
    for profile in ["relay", "inside", "early", "through", "day-before"] {
        assert_eq!(
            files_holding(&base.join(profile), &CANARIES),
            Vec::<std::path::PathBuf>::new()
        );
    }
    assert!(
        !files_holding(&base.join("pref"), &CANARIES).is_empty(),
        "the search finds what is there"
    );
}

#[test]
fn a_revision_reaches_hours_that_the_window_left() {
    let world = Prefecture::new();
    let inside = world.resident("inside", "2026-11-20T19:10:00+09:00", "30");
    let notice = world.notice("2026-11-20T19:00:00+09:00", "2026-11-20T20:00:00+09:00");
    world.publish();
    assert_eq!(world.look(&inside), is("new", 30));
    let revise = [
        "authority",
        "notice",
        "revise",
        &notice,
        "--from",
        "2026-11-20T21:00:00+09:00",
        "--to",
        "2026-11-20T22:00:00+09:00",
    ];
    world.authority.run(&revise);
    world.publish();
    assert_eq!(world.look(&inside), is("withdrawn", 30));
}

#[test]
fn poster_and_tablet_and_a_reissued_poster_are_met_by_one_notice() {
    let world = Prefecture::new();
    let paper = world.resident("paper", "2026-11-20T19:10:00+09:00", "30");
    let code = world.path("code.png");
    let at = "2026-11-20T19:05:00+09:00";
    world.authority.run(&[
        "authority",
        "code",
        "rotate",
        "--venue",
        &world.venue,
        "--at",
        at,
        "--out",
        &code,
    ]);
    let tablet = Profile::new(world.folder.path(), "tablet").at(NOW);
    tablet.run(&["trust", "add", &world.path("pref.trust")]);
    tablet.run(&["checkin", &code, "--at", at, "--stay", "30"]);
    assert_eq!(
        tablet.fails(&["checkin", &code, "--at", "2026-11-20T12:00:00+09:00"]),
        "venue_code.outside_its_hours"
    );

    let poster = world.path("reissued.png");
    world
        .authority
        .at("2026-11-19T10:00:00+09:00")
        .run(&["authority", "venue", "reissue", &world.venue, "--poster", &poster]);
    let reissued = Profile::new(world.folder.path(), "reissued").at(NOW);
    reissued.run(&["trust", "add", &world.path("pref.trust")]);
    reissued.run(&["checkin", &poster, "--at", at, "--stay", "30"]);

    world.notice("2026-11-20T19:00:00+09:00", "2026-11-20T20:00:00+09:00");
    world.publish();
    for resident in [&paper, &tablet, &reissued] {
        assert_eq!(world.look(resident), is("new", 30));
    }
}

#[test]
fn a_stale_list_is_not_called_fresh_and_a_wrong_clock_is_named() {
    let world = Prefecture::new();
    let resident = world.resident("inside", "2026-11-20T19:10:00+09:00", "30");
    world.publish();
    assert_eq!(world.look(&resident), []);
    let fresh = |now: &str| resident.at(now).run(&["exposure", "list"]).lines.last().unwrap()["lists"][0].clone();
    assert_eq!(fresh(NOW)["fresh"], true);
    assert_eq!(fresh("2026-11-22T00:00:00+09:00")["fresh"], false);
    let early = fresh("2026-11-20T23:00:00+09:00");
    assert_eq!((&early["fresh"], &early["clock_wrong"]), (&false.into(), &true.into()));
    let fetch = ["exposure", "fetch", "--relay", &world.relay.url];
    let newcomer = Profile::new(world.folder.path(), "newcomer").at("2026-11-20T20:00:00+09:00");
    newcomer.run(&["trust", "add", &world.path("pref.trust")]);
    assert_eq!(newcomer.fails(&fetch), "manifest.clock_wrong");
}
