//! How long after an outage of the PBX the daemon is connected again: `cargo bench --bench reconnect`.
//!
//! A PBX refuses connections for 5, 20 and 120 seconds, as one does that restarts, and accepts them again. What is
//! printed: the time from there until the daemon has connected. Then the PBX closes each connection right after the
//! login; what is printed is the time from one connection to the next.

#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement: it prints, and stops where it is wrong"
)]

use std::{
    fs::OpenOptions,
    io::Write,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use ringwire_testkit::{
    ConnectionScript, FakeAsterisk,
    player::{PlaybackOptions, PlaybackPbx},
};

/// The outages: how long, and how often.
const OUTAGES: [(Duration, usize); 3] =
    [(Duration::from_secs(5), 10), (Duration::from_secs(20), 3), (Duration::from_secs(120), 1)];

/// How many connections that end right after the login are looked at.
const SHORT_CONNECTIONS: usize = 20;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let playback = || PlaybackPbx::new(Vec::new(), PlaybackOptions::new("ringwire", "swordfish"));
    let pbx = FakeAsterisk::start([ConnectionScript::well_behaved(playback())]).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut daemon = start(home.path(), pbx.address());
    let mut connections = pbx.connections();
    connections.wait_for(|count| *count > 0).await.unwrap();

    for (outage, rounds) in OUTAGES {
        let mut delays = Vec::new();
        for _ in 0..rounds {
            let before = *connections.borrow();
            pbx.down().await.unwrap();
            tokio::time::sleep(outage).await;
            pbx.up().await.unwrap();
            let up = Instant::now();
            connections.wait_for(|count| *count > before).await.unwrap();
            delays.push(up.elapsed());
        }
        report(&format!("after an outage of {outage:?}"), delays);
    }

    let before = *connections.borrow();
    pbx.restart([ConnectionScript::after_login([])]).await.unwrap();
    connections.wait_for(|count| *count > before).await.unwrap();
    let mut delays = Vec::new();
    for _ in 0..SHORT_CONNECTIONS {
        let (before, since) = (*connections.borrow(), Instant::now());
        connections.wait_for(|count| *count > before).await.unwrap();
        delays.push(since.elapsed());
    }
    report("after a connection that ended right after the login", delays);
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

fn report(when: &str, mut delays: Vec<Duration>) {
    delays.sort_unstable();
    let median = delays[delays.len() / 2].as_secs_f64();
    let worst = delays[delays.len() - 1].as_secs_f64();
    println!("connected again {when}: median {median:.2} s, worst {worst:.2} s of {}", delays.len());
}

fn start(home: &Path, pbx: SocketAddr) -> Child {
    let config = home.join("ringwire.toml");
    let text = format!(
        "[journal]\npath = \"journal.db\"\n[api]\nsocket = \"\"\n[pbx.main]\nhost = \"127.0.0.1\"\nport = {}\n\
         username = \"ringwire\"\nsecret = \"swordfish\"\n",
        pbx.port()
    );
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&config).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Command::new(env!("CARGO_BIN_EXE_ringwire"))
        .args(["run", "--config"])
        .arg(&config)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
