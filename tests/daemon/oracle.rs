//! Nothing that was committed is lost, and nothing of a call is told out of order, whatever happens to the daemon
//! and to the endpoint.
//!
//! A PBX has numbered calls without end. An endpoint fails in every way that Zammad and the servers in front of it do:
//! it stalls, resets, answers late, refuses, shows pages, and forgets what it has taken. The daemon is killed again and
//! again. Beside it a portal gets each call by a dialect file, in requests of which later ones need what the reply to the
//! first one said, and fails as often. Then everything is let be, and what arrived is held against what the journal has: every event has arrived, but
//! for hangups that may not be repeated, each of which is listed as unknown. With `RINGWIRE_ORACLE_KILLS=200` it goes on for as many kills; `--nocapture` shows the figures.

#[cfg(feature = "brokers")]
mod brokers;
mod endpoint;
mod full_disk;
mod lost_journal;
mod portal;
mod tail;
mod verdict;

use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use ringwire_delivery::DeliveryId;
use ringwire_outbox::{DeliveryFilter, StoreReader, StoredDeliveryState};
use ringwire_testkit::{PbxSimulator, SimulatorOptions};

pub(crate) use self::endpoint::Chance;
use self::{endpoint::Endpoint, portal::Portal};

/// How often the daemon is killed unless told otherwise: enough to see each kind of end, in seconds.
const KILLS: usize = 15;

/// The longest that one daemon lives, in milliseconds.
const LIFE: u64 = 1200;

/// Longer than anything takes once nothing goes wrong any more.
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_committed_event_arrives_in_order_whenever_the_daemon_is_killed() {
    let kills = std::env::var("RINGWIRE_ORACLE_KILLS").ok().map_or(KILLS, |kills| kills.parse().unwrap());
    let seed = std::env::var("RINGWIRE_ORACLE_SEED").ok().map_or(7, |seed| seed.parse().unwrap());
    let mut chance = Chance::new(seed);
    let options = SimulatorOptions { rate: 40.0, pace: 0.4, seed, ..SimulatorOptions::default() };
    let simulator = PbxSimulator::start(options.clone()).await.unwrap();
    let endpoint = Endpoint::start(seed).await;
    let home = tempfile::tempdir().unwrap();
    let journal = home.path().join("journal.db");
    let portal = Portal::start(seed).await;
    let config = config(home.path(), &journal, &simulator, &options, &endpoint);
    portal.add_to(&config);
    let path = home.path().join("log");
    let log = File::create(&path).unwrap();

    simulator.resume();
    let begun = Instant::now();
    for _ in 0..kills {
        let mut daemon = start(&config, &log);
        tokio::time::sleep(Duration::from_millis(chance.below(LIFE))).await;
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    let trouble = begun.elapsed();

    endpoint.behave();
    portal.behave();
    let mut daemon = start(&config, &log);
    simulator.finish().await;
    let quiet = Instant::now();
    until_nothing_is_pending(&journal, &path).await;
    daemon.kill().unwrap();
    daemon.wait().unwrap();

    let arrived = endpoint.arrived();
    let figures = verdict::check(&StoreReader::open(&journal).unwrap(), &arrived, &simulator.calls());
    let of_portal = portal.check(&StoreReader::open(&journal).unwrap());
    println!(
        "{kills} kills in {:.0} s, quiet after {:.0} s more; {figures}; portal: {of_portal}; seed {seed}",
        trouble.as_secs_f64(),
        quiet.elapsed().as_secs_f64()
    );
}

/// A configuration in `home` that joins `simulator` to `endpoint`.
fn config(
    home: &Path,
    journal: &Path,
    simulator: &PbxSimulator,
    login: &SimulatorOptions,
    endpoint: &Endpoint,
) -> PathBuf {
    let file = home.join("ringwire.toml");
    let text = format!(
        "[journal]\npath = \"{}\"\n[api]\nsocket = \"ringwire.sock\"\n\
         [pbx.main]\nhost = \"127.0.0.1\"\nport = {}\nusername = \"{}\"\nsecret = \"{}\"\nevents = \"{}\"\n\
         [target.zammad]\ndialect = \"zammad\"\nurl = \"{}\"\nconcurrency = 16\ntimeout = 1.0\nhangup_timeout = 2.0\nlate = \"all\"\n",
        journal.display(),
        simulator.address().port(),
        login.username,
        login.secret,
        login.read,
        endpoint.url()
    );
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(&file).unwrap().write_all(text.as_bytes()).unwrap();
    file
}

fn start(config: &Path, log: &File) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ringwire"))
        .args(["run", "--config"])
        .arg(config)
        .env_remove("RUST_LOG")
        .env_remove("NOTIFY_SOCKET")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.try_clone().unwrap())
        .spawn()
        .unwrap()
}

async fn until_nothing_is_pending(journal: &Path, log: &Path) {
    let begun = Instant::now();
    while is_pending(journal) {
        assert!(begun.elapsed() < PATIENCE, "something is still pending:\n{}", tail(log));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Whether a call still lives, or something is still to be delivered.
fn is_pending(journal: &Path) -> bool {
    let open = DeliveryFilter {
        states: vec![StoredDeliveryState::Pending, StoredDeliveryState::Retry],
        limit: 1,
        ..DeliveryFilter::default()
    };
    let Ok(reader) = StoreReader::open(journal) else { return true };
    let living = !reader.recovered_state().unwrap().live_events.is_empty();
    living
        || !reader.deliveries(&open).unwrap().is_empty()
        || reader.delivery(DeliveryId(1)).unwrap().is_none()
}

fn tail(log: &Path) -> String {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = log.lines().rev().take(40).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
