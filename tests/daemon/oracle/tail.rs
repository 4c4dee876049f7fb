//! Who follows the daemon misses nothing and receives nothing twice, however often the daemon restarts.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use ringwire_outbox::StoreReader;
use ringwire_testkit::{PbxSimulator, SimulatorOptions};

use super::{Chance, Endpoint, PATIENCE, config, start, until_nothing_is_pending};

/// How often the daemon begins anew: half of the times it is killed, half of the times it is asked to stop.
const RESTARTS: usize = 20;

/// The longest that one daemon lives, in milliseconds.
const LIFE: u64 = 900;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_loses_no_event_over_twenty_restarts_under_load() {
    let mut chance = Chance::new(3);
    let options = SimulatorOptions { rate: 40.0, pace: 0.4, seed: 3, ..SimulatorOptions::default() };
    let simulator = PbxSimulator::start(options.clone()).await.unwrap();
    let endpoint = Endpoint::start(3).await;
    endpoint.behave();
    let home = tempfile::tempdir().unwrap();
    let journal = home.path().join("journal.db");
    let config = config(home.path(), &journal, &simulator, &options, &endpoint);
    let path = home.path().join("log");
    let log = File::create(&path).unwrap();

    let mut daemon = start(&config, &log);
    let output = home.path().join("tail.jsonl");
    until(|| home.path().join("ringwire.sock").exists(), "the socket").await;
    let mut tail = follow(home.path(), &output);
    simulator.resume();
    // A tail that has never been connected ends when the daemon does.
    until(|| !printed(&output).is_empty(), "the first event").await;
    for restart in 0..RESTARTS {
        tokio::time::sleep(Duration::from_millis(100 + chance.below(LIFE))).await;
        if restart % 2 == 0 {
            daemon.kill().unwrap();
        } else {
            stop(&daemon);
        }
        daemon.wait().unwrap();
        daemon = start(&config, &log);
    }
    simulator.finish().await;
    until_nothing_is_pending(&journal, &path).await;

    let written: Vec<_> = StoreReader::open(&journal).unwrap().events_after(0, usize::MAX).unwrap();
    let written: Vec<_> = written.into_iter().map(|(_, event)| event.id).collect();
    let last = written.last().unwrap().clone();
    until(|| printed(&output).last() == Some(&last), "the last event").await;
    for child in [&mut tail, &mut daemon] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let printed = printed(&output);
    println!("{RESTARTS} restarts, {} events, printed {}", written.len(), printed.len());
    assert!(written.len() > 300, "{} events are no load", written.len());
    let differs = written.iter().zip(&printed).position(|(written, printed)| written != printed);
    assert_eq!((printed.len(), differs), (written.len(), None));
}

/// A `ringwire tail` of the daemon in `home`.
fn follow(home: &Path, output: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ringwire"))
        .args(["tail", "--json", "--after", "0", "--no-deliveries", "--api"])
        .arg(home.join("ringwire.sock"))
        .stdin(Stdio::null())
        .stdout(File::create(output).unwrap())
        .stderr(File::create(home.join("tail.log")).unwrap())
        .spawn()
        .unwrap()
}

/// The ids of the events that were printed, but for a line that is not whole yet.
fn printed(output: &Path) -> Vec<String> {
    let text = fs::read_to_string(output).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// Asks a daemon to stop.
fn stop(daemon: &Child) {
    let pid = rustix::process::Pid::from_child(daemon);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}

async fn until(is_so: impl Fn() -> bool, what: &str) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
