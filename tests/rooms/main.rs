//! Which rooms of a crate import which: no two may need each other, or neither can be read, tested or moved alone.
//!
//! A room is a file or folder directly under a folder of sources; an arrow is an import by its path. Tests do not count.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Arrows = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_rooms_need_each_other() {
    for (sources, prefix, front) in [
        ("relay/src", "crate::", "lib"),
        ("cli/src", "crate::", "main"),
        ("protocol/src", "crate::", "lib"),
        ("core/src", "crate::", "lib"),
        ("authority/src/import", "crate::import::", ""),
        ("authority/src/municipality", "crate::municipality::", ""),
        ("authority/src/posters", "crate::posters::", ""),
        ("authority/src/publishing", "crate::publishing::", ""),
        ("core/src/documents", "crate::documents::", ""),
        ("core/src/scan", "crate::scan::", ""),
        ("core/src/sync", "crate::sync::", ""),
        ("authority/src", "crate::", "lib"),
    ] {
        let folder = root(sources);
        let mut arrows = arrows(&folder, prefix);
        arrows.remove(front);
        assert!(
            arrows.values().any(|to| !to.is_empty()),
            "{sources}: no import was found at all"
        );
        assert_eq!(circle(&arrows), None, "{sources}");
    }
}

/// The crate for tests knows every key that it uses: nothing that is shipped may be built with it.
#[test]
fn nothing_that_is_shipped_depends_on_the_crate_for_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let with: BTreeSet<String> = fs::read_dir(root)
        .unwrap()
        .filter_map(|entry| {
            let entry = entry.unwrap();
            let manifest = fs::read_to_string(entry.path().join("Cargo.toml")).ok()?;
            let is_shipped_part = |part: &str| !part.starts_with("dev-dependencies");
            let mut parts = manifest.split("\n[").filter(|part| is_shipped_part(part));
            parts
                .any(|part| part.contains("techo-testing") && !part.starts_with("package"))
                .then(|| entry.file_name().into_string().unwrap())
        })
        .collect();
    let all = ["bench".to_owned(), "tests".to_owned()];
    assert!(with.iter().all(|name| all.contains(name) || name == "testing"), "{with:?}");
    assert!(all.iter().all(|name| with.contains(name)), "found at all: {with:?}");
}

/// A shell is written from the examples of the door: each method has one of its own.
#[test]
fn each_method_of_the_door_has_an_example() {
    let mut without = Vec::new();
    let mut methods = 0;
    for file in files(&root("core/src/device"))
        .into_iter()
        .chain([root("core/src/device.rs")])
    {
        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let mut room = "";
        for (at, line) in lines.iter().enumerate() {
            if let Some(of) = line.strip_prefix("impl ") {
                room = of;
            }
            let Some(name) = line.strip_prefix("    pub fn ") else {
                continue;
            };
            let above = || {
                lines[..at]
                    .iter()
                    .rev()
                    .take_while(|line| line.trim().starts_with(['/', '#']))
            };
            // What is hidden from the documentation, or is no part of it, is not the door's.
            if above().any(|line| line.contains("doc(hidden)")) || ["Trusted", "Book"].iter().any(|inner| room.starts_with(inner))
            {
                continue;
            }
            methods += 1;
            if !above().any(|line| line.trim() == "/// ```") {
                without.push(format!("{}: {name}", file.display()));
            }
        }
    }
    assert!(methods > 70, "found at all: {methods}");
    assert!(without.is_empty(), "{without:#?}");
}

/// The wings of the protocol, as its front page tells them. A wing may stop needing another; it begins to by a change here.
#[test]
fn arrows_between_the_protocols_wings_are_those_of_its_front_page() {
    let front = fs::read_to_string(root("protocol/src/lib.rs")).unwrap();
    let told: Arrows = front.lines().filter_map(wing_of_row).collect();
    let mut found = arrows(&root("protocol/src"), "crate::");
    found.remove("lib");
    assert_eq!(found, told);
    assert!(found["basics"].is_empty(), "all stand on it");
}

/// The wing of a row of the front page's table, and the wings that the row says it is built on.
fn wing_of_row(line: &str) -> Option<(String, BTreeSet<String>)> {
    let cells: Vec<&str> = line.strip_prefix("//! | [`")?.split('|').collect();
    let [name, _, built_on, _] = cells[..] else { return None };
    let wing = name.split('`').next().unwrap_or_default().to_owned();
    let built_on = built_on.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some((wing, built_on))
}

fn root(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(folder)
}

#[test]
fn a_circle_is_found() {
    let arrow = |from: &str, to: &[&str]| (from.to_owned(), to.iter().map(|&name| name.to_owned()).collect());
    let straight = Arrows::from([arrow("a", &["b", "c"]), arrow("b", &["c"]), arrow("c", &[])]);
    assert_eq!(circle(&straight), None);
    let round = Arrows::from([arrow("a", &["b"]), arrow("b", &["c"]), arrow("c", &["b"])]);
    assert_eq!(circle(&round), Some(vec!["b".to_owned(), "c".to_owned()]));
}

#[test]
fn imports_are_read() {
    let names = |text: &str| imported(text, "crate::");
    let all = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(names("use crate::store::{Store, Wake};\n"), all(&["store"]));
    assert_eq!(
        names("use crate::{Failure, device, input::{self, file}};"),
        all(&["Failure", "device", "input"])
    );
    assert_eq!(
        names("/// As [`crate::http::Peer`].\nlet a = crate::log::none();"),
        all(&["log"])
    );
    assert_eq!(
        names("use super::a;\n#[cfg(test)]\nmod tests { use crate::errors; }"),
        all(&[])
    );
}

fn arrows(folder: &Path, prefix: &str) -> Arrows {
    let rooms: BTreeSet<String> = entries(folder).iter().map(|path| stem(path)).collect();
    let mut arrows = Arrows::new();
    for file in files(folder) {
        let inside = file.strip_prefix(folder).unwrap();
        let room = stem(Path::new(inside.components().next().unwrap().as_os_str()));
        let text = fs::read_to_string(&file).unwrap();
        let mut to = imported(&text, prefix);
        // The room's own file names its neighbours so; a file in the room's folder names its own room so.
        if inside.components().count() == 1 && prefix != "crate::" {
            to.extend(imported(&text, "super::"));
        }
        to.extend(
            imported(&text, "super::super::")
                .into_iter()
                .filter(|_| inside.components().count() == 2),
        );
        let to = to.into_iter().filter(|name| *name != room && rooms.contains(name));
        arrows.entry(room.clone()).or_default().extend(to);
    }
    arrows
}

/// The first names after `prefix`, outside comments and the tests at a file's end.
fn imported(text: &str, prefix: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join("\n");
    let mut names = BTreeSet::new();
    for after in code.split(prefix).skip(1) {
        if let Some(list) = after.strip_prefix('{') {
            let mut depth = 1;
            let mut name = String::new();
            for character in list.chars() {
                match character {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => names.extend(first_name(&std::mem::take(&mut name))),
                    _ if depth == 1 => name.push(character),
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            names.extend(first_name(&name));
        } else {
            names.extend(first_name(after));
        }
    }
    names
}

fn first_name(text: &str) -> Option<String> {
    let name: String = text
        .trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}

/// Rooms that can be reached from themselves.
fn circle(arrows: &Arrows) -> Option<Vec<String>> {
    let reached = |from: &String| {
        let mut seen = BTreeSet::new();
        let mut next: Vec<&String> = arrows[from].iter().collect();
        while let Some(room) = next.pop() {
            if seen.insert(room) {
                next.extend(arrows.get(room).into_iter().flatten());
            }
        }
        seen.contains(from)
    };
    let round: Vec<String> = arrows.keys().filter(|room| reached(room)).cloned().collect();
    (!round.is_empty()).then_some(round)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in entries(folder) {
        match stem(&entry).as_str() {
            "tests" | "testing" => {}
            _ if entry.is_dir() => all.extend(files(&entry)),
            _ => all.push(entry),
        }
    }
    all
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_dir() || path.extension().is_some_and(|end| end == "rs"))
        .collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}
