//! What the API says, as far as the command line uses it. What is missing is taken for nothing, and what is new is
//! passed over, so a daemon may be of another version.

use jiff::Timestamp;
use ringwire_event::{AnsweredBy, CallEvent, Direction, ExplanationStep, Party};
use serde::{Deserialize, Serialize};

use super::sse::SseFrame;

/// One frame of the stream of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamFrame {
    /// Something happened to a call.
    Call(Box<StreamEvent>),
    /// A delivery has got further.
    Delivery(DeliveryProgress),
    /// The place asked for is beyond the journal's end: it is another journal.
    Reset,
    /// Something else.
    Other,
}

impl StreamFrame {
    /// Reads a frame.
    ///
    /// # Errors
    /// It is not in the form of its kind.
    pub fn read(frame: &SseFrame) -> serde_json::Result<Self> {
        Ok(match frame.event.as_str() {
            "call" => Self::Call(serde_json::from_str(&frame.data)?),
            "delivery" => Self::Delivery(serde_json::from_str(&frame.data)?),
            "reset" => Self::Reset,
            _ => Self::Other,
        })
    }
}

/// Somebody who has signed in at the desk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeskSession {
    /// The name of the token.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// Since when.
    pub started_at: Timestamp,
    /// Until when at most.
    pub expires_at: Timestamp,
}

/// How many sessions were ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct EndedSessions {
    /// How many.
    pub ended: usize,
}

/// The first frame of a stream.
#[derive(Debug, Deserialize)]
pub(super) struct StreamHello {
    /// The cursor at which the journal ended when the stream started.
    pub(super) cursor: i64,
}

/// An event of a call, with its cursor and its deliveries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamEvent {
    /// The event.
    #[serde(flatten)]
    pub event: CallEvent,
    /// Its position in the journal; `None` while the disk cannot be written.
    pub cursor: Option<i64>,
    /// When it was learnt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<Timestamp>,
    /// Who is owed it.
    #[serde(default)]
    pub deliveries: Vec<EventDelivery>,
}

/// One endpoint that is owed an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDelivery {
    /// The delivery's number.
    pub id: i64,
    /// The target.
    pub target: String,
    /// How far it has come: `pending`, `retry`, `paused`, `delivered`, `dead`, `expired`, `dropped`, `unknown`.
    pub state: String,
    /// How many tries have failed, as far as that was told.
    #[serde(default, skip_serializing_if = "is_none")]
    pub failures: u32,
    /// Why it is not delivered, where that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl EventDelivery {
    /// Whether nothing more will become of it by itself.
    pub fn is_settled(&self) -> bool {
        matches!(self.state.as_str(), "delivered" | "dead" | "expired" | "dropped" | "unknown")
    }

    /// Whether it is about to be tried.
    pub fn is_under_way(&self) -> bool {
        matches!(self.state.as_str(), "pending" | "retry")
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

/// A delivery that has got further.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryProgress {
    /// Its number, by which it is known.
    pub id: i64,
    /// The target.
    pub target: String,
    /// The event, where it is owed only now, to an endpoint that comes late to the call.
    #[serde(default)]
    pub event: Option<String>,
    /// How far it has come.
    pub state: String,
    /// How many tries have failed.
    #[serde(default)]
    pub failures: u32,
    /// Why it is not delivered.
    #[serde(default)]
    pub reason: Option<String>,
}

/// `GET /api/v1/live`: what is going on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LiveView {
    /// The daemon's clock.
    pub now: Option<Timestamp>,
    /// The calls.
    pub calls: Vec<LiveCall>,
    /// The queues with calls in them.
    pub queues: Vec<LiveQueue>,
}

/// A call that is going on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveCall {
    /// Its id.
    pub id: String,
    /// The PBX it is at.
    pub pbx: String,
    /// Where it came from and where it went.
    pub direction: Direction,
    /// The caller.
    pub from: String,
    /// The caller's name.
    #[serde(default)]
    pub from_name: Option<String>,
    /// What was called.
    pub to: String,
    /// The queue it waits or waited in last.
    #[serde(default)]
    pub queue: Option<String>,
    /// `ringing`, `waiting`, `talking` or `held`.
    pub state: String,
    /// Whose phones were rung.
    #[serde(default)]
    pub users: Vec<Party>,
    /// Who has it.
    #[serde(default)]
    pub answered_by: Option<AnsweredBy>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it was first answered.
    #[serde(default)]
    pub answered_at: Option<Timestamp>,
    /// Since when it is on hold.
    #[serde(default)]
    pub held_since: Option<Timestamp>,
    /// Whether its times may be late.
    #[serde(default)]
    pub recovered: bool,
}

/// A queue with calls in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveQueue {
    /// The PBX it is at.
    pub pbx: String,
    /// Its name.
    pub name: String,
    /// Who waits.
    #[serde(default)]
    pub waiting: Vec<WaitingCaller>,
    /// How many of its calls are being talked.
    #[serde(default)]
    pub talking: u64,
}

/// A caller who waits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingCaller {
    /// The call.
    pub call: String,
    /// The caller.
    pub from: String,
    /// The caller's name.
    #[serde(default)]
    pub from_name: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// `GET /api/v1/channels`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Channels {
    /// The channels.
    pub channels: Vec<Channel>,
}

/// A channel of a PBX.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// Its name: `PJSIP/alice-00000001`.
    pub name: String,
    /// `external`, `device` or `auxiliary`.
    #[serde(default)]
    pub kind: String,
    /// `Down`, `Ring`, `Ringing`, `Up` or `Busy`.
    #[serde(default)]
    pub state: String,
    /// The call it belongs to.
    #[serde(default)]
    pub call: Option<String>,
    /// The number at its other end.
    #[serde(default)]
    pub number: Option<String>,
    /// Where in the dialplan it is.
    #[serde(default)]
    pub context: String,
    /// At which extension there.
    #[serde(default)]
    pub exten: String,
    /// The bridge it is in.
    #[serde(default)]
    pub bridge: Option<String>,
    /// Whether it is on hold.
    #[serde(default)]
    pub hold: bool,
}

/// `GET /api/v1/pbxs`: how a PBX does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PbxStatus {
    /// Its name.
    pub name: String,
    /// `inSync`, `connected`, `connecting`, `refused` or `unreachable`.
    pub state: String,
    /// Why.
    #[serde(default)]
    pub detail: Option<String>,
    /// When it last said anything.
    #[serde(default)]
    pub last_event: Option<Timestamp>,
    /// How many channels it has.
    #[serde(default)]
    pub channels: usize,
    /// How many calls it has.
    #[serde(default)]
    pub calls: usize,
}

/// `GET /api/v1/targets`: the state of a target.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetStatus {
    /// Its name.
    pub name: String,
    /// `ok`, `failing`, `misconfigured`, `paused` or `disabled`.
    pub state: String,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// How many deliveries are pending.
    #[serde(default)]
    pub pending: u64,
    /// How many of them have failed and are tried again.
    #[serde(default)]
    pub retrying: u64,
    /// How many were delivered since the daemon's start.
    #[serde(default)]
    pub delivered: u64,
    /// How many the endpoint will never take.
    #[serde(default)]
    pub dead: u64,
    /// How many it was too late for.
    #[serde(default)]
    pub expired: u64,
    /// Whether more are pending on disk.
    #[serde(default)]
    pub more_on_disk: bool,
}

/// `GET /api/v1/charts`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Charts {
    /// The minutes, oldest first; the last is not over.
    pub minutes: Vec<ChartMinute>,
}

/// What happened in one minute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ChartMinute {
    /// When it began.
    pub at: Option<Timestamp>,
    /// How many calls began.
    pub calls: u64,
    /// How many from outside nobody took.
    pub missed: u64,
    /// How many events there were.
    pub events: u64,
    /// How long deliveries took, in milliseconds: the median.
    pub delay_median: Option<u64>,
    /// The longest.
    pub delay_max: Option<u64>,
}

/// `GET /api/v1/calls/{id}`: what is known of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CallDetail {
    /// The call, as a list of calls has it.
    pub call: serde_json::Value,
    /// What happened.
    pub events: Vec<StreamEvent>,
    /// Who was told.
    pub deliveries: Vec<CallDelivery>,
    /// What was concluded, and why.
    pub explanation: Vec<ExplanationStep>,
}

/// A delivery of an event of a call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallDelivery {
    /// Its number.
    pub id: i64,
    /// The target.
    pub target: String,
    /// The id of the event.
    pub event: String,
    /// What happened.
    #[serde(default)]
    pub kind: String,
    /// How far it has come.
    pub state: String,
    /// How many tries have failed.
    #[serde(default)]
    pub failures: u32,
    /// Why it is not delivered.
    #[serde(default)]
    pub reason: Option<String>,
    /// Each try.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
}

/// One try of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    #[serde(default)]
    pub duration_ms: i64,
    /// What came of it.
    #[serde(default)]
    pub outcome: String,
    /// The HTTP status, if there was an answer.
    #[serde(default)]
    pub status: Option<u16>,
    /// The beginning of the answer, for administrators.
    #[serde(default)]
    pub reply: Option<String>,
}
