//! What the API server asks others for: the journal, and the task that tracks calls.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use ringwire_event::ExplanationStep;
use ringwire_outbox::StoreReaders;
use serde::Serialize;
use utoipa::ToSchema;

/// Where the API server finds what is not in the live state.
#[derive(Clone)]
pub struct ApiSources {
    /// The journal.
    pub journal: StoreReaders,
    /// The tracker task.
    pub queries: Arc<dyn ApiQueries>,
}

/// Queries that the tracker task answers. It may be gone or stuck: the API server gives each query a time limit.
pub trait ApiQueries: Send + Sync {
    /// The channels of all PBXs.
    fn channels(&self) -> BoxFuture<'static, Vec<Channel>>;

    /// What `ringwire doctor` wants to know.
    fn diagnosis(&self) -> BoxFuture<'static, serde_json::Value>;

    /// The explanation of a call that is going on; `None` if there is no such call.
    fn explanation(&self, call: &str) -> BoxFuture<'static, Option<Vec<ExplanationStep>>>;
}

/// A channel of a PBX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// The PBX.
    pub pbx: String,
    /// Its Uniqueid.
    pub uniqueid: String,
    /// Its name.
    pub name: String,
    /// The endpoint it belongs to.
    pub endpoint: String,
    /// What it connects to.
    pub kind: ChannelKind,
    /// `Down`, `Ring`, `Ringing`, `Up` or `Busy`, as Asterisk names it.
    pub state: String,
    /// The call it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// The number at its other end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The dialplan context it is in.
    pub context: String,
    /// The extension in that context.
    pub exten: String,
    /// The bridge it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<String>,
    /// Whether it is on hold.
    pub hold: bool,
    /// Its number in the order in which channels were created.
    pub sequence: u64,
}

/// What a channel connects to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// A trunk: the other end is outside.
    External,
    /// A device of the PBX.
    Device,
    /// The PBX itself (Local, Surrogate and such): never a party.
    Auxiliary,
}
