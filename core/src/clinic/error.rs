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
        /// There is a site already.
        AlreadyASite = "clinic.already_a_site", "This profile is a vaccination site already.", "Use another folder for another site.";
        /// No site.
        NotASite = "clinic.not_a_site", "There is no vaccination site in this profile.", "Set up a site first.";
        /// The trust file is no municipality's.
        NotATown = "clinic.not_a_town", "This trust file is not a municipality's.", "Ask the municipality for the trust file that it publishes.";
        /// No licence yet.
        NoLicence = "clinic.no_licence", "This site has no licence yet.", "Give the request to the municipality, and take its licence in.";
        /// Outside the licence's time.
        LicenceEnded = "clinic.licence_ended", "This site's licence does not cover that time.", "Ask the municipality for a new licence.";
        /// The municipality ended the licence.
        LicenceRevoked = "clinic.licence_revoked", "The municipality has revoked this site's licence.", "Ask the municipality.";
        /// Another municipality's ticket.
        OtherTown = "clinic.other_town", "This ticket is of another municipality.", "Record it on paper for that municipality, or use its site profile.";
        /// Not one ticket in the picture.
        NoTicket = "clinic.no_ticket", "The picture does not hold one ticket.", "Take a picture of one ticket only, or type its digits.";
        /// The picture of before.
        SamePicture = "clinic.same_picture", "This is the picture that was recorded last. Nothing was saved.", "Take a new picture of this person's ticket.";
        /// That dose of this ticket is recorded.
        TicketUsed { dose: u8 } = "clinic.ticket_used", "Dose {dose} of this ticket is recorded here already.", "Compare the ticket's number with the person's papers; a wrong record can be corrected.";
        /// Against the order of the doses.
        DoseOrder { dose: u8, other: u8 } = "clinic.dose_order", "Dose {dose} cannot be on that side of dose {other}, which is recorded here.", "Check the dose number and the date.";
        /// A time that has not come.
        InTheFuture = "clinic.in_the_future", "The dose is dated in the future.", "Check the date, and this machine's clock.";
        /// A lot that cannot be.
        Lot = "clinic.lot", "A lot has 1 to 20 printable ASCII characters.", "Type it as it is printed on the vial.";
        /// The lot is another product's.
        LotOfAnother { product: &'static str } = "clinic.lot_of_another_product", "By the municipality's list this lot is of {product}.", "Look at the vial again.";
        /// The lot is recalled.
        LotRecalled = "clinic.lot_recalled", "This lot is recalled.", "Do not use it. Set it aside, and tell the municipality.";
        /// Nobody, or too long a name.
        Vaccinator = "clinic.vaccinator", "A vaccinator's name has 1 to 20 characters.", "Shorten it.";
        /// No such record.
        UnknownRecord = "clinic.unknown_record", "There is no record of that number here.", "The list of records shows their numbers.";
        /// It was taken back.
        Withdrawn = "clinic.withdrawn", "This record was taken back.", "Record the dose anew.";
        /// Corrected as often as a record can be.
        TooManyCorrections = "clinic.too_many_corrections", "This record was corrected as often as it can be.", "Take it back, and record the dose anew.";
        /// No such bundle.
        UnknownBundle = "clinic.unknown_bundle", "There is no bundle of that number here.", "Write the next bundle, or choose one that was written here.";
        /// Everything was sent.
        NothingNew = "clinic.nothing_new", "Everything that was recorded is in a bundle already.", "Write an earlier bundle again, if the municipality lacks it.";
    }
}

techo_protocol::coded_errors! {
    /// What does not stop a record, and should be looked at.
    pub enum DoseWarning {
        /// A ticket of ten digits: which dose it is was taken from what is known here.
        DoseAssumed = "clinic.dose_assumed", "The ticket does not say which dose it is for; it was taken from what is recorded here.", "Compare with the person's papers, or say which dose it is.";
        /// The dose before was given elsewhere.
        PreviousUnknown = "clinic.previous_unknown", "The dose before is not recorded here, so the interval was not checked.", "Look at the person's slip or papers.";
        /// No rule speaks of this dose on this day.
        NoRule = "clinic.no_rule", "No rule of the schedule speaks of this dose on this day.", "Look at the municipality's notices.";
    }
}

techo_protocol::coded_union! {
    /// What should be looked at in a dose that was recorded.
    pub enum SiteWarning {
        /// The dose.
        Dose(DoseWarning);
        /// Its lot.
        Lot(LotWarning);
        /// The schedule refuses it, and it was given all the same.
        Schedule(NoDose);
    }
}

techo_protocol::coded_union! {
    /// What can go wrong at a site.
    pub enum ClinicError {
        /// A bundle.
        Bundle(DoseBundleError);
        /// The municipality's trust list, as it is kept.
        Following(FollowingError);
        /// The municipality's lists.
        Lists(ExposureError);
        /// A licence or request.
        Licence(SiteLicenceError);
        /// No random bytes.
        Random(RandomError);
        /// The site's own refusal.
        Refusal(SiteRefusal);
        /// The schedule's refusal.
        Schedule(NoDose);
        /// A newer schedule.
        NewSchedule(ScheduleError);
        /// A slip.
        Slip(DoseSlipError);
        /// A ticket.
        Ticket(TicketError);
        /// A trust list.
        Trust(TrustError);
        /// An update.
        Update(TownUpdateError);
        /// The vault.
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
