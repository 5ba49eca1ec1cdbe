//! An authority's list of exposure events, read from CSV (docs/authority.md#lists-of-events).
//!
//! Bytes in, plain data out: every row becomes an event or is rejected with its number and the reason, and one bad row
//! never costs a good one. What the events then do to the notices is decided elsewhere.
//!
//! A layout is known by its header, which may follow marker lines:
//!
//! | layout | columns that must be there, in any order, among others | times |
//! |---|---|---|
//! | `nz` | id, Event, Location, Start, End, Advice | New Zealand's local time |
//! | `techo` | id, name, address, from, to, severity, text | RFC 3339 with an offset |
//! | of a [`LayoutFile`] | those that it names | in the forms and the zone that it names |
//!
//! ```
//! use techo_authority::import;
//!
//! let csv = "id,name,address,from,to,severity,text\n\
//!            7,Bar Yoru,\"Kita-ku, Osaka\",2026-11-20T19:00:00+09:00,2026-11-20T21:00:00+09:00,cluster,See a doctor\n\
//!            8,Bar Asa,,2026-11-20T19:00:00+09:00,NA,caution,\n";
//! let import = import::read(csv.as_bytes(), None)?;
//! assert_eq!((import.rows, import.accepted()), (2, 1));
//! assert_eq!(import.events[0].name, "Bar Yoru");
//! assert_eq!((import.rejected[0].row, import.rejected[0].code), (3, "import.time_missing"));
//! # Ok::<(), import::ImportError>(())
//! ```

mod bounds;
mod dates;
mod fields;
mod header;
mod layout;
mod layout_file;
mod nz;
mod techo;

use std::collections::HashSet;

use techo_protocol::exposure::notice::Severity;

use header::Header;
use layout::Layout;
pub use layout_file::{LayoutError, LayoutFile};

use crate::rejected::RejectedRow;
use crate::tables::records::{Record, Records};
use crate::tables::{TableError, Text};

/// Most bytes of a file. New Zealand's longest list had 330 kB.
pub const MAX_FILE_BYTES: usize = 64 << 20;

/// Most rows of a file. New Zealand's longest list had 800.
pub const MAX_ROWS: usize = 200_000;

/// Most bytes that are read again because a row was torn (see [`read`]): as much work as a file of the largest size.
const MAX_REREAD_BYTES: usize = MAX_FILE_BYTES;

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Name of the layout that the header has.
    pub layout: String,
    /// Rows of the file apart from its header and blank lines: those accepted and those rejected.
    pub rows: usize,
    /// What the accepted rows say, by row; of rows with the same id the last alone.
    pub events: Vec<Event>,
    /// The rows that say nothing, by row.
    pub rejected: Vec<RejectedRow>,
    /// Whether the file ends in the middle of its last row: there was more, and what is missing here was perhaps in it.
    pub cut_off: bool,
}

impl Import {
    /// How many rows were accepted, those included that a later row of the file replaces.
    pub fn accepted(&self) -> usize {
        // Every row is one or the other.
        self.rows - self.rejected.len()
    }
}

/// One exposure event, as a row of a file states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The line of the file on which the row begins, the first line being 1, as an editor counts; a spreadsheet counts the
    /// same unless a cell above holds a line break.
    pub row: u64,
    /// The authority's own name of the event, by which a later file revises it; New Zealand's cut to 15 characters.
    pub id: String,
    /// The venue's name, 1 to 300 characters.
    pub name: String,
    /// The venue's address, at most 300 characters, may be empty.
    pub address: String,
    /// When the exposure begins, Unix seconds.
    pub from: i64,
    /// When it ends, Unix seconds, later than `from`.
    pub to: i64,
    /// How serious it is.
    pub severity: Severity,
    /// What people who were there are told, at most 4,000 characters, may be empty.
    pub advice_text: String,
}

techo_protocol::coded_errors! {
    /// Why a file could not be read at all.
    pub enum ImportError {
        /// There is no row in it.
        Empty = "import.empty", "The file is empty.", "Export the list again.";
        /// More than [`MAX_FILE_BYTES`] or [`MAX_ROWS`].
        TooLarge = "import.file_too_large", "The file is larger than 64 MiB or has more than 200,000 rows.", "Cut the list into several files; leave out --complete then.";
        /// A spreadsheet, or anything else that is not text.
        NotText = "import.not_text", "The file is not CSV in UTF-8, UTF-16 or Shift_JIS.", "Save the list as \"CSV UTF-8\" and import that.";
        /// The layout file names an encoding that nobody knows.
        Encoding = "import.encoding", "The encoding that the layout file names is not known.", "Write utf-8, shift_jis (also as cp932), windows-1252 and so on, or leave it out.";
        /// `--layout` names none that is known.
        UnknownLayout = "import.unknown_layout", "There is no layout of that name.", "Use nz or techo, give a layout file, or leave it out.";
        /// No row is a header of a known layout, or of the one that was named.
        NoHeader = "import.no_header", "No line of the file is the header of a known layout.", "Compare the column names with the layout's, or give a layout file that names the list's own columns.";
        /// So many quotation marks are missing that rows cannot be told apart.
        Torn = "import.torn", "Too many rows of the file are torn.", "Export the list again.";
    }
}

techo_protocol::coded_errors! {
    /// Why a row was rejected.
    pub enum RowError {
        /// A line that a version control system left in the file.
        Marker = "import.marker", "This line is a merge-conflict marker, not data.", "Take the file from before the merge.";
        /// A header further down.
        HeaderAgain = "import.header_again", "This line repeats the header.", "Nothing needs to be done; the rows below it are read by it.";
        /// A row above the header.
        BeforeHeader = "import.before_header", "This line stands before the header.", "Remove it, or move it below the header.";
        /// Other than as many cells as the header has.
        Columns { found: usize, expected: usize } = "import.columns", "This row has {found} cells where the header has {expected}.", "Look for a missing or an unquoted comma or quotation mark.";
        /// The file ends within a quoted cell.
        CutOff = "import.cut_off", "The file ends in the middle of this row.", "Take the whole file.";
        /// A row of more than 64 KiB.
        RowTooLong = "import.row_too_long", "This row is longer than 64 KiB.", "Look for a missing quotation mark.";
        /// Bytes that the file's encoding does not have.
        NotUtf8 = "import.not_utf8", "A character of this row is torn, or not of the file's encoding.", "Look at the row where it comes from; save the list as \"CSV UTF-8\".";
        /// A cell that has to hold something is empty or `NA`.
        CellMissing { column: String } = "import.cell_missing", "The column {column} is empty.", "Fill it in.";
        /// A cell with more than the column may hold.
        CellTooLong { column: String, most: usize } = "import.cell_too_long", "The column {column} holds more than {most} characters.", "Shorten it.";
        /// Control characters, which a screen could take for commands.
        CellControl { column: String } = "import.cell_control", "The column {column} holds control characters.", "Remove them.";
        /// An id of a form that the layout does not have.
        Id = "import.id", "The id has not the 15 or 18 letters and digits that this layout's ids have.", "Correct it.";
        /// No time where one has to be: empty or `NA`.
        TimeMissing { column: String } = "import.time_missing", "The column {column} holds no time.", "Fill it in.";
        /// A time in none of the known forms, or not in the calendar.
        TimeUnreadable { column: String, cell: String, forms: String } = "import.time_unreadable", "The column {column} holds “{cell}”. Known forms are: {forms}.", "Write the time in one of them, or give a layout file that names its form.";
        /// A local time that the change to summer time leaves out.
        TimeSkipped { column: String } = "import.time_skipped", "The time in the column {column} never was: the clocks went forward over it.", "Correct it.";
        /// The end is before the start.
        EndsBeforeStart = "import.ends_before_start", "The event ends before it starts.", "Correct the start or the end.";
        /// A window of more than 60 days, the longest that a diary reaches back.
        TooLong = "import.event_too_long", "The event is longer than 60 days.", "Correct the start or the end.";
        /// Neither `caution` nor `cluster`.
        Severity = "import.severity", "The severity is neither caution nor cluster.", "Write one of the two.";
        /// A word that the layout file does not have.
        SeverityWord { column: String } = "import.severity_word", "The column {column} holds none of the layout's words for caution and cluster.", "Add the word to the layout file's [severity], or name a default there.";
    }
}

impl RowError {
    /// A cell that is no time: a list of places holds nothing personal, so the cell is shown.
    fn unreadable(column: &str, cell: &str, forms: &str) -> Self {
        Self::TimeUnreadable {
            column: column.to_owned(),
            cell: cell.chars().filter(|c| !c.is_control()).take(40).collect(),
            forms: forms.to_owned(),
        }
    }
}

/// The names of the layouts that are known without a file.
pub fn layouts() -> impl Iterator<Item = &'static str> {
    [nz::NAME, techo::NAME].into_iter()
}

/// Reads a list of exposure events.
///
/// `layout` names the layout; without it the header tells. Every record of the file but blank lines and the one header is a
/// row and ends up accepted or rejected, those before the header too. Where a row is torn (a quotation mark is missing) and
/// has swallowed the lines below it, those are read again one by one.
///
/// # Errors
/// [`ImportError`] where the file as a whole is none of ours. What is wrong with a row is in [`Import::rejected`].
pub fn read(bytes: &[u8], layout: Option<&str>) -> Result<Import, ImportError> {
    let mut known = layout::known();
    if let Some(name) = layout {
        known.retain(|layout| layout.name == name);
        if known.is_empty() {
            return Err(ImportError::UnknownLayout);
        }
    }
    read_as(bytes, &known)
}

/// Reads a list whose columns a layout file names.
///
/// # Errors
/// As [`read()`].
pub fn read_by(bytes: &[u8], layout: &LayoutFile) -> Result<Import, ImportError> {
    read_as(bytes, &[Layout::of_file(layout)])
}

fn read_as(bytes: &[u8], wanted: &[Layout]) -> Result<Import, ImportError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ImportError::TooLarge);
    }
    let text = text(bytes, wanted)?;
    let mut records = Records::of(&text);
    let mut header: Option<Header> = None;
    let mut rows = 0;
    let mut read_again = 0;
    let mut events = Vec::new();
    let mut rejected = Vec::new();
    let mut cut_off = false;
    while let Some(record) = records.next() {
        let is_first_header = header.is_none();
        let verdict = match Header::recognise(&record, wanted) {
            Some(found) => {
                header = Some(found);
                if is_first_header {
                    continue;
                }
                Err(RowError::HeaderAgain)
            }
            None => read_row(&record, header.as_ref()),
        };
        rows += 1;
        cut_off = match &verdict {
            Err(RowError::CutOff) => true,
            Err(RowError::Columns { found, expected }) => found < expected && !text.text().ends_with(['\n', '\r']),
            _ => false,
        };
        match verdict {
            Ok(event) => events.push(event),
            Err(error) => {
                if record.lines > 1 && is_torn(&error) {
                    read_again += record.bytes;
                    records.read_again_after_first_line(&record);
                }
                rejected.push(RejectedRow {
                    dose: None,
                    id: header.as_ref().and_then(|header| header.id_of(&record)),
                    ..RejectedRow::new(record.row, &error)
                });
            }
        }
        if rows > MAX_ROWS {
            return Err(ImportError::TooLarge);
        }
        if read_again > MAX_REREAD_BYTES {
            return Err(ImportError::Torn);
        }
    }
    match header {
        Some(header) => Ok(Import {
            layout: header.layout.name.clone(),
            rows,
            events: last_of_each_id(events),
            rejected,
            cut_off,
        }),
        None if rows == 0 => Err(ImportError::Empty),
        None => Err(ImportError::NoHeader),
    }
}

/// The file as text: in the encoding that its bytes show, or else in the one of the layout that its header has.
fn text<'a>(bytes: &'a [u8], wanted: &[Layout]) -> Result<Text<'a>, ImportError> {
    let of = |encoding| {
        Text::of(bytes, encoding).map_err(|why| match why {
            TableError::Empty => ImportError::Empty,
            TableError::TooLarge => ImportError::TooLarge,
            TableError::Encoding => ImportError::Encoding,
            _ => ImportError::NotText,
        })
    };
    let text = of(None)?;
    if text.is_doubtful()
        && let Some(header) = Records::of(&text).find_map(|record| Header::recognise(&record, wanted))
        && let Some(theirs) = header.layout.encoding.as_deref()
    {
        return of(Some(theirs));
    }
    Ok(text)
}

fn read_row(record: &Record, header: Option<&Header<'_>>) -> Result<Event, RowError> {
    if record.has_marker() {
        return Err(RowError::Marker);
    }
    let header = header.ok_or(RowError::BeforeHeader)?;
    let row = header.row(record)?;
    header.layout.event(&row)
}

/// Whether an error can come of a missing quotation mark.
fn is_torn(error: &RowError) -> bool {
    matches!(
        error,
        RowError::Columns { .. }
            | RowError::CutOff
            | RowError::RowTooLong
            | RowError::CellTooLong { .. }
            | RowError::Marker
            | RowError::BeforeHeader
    )
}

fn last_of_each_id(mut events: Vec<Event>) -> Vec<Event> {
    let mut seen = HashSet::new();
    events.reverse();
    events.retain(|event| seen.insert(event.id.clone()));
    events.reverse();
    events
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;
