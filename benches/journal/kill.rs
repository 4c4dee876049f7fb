//! How long a start takes after the daemon was killed under full load.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use ringwire_testkit::{PbxSimulator, PostLogServer, SimulatorOptions};
use tokio::time::sleep;

use crate::daemon::{Daemon, configure};

/// Calls a second.
const RATE: f64 = 500.0;

pub(crate) fn run(program: &Path, seconds: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(measure(program, Duration::from_secs(seconds)));
}

async fn measure(program: &Path, length: Duration) {
    let options = SimulatorOptions { rate: RATE, ..SimulatorOptions::default() };
    let simulator = PbxSimulator::start(options).await.unwrap();
    let zammad = PostLogServer::start().await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let url = format!("http://{}/api/v1/cti/token", zammad.address());
    configure(home.path(), simulator.address(), &url, "");
    let daemon = Daemon::start(program, home.path());
    simulator.subscribed().wait_for(|clients| *clients > 0).await.unwrap();
    simulator.resume();
    sleep(length).await;
    let (journal, log) = daemon.sizes();
    daemon.kill();
    let mut posts = zammad.posts();
    posts.borrow_and_update();
    let began = Instant::now();
    let daemon = Daemon::start(program, home.path());
    posts.changed().await.unwrap();
    let delivers = began.elapsed();
    daemon.wait_for("ready");
    let is_ready = began.elapsed();
    daemon.kill();
    println!(
        "killed at {RATE} calls/s, journal of {:.0} MB with {:.0} MB of log: ready after {:.2} s, delivers after {:.2} s\n",
        journal as f64 / 1e6,
        log as f64 / 1e6,
        is_ready.as_secs_f64(),
        delivers.as_secs_f64()
    );
}
