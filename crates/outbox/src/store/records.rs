//! What the journal tells to those who look at it.

use std::sync::Arc;

use jiff::Timestamp;
use ringwire_event::{AnsweredBy, CallEvent, Party};
use serde::Serialize;

/// A call, as the history has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    /// Its id.
    pub id: String,
    /// The PBX it was at.
    pub pbx: String,
    /// `in`, `out` or `internal`.
    pub direction: String,
    /// Who called.
    pub from: String,
    /// The caller's name as the PBX showed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    /// What was called.
    pub to: String,
    /// The queue it waited in last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The users who were rung, and those who took it.
    pub users: Vec<Party>,
    /// Who had it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// When it began.
    pub began: Timestamp,
    /// When it was first answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<Timestamp>,
    /// When it ended; `None` while it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Whether some of it was learnt from a snapshot after a gap, so that its times may be late.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
}

impl CallRecord {
    /// Whether it came from outside, and was over before anybody took it.
    #[must_use]
    pub fn is_missed(&self) -> bool {
        self.direction == "in" && self.ended.is_some() && self.answered.is_none()
    }

    /// How long it rang, in seconds: to its answer, or to its end.
    #[must_use]
    pub fn rang(&self) -> Option<i64> {
        Some(seconds(self.began, self.answered.or(self.ended)?))
    }

    /// How long it was talked, in seconds.
    #[must_use]
    pub fn talked(&self) -> Option<i64> {
        Some(seconds(self.answered?, self.ended?))
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    ((to.as_millisecond() - from.as_millisecond()).max(0) + 500) / 1000
}

/// A delivery, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRecord {
    /// Its number.
    pub id: i64,
    /// Who is owed it.
    pub endpoint: String,
    /// The id of the event.
    pub event: String,
    /// What happened.
    pub kind: String,
    /// The call it happened to.
    pub call: String,
    /// `pending`, `retry`, `delivered`, `dead`, `expired` or `dropped`; `paused` where it waits for its endpoint
    /// to be resumed.
    pub state: String,
    /// How many tries have failed.
    pub failures: u32,
    /// When it is tried next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// When the event was committed.
    pub recorded: Timestamp,
    /// Since when it is in this state.
    pub changed: Timestamp,
    /// Why it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// All that is known of one delivery.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryDetail {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryRecord,
    /// The event that is told.
    pub told: serde_json::Value,
    /// Each try, in order.
    pub attempts: Vec<AttemptRecord>,
}

/// One try of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AttemptRecord {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took: i64,
    /// What came of it.
    pub outcome: String,
    /// The HTTP status, if there was an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The beginning of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

/// How many deliveries one endpoint has in one state, and since when the oldest is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// The endpoint.
    pub endpoint: String,
    /// The state.
    pub state: String,
    /// How many.
    pub count: u64,
    /// When the oldest of them was committed or changed.
    pub oldest: Timestamp,
}

/// An event at its place in the journal, with what is owed of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRecord {
    /// The place.
    pub seq: i64,
    /// When it was learnt.
    pub recorded: Timestamp,
    /// What happened.
    pub event: Arc<CallEvent>,
    /// The number, the endpoint and the state of each delivery of it.
    pub deliveries: Vec<(i64, String, String)>,
}

/// How much an endpoint is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRecord {
    /// The endpoint.
    pub endpoint: String,
    /// How many deliveries are open.
    pub count: u64,
    /// When the event of the oldest of them was learnt.
    pub oldest: Option<Timestamp>,
}

/// Whether an endpoint is sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StandingRecord {
    /// The endpoint.
    pub endpoint: String,
    /// `running`, `paused` (by the operator), `held` (its settings are wrong, here or there) or `disabled` (it said
    /// that it is gone).
    pub standing: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when.
    pub since: Timestamp,
}
