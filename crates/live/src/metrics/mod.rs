//! What is counted, and under which names (OpenMetrics).
//!
//! A name is `ringwire_` and what is counted, with its unit; counters end in `_total`. Labels are names that the
//! operator has chosen, or words of a closed list, in snake_case: nothing that a caller or an endpoint says becomes
//! one.

mod labels;
mod registry;

use std::{path::PathBuf, sync::atomic::AtomicU64, time::Duration};

use jiff::Timestamp;
use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram};

use self::labels::{AttemptAt, DeadAt, OddityOf, OfEndpoint, OfPbx, OfType, RequestOf, snake};
pub use self::labels::{AttemptOutcome, DeadReason};

/// All that is counted. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    ami_connected: Family<OfPbx, Gauge>,
    ami_reconciled: Family<OfPbx, Gauge>,
    ami_last_event: Family<OfPbx, Gauge<f64, AtomicU64>>,
    ami_reconnects: Family<OfPbx, Counter>,
    ami_packets: Family<OfPbx, Counter>,
    ami_oddities: Family<OddityOf, Counter>,
    channels_active: Family<OfPbx, Gauge>,
    calls_active: Family<OfPbx, Gauge>,
    events: Family<OfType, Counter>,
    outbox_pending: Family<OfEndpoint, Gauge>,
    outbox_oldest_age: Family<OfEndpoint, Gauge<f64, AtomicU64>>,
    attempts: Family<AttemptAt, Counter>,
    latency: Latencies,
    dead: Family<DeadAt, Counter>,
    expired: Family<OfEndpoint, Counter>,
    breaker: Family<OfEndpoint, Gauge>,
    endpoint_up: Family<OfEndpoint, Gauge>,
    journal_bytes: Gauge,
    journal_writable: Gauge,
    journal_lost: Counter,
    commit: Commits,
    api_streams: Gauge,
    api_requests: Family<RequestOf, Counter>,
    started: Gauge<f64, AtomicU64>,
}

/// From the commit to the endpoint's yes, by endpoint.
#[derive(Clone, Debug)]
struct Latencies(Family<OfEndpoint, Histogram>);

impl Default for Latencies {
    fn default() -> Self {
        // From a millisecond on this machine to the two days after which a delivery is given up.
        Self(Family::new_with_constructor(|| {
            Histogram::new([
                0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0,
                3600.0, 86400.0,
            ])
        }))
    }
}

/// From the tracker to the disk.
#[derive(Clone, Debug)]
struct Commits(Histogram);

impl Default for Commits {
    fn default() -> Self {
        Self(Histogram::new([
            0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
        ]))
    }
}

impl Metrics {
    /// There is a connection to a PBX or not, and every channel is known or not.
    pub fn pbx(&self, pbx: &str, connected: bool, reconciled: bool) {
        let of = OfPbx { pbx: pbx.to_owned() };
        self.ami_connected.get_or_create(&of).set(connected.into());
        self.ami_reconciled.get_or_create(&of).set(reconciled.into());
    }

    /// A connection was made anew.
    pub fn reconnected(&self, pbx: &str) {
        self.ami_reconnects.get_or_create(&OfPbx { pbx: pbx.to_owned() }).inc();
    }

    /// So many packets came from a PBX, of which so many channels are known now.
    pub fn packets(&self, pbx: &str, packets: usize, channels: usize, now: Timestamp) {
        let of = OfPbx { pbx: pbx.to_owned() };
        self.ami_packets.get_or_create(&of).inc_by(packets as u64);
        self.ami_last_event.get_or_create(&of).set(now.as_millisecond() as f64 / 1000.0);
        self.channels_active.get_or_create(&of).set(i64::try_from(channels).unwrap_or(i64::MAX));
    }

    /// So many more oddities of a kind were found in what a PBX says.
    pub fn oddities(&self, pbx: &str, kind: &str, more: u64) {
        if more > 0 {
            let of = OddityOf { pbx: pbx.to_owned(), kind: snake(kind) };
            self.ami_oddities.get_or_create(&of).inc_by(more);
        }
    }

    /// A PBX is configured no more.
    pub fn forget_pbx(&self, pbx: &str) {
        let of = OfPbx { pbx: pbx.to_owned() };
        self.ami_connected.remove(&of);
        self.ami_reconciled.remove(&of);
        self.ami_last_event.remove(&of);
        self.channels_active.remove(&of);
        self.calls_active.remove(&of);
    }

    /// So many calls are going on at a PBX.
    pub fn calls(&self, pbx: &str, calls: usize) {
        let calls = i64::try_from(calls).unwrap_or(i64::MAX);
        self.calls_active.get_or_create(&OfPbx { pbx: pbx.to_owned() }).set(calls);
    }

    /// An event was committed, so long after it was learnt.
    pub(crate) fn event(&self, what: &'static str, took: Option<Duration>) {
        self.events.get_or_create(&OfType { r#type: snake(what) }).inc();
        if let Some(took) = took {
            self.commit.0.observe(took.as_secs_f64());
        }
    }

    /// An endpoint was tried.
    pub fn attempt(&self, endpoint: &str, outcome: AttemptOutcome) {
        self.attempts.get_or_create(&AttemptAt { endpoint: endpoint.to_owned(), outcome }).inc();
    }

    /// An endpoint has an event, so long after its commit.
    pub fn delivered(&self, endpoint: &str, delay: Duration) {
        self.latency
            .0
            .get_or_create(&OfEndpoint { endpoint: endpoint.to_owned() })
            .observe(delay.as_secs_f64());
    }

    /// A delivery was given up.
    pub fn dead(&self, endpoint: &str, reason: DeadReason) {
        self.dead.get_or_create(&DeadAt { endpoint: endpoint.to_owned(), reason }).inc();
    }

    /// A delivery became too late.
    pub fn expired(&self, endpoint: &str) {
        self.expired.get_or_create(&OfEndpoint { endpoint: endpoint.to_owned() }).inc();
    }

    /// How an endpoint does: whether it is sent to and takes events, and its breaker: 0 closed, 1 trying, 2 open.
    pub fn endpoint(&self, endpoint: &str, up: bool, breaker: i64) {
        let of = OfEndpoint { endpoint: endpoint.to_owned() };
        self.endpoint_up.get_or_create(&of).set(up.into());
        self.breaker.get_or_create(&of).set(breaker);
    }

    /// How much each endpoint is owed, and how long the oldest of it has been. Others are owed nothing.
    pub fn outbox(&self, owed: impl Iterator<Item = (String, u64, Duration)>) {
        self.outbox_pending.clear();
        self.outbox_oldest_age.clear();
        for (endpoint, pending, oldest) in owed {
            let of = OfEndpoint { endpoint };
            self.outbox_pending.get_or_create(&of).set(i64::try_from(pending).unwrap_or(i64::MAX));
            self.outbox_oldest_age.get_or_create(&of).set(oldest.as_secs_f64());
        }
    }

    /// An endpoint is configured no more.
    pub fn forget_endpoint(&self, endpoint: &str) {
        let of = OfEndpoint { endpoint: endpoint.to_owned() };
        self.endpoint_up.remove(&of);
        self.breaker.remove(&of);
    }

    /// Whether the journal can be written.
    pub fn journal(&self, writable: bool) {
        self.journal_writable.set(writable.into());
    }

    /// So many events were too many to keep in memory while the journal could not be written.
    pub fn lost(&self, events: u64) {
        self.journal_lost.inc_by(events);
    }

    /// How large the journal at `path` is, with its log.
    pub fn journal_size(&self, path: &std::path::Path) {
        let beside = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        let size = |path: PathBuf| std::fs::metadata(path).map_or(0, |about| about.len());
        let bytes = size(beside("")) + size(beside("-wal"));
        self.journal_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// So many streams are open.
    pub fn streams(&self, open: usize) {
        self.api_streams.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// A request of somebody with this role was answered.
    pub fn request(&self, role: &'static str, status: u16) {
        self.api_requests.get_or_create(&RequestOf { role, status }).inc();
    }

    /// The daemon began.
    pub(crate) fn began(&self, at: Timestamp) {
        self.started.set(at.as_millisecond() as f64 / 1000.0);
        self.journal(true);
    }
}

/// The content type of what [`Metrics::encode`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
