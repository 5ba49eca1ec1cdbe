//! Error codes that the book names: each is in `docs/errors.md`, which is made from the code.

use crate::page::{Page, root};
use crate::problems::Problems;

/// Endings by which a file's name is told from a code.
const ENDINGS: [&str; 12] = [
    ".db", ".key", ".md", ".rs", ".txt", ".toml", ".techo", ".json", ".png", ".trust", ".ics", ".example",
];

/// Parts of a schedule's fields that are written with a dot too.
const FIELDS: [&str; 4] = ["age.", "first_dose_age.", "overdue.", "series."];

/// Checks the codes of a page.
pub fn check(page: &Page, problems: &mut Problems) {
    let list = std::fs::read_to_string(root().join("docs/errors.md")).expect("docs/errors.md is there");
    for (line, code) in page.code() {
        let is_code = code.split('.').count() == 2
            && code.split('.').all(|part| {
                !part.is_empty()
                    && part
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            })
            && code.starts_with(|c: char| c.is_ascii_lowercase())
            && !ENDINGS.iter().any(|ending| code.ends_with(ending))
            && !FIELDS.iter().any(|field| code.starts_with(field));
        if is_code && !list.contains(&format!("| `{code}` |")) {
            problems.add(&page.path, line, format!("docs/errors.md has no code {code}"));
        }
    }
}
