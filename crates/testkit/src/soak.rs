//! A soak test: the daemon under load with connection faults, and a check that it reported every call.

mod daemon;
mod verdict;

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use daemon::DaemonProcess;
pub use daemon::ProcessUsage;
pub use verdict::{SoakFaults, SoakVerdict};

use crate::post_log::{PostKind, PostLogServer};
use crate::simulator::{ConnectionCut, PbxSimulator, SimulatedCall, SimulatorCounts, SimulatorOptions};

/// How long the daemon may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);

/// After this time without a post, no more posts are expected.
const POST_TIMEOUT: Duration = Duration::from_secs(60);

/// How long to wait for superfluous posts after all expected ones.
const EXTRA_POST_WAIT: Duration = Duration::from_secs(2);

/// The interval of measurements.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(10);

/// A soak test of the daemon.
#[derive(Clone, Debug)]
pub struct SoakTest {
    /// The path of the daemon's program.
    pub program: PathBuf,
    /// The options of the simulated PBX.
    pub simulator: SimulatorOptions,
    /// How long calls are generated.
    pub length: Duration,
    /// The time in which one stall, one cut and one restart happen.
    pub period: Duration,
    /// The durations of the stalls, in turn.
    pub stalls: Vec<Duration>,
    /// How long the PBX is unavailable during a restart.
    pub away: Duration,
    /// How many posts may be in flight at once.
    pub concurrency: usize,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoakSample {
    /// The time since the first call.
    pub at: Duration,
    /// The resources that the daemon uses; `None` if they cannot be read.
    pub usage: Option<ProcessUsage>,
    /// What the simulator has done so far.
    pub simulator: SimulatorCounts,
    /// The number of active calls.
    pub active_calls: usize,
    /// The number of posts so far.
    pub posts: u64,
}

/// The result of a soak test.
#[derive(Clone, Debug)]
pub struct SoakReport {
    /// The result of all calls.
    pub verdict: SoakVerdict,
    /// The measurements; the last one is at the end.
    pub samples: Vec<SoakSample>,
    /// The exit status of the daemon.
    pub status: ExitStatus,
    /// The log of the daemon.
    pub log: String,
}

impl SoakReport {
    /// Whether the daemon reported every call and ended without an error.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.verdict.faults.count == 0 && self.verdict.calls > 0 && self.status.success()
    }
}

#[derive(Clone, Copy, Debug)]
enum SoakEvent {
    Sample,
    Stall(Duration),
    Cut(ConnectionCut),
    Restart,
    End,
}

impl SoakTest {
    /// Runs the test, and calls `watch` with each measurement.
    ///
    /// # Errors
    ///
    /// If the peers or the daemon cannot be started, or the daemon does not connect or does not end.
    pub async fn run(&self, mut watch: impl FnMut(&SoakSample)) -> io::Result<SoakReport> {
        let simulator = PbxSimulator::start(self.simulator.clone()).await?;
        let zammad = PostLogServer::start().await?;
        let (pbx, url) = (simulator.address(), format!("http://{}/api/v1/cti/soak", zammad.address()));
        let mut daemon = DaemonProcess::start(&self.program, pbx, &self.simulator, &url, self.concurrency)?;
        if timeout(CONNECT_TIMEOUT, simulator.subscribed().wait_for(|clients| *clients > 0)).await.is_err() {
            return Err(io::Error::other(format!("the daemon does not connect; it says:\n{}", daemon.log())));
        }
        simulator.resume();
        let start = Instant::now();
        let mut samples = Vec::new();
        let mut sample = |daemon: &DaemonProcess| {
            let (active_calls, posts) = (*simulator.active_calls().borrow(), *zammad.posts().borrow());
            let (at, usage, simulator) = (start.elapsed(), daemon.usage(), simulator.counts());
            samples.push(SoakSample { at, usage, simulator, active_calls, posts });
            samples.last().inspect(|sample| watch(sample));
        };
        for (at, event) in self.plan() {
            sleep_until(start + at).await;
            match event {
                SoakEvent::Sample => sample(&daemon),
                SoakEvent::Stall(length) => simulator.stall(length),
                SoakEvent::Cut(cut) => simulator.cut(cut),
                SoakEvent::Restart => simulator.restart(self.away).await?,
                SoakEvent::End => break,
            }
        }
        simulator.finish().await;
        wait_for_posts(&simulator, &zammad).await;
        sample(&daemon);
        let status = daemon.stop().await?;
        let calls = simulator.calls();
        let verdict = zammad.read(|log| SoakVerdict::new(&calls, log));
        Ok(SoakReport { verdict, samples, status, log: daemon.log() })
    }

    /// The events of the test and their times, in order.
    fn plan(&self) -> Vec<(Duration, SoakEvent)> {
        let mut plan = vec![(self.length, SoakEvent::End)];
        plan.extend(times(SAMPLE_INTERVAL, SAMPLE_INTERVAL, self.length).map(|at| (at, SoakEvent::Sample)));
        let stalls = times(self.period / 6, self.period, self.length).zip(self.stalls.iter().cycle());
        plan.extend(stalls.map(|(at, length)| (at, SoakEvent::Stall(*length))));
        let cuts = times(self.period * 2 / 3, self.period, self.length)
            .zip([ConnectionCut::MidEvent, ConnectionCut::Immediate].iter().cycle());
        plan.extend(cuts.map(|(at, cut)| (at, SoakEvent::Cut(*cut))));
        let restarts = times(self.period * 5 / 6, self.period, self.length);
        plan.extend(restarts.map(|at| (at, SoakEvent::Restart)));
        plan.sort_by_key(|(at, _)| *at);
        plan
    }
}

/// The times from `first` on, at intervals of `every`, before `end`.
fn times(first: Duration, every: Duration, end: Duration) -> impl Iterator<Item = Duration> {
    let next = move |at: &Duration| (!every.is_zero()).then(|| *at + every);
    std::iter::successors(Some(first), next).take_while(move |at| *at < end)
}

/// Waits until every expected hangup was posted or no more posts come, and then for superfluous posts.
async fn wait_for_posts(simulator: &PbxSimulator, zammad: &PostLogServer) {
    let calls = simulator.calls();
    let mut posts = zammad.posts();
    loop {
        let missing = zammad.read(|log| {
            let ended = |call: &&SimulatedCall| {
                let posts = log.calls.get(&call.uniqueid);
                posts.is_some_and(|posts| posts.events.contains(&PostKind::Hangup))
            };
            calls.iter().filter(|call| call.must_be_reported()).filter(|call| !ended(call)).count()
        });
        if missing == 0 {
            break;
        }
        // Check again after at least this many posts.
        let wanted = *posts.borrow() + missing as u64;
        while *posts.borrow_and_update() < wanted {
            if timeout(POST_TIMEOUT, posts.changed()).await.is_err() {
                return;
            }
        }
    }
    let until = Instant::now() + EXTRA_POST_WAIT;
    while timeout_at(until, posts.changed()).await.is_ok_and(|changed| changed.is_ok()) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_period_has_a_stall_a_cut_and_a_restart() {
        let seconds = Duration::from_secs;
        let soak = SoakTest {
            program: PathBuf::new(),
            simulator: SimulatorOptions::default(),
            length: seconds(120),
            period: seconds(60),
            stalls: vec![seconds(5), seconds(30)],
            away: seconds(2),
            concurrency: 64,
        };
        let plan: Vec<_> = soak
            .plan()
            .into_iter()
            .filter(|(_, event)| !matches!(event, SoakEvent::Sample))
            .map(|(at, event)| format!("{} {event:?}", at.as_secs()))
            .collect();
        let expected = [
            "10 Stall(5s)",
            "40 Cut(MidEvent)",
            "50 Restart",
            "70 Stall(30s)",
            "100 Cut(Immediate)",
            "110 Restart",
            "120 End",
        ];
        assert_eq!(plan, expected);
        let samples = soak.plan().iter().filter(|(_, event)| matches!(event, SoakEvent::Sample)).count();
        assert_eq!(samples, 11);
    }
}
