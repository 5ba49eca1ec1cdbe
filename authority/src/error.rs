//! Every error of this package, each area's own enum behind one type.

use techo_protocol::ErrorInfo;
use techo_protocol::basics::http::HttpError;
use techo_protocol::basics::passphrase::PassphraseError;
use techo_protocol::basics::qr::QrError;
use techo_protocol::basics::random::RandomError;
use techo_protocol::exposure::case_code::CaseCodeError;
use techo_protocol::exposure::diary_upload::DiaryUploadError;
use techo_protocol::exposure::manifest::ManifestError;
use techo_protocol::exposure::notice::NoticeError;
use techo_protocol::exposure::segment::{SegmentError, WriteError};
use techo_protocol::exposure::venue_code::VenueCodeError;
use techo_protocol::trust::TrustError;
use techo_protocol::vaccination::dose_bundle::DoseBundleError;
use techo_protocol::vaccination::dose_slip::DoseSlipError;
use techo_protocol::vaccination::revocations::{RevocationsError, WriteRevocationsError};
use techo_protocol::vaccination::schedule::ScheduleError;
use techo_protocol::vaccination::site_licence::SiteLicenceError;
use techo_protocol::vaccination::status_pass::StatusPassError;

use crate::audit::AuditError;
use crate::cases::CaseError;
use crate::import::{ImportError, LayoutError, RowError};
use crate::keys::KeyError;
use crate::municipality::MunicipalityError;
use crate::municipality::bundles::BundleError;
use crate::municipality::imports::TicketWarning;
use crate::municipality::ledger::DoseRowError;
use crate::municipality::mapping::{CellError, MappingError};
use crate::municipality::passes::PassError;
use crate::municipality::residents::ResidentRowError;
use crate::municipality::sites::SiteError;
use crate::municipality::stock::LotRowError;
use crate::municipality::vrs::VrsWarning;
use crate::notices::NoticeChangeError;
use crate::posters::PosterError;
use crate::publishing::{PublishError, PublishWarning};
use crate::recalls::RecallError;
use crate::store::StoreError;
use crate::tables::spreadsheet::SpreadsheetError;
use crate::tables::{TableError, TableRowError};
use crate::trust::TrustChangeError;
use crate::venues::VenueError;

techo_protocol::coded_union! {
    /// What went wrong, whichever area of an authority it was in.
    #[allow(missing_docs, reason = "each variant is the area that it wraps")]
    pub enum Error {
        Audit(AuditError);
        Bundle(BundleError);
        Case(CaseError);
        CaseCode(CaseCodeError);
        DiaryUpload(DiaryUploadError);
        DoseBundle(DoseBundleError);
        DoseSlip(DoseSlipError);
        Key(KeyError);
        Manifest(ManifestError);
        Mapping(MappingError);
        Municipality(MunicipalityError);
        NotAnId(NoticeError);
        Notice(NoticeChangeError);
        Pass(PassError);
        Passphrase(PassphraseError);
        Poster(PosterError);
        Publish(PublishError);
        Qr(QrError);
        Random(RandomError);
        Recall(RecallError);
        Relay(HttpError);
        Revocations(RevocationsError);
        Schedule(ScheduleError);
        Segment(SegmentError);
        Site(SiteError);
        SiteLicence(SiteLicenceError);
        StatusPass(StatusPassError);
        Store(StoreError);
        Table(TableError);
        Trust(TrustError);
        TrustChange(TrustChangeError);
        Venue(VenueError);
        VenueCode(VenueCodeError);
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Segment(error) => error.into(),
            WriteError::Random(error) => error.into(),
        }
    }
}

impl From<WriteRevocationsError> for Error {
    fn from(error: WriteRevocationsError) -> Self {
        match error {
            WriteRevocationsError::Revocations(error) => error.into(),
            WriteRevocationsError::Random(error) => error.into(),
        }
    }
}

/// The errors and warnings that begin here, for the list of codes; those of `techo-protocol` have lists of their own.
pub const CATALOGUES: &[&[ErrorInfo]] = &[
    AuditError::CATALOGUE,
    BundleError::CATALOGUE,
    CaseError::CATALOGUE,
    CellError::CATALOGUE,
    DoseRowError::CATALOGUE,
    ImportError::CATALOGUE,
    LayoutError::CATALOGUE,
    TicketWarning::CATALOGUE,
    LotRowError::CATALOGUE,
    MappingError::CATALOGUE,
    MunicipalityError::CATALOGUE,
    PassError::CATALOGUE,
    ResidentRowError::CATALOGUE,
    SiteError::CATALOGUE,
    SpreadsheetError::CATALOGUE,
    TableError::CATALOGUE,
    TableRowError::CATALOGUE,
    RowError::CATALOGUE,
    KeyError::CATALOGUE,
    NoticeChangeError::CATALOGUE,
    PosterError::CATALOGUE,
    PublishError::CATALOGUE,
    PublishWarning::CATALOGUE,
    RecallError::CATALOGUE,
    StoreError::CATALOGUE,
    TrustChangeError::CATALOGUE,
    VenueError::CATALOGUE,
    VrsWarning::CATALOGUE,
];

#[cfg(test)]
mod tests {
    use techo_protocol::{Coded as _, ErrorValue};

    use super::*;

    #[test]
    fn a_code_is_used_once() {
        let mut codes: Vec<_> = CATALOGUES.iter().flat_map(|area| area.iter().map(|info| info.code)).collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }

    #[test]
    fn an_area_s_code_and_values_show_through() {
        assert_eq!(Error::from(RandomError::Unavailable).code(), "random.unavailable");
        let refused = Error::from(HttpError::Refused { status: 500 });
        assert_eq!(refused.code(), "http.refused");
        assert_eq!(refused.values(), [("status", ErrorValue::Number(500))]);
    }
}
