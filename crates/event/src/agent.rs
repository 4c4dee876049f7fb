//! What happens to agents and devices, which belongs to no call.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::party::Party;

/// One thing that happened to an agent of a queue, or to a device. It is published as it happens and not stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AgentEvent {
    /// `PBX/agents/N`; of a daemon `PBX/agents/MARK-N`, where `MARK` stands for its start.
    pub id: String,
    /// What happened.
    #[serde(flatten)]
    pub kind: AgentEventKind,
    /// When, by the clock the packets came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The configured name of the PBX.
    pub pbx: String,
    /// Whose agent or device it is.
    pub user: Party,
}

/// What happened to an agent or a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AgentEventKind {
    /// An agent logs in to a queue.
    AgentLoggedIn {
        /// Which.
        queue: String,
    },
    /// An agent logs out of a queue.
    AgentLoggedOut {
        /// Which.
        queue: String,
    },
    /// An agent takes a pause from a queue.
    AgentPaused {
        /// Which.
        queue: String,
        /// Why, as the agent or a program said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// An agent ends the pause from a queue.
    AgentUnpaused {
        /// Which.
        queue: String,
    },
    /// An agent's state has changed, in all queues.
    AgentState {
        /// To which.
        state: DeviceState,
    },
    /// A device's state has changed.
    DeviceState {
        /// To which.
        state: DeviceState,
    },
}

impl AgentEventKind {
    /// The name of the event, as it stands in the JSON form.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::AgentLoggedIn { .. } => "agentLoggedIn",
            Self::AgentLoggedOut { .. } => "agentLoggedOut",
            Self::AgentPaused { .. } => "agentPaused",
            Self::AgentUnpaused { .. } => "agentUnpaused",
            Self::AgentState { .. } => "agentState",
            Self::DeviceState { .. } => "deviceState",
        }
    }
}

/// What a device is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum DeviceState {
    /// Nothing.
    Free,
    /// It rings.
    Ringing,
    /// It is in a call, or says that it is busy.
    Talking,
    /// It has put a call on hold.
    #[serde(rename = "held")]
    OnHold,
    /// It cannot be reached.
    Unavailable,
}

impl DeviceState {
    /// The word for it, as it stands in the JSON form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Ringing => "ringing",
            Self::Talking => "talking",
            Self::OnHold => "held",
            Self::Unavailable => "unavailable",
        }
    }
}
