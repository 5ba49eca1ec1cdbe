//! What a site refuses, and what it warns of.

use techo_protocol::basics::random::RandomError;
use techo_protocol::trust::TrustError;
use techo_protocol::vaccination::dose_bundle::DoseBundleError;
use techo_protocol::vaccination::dose_slip::DoseSlipError;
use techo_protocol::vaccination::schedule::{NoDose, ScheduleError};
use techo_protocol::vaccination::site_licence::SiteLicenceError;
use techo_protocol::vaccination::ticket::TicketError;
use techo_protocol::vaccination::town_update::{LotWarning, TownUpdateError};

use crate::exposure::ExposureError;
use crate::following::FollowingError;
use crate::vaccine::schedule::TakeScheduleError;
use crate::vault::VaultError;

techo_protocol::coded_errors! {
    /// Why a site does not do as it is asked.
    pub enum SiteRefusal {
        /// The vault holds a site already.
        AlreadyASite = "clinic.already_a_site", "This profile is a vaccination site already.", "Use another folder for another site.";
        /// The vault holds no site.
        NotASite = "clinic.not_a_site", "There is no vaccination site in this profile.", "Set up a site first.";
        /// The trust file is no municipality's.
        NotATown = "clinic.not_a_town", "This trust file is not a municipality's.", "Ask the municipality for the trust file that it publishes.";
        /// The site has not taken in a licence yet.
        NoLicence = "clinic.no_licence", "This site has no licence yet.", "Give the request to the municipality, and take its licence in.";
        /// The dose's time is outside the licence's.
        LicenceEnded = "clinic.licence_ended", "This site's licence does not cover that time.", "Ask the municipality for a new licence.";
        /// The municipality ended the licence.
        LicenceRevoked = "clinic.licence_revoked", "The municipality has revoked this site's licence.", "Ask the municipality.";
        /// The ticket is of another municipality than the site.
        OtherTown = "clinic.other_town", "This ticket is of another municipality.", "Record it on paper for that municipality, or use its site profile.";
        /// The picture holds no ticket, or several.
        NoTicket = "clinic.no_ticket", "The picture does not hold one ticket.", "Take a picture of one ticket only, or type its digits.";
        /// The picture is the one that was recorded last.
        SamePicture = "clinic.same_picture", "This is the picture that was recorded last. Nothing was saved.", "Take a new picture of this person's ticket.";
        /// That dose of this ticket is recorded already.
        TicketUsed { dose: u8 } = "clinic.ticket_used", "Dose {dose} of this ticket is recorded here already.", "Compare the ticket's number with the person's papers; a wrong record can be corrected.";
        /// The dose's day does not go with the order of the doses.
        DoseOrder { dose: u8, other: u8 } = "clinic.dose_order", "Dose {dose} cannot be on that side of dose {other}, which is recorded here.", "Check the dose number and the date.";
        /// The dose's time has not come.
        InTheFuture = "clinic.in_the_future", "The dose is dated in the future.", "Check the date, and this machine's clock.";
        /// The lot is no text that a lot can be.
        Lot = "clinic.lot", "A lot has 1 to 20 printable ASCII characters.", "Type it as it is printed on the vial.";
        /// By the municipality's list the lot is another product's.
        LotOfAnother { product: &'static str } = "clinic.lot_of_another_product", "By the municipality's list this lot is of {product}.", "Look at the vial again.";
        /// The lot is recalled.
        LotRecalled = "clinic.lot_recalled", "This lot is recalled.", "Do not use it. Set it aside, and tell the municipality.";
        /// The vaccinator's name is empty or too long.
        Vaccinator = "clinic.vaccinator", "A vaccinator's name has 1 to 20 characters.", "Shorten it.";
        /// No record has the number.
        UnknownRecord = "clinic.unknown_record", "There is no record of that number here.", "The list of records shows their numbers.";
        /// The record was taken back.
        Withdrawn = "clinic.withdrawn", "This record was taken back.", "Record the dose anew.";
        /// The record was corrected as often as a record can be.
        TooManyCorrections = "clinic.too_many_corrections", "This record was corrected as often as it can be.", "Take it back, and record the dose anew.";
        /// No bundle has the number.
        UnknownBundle = "clinic.unknown_bundle", "There is no bundle of that number here.", "Write the next bundle, or choose one that was written here.";
        /// Every statement is in a bundle already.
        NothingNew = "clinic.nothing_new", "Everything that was recorded is in a bundle already.", "Write an earlier bundle again, if the municipality lacks it.";
    }
}

techo_protocol::coded_errors! {
    /// What does not stop a record, and should be looked at.
    pub enum DoseWarning {
        /// A ticket of ten digits: which dose it is was taken from what is known here.
        DoseAssumed = "clinic.dose_assumed", "The ticket does not say which dose it is for; it was taken from what is recorded here.", "Compare with the person's papers, or say which dose it is.";
        /// The dose before is not among this site's records.
        PreviousUnknown = "clinic.previous_unknown", "The dose before is not recorded here, so the interval was not checked.", "Look at the person's slip or papers.";
        /// No rule speaks of this dose on this day.
        NoRule = "clinic.no_rule", "No rule of the schedule speaks of this dose on this day.", "Look at the municipality's notices.";
    }
}

techo_protocol::coded_union! {
    /// What should be looked at in a dose that was recorded.
    pub enum SiteWarning {
        /// Something about the dose and its ticket.
        Dose(DoseWarning);
        /// Something about the lot.
        Lot(LotWarning);
        /// The schedule refuses it, and it was given all the same.
        Schedule(NoDose);
    }
}

techo_protocol::coded_union! {
    /// What can go wrong at a site.
    pub enum ClinicError {
        /// A bundle could not be written.
        Bundle(DoseBundleError);
        /// The municipality's trust list, as it is kept.
        Following(FollowingError);
        /// The municipality's public lists could not be taken in.
        Lists(ExposureError);
        /// A licence or a request for one is not right.
        Licence(SiteLicenceError);
        /// The random source gave nothing.
        Random(RandomError);
        /// The site's own refusal.
        Refusal(SiteRefusal);
        /// The schedule permits no such dose.
        Schedule(NoDose);
        /// A newer schedule could not be taken in.
        NewSchedule(ScheduleError);
        /// A slip could not be written.
        Slip(DoseSlipError);
        /// The text is no ticket, or not one for this dose.
        Ticket(TicketError);
        /// A trust list is not right.
        Trust(TrustError);
        /// An update of the municipality is not right.
        Update(TownUpdateError);
        /// The vault could not be read or written.
        Vault(VaultError);
    }
}

impl From<TakeScheduleError> for ClinicError {
    fn from(error: TakeScheduleError) -> Self {
        match error {
            TakeScheduleError::Schedule(error) => error.into(),
            TakeScheduleError::Following(error) => error.into(),
            TakeScheduleError::Vault(error) => error.into(),
        }
    }
}
