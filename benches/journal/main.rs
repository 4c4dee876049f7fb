//! What a call costs on disk and in processor time: `cargo bench --bench journal [-- PART…]`.
//!
//! The parts are `rates`, `kill` and `shrink`; without one, all are run. `--seconds N` says how long calls come at each
//! rate, `--mib N` how large the journal is that is shrunk, `--daemon FILE` which daemon is measured if not this one.
//!
//! `rates`: a simulated PBX has 3, 50, 200 and 500 calls a second, each of three posts on average. From the first call
//! until everything is quiet: the bytes that the daemon had written (`write_bytes` of `/proc/PID/io`), its processor time,
//! the size of the journal once it has ended, each divided by the calls, and the largest size of the log beside it.
//!
//! `kill`: at 500 calls a second the daemon is killed; how long the next one takes to be ready, and until it delivers.
//!
//! `shrink`: a journal of calls that are long over is five times as large as it may be, at 50 calls a second; how large it
//! and its log become meanwhile, how long it takes, and how late answers and hangups arrive.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement: it prints, and stops where it is wrong"
)]

mod daemon;
mod kill;
#[path = "../delay/pbx.rs"]
mod pbx;
mod rates;
#[path = "../delay/receiver.rs"]
mod receiver;
mod shrink;

use std::path::PathBuf;

/// What is timed: a call's id, and what was said of it.
type Key = (String, &'static str);

/// What is to be measured.
struct Options {
    parts: Vec<String>,
    program: PathBuf,
    seconds: u64,
    mib: u64,
}

fn main() {
    let options = options();
    let wanted = |part: &str| options.parts.is_empty() || options.parts.iter().any(|wanted| wanted == part);
    if wanted("rates") {
        rates::run(&options.program, options.seconds);
    }
    if wanted("kill") {
        kill::run(&options.program, options.seconds);
    }
    if wanted("shrink") {
        shrink::run(&options.program, options.mib);
    }
}

fn options() -> Options {
    let mut options =
        Options { parts: Vec::new(), program: env!("CARGO_BIN_EXE_ringwire").into(), seconds: 20, mib: 1024 };
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("an option has a value");
        match arg.as_str() {
            "--daemon" => options.program = value().into(),
            "--seconds" => options.seconds = value().parse().unwrap(),
            "--mib" => options.mib = value().parse().unwrap(),
            part => options.parts.push(part.to_owned()),
        }
    }
    options
}
