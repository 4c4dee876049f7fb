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
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.exit_code()
        }
    }
}
