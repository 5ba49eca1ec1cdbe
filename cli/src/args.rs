//! The command line as clap sees it: global flags, and one subcommand a role.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::session::{Global, Session};
use crate::{Failure, Outcome};

/// Keeps where you were and warns you when a place turns out to have been an exposure, without a central list of people.
#[derive(Debug, Parser)]
#[command(name = "techo", version, max_term_width = 110, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "Examples:
  techo demo                                   see the whole thing work, step by step
  techo trust add pref.trust                   follow a health authority
  techo checkin poster.png --stay 90           read a venue's poster into the diary
  techo exposure fetch                         get the newest lists, then: techo exposure list";

/// The roles and actions of `techo`, each a subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(crate::demo::Demo),
    Scan(crate::scan::Scan),
    Verify(crate::verify::Verify),
    #[command(name = "checkin")]
    CheckIn(crate::checkin::CheckIn),
    #[command(subcommand)]
    Diary(crate::diary::Diary),
    #[command(subcommand)]
    Exposure(crate::exposure::Exposure),
    #[command(subcommand)]
    Trust(crate::trust::Trust),
    #[command(subcommand)]
    Vaccine(crate::vaccine::Vaccine),
    #[command(subcommand)]
    Device(crate::device_pairing::Device),
    Sync(crate::sync::Sync),
    #[command(subcommand)]
    Recovery(crate::recovery::Recovery),
    #[command(subcommand)]
    Backup(crate::backup::Backup),
    #[command(subcommand)]
    Authority(Box<crate::authority::Authority>),
    #[command(subcommand)]
    Municipality(Box<crate::municipality::Municipality>),
    #[command(subcommand)]
    Clinic(Box<crate::clinic::Clinic>),
    #[command(subcommand)]
    Relay(crate::relay::Relay),
    /// What this profile holds, and how old its lists are
    Status,
    /// Destroy this device's profile: keys first, then files. There is no way back
    Reset,
    /// Write completions for a shell to stdout
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the manual page to stdout
    Manual,
    /// Write the list of error codes to stdout
    Errors,
}

impl Command {
    /// Runs the command that was given and answers its outcome.
    pub fn run(self, session: &mut Session) -> Result<Outcome, Failure> {
        use clap::CommandFactory as _;
        match self {
            Self::Demo(demo) => demo.run(session),
            Self::Scan(scan) => scan.run(session),
            Self::Verify(verify) => verify.run(session),
            Self::CheckIn(check_in) => check_in.run(session),
            Self::Diary(diary) => diary.run(session),
            Self::Exposure(exposure) => exposure.run(session),
            Self::Trust(trust) => trust.run(session),
            Self::Vaccine(vaccine) => vaccine.run(session),
            Self::Device(device) => device.run(session),
            Self::Sync(sync) => sync.run(session),
            Self::Recovery(recovery) => recovery.run(session),
            Self::Backup(backup) => backup.run(session),
            Self::Authority(authority) => authority.run(session),
            Self::Municipality(municipality) => municipality.run(session),
            Self::Clinic(clinic) => clinic.run(session),
            Self::Relay(relay) => relay.run(session),
            Self::Status => crate::status::status(session),
            Self::Reset => crate::status::reset(session),
            Self::Errors => {
                session.out.document("errors", &crate::errors::markdown())?;
                Ok(Outcome::Done)
            }
            Self::Completions { shell } => {
                // Into memory first: writing to a closed stdout, it would panic.
                let mut text = Vec::new();
                clap_complete::generate(shell, &mut Arguments::command(), "techo", &mut text);
                session.out.document("completions", &String::from_utf8_lossy(&text))?;
                Ok(Outcome::Done)
            }
            Self::Manual => {
                let mut text = Vec::new();
                let manual = clap_mangen::Man::new(Arguments::command());
                manual.render(&mut text).map_err(|_| Failure::output())?;
                session.out.document("manual", &String::from_utf8_lossy(&text))?;
                Ok(Outcome::Done)
            }
        }
    }
}

/// Prints what clap says: help and version are answers, all else is wrong usage (exit status 2).
pub fn usage(error: &clap::Error) -> ExitCode {
    // Where the terminal is gone there is nobody to tell.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}
