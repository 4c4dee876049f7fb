//! The feed: every change, for listeners.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicI64, Ordering},
};

use bytes::Bytes;
use jiff::Timestamp;
use ringwire_delivery::{DeliveryId, TargetName};
use ringwire_event::{AgentEvent, CallEvent};
use ringwire_outbox::StreamRecord;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::status::HealthReport;

/// How many frames are kept for a slow listener. One that falls further behind reads the journal instead.
const BACKLOG: usize = 4096;

/// A change, as all listeners get it.
#[derive(Clone, Debug)]
pub enum FeedFrame {
    /// Something happened to a call.
    Call(Arc<PublishedEvent>),
    /// A delivery made progress; and that as a Server-Sent Event.
    Delivery(Arc<DeliveryProgress>, Bytes),
    /// The state of a component changed: the state of all, as a Server-Sent Event.
    Health(Bytes),
    /// Something happened to an agent or a device: as a Server-Sent Event.
    Agent(Bytes),
    /// The journal was replaced: cursors into the one before mean nothing any more.
    Reset,
}

/// A call event, with its cursor and its deliveries.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PublishedEvent {
    /// Its position in the journal; `None` while the disk cannot be written.
    pub cursor: Option<i64>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The deliveries of it.
    pub deliveries: Vec<EventDelivery>,
    /// The event.
    #[serde(flatten)]
    pub event: Arc<CallEvent>,
    /// The whole as a Server-Sent Event, once a listener wanted it.
    #[serde(skip)]
    frame: OnceLock<Bytes>,
}

/// The delivery of an event to one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EventDelivery {
    /// The delivery's number.
    pub id: i64,
    /// The target.
    pub target: String,
    /// How far the delivery has come.
    pub state: String,
}

/// A delivery that made progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryProgress {
    /// Its number.
    pub id: i64,
    /// The target.
    pub target: String,
    /// The event, where the target gets it later than others because it comes late to the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// `pending`, `delivered`, `retry`, `dead`, `expired`, `dropped` or `unknown`.
    pub state: &'static str,
    /// How many attempts have failed.
    pub failures: u32,
    /// How long after its commit it was delivered, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<i64>,
    /// Why it was not delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl FeedFrame {
    pub(crate) fn delivery(progress: DeliveryProgress) -> Self {
        let frame = sse_frame("delivery", None, &progress);
        Self::Delivery(Arc::new(progress), frame)
    }

    pub(crate) fn agent(event: &AgentEvent) -> Self {
        Self::Agent(sse_frame("agent", None, event))
    }

    pub(crate) fn health(report: &HealthReport) -> Self {
        Self::Health(sse_frame("health", None, report))
    }
}

/// A Server-Sent Event of this type with this id and data.
pub fn sse_frame(event: &str, id: Option<i64>, data: &impl Serialize) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    // JSON has no line breaks of its own.
    let data = serde_json::to_string(data).unwrap_or_default();
    Bytes::from(format!("event: {event}\n{id}data: {data}\n\n"))
}

impl PublishedEvent {
    /// An event at this cursor, with its deliveries.
    #[must_use]
    pub fn new(
        cursor: Option<i64>,
        recorded_at: Timestamp,
        event: Arc<CallEvent>,
        deliveries: Vec<EventDelivery>,
    ) -> Self {
        Self { cursor, recorded_at, deliveries, event, frame: OnceLock::new() }
    }

    /// The Server-Sent Event for it, serialized once for all listeners.
    #[must_use]
    pub fn sse_frame(&self) -> Bytes {
        let frame = self.frame.get_or_init(|| sse_frame("call", self.cursor, self));
        frame.clone()
    }
}

impl From<StreamRecord> for PublishedEvent {
    fn from(record: StreamRecord) -> Self {
        let delivery = |(id, target, state)| EventDelivery { id, target, state };
        let deliveries = record.deliveries.into_iter().map(delivery).collect();
        Self::new(Some(record.seq), record.recorded_at, record.event, deliveries)
    }
}

impl EventDelivery {
    /// A delivery that was just committed.
    pub(crate) fn pending((target, id): &(TargetName, DeliveryId)) -> Self {
        Self { id: id.0, target: target.to_string(), state: "pending".to_owned() }
    }
}

/// Passes changes on to all listeners. Publishing never waits.
#[derive(Debug)]
pub struct Feed {
    frames: broadcast::Sender<FeedFrame>,
    /// The cursor of the last event that is on disk.
    last: AtomicI64,
    /// The greatest cursor that an event will have that was published without one.
    unplaced: AtomicI64,
}

impl Default for Feed {
    fn default() -> Self {
        Self::with_backlog(BACKLOG)
    }
}

impl Feed {
    /// A feed that keeps so many frames for slow listeners.
    #[must_use]
    pub fn with_backlog(backlog: usize) -> Self {
        let frames = broadcast::Sender::new(backlog);
        Self { frames, last: AtomicI64::new(0), unplaced: AtomicI64::new(0) }
    }

    pub(crate) fn publish(&self, frame: FeedFrame) {
        if let FeedFrame::Call(event) = &frame
            && let Some(cursor) = event.cursor
        {
            self.last.fetch_max(cursor, Ordering::Release);
        }
        // There may be no listener.
        let _ = self.frames.send(frame);
    }

    /// Notes that an event was published without its cursor, which is not on disk yet and will be `cursor`.
    pub(crate) fn note_unplaced(&self, cursor: i64) {
        self.unplaced.fetch_max(cursor, Ordering::Release);
    }

    /// Whether an event after `cursor` was published without its cursor.
    #[must_use]
    pub fn is_unplaced_after(&self, cursor: i64) -> bool {
        self.unplaced.load(Ordering::Acquire) > cursor
    }

    /// Sets the cursor at which the journal ends, where listeners start that ask for none.
    pub fn start_at(&self, cursor: i64) {
        self.last.store(cursor, Ordering::Release);
    }

    /// The cursor of the last event that was published and is on disk.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.last.load(Ordering::Acquire)
    }

    /// Every frame that is published from here on. A listener that is too slow gets an error instead of what it missed.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<FeedFrame> {
        self.frames.subscribe()
    }

    /// How many listeners there are.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.frames.receiver_count()
    }
}
