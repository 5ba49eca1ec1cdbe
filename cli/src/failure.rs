//! An error as the command line shows it: one line with a stable code, a message, and what to do next.

use std::process::ExitCode;

use serde::Serialize;
use techo_protocol::Coded;

use crate::stderr::complain;
use crate::texts::{self, Texts};

techo_protocol::coded_errors! {
    /// What can go wrong in the command line itself.
    pub enum CliError {
        /// A file cannot be read.
        FileUnreadable = "file.unreadable", "The file cannot be read.", "Check its name and whether you may read it.";
        /// A text looks like the name of a file that is not there.
        NoSuchFile = "input.no_such_file", "There is no such file.", "Check its name and folder. If it is the text of a code, give it through standard input (-).";
        /// The input is one of Techo's own files, which hold no code.
        OwnFile { kind: &'static str } = "input.own_file", "This is one of Techo's own files, which hold no code ({kind}).", "Give it to the command that takes such files.";
        /// A file cannot be written.
        FileUnwritable = "file.unwritable", "The file cannot be written.", "Check that the folder is there, that you may write to it, and that the disk is not full.";
        /// Standard output is gone.
        OutputGone = "output.gone", "The answer could not be written.", "Check where the output goes.";
        /// A file that is given by name only.
        NotToStandardOutput = "file.not_to_stdout", "This file is not written to standard output.", "Give it a name; ./- is a file named -.";
        /// The text is no time.
        TimeInvalid = "time.invalid", "This is not a time.", "Write it as 2026-11-20T19:05:00+09:00, or without the zone for this machine's own.";
        /// A local time that the change to summer time leaves out.
        TimeSkipped = "time.skipped", "This time never was here: the clocks were put forward over it.", "Give a time before or after the change, or write the zone behind it.";
        /// The text is no date, or one that could mean two.
        DayInvalid = "day.invalid", "This is not a date, or it could mean more than one.", "Write it as 1980-01-31, 1980/1/31, 19800131, 1980年1月31日, 昭和55年1月31日 or S55.1.31.";
        /// The profile is of another kind.
        WrongKind = "profile.wrong_kind", "This folder holds a profile of another kind, or one already.", "Give another folder with --data.";
        /// There is no profile.
        NoProfile = "profile.missing", "There is no such profile in this folder.", "Make one first, or give its folder with --data.";
        /// The profile cannot be read.
        ProfileDamaged = "profile.damaged", "The profile's description (profile.json) cannot be read.", "Restore it from a backup.";
        /// The profile is of a later version.
        ProfileNewer = "profile.newer_version", "This profile was made by a newer version of Techo.", "Update Techo.";
        /// Nowhere to put a profile.
        NoDataFolder = "profile.no_data_folder", "This machine has no folder for data.", "Give one with --data.";
        /// A municipality without a name.
        NameMissing = "municipality.name_missing", "A new municipality needs a name.", "Give one with --name.";
        /// Not a visit's id.
        NotAVisitId = "diary.not_a_visit_id", "This is not a visit's id.", "See `diary list` for the ids.";
        /// Not an authority's id.
        NotAnAuthorityId = "trust.not_an_authority_id", "This is not an authority's id.", "It has 32 characters, 0 to 9 and a to f; `trust list` shows them.";
        /// The two passphrases that were typed differ.
        PassphrasesDiffer = "backup.passphrases_differ", "The two passphrases are not the same. Nothing was written.", "Run the command again, and type the same one twice.";
        /// No recovery words were given.
        WordsMissing = "recovery.words_missing", "No recovery words were given.", "Type them in a terminal, or give them in TECHO_WORDS.";
        /// The demonstration did not go as told.
        DemoFailed = "demo.failed", "The demonstration did not go as it should.", "Please report this as a fault of Techo.";
        /// A database that has a program for that.
        CopiedByPgDump = "relay.copied_by_pg_dump", "A PostgreSQL database is copied by its own program.", "Use pg_dump; after putting a dump back, run `relay restore --database` before a relay serves it.";
        /// The program cannot start a thread or a socket.
        CannotServe = "server.cannot_start", "The server cannot start.", "Check the address that it should listen on, and that nothing else uses it.";
    }
}

techo_protocol::coded_errors! {
    /// What an answer's `warnings` may hold, beside the codes of errors that were survived.
    pub enum Warning {
        /// A rotating code's keys end before the stay does.
        KeysEnd = "checkin.keys_end_before_the_stay", "The code opens warnings for a part of the stay only.", "Scan the tablet again while you are there.";
        /// An exported vaccine record is readable.
        RecordReadable = "vaccine.export_is_readable", "The file is readable: whoever has it has the vaccine record.", "Keep it as you would keep the record itself.";
        /// An exported diary is readable.
        ExportReadable = "diary.export_is_readable", "The file is readable: whoever has it has the diary, with the keys to its warnings.", "Keep it as you would keep the diary itself.";
    }
}

/// An error that ends a command with exit status 3.
#[derive(Debug)]
pub struct Failure {
    error: Box<dyn Coded>,
    /// Which file or value the error is about, where that helps and is the person's own input.
    about: Option<String>,
    /// Whoever read the answers has enough of them, and nobody is to be told.
    is_quiet: bool,
}

/// An error as scripts see it.
#[derive(Debug, Serialize)]
pub struct ErrorLine<'a> {
    code: &'static str,
    message: String,
    hint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'a str>,
}

impl<E: Coded + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            error: Box::new(error),
            about: None,
            is_quiet: false,
        }
    }
}

impl Failure {
    /// Whether the error has this code.
    pub fn is(&self, code: &str) -> bool {
        self.error.code() == code
    }

    /// Says which of the person's own inputs the error is about.
    pub fn about(mut self, what: impl std::fmt::Display) -> Self {
        self.about = Some(what.to_string());
        self
    }

    /// Standard output is gone.
    pub fn output() -> Self {
        CliError::OutputGone.into()
    }

    /// Whoever read standard output has gone, as `head` does: the command ends without a word.
    pub fn reader_gone() -> Self {
        Self {
            is_quiet: true,
            ..Self::output()
        }
    }

    /// The error as scripts see it, in English whatever the locale.
    pub fn line(&self) -> ErrorLine<'_> {
        let english = Texts::of_locale("en");
        ErrorLine {
            code: self.error.code(),
            message: english.message(&*self.error),
            hint: english.hint(&*self.error),
            about: self.about.as_deref(),
        }
    }

    /// Prints the error on stderr: a JSON line for scripts, sentences for people. Exit status 3; 141 where the reader of stdout has gone, as a shell
    /// says of a program that SIGPIPE ended: 0 would be an answer that nobody read.
    pub fn report(&self, json: bool) -> ExitCode {
        if self.is_quiet {
            return ExitCode::from(141);
        }
        if json {
            #[derive(Serialize)]
            struct Line<'a> {
                error: ErrorLine<'a>,
            }
            // Text under fixed keys always becomes JSON.
            let line = serde_json::to_string(&Line { error: self.line() }).unwrap_or_default();
            complain(&line);
        } else {
            let texts = Texts::of_environment();
            let (message, hint) = (texts.message(&*self.error), texts.hint(&*self.error));
            let about = self.about.as_ref().map(|about| format!(" [{about}]")).unwrap_or_default();
            let (about, code) = (texts::harmless(&about), self.error.code());
            complain(&format!("{}: {message}{about} ({code})\n{hint}", texts.plain("error")));
        }
        ExitCode::from(3)
    }
}
