//! What a call costs at several rates.

use std::{path::Path, time::Duration};

use ringwire_testkit::{PbxSimulator, PostLogServer, SimulatorOptions};
use tokio::time::{sleep, timeout};

use crate::daemon::{Daemon, configure};

/// Calls a second, and how much longer than the others they come: few calls need a while to say something.
const RATES: [(u32, u32); 4] = [(3, 2), (50, 1), (200, 1), (500, 1)];

/// How long no post may come until everything is quiet, and the journal's log is moved.
const QUIET: Duration = Duration::from_secs(3);

/// How often the size of the log is looked at.
const LOOK: Duration = Duration::from_millis(20);

pub(crate) fn run(program: &Path, seconds: u64) {
    println!(
        "{:>8} {:>8} {:>12} {:>12} {:>12} {:>12}",
        "calls/s", "calls", "KB written", "ms of CPU", "KB journal", "log MB"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for (rate, times) in RATES {
        runtime.block_on(measure(program, rate, Duration::from_secs(seconds) * times));
    }
    println!();
}

async fn measure(program: &Path, rate: u32, length: Duration) {
    let options = SimulatorOptions { rate: rate.into(), ..SimulatorOptions::default() };
    let simulator = PbxSimulator::start(options).await.unwrap();
    let zammad = PostLogServer::start().await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let url = format!("http://{}/api/v1/cti/token", zammad.address());
    configure(home.path(), simulator.address(), &url, "");
    let daemon = Daemon::start(program, home.path());
    simulator.subscribed().wait_for(|clients| *clients > 0).await.unwrap();
    sleep(QUIET).await;
    let (before, (empty, _)) = (daemon.usage(), daemon.sizes());
    simulator.resume();
    let mut log = 0;
    let watched = async {
        loop {
            log = log.max(daemon.sizes().1);
            sleep(LOOK).await;
        }
    };
    let called = async {
        sleep(length).await;
        simulator.finish().await;
        let mut posts = zammad.posts();
        while timeout(QUIET, posts.changed()).await.is_ok() {}
    };
    tokio::select! {
        () = watched => {}
        () = called => {}
    }
    let after = daemon.usage();
    let calls = simulator.counts().calls as f64;
    daemon.stop();
    let journal = std::fs::metadata(home.path().join("journal.db")).unwrap().len() - empty;
    println!(
        "{rate:>8} {calls:>8} {:>12.1} {:>12.2} {:>12.2} {:>12.1}",
        (after.written - before.written) as f64 / calls / 1e3,
        (after.cpu - before.cpu).as_secs_f64() * 1e3 / calls,
        journal as f64 / calls / 1e3,
        log as f64 / 1e6
    );
}
