//! A disk that is full for a while: calls are told all the same, and nothing is lost.
//!
//! It mounts a small file system, so it is run by hand, as root:
//! `cargo test --release --test it -- --ignored --nocapture full_disk`.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use ringwire_outbox::StoreReader;
use ringwire_testkit::{PbxSimulator, SimulatorOptions};

use super::{config, endpoint::Endpoint, start, tail, until_nothing_is_pending, verdict};

/// How long the disk is full.
const FULL: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it mounts a file system, which takes root, and a minute"]
async fn a_full_disk_is_gone_through_without_a_loss_and_without_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let disk = Disk::mount(home.path().join("disk"), "64m");
    let options = SimulatorOptions { rate: 50.0, pace: 0.4, ..SimulatorOptions::default() };
    let simulator = PbxSimulator::start(options.clone()).await.unwrap();
    let endpoint = Endpoint::start(0).await;
    endpoint.behave();
    let journal = disk.path.join("journal.db");
    let file = config(home.path(), &journal, &simulator, &options, &endpoint);
    let log = home.path().join("log");
    let mut daemon = start(&file, &File::create(&log).unwrap());
    simulator.resume();

    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = endpoint.arrived().len();
    let ballast = disk.fill();
    tokio::time::sleep(FULL).await;
    let sent_meanwhile = endpoint.arrived().len() - before;
    fs::remove_file(ballast).unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    simulator.finish().await;
    until_nothing_is_pending(&journal, &log).await;
    assert!(daemon.try_wait().unwrap().is_none(), "the daemon has ended:\n{}", tail(&log));
    daemon.kill().unwrap();
    daemon.wait().unwrap();

    let text = fs::read_to_string(&log).unwrap();
    assert!(text.contains("journal failing, events are kept in memory"), "{text}");
    assert!(text.contains("journal recovered, all events are written"), "{text}");
    let figures =
        verdict::check(&StoreReader::open(&journal).unwrap(), &endpoint.arrived(), &simulator.calls());
    println!("full for {} s, {sent_meanwhile} requests arrived meanwhile; {figures}", FULL.as_secs());
    assert!(sent_meanwhile > 1000);
}

/// A small file system in memory.
struct Disk {
    path: PathBuf,
}

impl Disk {
    fn mount(path: PathBuf, size: &str) -> Self {
        fs::create_dir(&path).unwrap();
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&path));
        Self { path }
    }

    /// Leaves no room at all; says which file to remove for it.
    fn fill(&self) -> PathBuf {
        let path = self.path.join("ballast");
        let mut file = File::create(&path).unwrap();
        for size in [1 << 20, 4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run(Command::new("umount").arg("--lazy").arg(Path::new(&self.path)));
    }
}

fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
