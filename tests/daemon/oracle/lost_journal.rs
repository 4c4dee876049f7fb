//! No id of an event has two meanings, also where the journal is deleted or replaced by an older copy between two runs.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use ringwire_outbox::StoreReader;
use ringwire_testkit::{PbxSimulator, SimulatorOptions};

use super::{Chance, Endpoint, LIFE, config, start, until_nothing_is_pending, verdict};

/// How often the daemon is killed, and its journal lost or left.
const KILLS: usize = 12;

/// The files of a journal.
const FILES: [&str; 3] = ["", "-wal", "-shm"];

/// What of a post says what it means. The rest can differ where it is repeated.
const MEANING: [&str; 5] = ["event", "callId", "direction", "from", "to"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_id_is_used_for_two_things_where_the_journal_is_lost() {
    let seed = std::env::var("RINGWIRE_ORACLE_SEED").ok().map_or(11, |seed| seed.parse().unwrap());
    let kills = std::env::var("RINGWIRE_ORACLE_KILLS").ok().map_or(KILLS, |kills| kills.parse().unwrap());
    let mut chance = Chance::new(seed);
    let options = SimulatorOptions { rate: 40.0, pace: 0.4, seed, ..SimulatorOptions::default() };
    let simulator = PbxSimulator::start(options.clone()).await.unwrap();
    let endpoint = Endpoint::start(seed).await;
    let home = tempfile::tempdir().unwrap();
    let journal = home.path().join("journal.db");
    let copy = home.path().join("copy.db");
    let config = config(home.path(), &journal, &simulator, &options, &endpoint);
    let path = home.path().join("log");
    let log = File::create(&path).unwrap();

    simulator.resume();
    let (mut deleted, mut restored) = (0, 0);
    for _ in 0..kills {
        let mut daemon = start(&config, &log);
        tokio::time::sleep(Duration::from_millis(300 + chance.below(LIFE))).await;
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        match chance.below(4) {
            0 => {
                remove(&journal);
                deleted += 1;
            }
            1 if copy.exists() => {
                remove(&journal);
                copy_files(&copy, &journal);
                restored += 1;
            }
            2 => copy_files(&journal, &copy),
            _ => {}
        }
    }
    endpoint.behave();
    let mut daemon = start(&config, &log);
    simulator.finish().await;
    until_nothing_is_pending(&journal, &path).await;
    daemon.kill().unwrap();
    daemon.wait().unwrap();

    let reader = StoreReader::open(&journal).unwrap();
    let events: Vec<_> = reader.events_after(0, usize::MAX).unwrap();
    verdict::ids_have_no_gap(events.iter().map(|(_, event)| event));
    let arrived = endpoint.arrived();
    let mut meanings = BTreeMap::new();
    for arrival in &arrived {
        let meaning = MEANING.map(|key| arrival.post[key].clone());
        let first = meanings.entry(&arrival.key).or_insert_with(|| meaning.clone());
        assert_eq!(*first, meaning, "{} was used for two things", arrival.key);
    }
    println!(
        "{kills} kills, the journal deleted {deleted} times, restored {restored} times; {} requests arrived with {} ids; seed {seed}",
        arrived.len(),
        meanings.len()
    );
    assert!(deleted > 0 && restored > 0);
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Removes a journal.
fn remove(journal: &Path) {
    for end in FILES {
        match fs::remove_file(with_end(journal, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
    }
}

/// Copies a journal that nobody has open.
fn copy_files(from: &Path, to: &Path) {
    remove(to);
    // The index of the log is made anew from it.
    for end in ["", "-wal"] {
        if with_end(from, end).exists() {
            fs::copy(with_end(from, end), with_end(to, end)).unwrap();
        }
    }
}
