//! A page of the book, as far as it is checked: headings, tables, code spans, links.

use std::path::{Path, PathBuf};

/// The folder of the repository, which all paths in the book start from.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// One page of the book, line by line.
pub struct Page {
    /// Its path from the root.
    pub path: PathBuf,
    text: String,
}

/// A table, and the mark above it.
pub struct Table {
    /// What stands in the comment above it.
    pub mark: Option<String>,
    /// Its rows without the head.
    pub rows: Vec<Row>,
}

/// A row of a table.
pub struct Row {
    /// The line on which the table's row stands, counted from 1.
    pub line: usize,
    /// The row's cells, without the white space around them.
    pub cells: Vec<String>,
}

/// Lists that tests make from the code.
const MADE: [&str; 2] = ["errors.md", "conformance-shc.md"];

/// All pages of the book: the folder's Markdown files but those that are made.
pub fn book() -> Vec<Page> {
    let folder = root().join("docs");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("docs/ is there")
        .map(|entry| {
            entry
                .expect("docs/ can be listed")
                .file_name()
                .into_string()
                .expect("names are UTF-8")
        })
        .filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "md") && !MADE.contains(&name.as_str()))
        .collect();
    names.sort();
    names.iter().map(|name| Page::open(&Path::new("docs").join(name))).collect()
}

impl Page {
    /// Reads a page of the book from its file.
    pub fn open(path: &Path) -> Self {
        let text = std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            path: path.to_owned(),
            text,
        }
    }

    /// Lines outside code blocks, with their numbers.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut inside = false;
        (1..).zip(self.text.lines()).filter(move |(_, line)| {
            let fence = line.trim_start().starts_with("```");
            inside ^= fence;
            !inside && !fence
        })
    }

    /// The anchors that GitHub gives its headings.
    pub fn anchors(&self) -> Vec<String> {
        self.lines()
            .filter(|(_, line)| line.starts_with('#'))
            .map(|(_, line)| anchor(line.trim_start_matches('#').trim()))
            .collect()
    }

    /// The code spans of the page, with the line of each.
    pub fn code(&self) -> Vec<(usize, &str)> {
        self.lines()
            .flat_map(|(number, line)| line.split('`').skip(1).step_by(2).map(move |code| (number, code)))
            .collect()
    }

    /// The targets of the page's links, with the line of each.
    pub fn links(&self) -> Vec<(usize, &str)> {
        self.lines()
            .flat_map(|(number, line)| {
                line.split("](")
                    .skip(1)
                    .filter_map(move |rest| Some((number, rest.split_once(')')?.0)))
            })
            .collect()
    }

    /// The tables of the page, in their order.
    pub fn tables(&self) -> Vec<Table> {
        let mut tables: Vec<Table> = Vec::new();
        let mut mark = None;
        let mut inside = false;
        for (number, line) in self.lines() {
            if let Some(row) = line.trim().strip_prefix('|') {
                if !inside {
                    tables.push(Table {
                        mark: mark.take(),
                        rows: Vec::new(),
                    });
                    inside = true;
                }
                let row = Row {
                    line: number,
                    cells: cells(row.trim_end_matches('|')),
                };
                tables.last_mut().expect("one was just begun").rows.push(row);
                continue;
            }
            inside = false;
            if let Some(comment) = line.trim().strip_prefix("<!--") {
                mark = Some(comment.trim_end_matches("-->").trim().to_owned());
            } else if !line.trim().is_empty() {
                mark = None;
            }
        }
        for table in &mut tables {
            // The head and the line under it.
            table.rows.drain(..table.rows.len().min(2));
        }
        tables
    }
}

/// The anchor that a link to a heading names.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Cells of a row; a bar in a code span is none of the table's.
fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut code = false;
    for c in row.chars() {
        code ^= c == '`';
        if c == '|' && !code {
            cells.push(String::new());
        } else {
            cells.last_mut().expect("there is one").push(c);
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}
