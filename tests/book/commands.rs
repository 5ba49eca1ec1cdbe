//! Commands that the book promises to scripts: each is there, with every flag that is named.

use std::process::Command;

use crate::page::Page;
use crate::problems::Problems;

/// Checks the tables that are marked as commands: the first cell is a command with its flags, as `diary keep DAYS` or `trust export FILE --relay URL`.
pub fn check(page: &Page, problems: &mut Problems) {
    let tables = page.tables();
    for row in tables
        .iter()
        .filter(|table| table.mark.as_deref() == Some("commands"))
        .flat_map(|table| &table.rows)
    {
        let usage = row.cells.first().map_or("", |cell| cell.trim_matches('`'));
        let words: Vec<&str> = usage.split_whitespace().collect();
        let command = words
            .iter()
            .take_while(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !word.starts_with('-'));
        let help = Command::new(techo_tests::binary())
            .args(command)
            .arg("--help")
            .env("LC_ALL", "C.UTF-8")
            .output()
            .expect("the binary runs");
        if !help.status.success() {
            problems.add(&page.path, row.line, format!("there is no `{usage}`"));
            continue;
        }
        let help = String::from_utf8_lossy(&help.stdout);
        for flag in words
            .iter()
            .map(|word| word.trim_matches(['[', ']', '.']))
            .filter(|word| word.starts_with("--"))
        {
            let known = help.match_indices(flag).any(|(at, _)| {
                let next = help[at + flag.len()..].chars().next();
                next.is_none_or(|next| !next.is_ascii_alphanumeric() && next != '-')
            });
            if !known {
                problems.add(&page.path, row.line, format!("`{usage}` has no {flag}"));
            }
        }
    }
}
