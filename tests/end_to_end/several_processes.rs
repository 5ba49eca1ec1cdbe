//! Two and more processes on one vault: nobody's entry is lost.

use techo_tests::Profile;

use crate::story::NOW;

#[test]
fn ten_processes_write_at_once_and_all_entries_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let resident = Profile::new(folder.path(), "aki").at(NOW);
    resident.run(&["diary", "keep", "28"]);
    std::thread::scope(|scope| {
        for number in 0..10 {
            let resident = &resident;
            scope.spawn(move || {
                let (from, to) = (
                    format!("2026-11-{:02}T19:00:00+09:00", 10 + number),
                    format!("2026-11-{:02}T20:00:00+09:00", 10 + number),
                );
                resident.run(&[
                    "diary",
                    "add",
                    "--name",
                    &format!("Place {number}"),
                    "--from",
                    &from,
                    "--to",
                    &to,
                ]);
            });
        }
    });
    let mut names: Vec<String> = resident
        .run(&["diary", "list"])
        .lines
        .iter()
        .map(|line| line["name"].to_string())
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 10);
}
