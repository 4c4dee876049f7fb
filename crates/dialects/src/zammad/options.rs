//! The options of the `zammad` dialect.

use serde::Deserialize;

/// What is posted to Zammad, and in which form.
///
/// `trunks` and `dids` are patterns: `*` is any run of characters, `?` is one, and case does not matter. A call passes
/// if one of the patterns matches, or if there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZammadOptions {
    /// How the body of a request is encoded.
    pub format: BodyFormat,
    /// What the field `to` contains.
    pub to: ToField,
    /// Whether internal calls are posted too. Zammad has no direction for them, so they are posted as inbound.
    pub internal: bool,
    /// The trunks (`TECH/name`) whose calls are posted; internal calls have none and always pass.
    pub trunks: Vec<String>,
    /// The DIDs whose calls are posted, E.164 digits with or without `+`; only inbound calls are filtered by it.
    pub dids: Vec<String>,
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
/// With a Caller Log Filter, Zammad notifies the agents whose filter has `to`, and shows the entry in the log to those
/// whose filter has `queue` (docs/zammad.md, section 2). With [`ToField::Queue`] a filter on queue names does both; with
/// [`ToField::Dialled`] a filter on numbers notifies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToField {
    /// The dialled number.
    #[default]
    Dialled,
    /// The queue if the call is in one, else the dialled number.
    Queue,
}
