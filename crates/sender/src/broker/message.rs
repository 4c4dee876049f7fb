//! What is published, by whom, and why it is not confirmed.

use reqwest::Url;
use ringwire_config::{Authorization, Credentials};
use ringwire_dialects::AuthScheme;
use secrecy::SecretString;

/// Whom the broker lets publish.
#[derive(Clone, Debug, Default)]
pub(super) struct BrokerLogin {
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
    /// A token in place of both (NATS).
    pub(super) token: Option<SecretString>,
}

/// One message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) topic: String,
    /// The id of the event, the same for each attempt.
    pub(super) key: String,
    pub(super) content_type: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Why a message was not confirmed.
#[derive(Debug)]
pub(super) enum PublishError {
    /// The broker refused it, or whoever sends it, until a setting is corrected.
    Misconfigured(String),
    /// The broker cannot take it now.
    Busy(String),
    /// The connection broke, or was never made. The message may have been taken if it was written.
    Broken(String),
}

impl From<std::io::Error> for PublishError {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl BrokerLogin {
    /// What the URL, the target's settings or the dialect say.
    pub(super) fn new(url: &Url, credentials: &Credentials, auth: Option<&AuthScheme>) -> Self {
        let basic = |user: &str, password: &SecretString| Self {
            user: Some(user.to_owned()),
            password: Some(password.clone()),
            token: None,
        };
        let token = |token: &SecretString| Self { token: Some(token.clone()), ..Self::default() };
        if !url.username().is_empty() {
            return basic(url.username(), &url.password().unwrap_or_default().into());
        }
        match (&credentials.authorization, auth) {
            (Some(Authorization::Basic { user, password }), _)
            | (None, Some(AuthScheme::Basic { user, password })) => basic(user, password),
            (Some(Authorization::Bearer(secret)), _) => token(secret),
            (None, Some(AuthScheme::Bearer { token: secret })) => token(secret),
            (None, _) => Self::default(),
        }
    }
}
