//! What an endpoint that was down for an hour costs: `cargo bench --bench outage`.
//!
//! The journal has 100,000 events of the last hour that are still pending for one target. The daemon is started, calls go
//! on at 100 a second, and another endpoint hears of them. First the one endpoint stays down, then it comes back and
//! everything is delivered to it, in order for each call. What is printed: the memory of the daemon in both phases,
//! how the other endpoint fared, and how fast the first one was served.

#![allow(
    missing_docs,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement: it prints, and stops where it is wrong"
)]

#[path = "../delay/pbx.rs"]
mod pbx;
#[path = "../delay/receiver.rs"]
mod receiver;

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use ringwire_delivery::TargetName;
use ringwire_event::{AnsweredBy, CallEvent, CallFacts, Cause, Direction, EventKind};
use ringwire_outbox::{NewEvent, Store, StoreReport, StoreWrite};

use self::{pbx::Pbx, receiver::Receiver};

/// How many calls are pending, of three events each.
const PENDING: u32 = 33_334;

/// Calls a second that go on meanwhile.
const RATE: u32 = 100;

/// How long each phase is looked at, at least, in seconds.
const PHASE: u32 = 15;

/// What is timed: a call's id, and what was said of it.
type Key = (String, &'static str);

fn main() {
    let home = tempfile::tempdir().unwrap();
    let journal = home.path().join("journal.db");
    fill(&journal);
    println!(
        "{} events of the last hour are pending for a target that is down; {RATE} calls a second go on\n",
        PENDING * 3
    );
    let (pbx, well, mut slow) = (Pbx::start(), Receiver::start(), Receiver::closed());
    let config = home.path().join("ringwire.toml");
    let endpoint = |name: &str, url: String| {
        format!("[target.{name}]\ndialect = \"zammad\"\nurl = \"{url}\"\nconcurrency = 64\nlate = \"all\"\n")
    };
    let text = format!(
        "[journal]\npath = \"journal.db\"\n[pbx.main]\nhost = \"127.0.0.1\"\nport = {}\nusername = \"ringwire\"\nsecret = \"swordfish\"\n{}{}",
        pbx.address().port(),
        endpoint("slow", slow.url()),
        endpoint("well", well.url())
    );
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&config)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let mut daemon = start(&config, &home.path().join("log"));
    let calls = RATE * PHASE * 2;
    let sent = thread::spawn(move || pbx.send_calls(calls, RATE));

    let down = memory(&daemon, Duration::from_secs(PHASE.into()));
    slow.open();
    let began = Instant::now();
    let (stop, stopped) = mpsc::channel();
    let pid = daemon.id();
    let sampling = thread::spawn(move || {
        let mut peak = 0;
        while stopped.recv_timeout(Duration::from_millis(100)) == Err(mpsc::RecvTimeoutError::Timeout) {
            peak = peak.max(resident(pid));
        }
        peak
    });
    slow.wait_quietly(PENDING as usize * 3);
    let took = slow.first().unwrap().elapsed();
    let waited = slow.first().unwrap().duration_since(began);
    stop.send(()).unwrap();
    let peak = sampling.join().unwrap();
    println!("memory while it is down: {} to {} MiB; while it is served: {peak} MiB at most", down.0, down.1);
    println!(
        "back after {:.1} s, served in {:.1} s: {:.0} posts a second; out of order: {}",
        waited.as_secs_f64(),
        took.as_secs_f64(),
        f64::from(PENDING * 3) / took.as_secs_f64(),
        slow.out_of_order()
    );
    let sent = sent.join().unwrap();
    let arrived = well.wait(calls as usize * 3);
    let mut delays: Vec<_> = sent.iter().map(|(key, sent)| arrived[key].duration_since(*sent)).collect();
    delays.sort_unstable();
    let at = |share: f64| {
        delays[((delays.len() as f64 * share) as usize).min(delays.len() - 1)].as_secs_f64() * 1e3
    };
    println!(
        "the other endpoint meanwhile, {} posts timed: median {:.2} ms, 99 % {:.2} ms, worst {:.2} ms",
        delays.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

/// Writes a journal in which calls of the last hour, all over, are pending for the target `slow`.
fn fill(journal: &Path) {
    let now = Timestamp::now();
    let (report, reports) = mpsc::channel();
    let (store, _) = Store::open(journal, now, move |message| drop(report.send(message))).unwrap();
    for call in 0..PENDING {
        let ago = SignedDuration::from_secs(3600 - i64::from(call) * 3600 / i64::from(PENDING));
        let id = format!("1790000000.{call}");
        for (seq, what) in (1..).zip([
            EventKind::NewCall { users: Vec::new() },
            EventKind::Answer { answered_by: AnsweredBy::Number { number: "101".to_owned() } },
            EventKind::Hangup { cause: Cause::NormalClearing, answered_by: None },
        ]) {
            let event = CallEvent {
                id: format!("{id}/{seq}"),
                kind: what,
                call: id.clone(),
                seq,
                time: Some(now - ago),
                pbx: "main".to_owned(),
                recovered: false,
                direction: Direction::In,
                from: format!("49171{call:07}"),
                from_name: None,
                to: "4930100".to_owned(),
                queue: None,
                trunk: None,
                account: None,
                tenant: None,
                facts: CallFacts::default(),
            };
            let targets = vec![TargetName::from("slow")];
            let event =
                NewEvent { event: Arc::new(event), targets, is_replay: false, recorded_at: now - ago };
            store.write(StoreWrite::Event(event));
        }
    }
    let mut committed = 0;
    while committed < PENDING as usize * 3 {
        if let StoreReport::Committed { events, .. } = reports.recv().unwrap() {
            committed += events.len();
        }
    }
    store.close(now);
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

/// The least and the most memory that the daemon has within `length`, in MiB; its first second does not count.
fn memory(daemon: &Child, length: Duration) -> (u64, u64) {
    thread::sleep(Duration::from_secs(1));
    let until = Instant::now() + length;
    let (mut least, mut most) = (u64::MAX, 0);
    while Instant::now() < until {
        let now = resident(daemon.id());
        (least, most) = (least.min(now), most.max(now));
        thread::sleep(Duration::from_millis(100));
    }
    (least, most)
}

/// The memory of a process, in MiB.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() / 1024
}
