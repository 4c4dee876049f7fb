//! `[api]`: where the daemon can be asked what is going on, and by whom.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;

use super::source::Environment;

/// Where the daemon can be asked, and by whom.
#[derive(Clone, Debug, Default)]
pub struct Api {
    /// The unix socket, whose users are administrators; `None`: there is none.
    pub socket: Option<PathBuf>,
    /// Whether it was named, rather than being where it is by default.
    pub socket_is_named: bool,
    /// Where it listens on the loopback interface, if it does.
    pub listen: Option<SocketAddr>,
    /// The web pages of other places that may ask, as origins.
    pub allow_origins: Vec<String>,
    /// The proxies whose word for the address of a client is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Who may ask over the network interface, by name.
    pub tokens: Vec<ApiToken>,
}

/// Somebody who may ask.
#[derive(Clone, Debug)]
pub struct ApiToken {
    /// What logs call its bearer.
    pub name: String,
    /// What its bearer may ask for.
    pub role: ApiRole,
    /// What its bearer shows.
    pub secret: SecretString,
}

/// What somebody may ask for; each may what the one before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApiRole {
    /// What is going on now.
    Viewer,
    /// Also what was.
    Agent,
    /// Everything, and give orders.
    Admin,
}

impl ApiRole {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }
}

impl Api {
    /// Where the socket is unless told otherwise and not started by systemd.
    pub const SOCKET: &'static str = "/run/ringwire/ringwire.sock";

    /// How short a token must not be, in characters.
    pub(super) const TOKEN_LENGTH: usize = 16;

    /// How many guesses must be needed to find a token, as a power of ten: a thousand a second take longer than a life.
    pub(super) const TOKEN_GUESSES: f64 = 12.0;

    /// The socket of a daemon without a configuration of its own, where this process is not that daemon.
    pub fn default_socket() -> PathBuf {
        Self::in_runtime(&|name| std::env::var_os(name))
    }

    /// In systemd's `RuntimeDirectory=`, or else at the usual place.
    pub(super) fn in_runtime(environment: Environment<'_>) -> PathBuf {
        environment("RUNTIME_DIRECTORY")
            .map_or_else(|| PathBuf::from(Self::SOCKET), |place| Path::new(&place).join("ringwire.sock"))
    }
}
