//! What readers get from the journal.

use std::sync::Arc;

use jiff::Timestamp;
use ringwire_event::{AnsweredBy, CallEvent, Party};
use serde::Serialize;

/// A call in the history.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    /// Its id.
    pub id: String,
    /// The PBX it was on.
    pub pbx: String,
    /// `in`, `out` or `internal`.
    pub direction: String,
    /// The caller's number.
    pub from: String,
    /// The caller's name as the PBX showed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    /// The called number.
    pub to: String,
    /// The last queue it waited in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The users whose phones rang, and those who answered.
    pub users: Vec<Party>,
    /// Who answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it was first answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// When it ended; `None` while it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Whether some of it was learnt from a resync after a gap, so that its times may be late.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
}

impl CallRecord {
    /// Whether it came from outside, and ended before anybody answered.
    #[must_use]
    pub fn is_missed(&self) -> bool {
        self.direction == "in" && self.ended_at.is_some() && self.answered_at.is_none()
    }

    /// How long it rang, in seconds: until it was answered, or until its end.
    #[must_use]
    pub fn ring_seconds(&self) -> Option<i64> {
        Some(seconds(self.started_at, self.answered_at.or(self.ended_at)?))
    }

    /// How long people talked, in seconds.
    #[must_use]
    pub fn talk_seconds(&self) -> Option<i64> {
        Some(seconds(self.answered_at?, self.ended_at?))
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    ((to.as_millisecond() - from.as_millisecond()).max(0) + 500) / 1000
}

/// A delivery as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRecord {
    /// Its number.
    pub id: i64,
    /// Its target.
    pub target: String,
    /// The id of the event.
    pub event: String,
    /// The kind of the event.
    pub kind: String,
    /// The call.
    pub call: String,
    /// `pending`, `retry`, `delivered`, `dead`, `expired`, `dropped`, or `unknown` where nobody knows whether the target
    /// has processed it; `paused` where it waits for its target to be resumed.
    pub state: String,
    /// How many attempts have failed.
    pub failures: u32,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// When the event was committed.
    pub recorded_at: Timestamp,
    /// Since when it is in this state.
    pub changed_at: Timestamp,
    /// Why it is in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Everything about one delivery.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryDetail {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryRecord,
    /// The event as it is sent.
    pub sent_event: serde_json::Value,
    /// Each attempt, in order.
    pub attempts: Vec<AttemptRecord>,
}

/// One attempt of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AttemptRecord {
    /// When it started.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The outcome.
    pub outcome: String,
    /// The HTTP status, if there was a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The beginning of the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

/// How many deliveries one target has in one state, and since when the oldest is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryTally {
    /// The target.
    pub target: String,
    /// The state.
    pub state: String,
    /// How many.
    pub count: u64,
    /// When the oldest of them was committed or changed.
    pub oldest: Timestamp,
}

/// An event at its position in the journal, with its deliveries.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRecord {
    /// Its cursor.
    pub seq: i64,
    /// When the daemon learnt of it.
    pub recorded_at: Timestamp,
    /// The event.
    pub event: Arc<CallEvent>,
    /// The number, the target and the state of each of its deliveries.
    pub deliveries: Vec<(i64, String, String)>,
}

/// How many deliveries of a target are pending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCount {
    /// The target.
    pub target: String,
    /// How many.
    pub count: u64,
    /// When the daemon learnt of the event of the oldest of them.
    pub oldest: Option<Timestamp>,
}

/// The state of a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TargetRecord {
    /// The target.
    pub target: String,
    /// `running`, `paused` (by the operator), `misconfigured` (a setting is wrong, here or there) or `disabled` (it
    /// replied that it no longer exists).
    pub state: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when.
    pub since: Timestamp,
}
