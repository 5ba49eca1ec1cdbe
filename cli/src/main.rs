//! `techo`: every role of Techo from a terminal.

mod args;
mod authority;
mod backup;
mod checkin;
mod clinic;
mod code_picture;
mod demo;
mod device;
mod device_pairing;
mod diary;
mod errors;
mod exposure;
mod failure;
mod file;
mod input;
mod local_network;
mod municipality;
mod output;
mod profile;
mod question;
mod recovery;
mod rejected;
mod relay;
mod relay_client;
mod scan;
mod session;
mod status;
mod stderr;
mod sync;
mod texts;
mod time;
mod trust;
mod vaccine;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;

use args::Arguments;
use failure::Failure;

/// How a command ended, where it was no error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Done: exit status 0.
    Done,
    /// The answer is no (not valid, no code found, some rows rejected): exit status 1.
    No,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return args::usage(&error),
    };
    let json = arguments.global.json;
    match session::Session::open(&arguments.global).and_then(|mut session| arguments.command.run(&mut session)) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::No) => ExitCode::from(1),
        Err(failure) => failure.report(json),
    }
}
