//! What spreadsheets put around a cell, which is taken off, and what they destroyed in it, which nobody can bring back.
//!
//! A CSV file that is opened and saved loses what its cells looked like: `0000000009` becomes 9, an 18-digit ticket `1.12714E+17`
//! (15 digits are kept of a number), the lot `1E5` becomes `1.00E+05`, and a lot `7/1` this year's first of July. Such a cell is told
//! apart from one that was typed wrong, because another thing is to be done about it.

use techo_protocol::basics::folding::folded;
use techo_protocol::vaccination::ticket::{TicketError, TicketText};

techo_protocol::coded_errors! {
    /// What a spreadsheet did to a cell.
    pub enum SpreadsheetError {
        /// A long number as a power of ten, or with zeros for its last digits.
        DigitsLost = "spreadsheet.digits_lost", "A spreadsheet has rounded a number of this row, as in 1.2E+17: its digits are gone.", "Import the file as it was before the spreadsheet saved it; where it has to be opened there, format the column as text first.";
        /// Fewer than ten digits of a ticket, because a number has no zeros in front.
        ZerosLost { found: usize } = "spreadsheet.zeros_lost", "The ticket number has {found} of its 10 digits: a spreadsheet takes away leading zeros.", "If that is all that happened, have the zeros completed; if not, import the file as it was before the spreadsheet saved it.";
        /// A lot that looked like a date or a power of ten.
        LotChanged = "spreadsheet.lot_changed", "The lot of this row is a date or a power of ten, as spreadsheets write them: it was another text before.", "Import the file as it was before the spreadsheet saved it, or write the lot as it is printed.";
        /// `####` of a column that was too narrow, `#NAME?` and the like.
        NoValue = "spreadsheet.no_value", "A cell of this row holds what a spreadsheet shows in place of a value, such as #### or #NAME?.", "Widen the column or mend the formula there, and export the file again.";
    }
}

/// Digits that a spreadsheet keeps of a number (IEEE 754, and Excel's own limit).
const DIGITS_KEPT: usize = 15;
/// So many tickets in a row that all look like floating-point numbers are no chance: one file in 260,000.
const MANY: usize = 6;

/// A cell without what spreadsheets and those who write for them put around it: blanks, `="…"` and an apostrophe before digits, both of
/// which keep leading zeros.
///
/// ```
/// use techo_authority::tables::spreadsheet::bare;
/// assert_eq!(bare(" =\"0000000001\" "), "0000000001");
/// assert_eq!(bare("'0000000001"), "0000000001");
/// assert_eq!(bare("'t Hof"), "'t Hof");
/// ```
pub fn bare(cell: &str) -> &str {
    let cell = cell.trim();
    if let Some(inner) = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        return inner.trim();
    }
    match cell.strip_prefix(['\'', '’']) {
        Some(rest) if !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()) => rest,
        _ => cell,
    }
}

/// What a spreadsheet destroyed in a cell, whatever the cell is for.
///
/// # Errors
/// [`SpreadsheetError::DigitsLost`], [`SpreadsheetError::NoValue`].
pub fn check(cell: &str) -> Result<(), SpreadsheetError> {
    let cell = folded(cell);
    if is_power_of_ten(&cell) {
        return Err(SpreadsheetError::DigitsLost);
    }
    let is_narrow = cell.len() > 1 && cell.bytes().all(|byte| byte == b'#');
    let is_error = matches!(
        &*cell,
        "#NAME?" | "#VALUE!" | "#REF!" | "#DIV/0!" | "#NUM!" | "#NULL!" | "#N/A" | "#SPILL!" | "Err:502" | "Err:508" | "Err:509"
    );
    if is_narrow || is_error {
        return Err(SpreadsheetError::NoValue);
    }
    Ok(())
}

/// Reads a ticket's cell. `complete_zeros` gives a number of fewer than ten digits the zeros that a spreadsheet took away.
///
/// # Errors
/// What a spreadsheet did to it first; else [`TicketError`].
pub fn ticket(cell: &str, complete_zeros: bool) -> Result<Result<TicketText, TicketError>, SpreadsheetError> {
    check(cell)?;
    let read = TicketText::read(cell);
    if read.is_ok() {
        return Ok(read);
    }
    let digits = folded(cell);
    // Some programs write whole numbers of a column with gaps as 9.0.
    let digits = digits.strip_suffix(".0").unwrap_or(&digits);
    if (1..10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return if complete_zeros {
            Ok(TicketText::read(&format!("{digits:0>10}")))
        } else {
            Err(SpreadsheetError::ZerosLost { found: digits.len() })
        };
    }
    Ok(read)
}

/// Whether a column's tickets of 18 digits were rounded, by a spreadsheet to 15 digits or by another program to what a floating-point number holds:
/// several, all of which end in zeros, or more, each of which is such a number as programs write it. One in eight is that by itself.
pub(crate) fn are_rounded(cells: impl Iterator<Item = impl AsRef<str>>) -> bool {
    let (mut several, mut in_zeros, mut floating) = (0_usize, true, true);
    for cell in cells {
        let cell = folded(cell.as_ref());
        if cell.len() != 18 || !cell.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        in_zeros &= cell.bytes().skip(DIGITS_KEPT).all(|byte| byte == b'0');
        floating &= is_floating(&cell);
        if !in_zeros && !floating {
            return false;
        }
        several += 1;
    }
    (in_zeros && several > 1) || (floating && several >= MANY)
}

/// Whether digits are what programs write of a binary floating-point number: its shortest decimal with zeros behind, or all of its digits.
fn is_floating(digits: &str) -> bool {
    let number: Result<f64, _> = digits.parse();
    number.is_ok_and(|number| format!("{number}") == digits || format!("{number:.0}") == digits)
}

/// Whether a lot is what a spreadsheet makes of one.
///
/// # Errors
/// [`SpreadsheetError::LotChanged`], [`SpreadsheetError::NoValue`].
pub fn check_lot(cell: &str) -> Result<(), SpreadsheetError> {
    match check(cell) {
        Err(SpreadsheetError::DigitsLost) => return Err(SpreadsheetError::LotChanged),
        other => other?,
    }
    if is_date(&folded(cell)) {
        return Err(SpreadsheetError::LotChanged);
    }
    Ok(())
}

/// `1.2E+17`, `1E+05`, `1.1271403E+017`: with the sign and at least two digits behind it, as spreadsheets write and people do not.
fn is_power_of_ten(cell: &str) -> bool {
    let Some((mantissa, exponent)) = cell.split_once(['E', 'e']) else {
        return false;
    };
    let Some(exponent) = exponent.strip_prefix(['+', '-']) else {
        return false;
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    // A comma where the spreadsheet's language has one in numbers.
    let (whole, rest) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    whole.len() == 1 && is_digits(whole) && is_digits(rest) && exponent.len() > 1 && is_digits(exponent)
}

/// `2021/7/1`, `7月1日`, `1-Jul`, `Jul-21`, `Jul 01`: as spreadsheets write dates.
fn is_date(cell: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let parts: Vec<&str> = cell.split(['/', '-', ' ', '月']).collect();
    let is_number = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_month = |part: &str| MONTHS.iter().any(|month| part.eq_ignore_ascii_case(month));
    match parts.as_slice() {
        [year, month, day] if !is_month(month) => {
            year.len() == 4 && is_number(year, 4) && is_number(month, 2) && is_number(day, 2)
        }
        [day, month, year] => is_number(day, 2) && is_month(month) && is_number(year, 4),
        [one, two] if cell.contains('月') => is_number(one, 2) && is_number(two.trim_end_matches('日'), 2),
        [one, two] => (is_month(one) && is_number(two, 2)) || (is_month(two) && is_number(one, 2)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_ten_are_a_spreadsheet_s_and_lots_with_an_e_are_not() {
        for cell in [
            "1.12714E+17",
            "1.1271403E+017",
            "1.00E+05",
            "1E+05",
            "1,2E+17",
            "１．２Ｅ＋１７",
            "5.0E-07",
        ] {
            assert_eq!(check(cell), Err(SpreadsheetError::DigitsLost), "{cell}");
            assert_eq!(check_lot(cell), Err(SpreadsheetError::LotChanged), "{cell}");
        }
        for lot in [
            "1E5", "EX3617", "FE8162", "3005293", "1E05", "12E+5", "E+05", "000024A", "A 1", "EY-5420", "2021-7", "4120Z001",
        ] {
            assert_eq!(check_lot(lot), Ok(()), "{lot}");
        }
    }

    #[test]
    fn a_lot_that_became_a_date_does_not_pass() {
        for cell in ["2021/7/1", "2021-07-01", "7月1日", "1-Jul", "Jul-21", "Jul 01", "1-Jul-21"] {
            assert_eq!(check_lot(cell), Err(SpreadsheetError::LotChanged), "{cell}");
        }
    }

    #[test]
    fn what_stands_in_place_of_a_value_is_named() {
        for cell in ["####", "##########", "#NAME?", "#N/A", "#VALUE!"] {
            assert_eq!(check(cell), Err(SpreadsheetError::NoValue), "{cell}");
        }
        assert_eq!(check("#"), Ok(()));
    }

    #[test]
    fn leading_zeros_are_completed_only_where_that_is_asked() {
        assert_eq!(ticket("9", false), Err(SpreadsheetError::ZerosLost { found: 1 }));
        assert_eq!(ticket("123456789.0", false), Err(SpreadsheetError::ZerosLost { found: 9 }));
        let completed = ticket("９", true).unwrap().unwrap().number();
        assert_eq!(completed.to_string(), "0000000009");
        assert_eq!(ticket("0000000009", false), Ok(TicketText::read("0000000009")));
        assert_eq!(ticket("12345678901", true), Ok(Err(TicketError::Malformed)));
        assert_eq!(ticket("", true), Ok(Err(TicketError::Malformed)));
    }

    #[test]
    fn rounded_tickets_are_told_by_their_zeros() {
        let rounded = |cells: &[&str]| are_rounded(cells.iter().copied());
        assert!(rounded(&["112714030000000000", "112714031234567000"]));
        assert!(!rounded(&["112714030000000000", "112714031234567890"]));
        assert!(!rounded(&["112714030000001000"]), "one of a thousand ends so");
        assert!(!rounded(&["0000001000", "0000002000"]), "ten digits are kept");
    }

    #[test]
    fn tickets_that_another_program_kept_as_numbers_are_told_too() {
        // findings/tickets-as-numbers.sh: d3-dsv, exceljs and xlsx write the first form, pandas the second.
        let tickets = |count: u64| (0..count).map(|row| 112_714_031_234_567_891 + row * 7_654_321);
        let numbers = |count: u64| tickets(count).map(|ticket| ticket.to_string().parse::<f64>().unwrap());
        assert!(are_rounded(numbers(6).map(|number| format!("{number}"))));
        assert!(are_rounded(numbers(6).map(|number| format!("{number:.0}"))));
        assert!(
            !are_rounded(numbers(5).map(|number| format!("{number}"))),
            "few may be so by chance"
        );
        assert!(!are_rounded(tickets(6).map(|ticket| ticket.to_string())));
        let last = numbers(6)
            .map(|number| format!("{number}"))
            .chain(["112714030000000001".to_owned()]);
        assert!(!are_rounded(last), "one that no such number is shows that none was rounded");
    }
}
