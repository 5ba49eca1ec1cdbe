//! The Rust sources, as far as the book speaks of them: labels, magics, constants.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::page::{Page, root};
use crate::problems::Problems;

/// The crates whose sources are read.
const CRATES: [&str; 8] = ["protocol", "core", "relay", "authority", "http", "cli", "bench", "tests"];

/// One file of Rust in the repository.
pub struct Source {
    /// Its path from the root.
    pub path: PathBuf,
    /// The whole text of the file.
    pub text: String,
}

/// Every file of Rust in the workspace's crates.
pub fn all() -> Vec<Source> {
    let mut sources = Vec::new();
    for name in CRATES {
        collect(Path::new(name), &mut sources);
    }
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    let mut entries: Vec<_> = std::fs::read_dir(root().join(folder))
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a folder of sources can be listed"))
        .collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            if entry.file_name() != "target" {
                collect(&path, sources);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(entry.path()).expect("sources are UTF-8");
            sources.push(Source { path, text });
        }
    }
}

impl Source {
    /// What is neither a test nor a comment.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_test = self
            .path
            .components()
            .any(|part| part.as_os_str().to_string_lossy().starts_with("tests"));
        (1..)
            .zip(self.text.lines())
            .take_while(move |(_, line)| !is_test && line.trim() != "#[cfg(test)]")
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// The formats whose labels and magics must all be in the book.
const FORMATS: [&str; 3] = ["protocol/src", "core/src", "authority/src"];

/// Checks that the book names every label and magic of the formats, and no others.
pub fn check_labels(book: &[Page], problems: &mut Problems) {
    let mut in_code = BTreeSet::new();
    for source in all()
        .iter()
        .filter(|source| FORMATS.iter().any(|folder| source.path.starts_with(folder)))
    {
        for (number, line) in source.code() {
            for literal in line.split("b\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0)) {
                // A version may stand behind a magic, as in `TDBP\x01`.
                let literal = literal.split_once('\\').map_or(literal, |(before, _)| before);
                if !is_label(literal) && !is_magic(literal) {
                    continue;
                }
                in_code.insert(literal.trim_end().to_owned());
                let named = book
                    .iter()
                    .any(|page| page.code().iter().any(|(_, code)| unquoted(code) == literal.trim_end()));
                if !named {
                    problems.add(&source.path, number, format!("the book does not name {literal:?}"));
                }
            }
        }
    }
    for page in book {
        for (line, code) in page.code() {
            let literal = unquoted(code);
            let quoted = code.starts_with('"');
            if quoted && (is_label(literal) || is_magic(literal)) && !in_code.contains(literal) {
                problems.add(&page.path, line, format!("no format has {literal:?}"));
            }
        }
    }
}

fn unquoted(code: &str) -> &str {
    code.trim_matches('"')
}

/// A label goes before what is signed or derived.
fn is_label(literal: &str) -> bool {
    literal.starts_with("techo ")
}

/// Four capital letters begin a file.
fn is_magic(literal: &str) -> bool {
    literal.len() == 4 && literal.starts_with('T') && literal.bytes().all(|b| b.is_ascii_uppercase())
}

/// Checks the tables of constants: the first cell is `[NAME](../path)`, the second begins with the number.
pub fn check_constants(page: &Page, problems: &mut Problems) {
    let tables = page.tables();
    for row in tables
        .iter()
        .filter(|table| table.mark.as_deref() == Some("constants"))
        .flat_map(|table| &table.rows)
    {
        let [name, value, ..] = row.cells.as_slice() else {
            problems.add(&page.path, row.line, "a constant needs a name and a value");
            continue;
        };
        let Some((name, path)) = name
            .split_once("](../")
            .and_then(|(name, path)| Some((name.trim_start_matches('[').trim_matches('`'), path.strip_suffix(')')?)))
        else {
            problems.add(&page.path, row.line, "a constant is named as [`NAME`](../path)");
            continue;
        };
        let Some(said) = leading_number(value) else {
            problems.add(&page.path, row.line, format!("{name}: no number in {value:?}"));
            continue;
        };
        match constant(Path::new(path), name) {
            None => problems.add(
                &page.path,
                row.line,
                format!("{path} has no constant {name} that can be computed"),
            ),
            Some(is) if is != said => problems.add(&page.path, row.line, format!("{name} is {is}")),
            Some(_) => {}
        }
    }
}

/// The number that a cell begins with; commas part its digits.
fn leading_number(cell: &str) -> Option<i128> {
    let end = cell.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(cell.len());
    cell[..end].replace(',', "").parse().ok()
}

/// The value of a constant of a file.
fn constant(path: &Path, name: &str) -> Option<i128> {
    let sources = all();
    let home = sources.iter().find(|source| source.path == path)?;
    value(home, name, &sources, 0)
}

fn value(home: &Source, name: &str, sources: &[Source], depth: usize) -> Option<i128> {
    if depth > 8 {
        return None;
    }
    if let Some(expression) = definition(&home.text, name) {
        return Expression {
            rest: expression,
            resolve: &|other| value(home, other, sources, depth + 1),
        }
        .whole();
    }
    // Elsewhere: of those that stand nearest, all must agree.
    let shared = |source: &Source| home.path.iter().zip(source.path.iter()).take_while(|(a, b)| a == b).count();
    let others = || sources.iter().filter(|source| definition(&source.text, name).is_some());
    let nearest = others().map(shared).max()?;
    let mut values = others()
        .filter(|source| shared(source) == nearest)
        .map(|source| value(source, name, sources, depth + 1));
    let first = values.next()??;
    values.all(|other| other == Some(first)).then_some(first)
}

/// What stands between `=` and `;` of `const NAME`, or after the name of a field in `fn default()`.
fn definition<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    if let Some(start) = text.find(&format!("const {name}:")) {
        let (_, rest) = text[start..].split_once('=')?;
        return Some(rest.split_once(';')?.0);
    }
    let (_, defaults) = text.split_once("fn default() -> Self {")?;
    let (_, rest) = defaults.split_once(&format!(" {name}: "))?;
    Some(rest.split_once(",\n")?.0)
}

/// Whole numbers, names, `+ - * / <<`, brackets, `as TYPE`, durations in seconds: what constants are made of.
struct Expression<'a> {
    rest: &'a str,
    resolve: &'a dyn Fn(&str) -> Option<i128>,
}

impl Expression<'_> {
    fn whole(mut self) -> Option<i128> {
        let value = self.shift()?;
        self.rest.trim().is_empty().then_some(value)
    }

    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn shift(&mut self) -> Option<i128> {
        let mut value = self.sum()?;
        while self.eat("<<") {
            value <<= self.sum()?;
        }
        Some(value)
    }

    fn sum(&mut self) -> Option<i128> {
        let mut value = self.product()?;
        loop {
            if self.eat("+") {
                value += self.product()?;
            } else if self.eat("-") {
                value -= self.product()?;
            } else {
                return Some(value);
            }
        }
    }

    fn product(&mut self) -> Option<i128> {
        let mut value = self.atom()?;
        loop {
            if self.eat("*") {
                value *= self.atom()?;
            } else if self.eat("/") {
                value = value.checked_div(self.atom()?)?;
            } else {
                return Some(value);
            }
        }
    }

    fn atom(&mut self) -> Option<i128> {
        if self.eat("(") {
            let value = self.shift()?;
            return self.eat(")").then_some(value);
        }
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "_:".contains(c)))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        let unit = [("from_secs", 1), ("from_mins", 60), ("from_hours", 3_600)];
        let value = if word.starts_with(|c: char| c.is_ascii_digit()) {
            number(word)
        } else if let Some((_, seconds)) = unit.iter().find(|(name, _)| word.ends_with(name)) {
            let count = self.eat("(").then(|| self.shift())??;
            self.eat(")").then_some(count * seconds)
        } else {
            (self.resolve)(word.rsplit("::").next()?)
        };
        if self.eat("as ") {
            let end = self
                .rest
                .find(|c: char| !c.is_ascii_alphanumeric())
                .unwrap_or(self.rest.len());
            self.rest = &self.rest[end..];
        }
        value
    }
}

/// A literal such as `4_096`, `0xFF` or `1_u64`.
fn number(word: &str) -> Option<i128> {
    let digits = word.replace('_', "");
    if let Some(hex) = digits.strip_prefix("0x") {
        return i128::from_str_radix(hex, 16).ok();
    }
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[test]
fn constants_are_computed() {
    let names = |name: &str| (name == "STEP").then_some(256);
    let whole = |text| {
        Expression {
            rest: text,
            resolve: &names,
        }
        .whole()
    };
    assert_eq!(whole(" 60 * 86_400"), Some(5_184_000));
    assert_eq!(whole(" 4 << 20"), Some(4 << 20));
    assert_eq!(whole(" 2 * super::STEP + (1_u64 as usize) "), Some(513));
    assert_eq!(whole(" 0xFF_FFFF - 1"), Some(0xFF_FFFE));
    assert_eq!(whole(" Duration::from_mins(10)"), Some(600));
    assert_eq!(whole(" b\"TSEG\""), None);
}
