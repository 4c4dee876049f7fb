//! ringwire: joins an Asterisk PBX to the systems people work in.
//!
//! The program is [`main`]. [`serve`] is the daemon alone, for whoever wants it inside another process, as the
//! end-to-end tests do.

mod access;
mod calls;
mod capture;
mod check;
mod cli;
mod deliveries;
mod demo;
mod doctor;
mod explain;
mod explanation;
mod journal;
mod lines;
mod playback;
mod replay;
mod run;
mod tail;
mod top;

use std::process::ExitCode;

use clap::Parser;

pub use ringwire_daemon::{Signal, serve};

/// The whole program: reads the command line, does what it says, and tells what went wrong.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(asked) => {
            // Help and the version are asked for the same way; nobody may be left to read it.
            let _ = asked.print();
            return if asked.use_stderr() {
                ringwire_terminal::Code::Usage.into()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.exit_code()
        }
    }
}
