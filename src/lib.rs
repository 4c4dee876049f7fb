//! ringwire: joins an Asterisk PBX to the systems people work in.
//!
//! The program is [`main`]. [`serve`] is the daemon alone, for whoever wants it inside another process, as the
//! end-to-end tests do.

mod cli;
mod doctor;
mod explain;
mod lines;
mod replay;
mod router;
mod runtime;
#[cfg(feature = "otel")]
mod traces;

use std::process::ExitCode;

use clap::Parser;

pub use runtime::{Signal, serve};

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
