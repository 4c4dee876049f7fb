//! One live call, folded from the events that were published of it.

use jiff::Timestamp;
use ringwire_event::{AnsweredBy, CallEvent, CallId, Direction, EventKind, Party, TransferKind};
use serde::Serialize;

/// A call that is going on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LiveCall {
    /// Its id.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub id: CallId,
    /// The PBX it is at.
    pub pbx: String,
    /// Where it came from and where it went.
    pub direction: Direction,
    /// The caller.
    pub from: String,
    /// The caller's name as the PBX showed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    /// What was called.
    pub to: String,
    /// The queue it waits or waited in last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The endpoint of the trunk that carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trunk: Option<String>,
    /// How far it has come.
    pub state: CallState,
    /// Whose phones were rung; the caller's own for an outbound call.
    pub users: Vec<Party>,
    /// Who has answered it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it was first answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// Since when it is on hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_since: Option<Timestamp>,
    /// Its last transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transferred: Option<LastTransfer>,
    /// The sequence number of its last event.
    pub seq: u32,
    /// Whether some of it was learnt from a resync after a gap, so that its times may be late.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum CallState {
    /// Phones ring.
    Ringing,
    /// The caller waits in a queue.
    Waiting,
    /// It was answered.
    Talking,
    /// It was answered, and one side has the other on hold.
    #[serde(rename = "held")]
    OnHold,
}

/// The last transfer of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LastTransfer {
    /// In which way it was transferred.
    pub kind: TransferKind,
    /// To where, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer_target: Option<String>,
}

impl LiveCall {
    /// The call whose first known event is `event`, which happened at `at`.
    pub(crate) fn start(event: &CallEvent, at: Timestamp) -> Self {
        let state = if event.queue.is_some() { CallState::Waiting } else { CallState::Ringing };
        Self {
            id: event.call.clone(),
            pbx: event.pbx.clone(),
            direction: event.direction,
            from: event.from.clone(),
            from_name: event.from_name.clone(),
            to: event.to.clone(),
            queue: event.queue.clone(),
            trunk: event.trunk.clone(),
            state,
            users: Vec::new(),
            answered_by: None,
            started_at: at,
            answered_at: None,
            held_since: None,
            transferred: None,
            seq: 0,
            recovered: false,
        }
    }

    /// Applies `event`, which is newer than all events applied before and happened at `at`.
    pub(crate) fn apply(&mut self, event: &CallEvent, at: Timestamp) {
        self.seq = event.seq;
        self.recovered |= event.recovered;
        self.queue.clone_from(&event.queue);
        match &event.kind {
            EventKind::NewCall { users } => self.users.clone_from(users),
            EventKind::Ringing { user }
                if !self.users.iter().any(|known| known.endpoint == user.endpoint) =>
            {
                self.users.push(user.clone());
            }
            EventKind::Answer { answered_by } => {
                self.answered_by = Some(answered_by.clone());
                self.answered_at.get_or_insert(at);
                self.held_since = None;
            }
            EventKind::Hold { .. } => self.held_since = Some(at),
            EventKind::Unhold { .. } => self.held_since = None,
            EventKind::Transfer { kind, transfer_target, .. } => {
                self.transferred =
                    Some(LastTransfer { kind: *kind, transfer_target: transfer_target.clone() });
            }
            _ => {}
        }
        self.state = match (self.answered_at, self.held_since) {
            (None, _) if self.queue.is_some() => CallState::Waiting,
            (None, _) => CallState::Ringing,
            (Some(_), None) => CallState::Talking,
            (Some(_), Some(_)) => CallState::OnHold,
        };
    }
}
