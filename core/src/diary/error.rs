//! Why the diary did not do what was asked.

use crate::ports::RandomError;
use crate::vault::VaultError;

techo_protocol::coded_errors! {
    /// What the diary's rules refuse. Nothing was changed.
    pub enum Refusal {
        /// The time lies in the future.
        InTheFuture = "diary.in_the_future", "This time is in the future.", "Give a time that has passed, or check this device's clock.";
        /// The time lies longer ago than visits are kept.
        TooOld { days: i64 } = "diary.too_old", "This is longer ago than the {days} days that visits are kept.", "Keep visits for longer, or leave it out.";
        /// The visit is not there, or not any more.
        NoSuchVisit = "diary.no_such_visit", "There is no visit with this id.", "The diary shows each visit's id.";
        /// The person is not there, or not any more.
        NoSuchPerson = "diary.no_such_person", "There is no person with this id.", "Look the person up again.";
        /// A stay is at most a day.
        StayTooLong = "diary.stay_too_long", "A stay is at most 24 hours.", "Enter a longer one as several visits.";
        /// The end lies before the beginning.
        OutBeforeIn = "diary.out_before_in", "The visit would end before it begins.", "Check both times.";
        /// The keys of a visit reach only the check-in's day and the next.
        MovedTooFar = "diary.moved_too_far", "The check-in of a scanned visit can be moved by a day at most.", "Delete it, and add the visit by hand with the right time.";
        /// Only what was typed can be renamed.
        NameIsFixed = "diary.name_is_fixed", "The name and address of a scanned visit come from its code.", "Write what you want to remember into the note.";
        /// A visit that is typed needs a name.
        NoName = "diary.no_name", "The name is empty.", "Give the place or the person a name.";
        /// A text is too long.
        TextTooLong { bytes: usize } = "diary.text_too_long", "A text is longer than {bytes} bytes.", "Shorten it.";
        /// The code has more keys than a visit holds.
        TooManyKeys = "diary.too_many_keys", "The code holds more keys than a visit can.", "Scan a code that was made by Techo.";
        /// The retention is out of its range.
        KeepOutOfRange = "diary.keep_out_of_range", "Visits can be kept for 14 to 60 days.", "Choose a number from 14 to 60.";
        /// The file to be imported is something else.
        ImportForeign = "diary.import_foreign", "This is not an exported diary.", "Choose a diary file that Techo has exported.";
        /// A newer program exported the file.
        ImportNewer { found: u64 } = "diary.import_newer", "The exported diary has version {found}, which this program does not know.", "Update Techo.";
        /// Part of the file to be imported is wrong.
        ImportDamaged { entry: usize } = "diary.import_damaged", "The exported diary is damaged (entry {entry}). Nothing was imported.", "Export it again, or use an intact copy.";
    }
}

techo_protocol::coded_union! {
    /// Why the diary could not do what was asked: its rules, or the vault.
    pub enum DiaryError {
        /// A rule of the diary refuses it.
        Refused(Refusal);
        /// The vault could not be read or written.
        Vault(VaultError);
    }
}

impl From<RandomError> for DiaryError {
    fn from(error: RandomError) -> Self {
        Self::Vault(error.into())
    }
}
