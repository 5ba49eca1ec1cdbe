//! Pages and sections that module docs cite.

use std::path::Path;

use crate::page::Page;
use crate::problems::Problems;
use crate::sources;

/// Names of design notes that are no part of this repository.
const NOTES: [&str; 7] = [
    "2-exposure",
    "3-sync",
    "4-vaccine",
    "5-authority",
    "6-shells",
    "7-scanning",
    "8-command-line",
];

/// Checks every page below docs, with or without a section after `#`, that the Rust sources name.
pub fn check(book: &[Page], problems: &mut Problems) {
    for source in sources::all() {
        for (number, line) in (1..).zip(source.text.lines()) {
            let is_here = source.path.starts_with("tests/book");
            for notes in NOTES.iter().filter(|notes| !is_here && line.contains(*notes)) {
                problems.add(&source.path, number, format!("{notes} is no page of the book"));
            }
            for rest in line.split("docs/").skip(1) {
                let end = rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || "-_./#".contains(c)))
                    .unwrap_or(rest.len());
                let cited = rest[..end].trim_end_matches('.');
                let (file, anchor) = cited
                    .split_once('#')
                    .map_or((cited, None), |(file, anchor)| (file, Some(anchor)));
                if Path::new(file).extension().is_none_or(|ending| ending != "md") {
                    continue;
                }
                let path = Path::new("docs").join(file);
                if !crate::page::root().join(&path).exists() {
                    problems.add(&source.path, number, format!("no {}", path.display()));
                    continue;
                }
                let known = |anchor: &str| {
                    book.iter()
                        .find(|page| page.path == path)
                        .is_some_and(|page| page.anchors().iter().any(|known| known == anchor))
                };
                if anchor.is_some_and(|anchor| !known(anchor)) {
                    problems.add(&source.path, number, format!("no heading for docs/{cited}"));
                }
            }
        }
    }
}
