//! The metrics, and the names under which they are exposed (OpenMetrics).
//!
//! A name is `ringwire_` and what is counted, with its unit; counters end in `_total`. Labels are names that the
//! operator has chosen, or words of a closed list, in snake_case: nothing that a caller or a target says becomes one.

mod labels;
mod registry;

use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicU64,
    time::Duration,
};

use jiff::Timestamp;
use prometheus_client::metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram};

use self::labels::{
    AttemptLabels, DeadLabels, EventTypeLabel, PbxLabel, RequestLabels, StreamErrorLabels, TargetLabel,
    snake_case,
};
pub use self::labels::{AttemptOutcome, DeadReason};

/// The content type of what [`Metrics::encode`] gives.
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    ami_connected: Family<PbxLabel, Gauge>,
    ami_in_sync: Family<PbxLabel, Gauge>,
    ami_last_event: Family<PbxLabel, Gauge<f64, AtomicU64>>,
    ami_reconnects: Family<PbxLabel, Counter>,
    ami_packets: Family<PbxLabel, Counter>,
    ami_stream_errors: Family<StreamErrorLabels, Counter>,
    channels_active: Family<PbxLabel, Gauge>,
    calls_active: Family<PbxLabel, Gauge>,
    events: Family<EventTypeLabel, Counter>,
    outbox_pending: Family<TargetLabel, Gauge>,
    outbox_oldest_age: Family<TargetLabel, Gauge<f64, AtomicU64>>,
    delivery_attempts: Family<AttemptLabels, Counter>,
    delivery_latency: DeliveryLatency,
    delivery_dead: Family<DeadLabels, Counter>,
    delivery_expired: Family<TargetLabel, Counter>,
    delivery_unknown: Family<TargetLabel, Counter>,
    breaker_state: Family<TargetLabel, Gauge>,
    target_up: Family<TargetLabel, Gauge>,
    journal_bytes: Gauge,
    journal_writable: Gauge,
    journal_lost_events: Counter,
    commit: CommitDuration,
    api_streams: Gauge,
    api_requests: Family<RequestLabels, Counter>,
    started: Gauge<f64, AtomicU64>,
}

/// From the commit of an event to the target's reply.
#[derive(Clone, Debug)]
struct DeliveryLatency(Family<TargetLabel, Histogram>);

impl Default for DeliveryLatency {
    fn default() -> Self {
        // From a millisecond on this machine to the two days after which a delivery fails permanently.
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
struct CommitDuration(Histogram);

impl Default for CommitDuration {
    fn default() -> Self {
        Self(Histogram::new([
            0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
        ]))
    }
}

impl Metrics {
    /// Sets whether a PBX is connected, and whether all of its channels are known.
    pub fn set_pbx(&self, pbx: &str, is_connected: bool, is_in_sync: bool) {
        let label = PbxLabel { pbx: pbx.to_owned() };
        self.ami_connected.get_or_create(&label).set(is_connected.into());
        self.ami_in_sync.get_or_create(&label).set(is_in_sync.into());
    }

    /// Counts a connection to a PBX that was connected before.
    pub fn count_reconnect(&self, pbx: &str) {
        self.ami_reconnects.get_or_create(&PbxLabel { pbx: pbx.to_owned() }).inc();
    }

    /// Counts packets that came from a PBX at `now`, of which `channels` channels are tracked now.
    pub fn count_packets(&self, pbx: &str, packets: usize, channels: usize, now: Timestamp) {
        let label = PbxLabel { pbx: pbx.to_owned() };
        self.ami_packets.get_or_create(&label).inc_by(packets as u64);
        self.ami_last_event.get_or_create(&label).set(now.as_millisecond() as f64 / 1000.0);
        self.channels_active.get_or_create(&label).set(i64::try_from(channels).unwrap_or(i64::MAX));
    }

    /// Counts `count` more errors of this kind in the stream from a PBX.
    pub fn count_stream_errors(&self, pbx: &str, kind: &str, count: u64) {
        if count > 0 {
            let labels = StreamErrorLabels { pbx: pbx.to_owned(), kind: snake_case(kind) };
            self.ami_stream_errors.get_or_create(&labels).inc_by(count);
        }
    }

    /// Removes the gauges of a PBX that is no longer configured.
    pub fn remove_pbx(&self, pbx: &str) {
        let label = PbxLabel { pbx: pbx.to_owned() };
        self.ami_connected.remove(&label);
        self.ami_in_sync.remove(&label);
        self.ami_last_event.remove(&label);
        self.channels_active.remove(&label);
        self.calls_active.remove(&label);
    }

    /// Sets how many calls are going on at a PBX.
    pub fn set_calls(&self, pbx: &str, calls: usize) {
        let calls = i64::try_from(calls).unwrap_or(i64::MAX);
        self.calls_active.get_or_create(&PbxLabel { pbx: pbx.to_owned() }).set(calls);
    }

    /// Counts an event, and how long its commit took if it is on disk.
    pub(crate) fn count_event(&self, kind: &'static str, commit: Option<Duration>) {
        self.events.get_or_create(&EventTypeLabel { r#type: snake_case(kind) }).inc();
        if let Some(commit) = commit {
            self.commit.0.observe(commit.as_secs_f64());
        }
    }

    /// Counts an attempt.
    pub fn count_attempt(&self, target: &str, outcome: AttemptOutcome) {
        self.delivery_attempts.get_or_create(&AttemptLabels { target: target.to_owned(), outcome }).inc();
    }

    /// Counts a delivery that succeeded, so long after the commit of its event.
    pub fn count_delivery(&self, target: &str, delay: Duration) {
        let label = TargetLabel { target: target.to_owned() };
        self.delivery_latency.0.get_or_create(&label).observe(delay.as_secs_f64());
    }

    /// Counts a delivery that failed permanently.
    pub fn count_dead(&self, target: &str, reason: DeadReason) {
        self.delivery_dead.get_or_create(&DeadLabels { target: target.to_owned(), reason }).inc();
    }

    /// Counts a delivery that expired.
    pub fn count_expired(&self, target: &str) {
        self.delivery_expired.get_or_create(&TargetLabel { target: target.to_owned() }).inc();
    }

    /// Counts a delivery of which nobody knows whether it arrived.
    pub fn count_unknown(&self, target: &str) {
        self.delivery_unknown.get_or_create(&TargetLabel { target: target.to_owned() }).inc();
    }

    /// Sets whether a target takes events, and the state of its circuit breaker: 0 closed, 1 probing, 2 open.
    pub fn set_target(&self, target: &str, is_up: bool, breaker: i64) {
        let label = TargetLabel { target: target.to_owned() };
        self.target_up.get_or_create(&label).set(is_up.into());
        self.breaker_state.get_or_create(&label).set(breaker);
    }

    /// Removes the gauges of a target that is no longer configured.
    pub fn remove_target(&self, target: &str) {
        let label = TargetLabel { target: target.to_owned() };
        self.target_up.remove(&label);
        self.breaker_state.remove(&label);
    }

    /// Sets, for each target, how many deliveries are pending and how old the oldest is.
    pub fn set_pending(&self, targets: impl Iterator<Item = (String, u64, Duration)>) {
        self.outbox_pending.clear();
        self.outbox_oldest_age.clear();
        for (target, pending, oldest) in targets {
            let label = TargetLabel { target };
            self.outbox_pending.get_or_create(&label).set(i64::try_from(pending).unwrap_or(i64::MAX));
            self.outbox_oldest_age.get_or_create(&label).set(oldest.as_secs_f64());
        }
    }

    /// Sets whether the journal can be written.
    pub fn set_journal_writable(&self, is_writable: bool) {
        self.journal_writable.set(is_writable.into());
    }

    /// Counts events that the journal does not have: there were too many while it could not be written.
    pub fn count_lost_events(&self, events: u64) {
        self.journal_lost_events.inc_by(events);
    }

    /// Sets the size of the journal at `path` with its write-ahead log, which it looks up.
    pub fn set_journal_size(&self, path: &Path) {
        let with_suffix = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        let size = |path: PathBuf| std::fs::metadata(path).map_or(0, |about| about.len());
        let bytes = size(with_suffix("")) + size(with_suffix("-wal"));
        self.journal_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Sets how many streams are open.
    pub fn set_streams(&self, open: usize) {
        self.api_streams.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// Counts a request of a client with this role that was answered with this status.
    pub fn count_request(&self, role: &'static str, status: u16) {
        self.api_requests.get_or_create(&RequestLabels { role, status }).inc();
    }

    /// Sets when the daemon started. The journal counts as writable from then on.
    pub(crate) fn set_started(&self, at: Timestamp) {
        self.started.set(at.as_millisecond() as f64 / 1000.0);
        self.set_journal_writable(true);
    }
}
