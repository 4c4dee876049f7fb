//! What it costs to be watched: `cargo bench --bench watched [-- SECONDS]`.
//!
//! A PBX on the loopback interface says calls, a receiver takes three posts of each; meanwhile nobody listens, or 50 as
//! `ringwire tail` does (the socket, with deliveries) and 50 as the desk does (the network, with a token). Each answer
//! and each hangup is timed from just before its bytes are written to when the whole request has arrived. The listeners
//! are in this process, on the same cores; what the daemon itself takes of them is in the table. Every listener must
//! have heard every event once.

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

mod listeners;
#[path = "../delay/pbx.rs"]
mod pbx;
#[path = "../delay/receiver.rs"]
mod receiver;

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::Write,
    net::{SocketAddr, TcpListener},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use self::{listeners::Listeners, pbx::Pbx, receiver::Receiver};

/// How many listen of each kind.
const LISTENERS: usize = 50;

/// What the desks show.
const TOKEN: &str = "mFqT8bXw2LrZ5kPdJ7vNc4HyGt9sQe3u";

/// What is timed: a call's id, and what was said of it.
type Key = (String, &'static str);

/// How the PBX is used.
struct Load {
    /// Calls a second.
    rate: u32,
    /// How long a call rings, and how long it is talked.
    step: Duration,
}

fn main() {
    let seconds = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(40);
    println!("{seconds} s of calls, 4 events and 3 posts each; answers and hangups are timed\n");
    println!(
        "{:44} {:>10} {:>8} {:>8} {:>8} {:>9} {:>9} {:>12}",
        "", "median ms", "90 % ms", "99 % ms", "worst", "CPU %", "RSS MiB", "received"
    );
    for load in [
        Load { rate: 50, step: Duration::from_secs(10) },
        Load { rate: 500, step: Duration::from_millis(700) },
    ] {
        for listeners in [0, LISTENERS] {
            run(&load, listeners, seconds);
        }
    }
}

fn run(load: &Load, listeners: usize, seconds: u32) {
    let calls = load.rate * seconds;
    let (pbx, receiver) = (Pbx::start(), Receiver::start());
    let home = tempfile::tempdir().unwrap();
    let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let config = configuration(home.path(), &pbx, &receiver, address);
    let mut daemon = start(&config, &home.path().join("log"));
    let listeners = Listeners::start(listeners, home.path().join("ringwire.sock"), address, TOKEN);
    let (began, used) = (Instant::now(), cpu(&daemon));
    let sent = pbx.send_calls_in_steps(calls, load.rate, load.step);
    let arrived = receiver.wait(calls as usize * 3);
    let share = (cpu(&daemon) - used).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    let memory = peak_memory(&daemon);
    let received = listeners.finish(calls as usize * 4);
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let mut delays: Vec<_> = sent.iter().map(|(key, sent)| arrived[key].duration_since(*sent)).collect();
    delays.sort_unstable();
    let at = |share: f64| {
        delays[((delays.len() as f64 * share) as usize).min(delays.len() - 1)].as_secs_f64() * 1e3
    };
    let live = load.rate * (load.step * 2).as_millis() as u32 / 1000;
    let who = if received == 0 { "nobody listens" } else { "50 tails and 50 desks" };
    println!(
        "{:44} {:>10.2} {:>8.2} {:>8.2} {:>8.2} {share:>9.1} {memory:>9} {received:>12}",
        format!("{} events/s, {live} live calls, {who}", load.rate * 4),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0),
    );
}

fn configuration(home: &Path, pbx: &Pbx, receiver: &Receiver, api: SocketAddr) -> std::path::PathBuf {
    let config = home.join("ringwire.toml");
    let text = format!(
        "[journal]\npath = \"journal.db\"\n\
         [api]\nsocket = \"ringwire.sock\"\nlisten = \"{api}\"\n[api.token.desk]\nrole = \"agent\"\nsecret = \"{TOKEN}\"\n\
         [pbx.main]\nhost = \"127.0.0.1\"\nport = {}\nusername = \"ringwire\"\nsecret = \"swordfish\"\n\
         [target.zammad]\ndialect = \"zammad\"\nurl = \"{}\"\nconcurrency = 64\n",
        pbx.address().port(),
        receiver.url()
    );
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&config).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    config
}

fn start(config: &Path, log: &Path) -> Child {
    let daemon = Command::new(env!("CARGO_BIN_EXE_ringwire"))
        .args(["run", "--config"])
        .arg(config)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(log).unwrap())
        .spawn()
        .unwrap();
    // The socket is there as soon as it can be asked.
    let socket = config.with_file_name("ringwire.sock");
    let until = Instant::now() + Duration::from_secs(20);
    while !socket.exists() {
        assert!(Instant::now() < until, "{}", fs::read_to_string(log).unwrap());
        thread::sleep(Duration::from_millis(20));
    }
    daemon
}

/// How long the daemon has computed.
fn cpu(daemon: &Child) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", daemon.id())).unwrap();
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// How much memory the daemon has had at most, in MiB.
fn peak_memory(daemon: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let fields: HashMap<_, _> = status.lines().filter_map(|line| line.split_once(':')).collect();
    fields["VmHWM"].split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}
