//! The daemon under load and in trouble, for a while; and whether it told every call.

mod daemon;
mod verdict;

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use daemon::Daemon;
pub use daemon::Usage;
pub use verdict::{Faults, Verdict};

use crate::{Cut, Exchange, ExchangeCounts, ExchangeOptions, TallyServer};

/// How long the daemon may take to connect.
const CONNECT: Duration = Duration::from_secs(60);

/// How long there may be no post before nothing more is expected.
const QUIET: Duration = Duration::from_secs(20);

/// How long it is watched for posts that come twice when all that must have come have.
const LINGER: Duration = Duration::from_secs(2);

/// How often it is measured.
const SAMPLE: Duration = Duration::from_secs(10);

/// What is done to a daemon, and for how long.
#[derive(Clone, Debug)]
pub struct Soak {
    /// The built daemon.
    pub program: PathBuf,
    /// How calls come.
    pub exchange: ExchangeOptions,
    /// How long they do.
    pub length: Duration,
    /// In each such span there is a stall, a cut and a restart.
    pub period: Duration,
    /// How long the stalls are, in turn.
    pub stalls: Vec<Duration>,
    /// For how long the PBX is away when it restarts.
    pub away: Duration,
    /// How many posts may be on their way at once.
    pub concurrency: usize,
}

/// What was measured at some moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Since the first call.
    pub at: Duration,
    /// What the daemon uses; `None` where that cannot be seen.
    pub usage: Option<Usage>,
    /// What the exchange has done.
    pub exchange: ExchangeCounts,
    /// How many calls go on.
    pub living: usize,
    /// How many posts have come.
    pub posts: u64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// Call by call.
    pub verdict: Verdict,
    /// What was measured, the last when all was over.
    pub samples: Vec<Sample>,
    /// How the daemon ended.
    pub status: ExitStatus,
    /// What it logged.
    pub log: String,
}

impl Report {
    /// Whether all was as it must be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.verdict.faults.count == 0 && self.verdict.calls > 0 && self.status.success()
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Sample,
    Stall(Duration),
    Cut(Cut),
    Restart,
    Over,
}

impl Soak {
    /// Runs it, and shows each measurement to `watch`.
    ///
    /// # Errors
    /// The peers or the daemon cannot be started, or the daemon does not connect or does not end.
    pub async fn run(&self, mut watch: impl FnMut(&Sample)) -> io::Result<Report> {
        let exchange = Exchange::start(self.exchange.clone()).await?;
        let zammad = TallyServer::start().await?;
        let (pbx, url) = (exchange.address(), format!("http://{}/api/v1/cti/soak", zammad.address()));
        let mut daemon = Daemon::start(&self.program, pbx, &self.exchange, &url, self.concurrency)?;
        if timeout(CONNECT, exchange.subscribed().wait_for(|clients| *clients > 0)).await.is_err() {
            return Err(io::Error::other(format!("the daemon does not connect; it says:\n{}", daemon.log())));
        }
        exchange.resume();
        let start = Instant::now();
        let mut samples = Vec::new();
        let mut sample = |daemon: &Daemon| {
            let (living, posts) = (*exchange.living().borrow(), *zammad.posts().borrow());
            let (at, usage, exchange) = (start.elapsed(), daemon.usage(), exchange.counts());
            samples.push(Sample { at, usage, exchange, living, posts });
            samples.last().inspect(|sample| watch(sample));
        };
        for (at, event) in self.plan() {
            sleep_until(start + at).await;
            match event {
                Event::Sample => sample(&daemon),
                Event::Stall(length) => exchange.stall(length),
                Event::Cut(cut) => exchange.cut(cut),
                Event::Restart => exchange.restart(self.away).await?,
                Event::Over => break,
            }
        }
        exchange.finish().await;
        settle(&exchange, &zammad).await;
        sample(&daemon);
        let status = daemon.stop().await?;
        let ledger = exchange.ledger();
        let verdict = zammad.read(|tally| Verdict::of(&ledger, tally));
        Ok(Report { verdict, samples, status, log: daemon.log() })
    }

    /// What is done, and when.
    fn plan(&self) -> Vec<(Duration, Event)> {
        let mut plan = vec![(self.length, Event::Over)];
        plan.extend(times(SAMPLE, SAMPLE, self.length).map(|at| (at, Event::Sample)));
        let stalls = times(self.period / 6, self.period, self.length).zip(self.stalls.iter().cycle());
        plan.extend(stalls.map(|(at, length)| (at, Event::Stall(*length))));
        let cuts = times(self.period * 2 / 3, self.period, self.length)
            .zip([Cut::MidEvent, Cut::Now].iter().cycle());
        plan.extend(cuts.map(|(at, cut)| (at, Event::Cut(*cut))));
        let restarts = times(self.period * 5 / 6, self.period, self.length);
        plan.extend(restarts.map(|at| (at, Event::Restart)));
        plan.sort_by_key(|(at, _)| *at);
        plan
    }
}

/// The times from `first` on, `every` so often, until before `end`.
fn times(first: Duration, every: Duration, end: Duration) -> impl Iterator<Item = Duration> {
    let next = move |at: &Duration| (!every.is_zero()).then(|| *at + every);
    std::iter::successors(Some(first), next).take_while(move |at| *at < end)
}

/// Waits until everything that must come has, or nothing comes any more; and a little for what should not.
async fn settle(exchange: &Exchange, zammad: &TallyServer) {
    let ledger = exchange.ledger();
    let mut posts = zammad.posts();
    loop {
        let missing = zammad.read(|tally| {
            let ended = |call: &&crate::Entry| {
                let posts = tally.calls.get(&call.uniqueid);
                posts.is_some_and(|posts| posts.order.contains(&crate::Post::Hangup))
            };
            ledger.iter().filter(|call| call.must_be_known()).filter(|call| !ended(call)).count()
        });
        if missing == 0 {
            break;
        }
        // At least so many posts must come before it is worth looking again.
        let wanted = *posts.borrow() + missing as u64;
        while *posts.borrow_and_update() < wanted {
            if timeout(QUIET, posts.changed()).await.is_err() {
                return;
            }
        }
    }
    let until = Instant::now() + LINGER;
    while timeout_at(until, posts.changed()).await.is_ok_and(|changed| changed.is_ok()) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_period_has_a_stall_a_cut_and_a_restart() {
        let seconds = Duration::from_secs;
        let soak = Soak {
            program: PathBuf::new(),
            exchange: ExchangeOptions::default(),
            length: seconds(120),
            period: seconds(60),
            stalls: vec![seconds(5), seconds(30)],
            away: seconds(2),
            concurrency: 64,
        };
        let plan: Vec<_> = soak
            .plan()
            .into_iter()
            .filter(|(_, event)| !matches!(event, Event::Sample))
            .map(|(at, event)| format!("{} {event:?}", at.as_secs()))
            .collect();
        let expected = [
            "10 Stall(5s)",
            "40 Cut(MidEvent)",
            "50 Restart",
            "70 Stall(30s)",
            "100 Cut(Now)",
            "110 Restart",
            "120 Over",
        ];
        assert_eq!(plan, expected);
        let samples = soak.plan().iter().filter(|(_, event)| matches!(event, Event::Sample)).count();
        assert_eq!(samples, 11);
    }
}
