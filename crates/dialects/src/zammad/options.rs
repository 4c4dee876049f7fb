//! The options of the `zammad` dialect.

use serde::Deserialize;

/// What is posted to Zammad, and in which form.
///
/// `trunks` and `dids` are patterns: `*` is any run of characters, `?` is one, and case does not matter. A call passes
/// if one of the patterns matches, or if there is none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZammadOptions {
    /// How the body of a request is encoded.
    pub format: BodyFormat,
    /// What the field `to` contains.
    pub to: ToField,
    /// Whether the queue of a call is sent. Where it is not, Zammad lists the call under `to`.
    pub send_queue: bool,
    /// What Zammad finds the agent by whose screen it opens.
    pub find_agent_by: AgentKey,
    /// Whether internal calls are posted too. Zammad has no direction for them, so they are posted as inbound.
    pub internal: bool,
    /// The trunks (`TECH/name`) whose calls are posted; internal calls have none and always pass.
    pub trunks: Vec<String>,
    /// The DIDs whose calls are posted, E.164 digits with or without `+`; only inbound calls are filtered by it.
    pub dids: Vec<String>,
}

impl Default for ZammadOptions {
    fn default() -> Self {
        Self {
            format: BodyFormat::default(),
            to: ToField::default(),
            send_queue: true,
            find_agent_by: AgentKey::default(),
            internal: false,
            trunks: Vec::new(),
            dids: Vec::new(),
        }
    }
}

/// How the body of a request is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyFormat {
    /// As a JSON object.
    #[default]
    Json,
    /// As a URL-encoded form, as sipgate.io posts it.
    Form,
}

/// What the field `to` of an inbound call contains.
///
/// With a caller log filter, Zammad notifies the agents whose filter has `to`, and lists the entry for those whose filter
/// has the queue (docs/zammad.md, section 2). With [`ToField::Queue`] a filter on queue names does both. With
/// [`ToField::Dialled`] a filter on numbers notifies, and also lists if the queue is not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToField {
    /// The dialled number.
    #[default]
    Dialled,
    /// The queue if the call is in one, else the dialled number.
    Queue,
}

/// By what Zammad finds the agent who answered an inbound call (docs/zammad.md, section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentKey {
    /// The extension, which must be the whole of the agent's *Phone* field.
    #[default]
    Extension,
    /// The number that the directory has for the user, else the extension. Zammad finds it in any field of an agent.
    Number,
    /// The login that the directory has for the user, else the extension. The caller log shows it in place of the name.
    Login,
}
