//! The live state as one value, which the daemon updates and others read.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use ringwire_event::{AgentEvent, CallEvent, Direction, EventKind};
use ringwire_outbox::{CallRecord, CommittedEvent};

use crate::{
    calls::LiveCalls,
    charts::Charts,
    components::Components,
    feed::{DeliveryProgress, EventDelivery, Feed, FeedFrame, PublishedEvent},
    metrics::Metrics,
};

/// Everything that is known of what is going on. Clones share one state.
#[derive(Clone, Debug)]
pub struct LiveState(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    started_at: Timestamp,
    /// The last heartbeat of the tracker task, in milliseconds since 1970.
    heartbeat: AtomicI64,
    calls: LiveCalls,
    feed: Feed,
    components: Components,
    charts: Charts,
    metrics: Metrics,
}

impl LiveState {
    /// The empty state of a daemon that started at `started_at`.
    #[must_use]
    pub fn new(started_at: Timestamp) -> Self {
        Self::with_feed(started_at, Feed::default())
    }

    /// The same, with this feed.
    #[must_use]
    pub fn with_feed(started_at: Timestamp, feed: Feed) -> Self {
        let metrics = Metrics::default();
        metrics.set_started(started_at);
        let (calls, components, charts) = Default::default();
        let heartbeat = AtomicI64::new(started_at.as_millisecond());
        Self(Arc::new(Inner { started_at, heartbeat, calls, feed, components, charts, metrics }))
    }

    /// When the daemon started.
    #[must_use]
    pub fn started_at(&self) -> Timestamp {
        self.0.started_at
    }

    /// The calls that are going on.
    #[must_use]
    pub fn calls(&self) -> &LiveCalls {
        &self.0.calls
    }

    /// The feed of changes.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// The components and their states.
    #[must_use]
    pub fn components(&self) -> &Components {
        &self.0.components
    }

    /// The charts of the last hour.
    #[must_use]
    pub fn charts(&self) -> &Charts {
        &self.0.charts
    }

    /// The metrics.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Records that the tracker task lives, which it does every few seconds.
    pub fn record_heartbeat(&self, now: Timestamp) {
        self.0.heartbeat.store(now.as_millisecond(), Ordering::Relaxed);
    }

    /// Whether the tracker task has lived, or the daemon started, less than `silence` before `now`.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp, silence: Duration) -> bool {
        let silent = now.as_millisecond() - self.0.heartbeat.load(Ordering::Relaxed);
        u128::try_from(silent).unwrap_or(0) < silence.as_millis()
    }

    /// Recovers the state of an earlier process: the events of calls that are going on, in order; the calls of the last
    /// hour, ended or not; and the cursor at which the journal ends.
    pub fn recover(&self, ongoing: &[CallEvent], recent: &[CallRecord], last: i64) {
        for event in ongoing {
            self.0.calls.apply(event, self.0.started_at);
        }
        for call in recent {
            let inbound = call.direction == Direction::In.as_str();
            self.0.charts.count_start(call.started_at);
            if let Some(answered) = call.answered_at {
                self.0.charts.count_answer(answered, call.started_at);
            }
            if let Some(ended) = call.ended_at {
                self.0.charts.count_end(ended, call.started_at, call.answered_at, inbound);
            }
        }
        self.0.feed.start_at(last);
    }

    /// Records an event that was committed at `now`; `durable` says whether it is on disk.
    pub fn record_committed(&self, committed: &CommittedEvent, durable: bool, now: Timestamp) {
        let Inner { calls, feed, charts, metrics, .. } = &*self.0;
        let CommittedEvent { seq, event, deliveries, is_replay, recorded_at } = committed;
        if *is_replay {
            // It was published before; these targets come late to the call.
            for delivery in deliveries.iter().map(EventDelivery::pending) {
                let EventDelivery { id, target, .. } = delivery;
                feed.publish(FeedFrame::delivery(DeliveryProgress {
                    id,
                    target,
                    event: Some(event.id.clone()),
                    state: "pending",
                    failures: 0,
                    delay_ms: None,
                    reason: None,
                }));
            }
            return;
        }
        let times = calls.times(&event.call);
        calls.apply(event, *recorded_at);
        self.update_charts(event, times, *recorded_at);
        charts.count_event(*recorded_at);
        let duration = durable.then(|| now.duration_since(*recorded_at).try_into().unwrap_or_default());
        metrics.count_event(event.kind.name(), duration);
        let cursor = durable.then_some(*seq);
        if !durable {
            feed.note_unplaced(*seq);
        }
        let deliveries = deliveries.iter().map(EventDelivery::pending).collect();
        // Whoever looks on is not shown which keys are pressed: they may be a PIN.
        let shown = match event.without_digit() {
            Cow::Borrowed(_) => Arc::clone(event),
            Cow::Owned(shown) => Arc::new(shown),
        };
        let event = PublishedEvent::new(cursor, *recorded_at, shown, deliveries);
        feed.publish(FeedFrame::Call(Arc::new(event)));
    }

    /// Records that `packets` packets came from a PBX, of which `channels` channels are tracked now.
    pub fn record_packets(&self, pbx: &str, packets: usize, channels: usize, now: Timestamp) {
        self.0.components.record_packets(pbx, channels, now);
        self.0.metrics.count_packets(pbx, packets, channels, now);
    }

    /// Records that a delivery made progress.
    pub fn record_progress(&self, progress: DeliveryProgress, now: Timestamp) {
        if let Some(delay) = progress.delay_ms {
            self.0.charts.count_delivery(now, delay);
        }
        self.0.feed.publish(FeedFrame::delivery(progress));
    }

    /// Publishes what happened to an agent or a device.
    pub fn publish_agent(&self, event: &AgentEvent) {
        self.0.feed.publish(FeedFrame::agent(event));
    }

    /// Publishes the states of all components.
    pub fn publish_health(&self) {
        self.0.feed.publish(FeedFrame::health(&self.0.components.report(self.0.started_at)));
    }

    /// Tells listeners that the journal was replaced, so that cursors into the one before mean nothing any more.
    pub fn publish_reset(&self) {
        self.0.feed.publish(FeedFrame::Reset);
    }

    /// The same, with cursors that begin anew.
    pub fn reset_feed(&self) {
        self.0.feed.start_at(0);
        self.0.feed.publish(FeedFrame::Reset);
    }

    fn update_charts(
        &self,
        event: &CallEvent,
        times: Option<(Timestamp, Option<Timestamp>)>,
        recorded_at: Timestamp,
    ) {
        let at = event.time.unwrap_or(recorded_at);
        let started = times.map_or(at, |(started, _)| started);
        let answered = times.and_then(|(_, answered)| answered);
        match &event.kind {
            EventKind::NewCall { .. } => self.0.charts.count_start(at),
            EventKind::Answer { .. } if answered.is_none() => self.0.charts.count_answer(at, started),
            EventKind::Hangup { .. } => {
                self.0.charts.count_end(at, started, answered, event.direction == Direction::In);
            }
            _ => {}
        }
    }
}
