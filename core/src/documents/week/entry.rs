//! A visit as its row says it: the core and what people have set since.

use automerge::ScalarValueRef;

use techo_protocol::basics::secret::Secret;

use super::core::VisitCore;
use crate::documents::{EntryId, Row};

/// Field: the check-in as edited, in Unix seconds.
pub const CHECK_IN: &str = "i";
/// Field: the check-out that a person set, in Unix seconds.
pub const CHECK_OUT: &str = "o";
/// Field: the note that a person wrote.
pub const NOTE: &str = "n";
/// Field: the name of a visit that was typed.
pub const NAME: &str = "w";
/// Field: the address of a visit that was typed.
pub const ADDRESS: &str = "a";
/// Field: when the venue's rotating code was last scanned again, in Unix seconds.
pub const SCANNED_AGAIN: &str = "s";

/// The field that says that a person was along.
///
/// ```
/// use techo_core::documents::{EntryId, week};
/// assert_eq!(week::person_field(&EntryId([7; 16])), "p/BwcHBwcHBwcHBwcHBwcHBw");
/// ```
pub fn person_field(person: &EntryId) -> String {
    format!("p/{person}")
}

/// The field of a slot key that a later scan gave.
///
/// ```
/// assert_eq!(techo_core::documents::week::slot_field(498_660), "k/498660");
/// ```
pub fn slot_field(slot: u32) -> String {
    format!("k/{slot}")
}

/// A visit's row, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitEntry {
    /// The id of the visit, the same on all devices.
    pub id: EntryId,
    /// What never changes of the visit.
    pub core: VisitCore,
    /// The field [`CHECK_IN`]; `None` where the check-in was never edited.
    pub check_in: Option<i64>,
    /// The field [`CHECK_OUT`]; `None` where no person has ended the visit.
    pub check_out: Option<i64>,
    /// The field [`NOTE`]; `None` where nobody wrote one.
    pub note: Option<String>,
    /// The field [`NAME`]; `None` for a visit that was scanned.
    pub name: Option<String>,
    /// The field [`ADDRESS`]; `None` where there is no address, or the core has it.
    pub address: Option<String>,
    /// The field [`SCANNED_AGAIN`]; `None` where the code was scanned once.
    pub scanned_again: Option<i64>,
    /// The people who were along.
    pub people: Vec<EntryId>,
    /// Slot keys of later scans.
    pub slots: Vec<(u32, Secret<16>)>,
}

impl VisitEntry {
    /// Reads a row; `None` if its core is not of a version and kind that this program knows. Fields that it does not
    /// know are passed over here, and stay in the document.
    pub fn from_row(row: &Row<'_>) -> Option<Self> {
        let mut entry = Self {
            id: row.id,
            core: VisitCore::from_bytes(&row.core)?,
            check_in: None,
            check_out: None,
            note: None,
            name: None,
            address: None,
            scanned_again: None,
            people: Vec::new(),
            slots: Vec::new(),
        };
        for (field, value) in &row.fields {
            match (field.as_str(), value) {
                (CHECK_IN, ScalarValueRef::Int(time)) => entry.check_in = Some(*time),
                (CHECK_OUT, ScalarValueRef::Int(time)) => entry.check_out = Some(*time),
                (SCANNED_AGAIN, ScalarValueRef::Int(time)) => entry.scanned_again = Some(*time),
                (NOTE, ScalarValueRef::Str(text)) => entry.note = Some(text.to_string()),
                (NAME, ScalarValueRef::Str(text)) => entry.name = Some(text.to_string()),
                (ADDRESS, ScalarValueRef::Str(text)) => entry.address = Some(text.to_string()),
                (other, value) => entry.take_listed(other, value),
            }
        }
        Some(entry)
    }

    fn take_listed(&mut self, field: &str, value: &ScalarValueRef<'_>) {
        match (field.split_once('/'), value) {
            (Some(("p", person)), _) => self.people.extend(person.parse::<EntryId>().ok()),
            (Some(("k", slot)), ScalarValueRef::Bytes(key)) => {
                if let (Ok(slot), Some(key)) = (slot.parse(), Secret::of_slice(key)) {
                    self.slots.push((slot, key));
                }
            }
            _ => {}
        }
    }
}
