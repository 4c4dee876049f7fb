//! ringwire reports calls on Asterisk to helpdesks and CRMs.
//!
//! The program is [`main`]. [`serve`] runs the daemon inside another process, as the end-to-end tests do.

mod calls;
mod capture;
mod check;
mod cli;
mod deliveries;
mod demo;
mod dialect;
mod doctor;
mod event_text;
mod explain;
mod explanation;
mod journal;
mod playback;
mod replay;
mod run;
mod runtime;
mod sessions;
mod tail;
mod top;

use std::process::ExitCode;

use clap::Parser;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

pub use ringwire_daemon::{Signal, serve};

/// The whole program: parses the command line, runs the command and reports its failure.
#[must_use]
pub fn main() -> ExitCode {
    forbid_dumps();
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too. A closed output is not a failure.
            let _ = error.print();
            return if error.use_stderr() {
                ringwire_terminal::Code::Usage.into()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit_code()
        }
    }
}

/// Keeps secrets out of core dumps, and out of reach of other processes of the user: most commands read some.
fn forbid_dumps() {
    // Where the kernel does not know this, the unit still has LimitCORE=0.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_secrets_leaves_no_dump() {
        forbid_dumps();
        assert_eq!(rustix::process::dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
