//! The ledger as Japan's vaccination record system exports it (接種記録データの確認方法, Cabinet Secretariat, 2021): one row a person,
//! doses 1 and 2, for the systems that municipalities have.

use encoding_rs::SHIFT_JIS;
use techo_protocol::basics::municipality_code::MunicipalityCode;

use super::days;
use super::ledger::{Dose, Entry, Filter};
use crate::{Authority, Error};

/// Which bytes the file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VrsEncoding {
    /// Shift_JIS, as municipal systems read it.
    ShiftJis,
    /// UTF-8 with a byte-order mark, as Excel reads it.
    Utf8Bom,
}

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

/// The row of one person.
#[derive(Default)]
struct Person {
    doses: [Option<Dose>; 2],
}

impl Authority {
    /// The ledger as a CSV file, lines ending in CR LF. Of a dose in conflict the first statement is written. Gives how many persons it has.
    ///
    /// # Errors
    /// [`crate::store::StoreError`] where the profile cannot be read.
    pub fn vrs_ledger(&self, encoding: VrsEncoding) -> Result<(Vec<u8>, usize), Error> {
        let code = self.municipality_code()?;
        let mut text = String::from("個別宛名番号");
        for number in ["1", "2"] {
            for field in FIELDS {
                text.push_str(&[",", number, "回目", field].concat());
            }
        }
        text.push_str("\r\n");
        let mut out = bytes(&text, encoding);
        let mut persons = 0;
        let mut person: Option<(u64, Person)> = None;
        let mut finish = |person: Option<(u64, Person)>, out: &mut Vec<u8>| {
            if let Some((_, person)) = person.filter(|(_, person)| person.doses.iter().any(Option::is_some)) {
                persons += 1;
                out.extend_from_slice(&encode(&row(&person, code), encoding));
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
        Ok((out, persons))
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
        VrsEncoding::ShiftJis => {
            // A character that Shift_JIS lacks becomes a geta mark, as Japanese systems print it, and not an HTML escape.
            let known: String = text
                .chars()
                .map(|c| {
                    if SHIFT_JIS.encode(c.encode_utf8(&mut [0; 4])).2 {
                        '〓'
                    } else {
                        c
                    }
                })
                .collect();
            SHIFT_JIS.encode(&known).0.into_owned()
        }
    }
}

fn row(person: &Person, code: MunicipalityCode) -> String {
    let mut cells = vec![String::new()];
    for dose in &person.doses {
        match dose {
            Some(dose) => cells.extend(fields(dose, code)),
            None => cells.extend(FIELDS.map(|_| String::new())),
        }
    }
    let mut out = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    // Writing to memory does not fail, and UTF-8 goes in.
    let _ = out.write_record(&cells);
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
