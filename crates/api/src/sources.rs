//! What the API asks others for: the journal, and the task that follows the calls.

use std::{path::PathBuf, sync::Arc};

use futures_util::future::BoxFuture;
use ringwire_event::ExplanationStep;
use serde::Serialize;
use utoipa::ToSchema;

/// What the counter asks others for.
#[derive(Clone)]
pub struct Sources {
    /// Where the journal is.
    pub journal: PathBuf,
    /// The one who follows the calls.
    pub switchboard: Arc<dyn Switchboard>,
}

/// The one who follows the calls. It may be gone: each question has a time limit.
pub trait Switchboard: Send + Sync {
    /// The channels as they stand, at all PBXs.
    fn channels(&self) -> BoxFuture<'static, Vec<Channel>>;

    /// What `ringwire doctor` wants to know.
    fn diagnosis(&self) -> BoxFuture<'static, serde_json::Value>;

    /// The story of a call that is going on; `None` where it is not, or nothing is known of it.
    fn story(&self, call: &str) -> BoxFuture<'static, Option<Vec<ExplanationStep>>>;
}

/// A channel of a PBX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// The PBX.
    pub pbx: String,
    /// Its id there.
    pub uniqueid: String,
    /// Its name there.
    pub name: String,
    /// The endpoint it belongs to.
    pub endpoint: String,
    /// What it is.
    pub kind: ChannelKind,
    /// `Down`, `Ring`, `Ringing`, `Up` or `Busy`, as Asterisk says.
    pub state: String,
    /// The call it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// The number at its other end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Where in the dialplan it is.
    pub context: String,
    /// At which extension there.
    pub exten: String,
    /// The bridge it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<String>,
    /// Whether it is on hold.
    pub hold: bool,
    /// Its place in the order in which channels were born.
    pub born: u64,
}

/// What a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// A trunk: the other end is outside.
    External,
    /// A device of the PBX.
    Device,
    /// A part of the PBX itself, never a party.
    Helper,
}
