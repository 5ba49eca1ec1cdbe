//! The ledger as Japan's vaccination record system exports it (接種記録データの確認方法, Cabinet Secretariat, 2021): one row a person,
//! doses 1 and 2, for the systems that municipalities have.

use techo_protocol::basics::municipality_code::MunicipalityCode;

use super::days;
use super::ledger::{Dose, Entry, Filter};
use crate::rejected::RejectedRow;
use crate::tables::shift_jis;
use crate::{Authority, Error};

/// Which bytes the file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VrsEncoding {
    /// Shift_JIS, as municipal systems read it.
    ShiftJis,
    /// UTF-8 with a byte-order mark, as Excel reads it.
    Utf8Bom,
}

const PERSON: &str = "個別宛名番号";
const FIELDS: [&str; 8] = [
    "接種履歴登録日時",
    "接種日",
    "券番号",
    "接種自治体コード",
    "接種会場名",
    "接種医師名",
    "ワクチンメーカー",
    "ワクチンロット番号",
];

techo_protocol::coded_errors! {
    /// What the file could not hold.
    pub enum VrsWarning {
        /// A character that Shift_JIS lacks; the code point, and the column of the file.
        Character { code_point: String, column: String } = "vrs.character", "Shift_JIS has no character {code_point}: the column {column} of this row has 〓 in its place.", "Write the file in UTF-8, or correct the row in the system that takes it in.";
    }
}

/// The ledger as a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VrsFile {
    /// The file's bytes.
    pub content: Vec<u8>,
    /// How many persons it has, one a row under the header.
    pub persons: usize,
    /// Rows of the file in which a character could not be written, by the file's line.
    pub lacking: Vec<RejectedRow>,
}

/// The row of one person.
#[derive(Default)]
struct Person {
    doses: [Option<Dose>; 2],
}

impl Authority {
    /// The ledger as a CSV file, lines ending in CR LF. Of a dose in conflict the first statement is written. A character that the encoding
    /// lacks is written as 〓 and named by its row.
    ///
    /// # Errors
    /// [`crate::store::StoreError`] where the profile cannot be read.
    pub fn vrs_ledger(&self, encoding: VrsEncoding) -> Result<VrsFile, Error> {
        let code = self.municipality_code()?;
        let mut text = String::from(PERSON);
        for number in ["1", "2"] {
            for field in FIELDS {
                text.push_str(&[",", number, "回目", field].concat());
            }
        }
        text.push_str("\r\n");
        let mut out = VrsFile {
            content: bytes(&text, encoding),
            ..VrsFile::default()
        };
        let mut person: Option<(u64, Person)> = None;
        let finish = |person: Option<(u64, Person)>, out: &mut VrsFile| {
            if let Some((_, person)) = person.filter(|(_, person)| person.doses.iter().any(Option::is_some)) {
                out.persons += 1;
                // The header is the first line.
                let line = out.persons as u64 + 1;
                let cells = cells(&person, code);
                if encoding == VrsEncoding::ShiftJis {
                    out.lacking.extend(lacking(&cells, line));
                }
                out.content.extend_from_slice(&encode(&row(&cells), encoding));
            }
        };
        self.ledger(Filter::default(), |entry: Entry| {
            let ticket = entry.dose.ticket.number();
            if person.as_ref().is_none_or(|(known, _)| *known != ticket) {
                finish(person.replace((ticket, Person::default())), &mut out);
            }
            let slot = usize::from(entry.dose.number.wrapping_sub(1));
            if let Some((_, person)) = &mut person
                && let Some(slot) = person.doses.get_mut(slot)
            {
                slot.get_or_insert(entry.dose);
            }
            Ok::<(), Error>(())
        })?;
        finish(person, &mut out);
        Ok(out)
    }
}

fn bytes(text: &str, encoding: VrsEncoding) -> Vec<u8> {
    match encoding {
        VrsEncoding::Utf8Bom => [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat(),
        VrsEncoding::ShiftJis => encode(text, encoding),
    }
}

fn encode(text: &str, encoding: VrsEncoding) -> Vec<u8> {
    match encoding {
        VrsEncoding::Utf8Bom => text.as_bytes().to_vec(),
        VrsEncoding::ShiftJis => shift_jis::written(text, &mut |_| {}),
    }
}

/// The characters of a row that Shift_JIS does not have.
fn lacking(cells: &[String], line: u64) -> Vec<RejectedRow> {
    let mut out = Vec::new();
    for (at, cell) in cells.iter().enumerate() {
        shift_jis::written(cell, &mut |c| {
            let warning = VrsWarning::Character {
                code_point: format!("U+{:04X}", u32::from(c)),
                column: column(at),
            };
            out.push(RejectedRow::new(line, &warning));
        });
    }
    out
}

/// The name of a column in the header.
fn column(at: usize) -> String {
    let Some(at) = at.checked_sub(1) else {
        return PERSON.to_owned();
    };
    let field = FIELDS.get(at % FIELDS.len()).copied().unwrap_or_default();
    format!("{}回目{field}", at / FIELDS.len() + 1)
}

fn cells(person: &Person, code: MunicipalityCode) -> Vec<String> {
    let mut cells = vec![String::new()];
    for dose in &person.doses {
        match dose {
            Some(dose) => cells.extend(fields(dose, code)),
            None => cells.extend(FIELDS.map(|_| String::new())),
        }
    }
    cells
}

fn row(cells: &[String]) -> String {
    let mut out = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    // Writing to memory does not fail, and UTF-8 goes in.
    let _ = out.write_record(cells);
    let _ = out.flush();
    String::from_utf8(out.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn fields(dose: &Dose, code: MunicipalityCode) -> [String; 8] {
    let local = |at: i64, form: &str| days::local(at).map(|time| time.format(form).to_string()).unwrap_or_default();
    let cut = |text: &str, most: usize| text.chars().take(most).collect();
    [
        local(dose.recorded_at, "%Y%m%d%H%M%S"),
        local(dose.at, "%Y%m%d"),
        dose.ticket.to_string(),
        code.to_string(),
        cut(&dose.place, 30),
        cut(&dose.by, 20),
        dose.product.maker_in_japanese().to_owned(),
        dose.lot.clone(),
    ]
}
