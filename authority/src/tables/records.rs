//! The records of a CSV file, each with the line on which it begins.
//!
//! The `csv` crate splits; here is what it does not do: say whether the last quotation mark was closed, and begin again
//! after a line that was torn.

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::text::Text;

/// What git and its kin leave in a file (git-merge, "How conflicts are presented").
const MARKERS: [&[u8]; 4] = [b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>"];

/// One record that is not blank.
pub(crate) struct Record {
    /// The line on which it begins, counted from 1.
    pub row: u64,
    /// How many lines it goes over; more than one where a quoted cell holds line breaks.
    pub lines: u64,
    /// How long it is, its line end included.
    pub bytes: usize,
    /// The record's cells, as the bytes that stand in the file.
    pub cells: ByteRecord,
    /// Whether the file ends before its last quotation mark.
    pub cut_off: bool,
    /// Whether nothing follows it.
    pub is_last: bool,
    /// Where its second line begins.
    after_first_line: usize,
}

impl Record {
    /// Whether the record is a merge-conflict marker, or has swallowed one.
    pub fn has_marker(&self) -> bool {
        self.cells.iter().any(|cell| cell.split(|byte| *byte == b'\n').any(is_marker))
    }
}

fn is_marker(line: &[u8]) -> bool {
    MARKERS.iter().any(|marker| {
        line.strip_prefix(*marker)
            .is_some_and(|rest| matches!(rest.first(), None | Some(b' ' | b'\r')))
    })
}

/// Goes through a file's records.
pub(crate) struct Records<'a> {
    text: &'a [u8],
    separator: u8,
    reader: Reader<&'a [u8]>,
    /// Where in `text` the reader began.
    base: usize,
    /// Where the next record or blank line begins.
    at: usize,
    /// The line of `at`, counted from 1.
    line: u64,
}

impl<'a> Records<'a> {
    /// The records of a text, from behind the line that names its separator.
    pub fn of(text: &'a Text<'_>) -> Self {
        Self::behind(text.text().as_bytes(), text.separator(), text.passed())
    }

    fn behind(text: &'a [u8], separator: u8, passed: usize) -> Self {
        Self {
            text,
            separator,
            reader: reader_of(text.get(passed..).unwrap_or_default(), separator),
            base: passed,
            at: passed,
            line: 1 + u64::from(passed > 0),
        }
    }

    /// Goes back to the second line of the record that was read last.
    pub fn read_again_after_first_line(&mut self, record: &Record) {
        self.at = record.after_first_line;
        self.line = record.row + 1;
        self.base = self.at;
        self.reader = reader_of(self.rest(), self.separator);
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes what lies before `end` and gives it back.
    fn advance_to(&mut self, end: usize) -> &'a [u8] {
        let passed = self.text.get(self.at..end).unwrap_or_default();
        self.line += line_ends(passed);
        self.at += passed.len();
        passed
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            let record = self.next_line()?;
            // Spreadsheets write the rows below a table's end as separators alone.
            if record.lines > 1 || record.cells.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                return Some(record);
            }
        }
    }
}

impl Records<'_> {
    fn next_line(&mut self) -> Option<Record> {
        let blank = self.rest().iter().take_while(|byte| is_line_end(**byte)).count();
        self.advance_to(self.at + blank);
        let (row, start) = (self.line, self.at);
        let mut cells = ByteRecord::new();
        // Reading from memory, with any number of cells to a record, has no error.
        if !self.reader.read_byte_record(&mut cells).unwrap_or(false) {
            return None;
        }
        let read = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX);
        let record = self.advance_to(self.base.saturating_add(read).min(self.text.len()));
        // The library stops between the two halves of a "\r\n", which are one line end.
        if record.ends_with(b"\r") && self.rest().starts_with(b"\n") {
            self.at += 1;
        }
        Some(Record {
            row,
            lines: 1 + line_ends(trim_line_end(record)),
            bytes: record.len(),
            cells,
            cut_off: self.rest().is_empty() && is_open(record, self.separator),
            is_last: self.rest().is_empty(),
            after_first_line: start + first_line(record),
        })
    }
}

fn reader_of(text: &[u8], separator: u8) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text)
}

/// Whether the record's last quoted cell is not closed: then it goes on over whatever follows.
fn is_open(record: &[u8], separator: u8) -> bool {
    let followed = [record, b"\nx"].concat();
    let mut reader = reader_of(&followed, separator);
    // As above, there is no error; the end of the first record is what is asked.
    let _ = reader.read_byte_record(&mut ByteRecord::new());
    usize::try_from(reader.position().byte()) == Ok(followed.len())
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// How many bytes the first line has, its line end included.
fn first_line(text: &[u8]) -> usize {
    match text.iter().position(|byte| is_line_end(*byte)) {
        Some(at) if text.get(at..).is_some_and(|rest| rest.starts_with(b"\r\n")) => at + 2,
        Some(at) => at + 1,
        None => text.len(),
    }
}

fn trim_line_end(text: &[u8]) -> &[u8] {
    text.strip_suffix(b"\r\n")
        .or(text.strip_suffix(b"\n"))
        .or(text.strip_suffix(b"\r"))
        .unwrap_or(text)
}

/// How many line ends there are: "\n", "\r\n" or "\r", as the `csv` crate takes them.
fn line_ends(text: &[u8]) -> u64 {
    let breaks = text.iter().filter(|byte| is_line_end(**byte)).count();
    let pairs = text.windows(2).filter(|pair| pair == b"\r\n").count();
    (breaks - pairs) as u64
}

#[cfg(test)]
mod tests;
