//! How the desk does with a thousand live calls: figures, so not among the tests that are run by themselves.

use std::time::{Duration, Instant};

use ringwire_testkit::{PbxSimulator, SimulatorOptions};

use super::{daemon::Daemon, driver::Page};

/// How long it is watched.
const WATCHED: Duration = Duration::from_secs(30);

/// How many calls live meanwhile, at least.
const LIVE: usize = 1000;

/// Counts what keeps the page from answering: long tasks, and gaps between frames.
const MEASURE: &str = r"
const figures = (window.figures = { frames: [], tasks: [], events: watched.received.length, begun: performance.now() });
new PerformanceObserver((list) => list.getEntries().forEach((task) => figures.tasks.push(task.duration)))
  .observe({ type: 'longtask' });
let before = performance.now();
const frame = (now) => { figures.frames.push(now - before); before = now; requestAnimationFrame(frame); };
requestAnimationFrame(frame);
";

/// Gives the figures, in milliseconds.
const FIGURES: &str = r"
const sorted = figures.frames.slice(1).sort((a, b) => a - b);
const at = (share) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)];
const seconds = (performance.now() - figures.begun) / 1000;
return {
  seconds, frames: sorted.length, median: at(0.5), p99: at(0.99), worst: at(1),
  longTasks: figures.tasks.length, longest: Math.max(0, ...figures.tasks),
  busy: figures.tasks.reduce((sum, task) => sum + task, 0) / 10 / seconds,
  events: (watched.received.length - figures.events) / seconds,
  shown: document.querySelector('[data-view=now] .count')?.innerText,
  heap: performance.memory.usedJSHeapSize / 1048576,
};
";

/// `cargo test --release --test it -- --ignored --nocapture thousand`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement of a minute"]
async fn a_thousand_live_calls_and_two_hundred_events_a_second() {
    let Some(page) = Page::open().await else { return };
    let options = SimulatorOptions { rate: 50.0, pace: 11.0, seed: 1, ..SimulatorOptions::default() };
    let simulator = PbxSimulator::start(options.clone()).await.unwrap();
    let daemon = Daemon::start(simulator.address(), &options.username, &options.secret);
    daemon.answers().await;
    simulator.resume();
    let mut living = simulator.active_calls();
    living.wait_for(|living| *living >= LIVE).await.unwrap();
    let share = async |what: &str| {
        let (begun, used) = (Instant::now(), daemon.cpu());
        tokio::time::sleep(WATCHED).await;
        let share = (daemon.cpu() - used).as_secs_f64() / begun.elapsed().as_secs_f64() * 100.0;
        println!("{what}: the daemon takes {share:.1} % of a core");
    };
    share("nobody looks").await;
    page.go(&daemon.desk()).await;
    page.until("return document.querySelector('#connection')?.dataset.state === 'live'").await;
    page.run(MEASURE).await;
    share("one desk").await;
    println!("in the browser: {}", page.run(FIGURES).await);
    page.picture("desk-thousand").await;
    page.end().await;
}
