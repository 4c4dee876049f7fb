//! The people and places at the ends of a call.

use serde::{Deserialize, Serialize};

/// A user of the PBX, at a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// The device's endpoint, `TECH/name`.
    pub endpoint: String,
    /// The extension: from the directory, else the device's own number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// The name: from the directory, else the one the device is configured with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The user's login at the systems told of the call (directory only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The user's e-mail address (directory only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The user's direct number, as the directory has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

impl Party {
    /// A party of whom only the device is known.
    #[must_use]
    pub fn endpoint(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            extension: None,
            name: None,
            login: None,
            email: None,
            number: None,
        }
    }

    /// What to call this user: the name, else the extension, else the endpoint.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name.as_deref().or(self.extension.as_deref()).unwrap_or(&self.endpoint)
    }
}

/// Who or what took a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum AnsweredBy {
    /// A user, at a device.
    User(Party),
    /// An external number: the far party of an outbound call, or of an inbound call sent out again.
    Number {
        /// The number, E.164 digits where they could be made.
        number: String,
    },
    /// The voicemail of the PBX.
    Voicemail,
    /// A conference room of the PBX.
    Conference,
}

impl AnsweredBy {
    /// The number of the party that answered: a user's extension or an external number.
    #[must_use]
    pub fn answering_number(&self) -> Option<&str> {
        match self {
            Self::User(party) => party.extension.as_deref(),
            Self::Number { number } => Some(number),
            Self::Voicemail | Self::Conference => None,
        }
    }

    /// The user, where a user took the call.
    #[must_use]
    pub fn user(&self) -> Option<&Party> {
        match self {
            Self::User(party) => Some(party),
            Self::Number { .. } | Self::Voicemail | Self::Conference => None,
        }
    }
}

/// How a call was passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum TransferKind {
    /// Passed on without asking the target first.
    Blind,
    /// Passed on after a consultation.
    Attended,
    /// Moved by an operator or a program.
    Redirect,
}
