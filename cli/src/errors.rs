//! `techo errors`: every stable code, from the enums that make them. `docs/errors.md` is this list.

use std::fmt::Write as _;

use techo_protocol::ErrorInfo;

/// The areas of what every shell stands on: their hints hold on a phone too. What a command is called stands in `locales/*.ftl`.
const LIBRARIES: &[&[ErrorInfo]] = &[
    techo_core::arrival::ArrivalError::CATALOGUE,
    techo_core::arrival::EventWarning::CATALOGUE,
    techo_core::backup::BackupError::CATALOGUE,
    techo_core::certificates::ContentNote::CATALOGUE,
    techo_core::certificates::Reason::CATALOGUE,
    techo_core::certificates::key_source::KeySourceError::CATALOGUE,
    techo_core::clinic::DoseWarning::CATALOGUE,
    techo_core::clinic::SiteRefusal::CATALOGUE,
    techo_core::device::ReceiverError::CATALOGUE,
    techo_core::diary::Refusal::CATALOGUE,
    techo_core::exposure::ListError::CATALOGUE,
    techo_core::following::FollowingRefusal::CATALOGUE,
    techo_core::ports::KeyError::CATALOGUE,
    techo_core::ports::NearbyError::CATALOGUE,
    techo_core::posters::PosterError::CATALOGUE,
    techo_core::scan::ScanError::CATALOGUE,
    techo_core::sync::HouseholdRefusal::CATALOGUE,
    techo_core::vaccine::RecordWarning::CATALOGUE,
    techo_core::vaccine::VaccineRefusal::CATALOGUE,
    techo_core::vault::StoreError::CATALOGUE,
    techo_http::HttpError::CATALOGUE,
    techo_protocol::basics::hpke_seal::HpkeSealError::CATALOGUE,
    techo_protocol::basics::municipality_code::MunicipalityCodeError::CATALOGUE,
    techo_protocol::basics::passphrase::PassphraseError::CATALOGUE,
    techo_protocol::basics::qr::QrError::CATALOGUE,
    techo_protocol::basics::random::RandomError::CATALOGUE,
    techo_protocol::certificates::trust_bundle::TrustBundleError::CATALOGUE,
    techo_protocol::exposure::case_code::CaseCodeError::CATALOGUE,
    techo_protocol::exposure::diary_upload::DiaryUploadError::CATALOGUE,
    techo_protocol::exposure::manifest::ManifestError::CATALOGUE,
    techo_protocol::exposure::notice::NoticeError::CATALOGUE,
    techo_protocol::exposure::segment::SegmentError::CATALOGUE,
    techo_protocol::exposure::venue_code::VenueCodeError::CATALOGUE,
    techo_protocol::household::body::BodyError::CATALOGUE,
    techo_protocol::household::chunk::ChunkError::CATALOGUE,
    techo_protocol::household::direct::DirectError::CATALOGUE,
    techo_protocol::household::epoch_record::EpochRecordError::CATALOGUE,
    techo_protocol::household::household_file::HouseholdFileError::CATALOGUE,
    techo_protocol::household::keyring_record::KeyringError::CATALOGUE,
    techo_protocol::household::pairing::PairingError::CATALOGUE,
    techo_protocol::household::recovery::RecoveryError::CATALOGUE,
    techo_protocol::trust::TrustError::CATALOGUE,
    techo_protocol::vaccination::dose_bundle::DoseBundleError::CATALOGUE,
    techo_protocol::vaccination::dose_slip::DoseSlipError::CATALOGUE,
    techo_protocol::vaccination::product::ProductError::CATALOGUE,
    techo_protocol::vaccination::revocations::RevocationsError::CATALOGUE,
    techo_protocol::vaccination::schedule::NoDose::CATALOGUE,
    techo_protocol::vaccination::schedule::ScheduleError::CATALOGUE,
    techo_protocol::vaccination::site_licence::SiteLicenceError::CATALOGUE,
    techo_protocol::vaccination::status_pass::StatusPassError::CATALOGUE,
    techo_protocol::vaccination::ticket::TicketError::CATALOGUE,
    techo_protocol::vaccination::town_update::LotWarning::CATALOGUE,
    techo_protocol::vaccination::town_update::TownUpdateError::CATALOGUE,
];

/// The areas of the programs that are run from a terminal.
const PROGRAMS: &[&[ErrorInfo]] = &[
    crate::authority::AuthorityCommandError::CATALOGUE,
    crate::failure::CliError::CATALOGUE,
    crate::failure::Warning::CATALOGUE,
    techo_authority::audit::AuditError::CATALOGUE,
    techo_authority::cases::CaseError::CATALOGUE,
    techo_authority::import::ImportError::CATALOGUE,
    techo_authority::import::LayoutError::CATALOGUE,
    techo_authority::import::RowError::CATALOGUE,
    techo_authority::keys::KeyError::CATALOGUE,
    techo_authority::municipality::MunicipalityError::CATALOGUE,
    techo_authority::municipality::bundles::BundleError::CATALOGUE,
    techo_authority::municipality::imports::TicketWarning::CATALOGUE,
    techo_authority::municipality::ledger::DoseRowError::CATALOGUE,
    techo_authority::municipality::mapping::CellError::CATALOGUE,
    techo_authority::municipality::mapping::MappingError::CATALOGUE,
    techo_authority::municipality::passes::PassError::CATALOGUE,
    techo_authority::municipality::residents::ResidentRowError::CATALOGUE,
    techo_authority::municipality::sites::SiteError::CATALOGUE,
    techo_authority::municipality::vrs::VrsWarning::CATALOGUE,
    techo_authority::municipality::stock::LotRowError::CATALOGUE,
    techo_authority::tables::TableError::CATALOGUE,
    techo_authority::tables::TableRowError::CATALOGUE,
    techo_authority::tables::spreadsheet::SpreadsheetError::CATALOGUE,
    techo_authority::notices::NoticeChangeError::CATALOGUE,
    techo_authority::posters::PosterError::CATALOGUE,
    techo_authority::posters::PosterWarning::CATALOGUE,
    techo_authority::publishing::PublishError::CATALOGUE,
    techo_authority::publishing::PublishWarning::CATALOGUE,
    techo_authority::recalls::RecallError::CATALOGUE,
    techo_authority::store::StoreError::CATALOGUE,
    techo_authority::trust::TrustChangeError::CATALOGUE,
    techo_authority::venues::VenueError::CATALOGUE,
    techo_relay::RelayError::CATALOGUE,
    techo_relay::SyncError::CATALOGUE,
    techo_relay::store::Fault::CATALOGUE,
    techo_relay::store::StoreError::CATALOGUE,
];

/// The codes of every area, sorted.
pub fn all() -> Vec<ErrorInfo> {
    let mut all = [LIBRARIES.concat(), PROGRAMS.concat()].concat();
    all.sort_by_key(|error| error.code);
    all
}

/// The list as Markdown.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Error codes\n\nMade from the code by `techo errors`; `just errors` writes it anew. A code is never changed or reused. Braces stand for values.\n\
         What to do is said here for every shell; `techo` names its own commands for it where it has some.\n\n\
         | code | what happened | what to do |\n|---|---|---|\n",
    );
    for error in all() {
        // Writing to a string does not fail.
        let _ = writeln!(out, "| `{}` | {} | {} |", error.code, error.message, error.hint);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Arguments;
    use crate::texts::Texts;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn the_document_is_this_list() {
        let file = root().join("docs/errors.md");
        if std::env::var_os("TECHO_WRITE").is_some() {
            std::fs::write(&file, markdown()).unwrap();
        }
        assert!(
            std::fs::read_to_string(file).unwrap() == markdown(),
            "docs/errors.md is out of date: run `just errors`"
        );
    }

    /// The texts between backticks.
    fn quoted(text: &str) -> Vec<&str> {
        text.split('`').skip(1).step_by(2).collect()
    }

    #[test]
    fn what_every_shell_stands_on_names_no_command() {
        for error in LIBRARIES.iter().copied().flatten() {
            for text in [error.message, error.hint] {
                assert!(
                    !text.contains(['`']) && !text.contains("--") && !text.contains("TECHO_"),
                    "{}: {text}",
                    error.code
                );
            }
        }
    }

    /// The command that the words begin with, or the first word that names none.
    fn command<'a>(words: &[&'a str]) -> Result<clap::Command, &'a str> {
        let mut command = Arguments::command();
        command.build();
        for (place, word) in words.iter().enumerate() {
            if let Some(flag) = word.strip_prefix("--") {
                let is_there = command.get_arguments().any(|argument| argument.get_long() == Some(flag));
                if !is_there && flag != "help" {
                    return Err(word);
                }
            } else if word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && command.has_subcommands() {
                command = command.find_subcommand(word).cloned().ok_or(*word)?;
            } else if place == 0 {
                return Err(word);
            }
        }
        Ok(command)
    }

    fn has_flag(command: &clap::Command, flag: &str) -> bool {
        command.get_arguments().any(|argument| argument.get_long() == Some(flag))
            || command.get_subcommands().any(|below| has_flag(below, flag))
    }

    #[test]
    fn every_command_that_a_hint_names_exists() {
        let mut root = Arguments::command();
        root.build();
        let mut named = 0;
        for texts in ["en", "ja"].map(Texts::of_locale) {
            for error in all() {
                let hint = texts
                    .of_code(error.code, "hint", &[])
                    .unwrap_or_else(|| error.hint.to_owned());
                for text in quoted(&hint) {
                    let words: Vec<&str> = text.split_whitespace().skip_while(|word| *word == "techo").collect();
                    // `keys` and `dose` are a folder and a column; one word is a command where there is one of that name.
                    if words.len() > 1 || words.first().is_some_and(|word| root.find_subcommand(word).is_some()) {
                        named += 1;
                        assert!(
                            command(&words).is_ok(),
                            "{}: `{text}`: {:?}",
                            error.code,
                            command(&words).err()
                        );
                    }
                }
                for flag in hint.split("--").skip(1) {
                    let flag: String = flag.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
                    assert!(has_flag(&root, &flag), "{}: --{flag}", error.code);
                }
            }
        }
        assert!(named > 80, "{named}");
    }

    #[test]
    fn every_command_that_another_text_names_exists() {
        for file in ["cli/locales/en.ftl", "cli/locales/ja.ftl"] {
            for line in std::fs::read_to_string(root().join(file)).unwrap().lines() {
                for rest in line.split("techo ").skip(1) {
                    let is_plain = |c: char| c.is_ascii_lowercase() || c == '-' || c == ' ';
                    let plain: String = rest.chars().take_while(|c| is_plain(*c)).collect();
                    let words: Vec<&str> = plain.split_whitespace().collect();
                    assert!(command(&words).is_ok(), "{line}: {:?}", command(&words).err());
                }
            }
        }
    }

    #[test]
    fn no_code_has_two_meanings() {
        let mut seen = BTreeSet::new();
        let twice: Vec<&str> = all()
            .iter()
            .map(|error| error.code)
            .filter(|code| !seen.insert(*code))
            .collect();
        assert_eq!(twice, Vec::<&str>::new());
    }

    #[test]
    fn codes_are_area_and_what() {
        for error in all() {
            let good = error.code.split('.').count() == 2
                && error
                    .code
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b));
            assert!(good, "{}", error.code);
        }
    }

    /// Every enum of the source that makes codes is in the list.
    #[test]
    fn no_area_is_forgotten() {
        let codes: BTreeSet<&str> = all().iter().map(|error| error.code).collect();
        let mut folders: Vec<PathBuf> = ["protocol", "core", "authority", "relay", "http", "cli"]
            .map(|name| root().join(name).join("src"))
            .into();
        let mut found = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                if path.extension().is_none_or(|extension| extension != "rs") {
                    continue;
                }
                let source = std::fs::read_to_string(&path).unwrap();
                let is_example = |line: &str| line.trim_start().starts_with("///") || line.contains("kettle.");
                for line in source
                    .lines()
                    .filter(|line| line.trim_end().ends_with("\";") && line.contains(" = \"") && !is_example(line))
                {
                    let code = line.split(" = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
                    let is_code = code.contains('.')
                        && code
                            .bytes()
                            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b));
                    if is_code && line.matches("\", \"").count() == 2 {
                        found += 1;
                        assert!(codes.contains(code), "{code} of {} is not in the list", path.display());
                    }
                }
            }
        }
        assert_eq!(found, codes.len(), "each code is made in one place");
    }
}
