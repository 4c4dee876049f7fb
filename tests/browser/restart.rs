//! A daemon that begins anew under the page's feet.

use std::{collections::BTreeSet, time::Duration};

use ringwire_outbox::StoreReader;
use ringwire_testkit::{PbxSimulator, SimulatorOptions};
use serde_json::json;

use super::{daemon::Daemon, driver::Page};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_goes_on_by_itself_after_a_restart_and_misses_nothing() {
    let Some(page) = Page::open().await else { return };
    let options = SimulatorOptions { rate: 20.0, pace: 0.5, seed: 5, ..SimulatorOptions::default() };
    let simulator = PbxSimulator::start(options.clone()).await.unwrap();
    let mut daemon = Daemon::start(simulator.address(), &options.username, &options.secret);
    daemon.answers().await;
    page.go(&daemon.desk()).await;
    page.until("return document.querySelector('#connection')?.dataset.state === 'live'").await;
    simulator.resume();
    for _ in 0..3 {
        page.until(&grown(20)).await;
        page.picture("desk-busy").await;
        daemon.restart(Duration::from_millis(300)).await;
        page.until("return document.querySelector('#connection')?.dataset.state === 'live'").await;
    }
    page.until(&grown(20)).await;
    simulator.finish().await;

    let written = move || {
        let events = StoreReader::open(&daemon.journal()).unwrap().events_after(0, usize::MAX).unwrap();
        events.into_iter().map(|(_, event)| event.id).collect::<BTreeSet<_>>()
    };
    let received = async || -> BTreeSet<String> {
        serde_json::from_value(page.run("return watched.received").await).unwrap()
    };
    let begun = std::time::Instant::now();
    loop {
        let (received, written) = (received().await, written());
        let living = page.run("return document.querySelectorAll('[data-view=now] [data-call]:not([data-state=ended])').length").await;
        if received == written && living == json!(0) && !written.is_empty() {
            break;
        }
        let missed: Vec<_> = written.difference(&received).take(5).collect();
        assert!(
            begun.elapsed() < super::PATIENCE,
            "{} of {} events were received, not {missed:?}; {living} calls live",
            received.len(),
            written.len()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // What the browser itself says of connections that were refused is no fault of the page.
    page.end().await;
}

/// Whether so many more events were received than when it was asked first.
fn grown(by: usize) -> String {
    format!(
        "watched.from ??= watched.received.length; if (watched.received.length < watched.from + {by}) return false; watched.from = null; return true"
    )
}
