//! The user to log in as, and the actions that log in.

use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};

use crate::action::{Action, ActionHeaderError};

/// How the secret is proved to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginMethod {
    /// By the hash of a challenge; the secret itself is not sent.
    #[default]
    Md5,
    /// By sending the secret as it is, for servers whose secrets are stored elsewhere.
    Plain,
}

/// A manager user, and the events that it wants.
#[derive(Clone, Debug)]
pub struct AmiLogin {
    /// The name of the user's section in manager.conf.
    pub username: String,
    /// Its `secret`.
    pub secret: SecretString,
    /// How the secret is proved.
    pub method: LoginMethod,
    /// The wanted classes of events, as in `read` of manager.conf; the server sends those that are in both.
    pub events: String,
}

impl AmiLogin {
    /// The classes of events needed to follow calls (AMI notes 1.10). `dialplan` adds detail but is most of the
    /// traffic, so a server sends it only where its `read` has it.
    pub const EVENTS: &str = "system,call,agent,dialplan";

    /// A login by challenge that asks for [`AmiLogin::EVENTS`].
    #[must_use]
    pub fn new(username: impl Into<String>, secret: SecretString) -> Self {
        Self {
            username: username.into(),
            secret,
            method: LoginMethod::default(),
            events: Self::EVENTS.to_owned(),
        }
    }

    /// The first action of a session: it asks for a challenge, or logs in with the plain secret.
    pub(crate) fn first_action(&self) -> Result<Action, ActionHeaderError> {
        match self.method {
            LoginMethod::Md5 => Action::new("Challenge")?.with("AuthType", "MD5"),
            LoginMethod::Plain => self.action()?.with_secret("Secret", self.secret.clone()),
        }
    }

    /// The login that answers a challenge. The hash is useless for another challenge, but the secret can be guessed
    /// from it, so it is treated as a secret too.
    pub(crate) fn challenge_answer(&self, challenge: &[u8]) -> Result<Action, ActionHeaderError> {
        let hash = Md5::new().chain_update(challenge).chain_update(self.secret.expose_secret()).finalize();
        let key: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        self.action()?.with("AuthType", "MD5")?.with_secret("Key", key.into())
    }

    fn action(&self) -> Result<Action, ActionHeaderError> {
        Action::new("Login")?.with("Username", &self.username)?.with("Events", &self.events)
    }
}
