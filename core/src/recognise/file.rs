//! What a file is: a picture, a text, or one of Techo's own files.

use techo_protocol::basics::text_file::text_of;
use techo_protocol::certificates::trust_bundle;
use techo_protocol::household::household_file;
use techo_protocol::trust::is_form as is_trust_list;
use techo_protocol::vaccination::revocations;
use techo_protocol::vaccination::schedule::Schedule;
use techo_protocol::vaccination::status_pass::{PassFile, StatusPassError};

use crate::scan::{self, Found, Luminance, ScanError, picture};
use crate::{backup, diary};

/// What a file is, by how it begins. Nothing of it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A picture.
    Picture,
    /// A text that is none of Techo's files.
    Text,
    /// An authority's trust list, for [`Device::follow`](crate::device::Device::follow).
    TrustList,
    /// A bundle of issuers' keys.
    IssuerBundle,
    /// A list of revoked status passes.
    RevokedPasses,
    /// A schedule of doses.
    Schedule,
    /// A status pass as the municipality wrote it.
    StatusPass,
    /// A backup.
    Backup,
    /// What a household's devices carry to each other on a stick.
    HouseholdFile,
    /// An exported diary.
    Diary,
}

impl FileKind {
    /// The stable name of the kind: `picture`, `text`, `trust_list`, `issuer_bundle`, `revoked_passes`, `schedule`, `status_pass`, `backup`,
    /// `household_file`, `diary`.
    ///
    /// ```
    /// use techo_core::recognise::FileKind;
    /// assert_eq!(FileKind::TrustList.name(), "trust_list");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Text => "text",
            Self::TrustList => "trust_list",
            Self::IssuerBundle => "issuer_bundle",
            Self::RevokedPasses => "revoked_passes",
            Self::Schedule => "schedule",
            Self::StatusPass => "status_pass",
            Self::Backup => "backup",
            Self::HouseholdFile => "household_file",
            Self::Diary => "diary",
        }
    }
}

/// The content of a file, as far as it is looked at.
pub enum FileContent {
    /// A picture, to be looked at for codes.
    Picture(Luminance<'static>),
    /// A text: of one code, or of whatever it is.
    Text(String),
    /// One of Techo's own files.
    Form(FileKind),
}

/// A code or text that a file held.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundText {
    /// The text.
    pub text: String,
    /// The QR code that it was read from; `None` for a text that was given as one.
    pub code: Option<Found>,
}

/// Whether a file begins like one of a kind.
type IsForm = fn(&[u8]) -> bool;

/// Largest picture or text that is looked at, in bytes.
pub const LARGEST_FILE: usize = 64 << 20;

impl FileContent {
    /// Looks at a file.
    ///
    /// ```
    /// use techo_testing::Authority;
    /// use techo_core::recognise::{FileContent, FileKind};
    ///
    /// let trust_list = Authority::named("Osaka Prefecture").trust_file();
    /// assert!(matches!(FileContent::of(&trust_list)?, FileContent::Form(FileKind::TrustList)));
    /// assert!(matches!(FileContent::of(b" hello ")?, FileContent::Text(text) if text == "hello"));
    /// let saved = FileContent::of("\u{feff}HC1:NCF\r\n".as_bytes())?;
    /// assert!(matches!(saved, FileContent::Text(text) if text == "HC1:NCF"), "as Windows' editor saves it");
    /// assert!(FileContent::of(&[0xff, 0xfe, 0x00]).is_err(), "no picture, no text");
    /// # Ok::<(), techo_core::scan::ScanError>(())
    /// ```
    ///
    /// # Errors
    /// [`ScanError`]: neither a picture that can be read, nor a text, nor one of Techo's files; or larger than [`LARGEST_FILE`].
    pub fn of(file: &[u8]) -> Result<Self, ScanError> {
        if let Some(kind) = Self::form(file) {
            return Ok(Self::Form(kind));
        }
        if file.len() > LARGEST_FILE {
            return Err(ScanError::PictureTooLarge);
        }
        match picture::decode(file) {
            Ok(picture) => Ok(Self::Picture(picture)),
            Err(ScanError::PictureFormat) => text_of(file)
                .map(|text| Self::Text(text.trim().to_owned()))
                .ok_or(ScanError::PictureFormat),
            Err(error) => Err(error),
        }
    }

    /// Which of Techo's own files a file is, by how it begins; nothing else of it is looked at.
    pub fn form(file: &[u8]) -> Option<FileKind> {
        // An editor puts the mark before a diary's text; no file of ours begins with it.
        let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        let forms: [(IsForm, FileKind); 8] = [
            (is_trust_list, FileKind::TrustList),
            (trust_bundle::is_form, FileKind::IssuerBundle),
            (revocations::is_form, FileKind::RevokedPasses),
            (Schedule::is_form, FileKind::Schedule),
            (is_status_pass, FileKind::StatusPass),
            (backup::is_form, FileKind::Backup),
            (household_file::is_form, FileKind::HouseholdFile),
            (diary::is_export, FileKind::Diary),
        ];
        forms.into_iter().find(|(is, _)| is(file)).map(|(_, kind)| kind)
    }

    /// What the file is.
    pub fn kind(&self) -> FileKind {
        match self {
            Self::Picture(_) => FileKind::Picture,
            Self::Text(_) => FileKind::Text,
            Self::Form(kind) => *kind,
        }
    }

    /// The texts that the file holds: of a picture, those of its codes; of a text, itself; of Techo's own files, none.
    ///
    /// ```
    /// use techo_core::recognise::FileContent;
    ///
    /// let texts = FileContent::of(b"0000000009")?.texts();
    /// assert_eq!((texts.len(), texts[0].text.as_str()), (1, "0000000009"));
    /// # Ok::<(), techo_core::scan::ScanError>(())
    /// ```
    pub fn texts(&self) -> Vec<FoundText> {
        let of_code = |found: Found| FoundText {
            text: found.text.clone(),
            code: Some(found),
        };
        match self {
            Self::Picture(picture) => scan::scan_file(picture).into_iter().map(of_code).collect(),
            Self::Text(text) if text.is_empty() => Vec::new(),
            Self::Text(text) => vec![FoundText {
                text: text.clone(),
                code: None,
            }],
            Self::Form(_) => Vec::new(),
        }
    }
}

fn is_status_pass(file: &[u8]) -> bool {
    !matches!(PassFile::form(file), Err(StatusPassError::NotAPass))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_known_by_how_it_begins() {
        for (begins, kind) in [
            (&b"TTRL"[..], FileKind::TrustList),
            (b"TTBN", FileKind::IssuerBundle),
            (b"TREV", FileKind::RevokedPasses),
            (b"TSCH", FileKind::Schedule),
            (b"TSPA\x01", FileKind::StatusPass),
            (b"TBAK", FileKind::Backup),
            (b"TECHOH", FileKind::HouseholdFile),
            (b"{\n  \"techo_diary\": 1,", FileKind::Diary),
            (b"112714030000000009", FileKind::Text),
            (b"\xEF\xBB\xBFHC1:ABC", FileKind::Text),
        ] {
            let found = FileContent::of(begins).map(|content| content.kind());
            assert_eq!(found, Ok(kind), "{}", begins.escape_ascii());
        }
    }
}
