//! Vectors: examples of the formats, made with fixed seeds by the real code, as text that people can read.
//!
//! ```text
//! # what it is
//! fact = value          what was put in, or comes out beside the bytes
//! field: hex            a piece of the format; all of them in order are the whole
//!   more hex
//! ```

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::page::{self, root};
use crate::problems::Problems;

/// Reads bytes with the real code and gives what it writes of them.
type Again = dyn Fn(&[u8]) -> Vec<u8>;

/// An example of a format.
pub struct Vector {
    /// Its file is `docs/vectors/NAME.txt`.
    pub name: &'static str,
    about: &'static str,
    facts: Vec<(&'static str, String)>,
    fields: Vec<(&'static str, Vec<u8>)>,
    whole: Vec<u8>,
    /// Reads the whole with the real code and writes it again.
    again: Box<Again>,
}

impl Vector {
    /// A format without bytes of its own: derived values.
    pub fn of_facts(name: &'static str, about: &'static str) -> Self {
        Self::new(name, about, &[], <[u8]>::to_vec)
    }

    /// A format whose real code wrote `whole`.
    pub fn new(name: &'static str, about: &'static str, whole: &[u8], again: impl Fn(&[u8]) -> Vec<u8> + 'static) -> Self {
        Self {
            name,
            about,
            facts: Vec::new(),
            fields: Vec::new(),
            whole: whole.to_vec(),
            again: Box::new(again),
        }
    }

    /// What was put in, or comes out beside the bytes.
    pub fn fact(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.facts.push((name, format!("{value}")));
        self
    }

    /// As [`Vector::fact`], in hexadecimal digits.
    pub fn hex(self, name: &'static str, value: &[u8]) -> Self {
        self.fact(name, hex::encode(value))
    }

    /// The next field, whose bytes must be these.
    pub fn is(self, name: &'static str, bytes: &[u8]) -> Self {
        let at = self.used();
        assert_eq!(
            hex::encode(&self.whole[at..at + bytes.len()]),
            hex::encode(bytes),
            "{}: the field {name} at offset {at}",
            self.name
        );
        self.take(name, bytes.len())
    }

    /// The next field, of so many bytes.
    pub fn take(mut self, name: &'static str, length: usize) -> Self {
        let at = self.used();
        assert!(
            at + length <= self.whole.len(),
            "{}: the field {name} goes beyond the end",
            self.name
        );
        self.fields.push((name, self.whole[at..at + length].to_vec()));
        self
    }

    fn used(&self) -> usize {
        self.fields.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    fn to_text(&self) -> String {
        assert_eq!(
            self.used(),
            self.whole.len(),
            "{}: bytes are left that no field has",
            self.name
        );
        let mut text = String::new();
        for line in self.about.lines() {
            let _ = writeln!(text, "# {}", line.trim());
        }
        for (name, value) in &self.facts {
            let _ = writeln!(text, "{name} = {value}");
        }
        for (name, bytes) in &self.fields {
            let digits = hex::encode(bytes);
            let lines: Vec<&str> = digits
                .as_bytes()
                .chunks(96)
                .map(|line| std::str::from_utf8(line).expect("digits are ASCII"))
                .collect();
            let _ = writeln!(text, "{name}: {}", lines.join("\n  "));
        }
        text
    }
}

/// A vector as its file gives it.
pub struct Written {
    /// Name and bytes of each field.
    pub fields: Vec<(String, Vec<u8>)>,
}

impl Written {
    /// Reads `docs/vectors/NAME.txt`; `None` where there is none.
    pub fn open(name: &str) -> Option<Self> {
        let text = std::fs::read_to_string(root().join(path(name))).ok()?;
        Some(Self::read(&text))
    }

    fn read(text: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some(more) = line.strip_prefix("  ") {
                fields.last_mut().expect("digits that go on follow a field").1.push_str(more);
            } else if let Some((name, digits)) = line.split_once(": ").filter(|(name, _)| !name.contains(" = ")) {
                fields.push((name.to_owned(), digits.to_owned()));
            }
        }
        let bytes = |(name, digits): (String, String)| {
            let bytes = hex::decode(&digits).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, bytes)
        };
        Self {
            fields: fields.into_iter().map(bytes).collect(),
        }
    }

    /// The fields in order.
    pub fn whole(&self) -> Vec<u8> {
        self.fields.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
    }
}

fn path(name: &str) -> PathBuf {
    Path::new("docs/vectors").join(name).with_extension("txt")
}

/// Checks each file against the code, and that every file has a vector and is named in the book. With `TECHO_WRITE` set, writes the files.
pub fn check(vectors: &[Vector]) {
    let mut problems = Problems::default();
    for vector in vectors {
        let path = path(vector.name);
        let made = vector.to_text();
        if std::env::var_os("TECHO_WRITE").is_some() {
            std::fs::write(root().join(&path), &made).expect("docs/vectors can be written");
        }
        let text = std::fs::read_to_string(root().join(&path)).unwrap_or_default();
        let differs = (1..).zip(text.lines().zip(made.lines())).find(|(_, (is, made))| is != made);
        if let Some((line, (is, made))) = differs {
            problems.add(&path, line, format!("the code writes\n  {made}\nand the file has\n  {is}"));
            continue;
        }
        if text != made {
            problems.add(
                &path,
                text.lines().count(),
                "the file ends early or late, or is not there: see `just vectors`",
            );
            continue;
        }
        let whole = Written::read(&text).whole();
        let again = (vector.again)(&whole);
        if again != whole {
            problems.add(&path, 1, format!("read and written again it is {}", hex::encode(again)));
        }
    }
    let book = page::book();
    for entry in std::fs::read_dir(root().join("docs/vectors")).expect("docs/vectors is there") {
        let name = entry
            .expect("docs/vectors can be listed")
            .file_name()
            .into_string()
            .expect("names are UTF-8");
        let file = Path::new("docs/vectors").join(&name);
        if !vectors.iter().any(|vector| path(vector.name) == file) {
            problems.add(&file, 1, "no code reads this vector");
        }
        let link = format!("vectors/{name}");
        if !book.iter().any(|page| page.links().iter().any(|(_, target)| *target == link)) {
            problems.add(&file, 1, "no page links to this vector");
        }
    }
    problems.none();
}
