//! What is shown of the state of PBXs, targets and components.

use jiff::Timestamp;
use serde::Serialize;

/// The state of the connection to a PBX.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum PbxState {
    /// It is being made.
    #[default]
    Connecting,
    /// It is made; the list of channels is not complete yet.
    Connected,
    /// It is made, and every channel is known.
    InSync,
    /// The PBX refuses it: a wrong login, an access list, a certificate.
    Refused,
    /// The PBX cannot be reached.
    Unreachable,
}

impl PbxState {
    /// The state as it is written in JSON and shown to people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::InSync => "inSync",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
        }
    }
}

/// A PBX, and the state of the connection to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PbxStatus {
    /// Its name.
    pub name: String,
    /// The host and port of its manager interface.
    pub address: String,
    /// The state of the connection.
    pub state: PbxState,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// When it entered this state.
    pub since: Timestamp,
    /// The version of the manager interface that it reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When the last packet came from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_event: Option<Timestamp>,
    /// How often the daemon has connected again since it started.
    pub reconnects: u64,
    /// How many channels are tracked.
    pub channels: usize,
    /// How many calls are going on.
    pub calls: usize,
}

/// A target, and the state of the deliveries to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TargetStatus {
    /// Its name.
    pub name: String,
    /// Its dialect.
    pub dialect: String,
    /// `ok`, `failing`, `misconfigured` (a setting is wrong, here or there), `paused` (by the operator) or `disabled`
    /// (it replied that it is gone).
    pub state: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it entered this state.
    pub since: Timestamp,
    /// How many deliveries are pending in memory.
    pub pending: usize,
    /// How many calls wait for a retry.
    pub retrying: usize,
    /// How many deliveries are being attempted.
    pub in_flight: usize,
    /// How many were delivered since the daemon started.
    pub delivered: u64,
    /// How many failed permanently since then.
    pub dead: u64,
    /// How many expired since then.
    pub expired: u64,
    /// How many the operator dropped since then.
    pub dropped: u64,
    /// Of how many nobody knows since then whether they arrived; they are not sent again.
    pub unknown: u64,
    /// Whether more are pending on disk.
    pub more_on_disk: bool,
}

impl TargetStatus {
    /// The state of a target that takes events.
    pub const OK: &'static str = "ok";

    /// Whether it takes events.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.state == Self::OK
    }
}

/// The state of the circuit breaker of a target, numbered as its metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircuitBreaker {
    /// Events are sent.
    Closed = 0,
    /// One event is sent to find out whether the target works again.
    Probing = 1,
    /// No event is sent.
    Open = 2,
}

/// A component of the daemon, and whether it works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// `pbx NAME`, `target NAME`, `journal` or `configuration`.
    pub name: String,
    /// Whether it works.
    pub ok: bool,
    /// Whether the daemon is not ready without it.
    pub required: bool,
    /// Its state, in a word.
    pub state: String,
    /// Why it is in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// When it entered this state.
    pub since: Timestamp,
}

/// Whether the daemon is ready, and the components on which that depends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HealthReport {
    /// Whether every required component works.
    pub ready: bool,
    /// All components.
    pub components: Vec<Component>,
}
