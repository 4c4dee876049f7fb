//! ringwire: joins an Asterisk PBX to the systems people work in.

mod cli;
mod config;
mod failure;
mod lines;
mod recording;
mod replay;
mod routes;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(asked) => {
            // Help and the version are asked for the same way; nobody may be left to read it.
            let _ = asked.print();
            return if asked.use_stderr() { failure::Code::Usage.into() } else { ExitCode::SUCCESS };
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
