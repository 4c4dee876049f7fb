//! How long it takes from the bytes of the manager interface to the request on the wire:
//! `cargo bench --bench delay [-- SECONDS]`.
//!
//! A PBX on the loopback interface says 500 calls a second, three posts each; a receiver takes them. Each answer and
//! each hangup is timed from just before its bytes are written to when the whole request has arrived. Rows of one
//! run can be compared: the daemon with its journal, the same crates without one, and a bare loop of requests.

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

mod lean;
mod pbx;
mod receiver;

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use self::{pbx::Pbx, receiver::Receiver};

/// Calls a second.
const RATE: u32 = 500;

/// What is timed: a call's id, and what was said of it.
type Key = (String, &'static str);

fn main() {
    let seconds = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(20);
    let calls = RATE * seconds;
    println!("{calls} calls at {RATE} a second, 3 posts each; answers and hangups are timed\n");
    println!(
        "{:36} {:>8} {:>10} {:>10} {:>10} {:>10}",
        "", "timed", "median ms", "90 % ms", "99 % ms", "worst ms"
    );
    row("the daemon, every event on disk first", daemon(calls));
    row("the same crates without a journal", lean(calls));
    row("floor: a bare loop of requests", floor(calls));
}

fn row(name: &str, mut delays: Vec<Duration>) {
    delays.sort_unstable();
    let at = |share: f64| {
        let place = ((delays.len() as f64 * share) as usize).min(delays.len().saturating_sub(1));
        delays.get(place).map_or(f64::NAN, |delay| delay.as_secs_f64() * 1e3)
    };
    println!(
        "{name:36} {:>8} {:>10.2} {:>10.2} {:>10.2} {:>10.2}",
        delays.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}

fn daemon(calls: u32) -> Vec<Duration> {
    let (pbx, receiver) = (Pbx::start(), Receiver::start());
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("ringwire.toml");
    let text = format!(
        "[journal]\npath = \"journal.db\"\n\
         [pbx.main]\nhost = \"127.0.0.1\"\nport = {}\nusername = \"ringwire\"\nsecret = \"swordfish\"\n\
         [target.zammad]\ndialect = \"zammad\"\nurl = \"{}\"\nconcurrency = 64\n",
        pbx.address().port(),
        receiver.url()
    );
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&config)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let mut daemon = start(&config, &home.path().join("log"));
    let sent = pbx.send_calls(calls, RATE);
    let delays = delays(&sent, &receiver.wait(calls as usize * 3));
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    delays
}

fn start(config: &Path, log: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ringwire"))
        .args(["run", "--config"])
        .arg(config)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(log).unwrap())
        .spawn()
        .unwrap()
}

fn lean(calls: u32) -> Vec<Duration> {
    let (pbx, receiver) = (Pbx::start(), Receiver::start());
    lean::follow(pbx.address(), receiver.url());
    let sent = pbx.send_calls(calls, RATE);
    delays(&sent, &receiver.wait(calls as usize * 3))
}

fn floor(calls: u32) -> Vec<Duration> {
    let receiver = Receiver::start();
    let sent = lean::post(receiver.url(), calls * 3, RATE * 3);
    delays(&sent, &receiver.wait(calls as usize * 3))
}

/// From when something was said to when the request that tells of it had arrived.
fn delays(sent: &[(Key, Instant)], arrived: &HashMap<Key, Instant>) -> Vec<Duration> {
    sent.iter()
        .map(|(key, sent)| {
            arrived.get(key).unwrap_or_else(|| panic!("{key:?} never arrived")).duration_since(*sent)
        })
        .collect()
}
