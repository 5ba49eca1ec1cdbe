//! Why the vaccine record did not do what was asked.

use techo_protocol::vaccination::product::ProductError;
use techo_protocol::vaccination::status_pass::StatusPassError;

use crate::certificates::Reason;
use crate::diary::Refusal;
use crate::ports::RandomError;
use crate::vault::VaultError;

techo_protocol::coded_errors! {
    /// What the vaccine record's rules refuse. Nothing was changed.
    pub enum VaccineRefusal {
        /// Nobody has the name or the id.
        NoSuchPerson = "vaccine.no_such_person", "There is nobody of this name or id.", "Choose somebody from the list of people, or add somebody.";
        /// Several people have the name.
        SeveralPeople = "vaccine.several_people", "Several people have this name.", "Choose the one who is meant from the list of people, by id.";
        /// There are several people, and nobody said who is meant.
        WhichPerson = "vaccine.which_person", "There are several people here.", "Say whose it is.";
        /// The birth date is after today.
        BornInTheFuture = "vaccine.born_in_the_future", "This birth date is in the future.", "Check the date, or this device's clock.";
        /// Somebody cannot be merged with themselves.
        OnePerson = "vaccine.one_person", "This is one person already.", "Name two people.";
        /// Nobody was merged into the person.
        NotMerged = "vaccine.not_merged", "Nobody was merged into this person.", "Nothing needs to be done.";
        /// No record has the id.
        NoSuchRecord = "vaccine.no_such_record", "There is no record with this id.", "The list of the vaccine record shows the ids.";
        /// The content is more than a record can hold.
        TooLarge = "vaccine.too_large", "This is larger than a record can be.", "Check that it is the right file.";
        /// The dose's day is after today.
        InTheFuture = "vaccine.in_the_future", "This dose would be in the future.", "Check the date, or this device's clock.";
        /// The person has no status pass.
        NoPass = "vaccine.no_pass", "There is no status pass for this person.", "Make a request, and add what the municipality issues for it.";
        /// There is no card, or no certificate of the id.
        NoCertificate = "vaccine.no_certificate", "There is no such certificate to show.", "Choose one from the vaccine record; a card comes with a status pass that was issued with a name.";
        /// The input is nothing that a record can hold.
        Unknown = "vaccine.unknown", "This is no slip, certificate, ticket or pass.", "Scan the code again; make sure that all of it is in the picture.";
    }
}

techo_protocol::coded_union! {
    /// Why the vaccine record could not do what was asked: its rules, those for names, or the vault.
    pub enum VaccineError {
        /// A rule of the vaccine record refuses it.
        Refused(VaccineRefusal);
        /// The name breaks a rule.
        Name(Refusal);
        /// The codes do not make one whole card.
        Card(Reason);
        /// The vaccine has no name that is known here.
        Product(ProductError);
        /// The status pass is not right, or cannot be shown.
        Pass(StatusPassError);
        /// The vault could not be read or written.
        Vault(VaultError);
    }
}

impl From<RandomError> for VaccineError {
    fn from(error: RandomError) -> Self {
        Self::Vault(error.into())
    }
}
