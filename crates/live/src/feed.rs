//! What is said to those who listen: committed events, what became of deliveries, how the parts do.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicI64, Ordering},
};

use bytes::Bytes;
use jiff::Timestamp;
use ringwire_delivery::{DeliveryId, TargetName};
use ringwire_event::CallEvent;
use ringwire_outbox::StreamRecord;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::health::Health;

/// How much may wait for one listener. Who falls further behind reads what was missed from the journal.
const BACKLOG: usize = 4096;

/// Something said to all who listen.
#[derive(Clone, Debug)]
pub enum Frame {
    /// Something happened to a call.
    Call(Arc<Told>),
    /// A delivery has got further; and the frame that tells it.
    Delivery(Arc<Settled>, Bytes),
    /// A part does otherwise than before: the frame that tells how all do.
    Health(Bytes),
    /// The journal is another one: places in the one before mean nothing any more.
    Reset,
}

/// An event of a call, with its place in the journal.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Told {
    /// Its place in the journal; `None` while the disk cannot be written.
    pub journal: Option<i64>,
    /// When it was learnt.
    pub recorded: Timestamp,
    /// Who is owed it.
    pub deliveries: Vec<Owing>,
    /// What happened.
    #[serde(flatten)]
    pub event: Arc<CallEvent>,
    /// The whole as it is sent, once somebody wanted it.
    #[serde(skip)]
    wire: OnceLock<Bytes>,
}

/// One endpoint that is owed an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Owing {
    /// The delivery's number.
    pub id: i64,
    /// The endpoint.
    pub endpoint: String,
    /// How far the delivery has come.
    pub state: String,
}

/// A delivery that has got further.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Settled {
    /// Its number.
    pub id: i64,
    /// The endpoint.
    pub endpoint: String,
    /// The event, where it is owed only now, to an endpoint that comes late to the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// `pending`, `delivered`, `retry`, `dead`, `expired` or `dropped`.
    pub state: &'static str,
    /// How many tries have failed.
    pub failures: u32,
    /// How long after it was committed, in milliseconds, where it was delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<i64>,
    /// Why, where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Frame {
    /// A delivery has got further.
    pub(crate) fn delivery(settled: Settled) -> Self {
        let wire = wire("delivery", None, &settled);
        Self::Delivery(Arc::new(settled), wire)
    }

    /// The parts do like this now.
    pub(crate) fn health(health: &Health) -> Self {
        Self::Health(wire("health", None, health))
    }
}

/// A frame of a stream of Server-Sent Events.
pub fn wire(event: &str, id: Option<i64>, data: &impl Serialize) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    // JSON has no line breaks of its own.
    let data = serde_json::to_string(data).unwrap_or_default();
    Bytes::from(format!("event: {event}\n{id}data: {data}\n\n"))
}

impl Told {
    /// An event as it is in the journal.
    #[must_use]
    pub fn new(
        journal: Option<i64>,
        recorded: Timestamp,
        event: Arc<CallEvent>,
        deliveries: Vec<Owing>,
    ) -> Self {
        Self { journal, recorded, deliveries, event, wire: OnceLock::new() }
    }

    /// The frame of a stream of Server-Sent Events that tells it: made once for all who listen.
    #[must_use]
    pub fn wire(&self) -> Bytes {
        let wire = self.wire.get_or_init(|| wire("call", self.journal, self));
        wire.clone()
    }
}

impl From<StreamRecord> for Told {
    fn from(record: StreamRecord) -> Self {
        let owing = |(id, endpoint, state)| Owing { id, endpoint, state };
        let deliveries = record.deliveries.into_iter().map(owing).collect();
        Self::new(Some(record.seq), record.recorded_at, record.event, deliveries)
    }
}

impl Owing {
    /// A delivery that was just committed.
    pub(crate) fn pending((endpoint, id): &(TargetName, DeliveryId)) -> Self {
        Self { id: id.0, endpoint: endpoint.to_string(), state: "pending".to_owned() }
    }
}

/// Passes what is said on to all who listen. Saying it never waits.
#[derive(Debug)]
pub struct Feed {
    frames: broadcast::Sender<Frame>,
    /// The place of the last event that is on disk.
    last: AtomicI64,
    /// The greatest place that an event has that was said without one.
    unplaced: AtomicI64,
}

impl Default for Feed {
    fn default() -> Self {
        Self::with_backlog(BACKLOG)
    }
}

impl Feed {
    /// One that keeps so many frames for those who are slow.
    pub fn with_backlog(backlog: usize) -> Self {
        let frames = broadcast::Sender::new(backlog);
        Self { frames, last: AtomicI64::new(0), unplaced: AtomicI64::new(0) }
    }

    pub(crate) fn say(&self, frame: Frame) {
        if let Frame::Call(told) = &frame
            && let Some(seq) = told.journal
        {
            self.last.fetch_max(seq, Ordering::Release);
        }
        // Nobody need listen.
        let _ = self.frames.send(frame);
    }

    /// An event was said without its place, for it is not on disk yet: when it is, it has the place `seq`.
    pub(crate) fn said_unplaced(&self, seq: i64) {
        self.unplaced.fetch_max(seq, Ordering::Release);
    }

    /// Whether an event after the place `seq` was said without its place.
    pub fn is_unplaced_after(&self, seq: i64) -> bool {
        self.unplaced.load(Ordering::Acquire) > seq
    }

    /// The journal ends at `seq`: the place from which those go on who ask for none.
    pub fn begin_at(&self, seq: i64) {
        self.last.store(seq, Ordering::Release);
    }

    /// The place in the journal of the last event that was said and is on disk.
    #[must_use]
    pub fn last(&self) -> i64 {
        self.last.load(Ordering::Acquire)
    }

    /// Everything that is said from here on. A listener who is too slow is told so, and by how much.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Frame> {
        self.frames.subscribe()
    }

    /// How many listen.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.frames.receiver_count()
    }
}
