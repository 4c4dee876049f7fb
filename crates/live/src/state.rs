//! What the daemon tells, kept for those who ask.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use ringwire_event::{CallEvent, Direction, EventKind};
use ringwire_outbox::{CallRecord, CommittedEvent};

use crate::{
    calls::Live,
    charts::Charts,
    feed::{Feed, Frame, Owing, Settled, Told},
    health::Parts,
    metrics::Metrics,
};

/// Everything that is known of what is going on. Clones are the same.
#[derive(Clone, Debug)]
pub struct Desk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: Timestamp,
    /// When the task that follows the calls was heard of last, in milliseconds since 1970.
    alive: AtomicI64,
    live: Live,
    feed: Feed,
    parts: Parts,
    charts: Charts,
    metrics: Metrics,
}

impl Desk {
    /// One that has heard of nothing, of a daemon that began at `began`.
    #[must_use]
    pub fn new(began: Timestamp) -> Self {
        Self::with_feed(began, Feed::default())
    }

    /// The same, which speaks by `feed`.
    pub fn with_feed(began: Timestamp, feed: Feed) -> Self {
        let metrics = Metrics::default();
        metrics.began(began);
        let (live, parts, charts) = Default::default();
        let alive = AtomicI64::new(began.as_millisecond());
        Self(Arc::new(Inner { began, alive, live, feed, parts, charts, metrics }))
    }

    /// When the daemon began.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        self.0.began
    }

    /// The calls as they stand.
    #[must_use]
    pub fn live(&self) -> &Live {
        &self.0.live
    }

    /// The task that follows the calls lives, at `now`. It is to say so every few seconds.
    pub fn alive(&self, now: Timestamp) {
        self.0.alive.store(now.as_millisecond(), Ordering::Relaxed);
    }

    /// Whether that task has said so, or the daemon began, less than `silence` before `now`.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp, silence: Duration) -> bool {
        let silent = now.as_millisecond() - self.0.alive.load(Ordering::Relaxed);
        u128::try_from(silent).unwrap_or(0) < silence.as_millis()
    }

    /// What is said to those who listen.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// How the parts do.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.0.parts
    }

    /// The last hour.
    #[must_use]
    pub fn charts(&self) -> &Charts {
        &self.0.charts
    }

    /// What is counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Takes up what an earlier process left: the events of `living` calls, in order; the `recent` calls, over or not;
    /// and where the journal ends.
    pub fn resume(&self, living: &[CallEvent], recent: &[CallRecord], last: i64) {
        for event in living {
            self.0.live.apply(event, self.0.began);
        }
        for call in recent {
            let inbound = call.direction == Direction::In.as_str();
            self.0.charts.began(call.started_at);
            if let Some(answered) = call.answered_at {
                self.0.charts.answered(answered, call.started_at);
            }
            if let Some(ended) = call.ended_at {
                self.0.charts.ended(ended, call.started_at, call.answered_at, inbound);
            }
        }
        self.0.feed.begin_at(last);
    }

    /// Takes an event that was committed, `durable` if it is on disk, at `now`.
    pub fn committed(&self, committed: &CommittedEvent, durable: bool, now: Timestamp) {
        let Inner { live, feed, charts, metrics, .. } = &*self.0;
        let CommittedEvent { seq, event, deliveries, is_replay, recorded_at } = committed;
        if *is_replay {
            // Others know of it; these endpoints come late to the call.
            for owing in deliveries.iter().map(Owing::pending) {
                let event = Some(event.id.clone());
                let Owing { id, endpoint, .. } = owing;
                let settled = Settled {
                    id,
                    endpoint,
                    event,
                    state: "pending",
                    failures: 0,
                    delay_ms: None,
                    reason: None,
                };
                feed.say(Frame::delivery(settled));
            }
            return;
        }
        let before = live.times(&event.call);
        live.apply(event, *recorded_at);
        self.chart(event, before, *recorded_at);
        charts.event(*recorded_at);
        let took = durable.then(|| now.duration_since(*recorded_at).try_into().unwrap_or_default());
        metrics.event(event.kind.name(), took);
        let journal = durable.then_some(*seq);
        if !durable {
            feed.said_unplaced(*seq);
        }
        let deliveries = deliveries.iter().map(Owing::pending).collect();
        feed.say(Frame::Call(Arc::new(Told::new(journal, *recorded_at, Arc::clone(event), deliveries))));
    }

    /// So many packets came from a PBX at `now`, of which so many channels are known.
    pub fn heard(&self, pbx: &str, packets: usize, channels: usize, now: Timestamp) {
        self.0.parts.pbx_said(pbx, channels, now);
        self.0.metrics.packets(pbx, packets, channels, now);
    }

    /// A delivery has got further, at `now`.
    pub fn settled(&self, settled: Settled, now: Timestamp) {
        if let Some(delay) = settled.delay_ms {
            self.0.charts.delivered(now, delay);
        }
        self.0.feed.say(Frame::delivery(settled));
    }

    /// A part does otherwise than before: those who listen should know.
    pub fn health_changed(&self) {
        self.0.feed.say(Frame::health(&self.0.parts.health(self.0.began)));
    }

    /// The journal is another file: places in the one before mean nothing any more.
    pub fn journal_replaced(&self) {
        self.0.feed.begin_at(0);
        self.0.feed.say(Frame::Reset);
    }

    fn chart(&self, event: &CallEvent, before: Option<(Timestamp, Option<Timestamp>)>, recorded: Timestamp) {
        let at = event.time.unwrap_or(recorded);
        let began = before.map_or(at, |(began, _)| began);
        let answered = before.and_then(|(_, answered)| answered);
        match &event.kind {
            EventKind::NewCall { .. } => self.0.charts.began(at),
            EventKind::Answer { .. } if answered.is_none() => self.0.charts.answered(at, began),
            EventKind::Hangup { .. } => {
                self.0.charts.ended(at, began, answered, event.direction == Direction::In);
            }
            _ => {}
        }
    }
}
