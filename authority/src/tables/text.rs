//! A file's bytes as one text of cells, whatever its encoding and whatever separates the cells.

use std::borrow::Cow;

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS};

use super::encoding;

/// Largest file in bytes: some millions of doses.
pub const LARGEST_FILE_BYTES: usize = 256 << 20;

techo_protocol::coded_errors! {
    /// Why a file could not be read at all.
    pub enum TableError {
        /// There is no row in it.
        Empty = "table.empty", "The file is empty.", "Export it again.";
        /// The file is larger than 256 MiB.
        TooLarge = "table.too_large", "The file is larger than 256 MiB.", "Cut it into several files.";
        /// A spreadsheet's own format, or bytes of no encoding that is known.
        NotText = "table.not_text", "The file is not CSV in UTF-8, UTF-16 or Shift_JIS.", "Save it as CSV, or name its encoding in the mapping.";
        /// The mapping names an encoding that nobody knows.
        Encoding = "table.encoding", "The encoding that is named is not known.", "Write utf-8, shift_jis (also as cp932), euc-jp, iso-2022-jp, utf-16 or windows-1252; or leave it out.";
        /// The header lacks a column.
        ColumnMissing { column: String } = "table.column_missing", "The header has no column {column}.", "The first line of the file names its columns: compare it with the names that are expected, or give a mapping.";
        /// The header names a column twice.
        ColumnTwice { column: String } = "table.column_twice", "The header has the column {column} twice.", "Rename or remove one of them.";
    }
}

/// A file in memory, as UTF-8, and how its cells are separated.
pub struct Text<'a> {
    content: Cow<'a, str>,
    /// Whether another encoding that is known to be likely should be tried.
    is_doubtful: bool,
    separator: u8,
    /// Bytes before the first record: a line that names the separator.
    passed: usize,
}

impl<'a> Text<'a> {
    /// Takes a file's bytes. A byte-order mark counts first, then `encoding` (see [`encoding::named`]), then what the bytes show.
    ///
    /// Cells are separated by commas, semicolons (as spreadsheets write them where a comma stands in numbers) or tabs, whichever the first
    /// line with any of them has most of; a line `sep=;` before it says so outright, and is no row.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn of(bytes: &'a [u8], encoding: Option<&str>) -> Result<Self, TableError> {
        if bytes.len() > LARGEST_FILE_BYTES {
            return Err(TableError::TooLarge);
        }
        if bytes.is_empty() {
            return Err(TableError::Empty);
        }
        let named = match encoding {
            Some(name) => Some(encoding::named(name).ok_or(TableError::Encoding)?),
            None => None,
        };
        let bom = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
        let used = bom.or(named).unwrap_or_else(|| encoding::guessed(bytes));
        let (text, encoding, had_errors) = used.decode(bytes);
        let is_guess = bom.is_none() && named.is_none();
        // Whole characters of UTF-8 leave no doubt, even beside torn ones.
        let has_whole = || text.chars().any(|c| !c.is_ascii() && c != char::REPLACEMENT_CHARACTER);
        let is_of_japan = encoding == SHIFT_JIS || encoding == EUC_JP;
        let is_doubtful = is_guess && (is_of_japan || (had_errors && !has_whole()));
        // Bytes of no known encoding, or of the one that was named by mistake: nothing of the file is believed. A torn character spoils its
        // own row only.
        let is_spreadsheet = bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0");
        if is_spreadsheet || ((had_errors || text.contains('\0')) && is_mostly_torn(&text)) {
            return Err(TableError::NotText);
        }
        let (separator, passed) = match stated(&text) {
            Some((separator, line)) => (separator, line),
            None => (counted(&text), 0),
        };
        Ok(Self {
            content: text,
            is_doubtful,
            separator,
            passed,
        })
    }

    /// The text, the line that names its separator included.
    pub(crate) fn text(&self) -> &str {
        &self.content
    }

    /// Whether the encoding was guessed, and is not one that tells by itself that it is right.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.is_doubtful
    }

    /// What stands between two cells.
    pub(crate) fn separator(&self) -> u8 {
        self.separator
    }

    /// How many bytes come before the first record.
    pub(crate) fn passed(&self) -> usize {
        self.passed
    }
}

fn is_mostly_torn(text: &str) -> bool {
    let (mut lines, mut torn) = (0_usize, 0_usize);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        lines += 1;
        torn += usize::from(line.contains([char::REPLACEMENT_CHARACTER, '\0']));
    }
    torn * 2 > lines
}

/// The separator that a first line `sep=;` names, and how long that line is. Excel reads and writes such a line.
fn stated(text: &str) -> Option<(u8, usize)> {
    let end = text.find(['\n', '\r'])?;
    let line = text.get(..end)?;
    let inner = line.trim_matches('"');
    let name = inner.get(..4).filter(|name| name.eq_ignore_ascii_case("sep="))?;
    let separator = match inner.get(name.len()..)?.as_bytes() {
        [separator] if separator.is_ascii_punctuation() || *separator == b'\t' => *separator,
        _ => return None,
    };
    let rest = text.get(end..)?;
    Some((separator, end + if rest.starts_with("\r\n") { 2 } else { 1 }))
}

/// What separates the cells of the first line that has any of the usual separators outside of quotation marks.
fn counted(text: &str) -> u8 {
    for line in text.split(['\n', '\r']).take(100) {
        let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
        let mut is_quoted = false;
        for byte in line.bytes() {
            is_quoted ^= byte == b'"';
            for (separator, count) in &mut counts {
                *count += usize::from(!is_quoted && *separator == byte);
            }
        }
        // The first of those with most.
        let most = counts.iter().rev().max_by_key(|(_, count)| *count);
        if let Some((separator, 1..)) = most {
            return *separator;
        }
    }
    b','
}
