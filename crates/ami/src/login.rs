//! Who logs in, how, and how long each step may take.

use std::time::Duration;

use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};

use crate::{Action, ActionError};

/// How the secret is proved to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// By the hash of a challenge; the secret itself is not sent.
    #[default]
    Md5,
    /// By sending it as it is, for servers whose secrets are stored elsewhere.
    Plain,
}

/// A user of a server, and what it wants to hear.
#[derive(Clone, Debug)]
pub struct Login {
    /// The section's name in manager.conf.
    pub username: String,
    /// Its `secret`.
    pub secret: SecretString,
    /// How the secret is proved.
    pub method: Method,
    /// The classes of events wanted, as in `read` of manager.conf; the server sends those that are in both.
    pub events: String,
}

impl Login {
    /// The classes of events that calls are followed by (AMI contract 1.10); `dialplan` adds detail but is most of the
    /// traffic, so a server gives it only where its `read` has it.
    pub const EVENTS: &str = "system,call,agent,dialplan";

    /// A login by challenge that wants [`Login::EVENTS`].
    #[must_use]
    pub fn new(username: impl Into<String>, secret: SecretString) -> Self {
        Self { username: username.into(), secret, method: Method::default(), events: Self::EVENTS.to_owned() }
    }

    /// The first thing said to a server.
    pub(crate) fn opening(&self) -> Result<Action, ActionError> {
        match self.method {
            Method::Md5 => Action::new("Challenge")?.with("AuthType", "MD5"),
            Method::Plain => self.action()?.with_secret("Secret", self.secret.clone()),
        }
    }

    /// The login that answers a challenge. The hash is no secret that another challenge could use, but lets one guess
    /// the secret, so it is kept like one.
    pub(crate) fn answer(&self, challenge: &[u8]) -> Result<Action, ActionError> {
        let hash = Md5::new().chain_update(challenge).chain_update(self.secret.expose_secret()).finalize();
        let key: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        self.action()?.with("AuthType", "MD5")?.with_secret("Key", key.into())
    }

    fn action(&self) -> Result<Action, ActionError> {
        Action::new("Login")?.with("Username", &self.username)?.with("Events", &self.events)
    }
}

/// How long each step may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// To connect, and from there to agree on TLS.
    pub connect: Duration,
    /// From there until the server greets. A server that does not is given as long again to show that it waits for TLS.
    pub banner: Duration,
    /// From there until it has accepted the login; a refusal takes a second by itself.
    pub login: Duration,
    /// Silence after which the server is pinged.
    pub ping_after: Duration,
    /// From there until anything must have come.
    pub ping_within: Duration,
    /// Until an action must have been answered.
    pub response: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(10),
            banner: seconds(10),
            login: seconds(15),
            ping_after: seconds(15),
            ping_within: seconds(10),
            response: seconds(10),
        }
    }
}
