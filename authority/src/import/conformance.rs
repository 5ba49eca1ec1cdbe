//! New Zealand's real lists, read from `TECHO_VECTORS`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;

fn lists() -> Vec<(String, Vec<u8>)> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let root = std::env::var_os("TECHO_VECTORS").map_or_else(|| PathBuf::from(default), PathBuf::from);
    let folder = root.join("venue/nz");
    let files = std::fs::read_dir(&folder).map(|files| files.flatten().map(|file| file.path()).collect::<Vec<_>>());
    let lists: Vec<_> = files
        .unwrap_or_default()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    if lists.is_empty() {
        eprintln!("NOT RUN: no lists in {}", folder.display());
    }
    lists
}

fn list(part: &str) -> Option<Import> {
    let (_, bytes) = lists().into_iter().find(|(name, _)| name.contains(part))?;
    Some(read(&bytes, None).unwrap())
}

fn reasons(import: &Import) -> BTreeMap<&'static str, usize> {
    import.rejected.iter().fold(BTreeMap::new(), |mut counts, row| {
        *counts.entry(row.code).or_default() += 1;
        counts
    })
}

#[test]
fn every_list_adds_up() {
    for (name, bytes) in lists() {
        let import = read(&bytes, None).unwrap();
        let records = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(bytes.as_slice())
            .byte_records()
            .count();
        assert_eq!((import.layout.as_str(), import.rows), ("nz", records), "{name}");
        assert_eq!(import.accepted() + import.rejected.len(), import.rows, "{name}");
        let torn = name.contains("conflict");
        assert!(
            torn || import.rejected.len() * 50 <= import.rows,
            "{name}: {:?}",
            reasons(&import)
        );
        assert_eq!(read(&bytes, Some("nz")), Ok(import), "{name}");
    }
}

#[test]
fn the_longest_list() {
    let Some(import) = list("peak-70b64dc3") else { return };
    assert_eq!((import.rows, import.events.len()), (504, 503));
    assert_eq!(reasons(&import), BTreeMap::from([("import.ends_before_start", 1)]));
    let first = &import.events[0];
    assert_eq!(
        (first.row, first.id.as_str(), first.name.as_str()),
        (2, "a0l4a0000004Gax", "Chatters Laundromat Māngere 19/08/21")
    );
    assert_eq!(
        (first.from, first.to, first.severity),
        (1_629_339_540, 1_629_342_000, Severity::Cluster)
    );
}

#[test]
fn the_list_with_conflict_markers() {
    let Some(import) = list("merge-conflict-51ac78ba") else {
        return;
    };
    // Three markers and the second header; the other side's rows replace those of the same id.
    assert_eq!(
        reasons(&import),
        BTreeMap::from([("import.header_again", 1), ("import.marker", 3)])
    );
    assert_eq!(
        import.rejected.iter().map(|row| row.row).collect::<Vec<_>>(),
        [1, 380, 381, 794]
    );
    assert_eq!((import.rows, import.accepted(), import.events.len()), (793, 789, 412));
}

#[test]
fn a_list_cut_anywhere_keeps_the_rows_before_the_cut() {
    for (name, bytes) in lists() {
        let whole = read(&bytes, None).unwrap();
        for cut in (1_000..bytes.len()).step_by(bytes.len() / 40) {
            let import = read(&bytes[..cut], None).unwrap();
            let before: Vec<_> = whole.rejected.iter().filter(|row| import.rejected.contains(row)).collect();
            assert_eq!(import.accepted() + import.rejected.len(), import.rows, "{name} {cut}");
            // One row more at most: the one that was cut.
            assert!(import.rejected.len() <= before.len() + 1, "{name} {cut}");
        }
    }
}
