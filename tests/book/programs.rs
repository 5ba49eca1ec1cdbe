//! Programs that a page tells piece by piece: its blocks of Rust, one after the other, are the file that the tests run.

use std::path::Path;

use crate::page::root;
use crate::problems::Problems;

/// Checks that `docs/first-program.md` shows the program that is run.
pub fn check(problems: &mut Problems) {
    let (page, program) = (Path::new("docs/first-program.md"), Path::new("docs/first-program.rs"));
    let read =
        |path: &Path| std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (page_text, program_text) = (read(page), read(program));
    let mut inside = false;
    let mut told = Vec::new();
    for (number, line) in (1..).zip(page_text.lines()) {
        match line {
            "```rust" => inside = true,
            "```" => inside = false,
            line if inside && !line.trim().is_empty() => told.push((number, line)),
            _ => {}
        }
    }
    let mut run = (1..).zip(program_text.lines()).filter(|(_, line)| !line.trim().is_empty());
    for (number, line) in told {
        match run.next() {
            Some((_, same)) if same == line => {}
            Some((at, other)) => {
                problems.add(page, number, format!("{} has at line {at}\n  {other}", program.display()));
                return;
            }
            None => problems.add(page, number, format!("{} ends before this", program.display())),
        }
    }
    if let Some((at, line)) = run.next() {
        problems.add(program, at, format!("the page ends before\n  {line}"));
    }
}
