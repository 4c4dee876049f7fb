//! What an administrator can choose.

use serde::Deserialize;

/// How Zammad is spoken to, and of which calls.
///
/// The filters are patterns with `*` for any run of characters and `?` for one, whatever the case; a call that
/// matches one of them passes, and no pattern means all calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZammadOptions {
    /// How a post is written.
    pub format: Format,
    /// What `to` is.
    pub to: To,
    /// Whether calls between devices are posted too. Zammad has no word for them: they are posted as inbound.
    pub internal: bool,
    /// The trunks (`TECH/name`) whose calls are posted; internal calls have none and are not held to it.
    pub trunks: Vec<String>,
    /// The numbers dialled from outside whose calls are posted, E.164 digits with or without `+`; only inbound
    /// calls are held to it.
    pub dids: Vec<String>,
}

/// How a post is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// As a JSON object.
    #[default]
    Json,
    /// As a form, the way sipgate.io posts.
    Form,
}

/// What `to` is in the posts of an inbound call.
///
/// Where a Caller Log Filter is set, Zammad shows the desktop notification to the agents whose filter names `to`,
/// and the entry in the log to those whose filter names `queue` (Zammad contract, section 2). With
/// [`To::Queue`] a filter on queue names gives both; with [`To::Dialled`] a filter on numbers notifies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum To {
    /// The number that was dialled.
    #[default]
    Dialled,
    /// The queue the call waits in, where it waits in one; else the number dialled.
    Queue,
}
