//! Where to connect, as whom, and within which limits.

use std::time::Duration;

use crate::login::AmiLogin;
use crate::tls::TlsOptions;

/// Where to connect, as whom, and within which limits.
#[derive(Clone, Debug)]
pub struct AmiOptions {
    /// The server's name or address.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// The settings of TLS; `None` connects without TLS.
    pub tls: Option<TlsOptions>,
    /// The user to log in as.
    pub login: AmiLogin,
    /// How long each step may take.
    pub timeouts: AmiTimeouts,
    /// How many bytes of packets may wait in the queue.
    pub queue_limit: usize,
}

impl AmiOptions {
    /// Asterisk's default port without TLS.
    pub const PORT: u16 = 5038;
    /// The default of [`AmiOptions::queue_limit`], in bytes: minutes of the busiest PBX.
    pub const QUEUE_LIMIT: usize = 64 << 20;

    /// The default options for a server, without TLS.
    #[must_use]
    pub fn new(host: impl Into<String>, login: AmiLogin) -> Self {
        let timeouts = AmiTimeouts::default();
        Self {
            host: host.into(),
            port: Self::PORT,
            tls: None,
            login,
            timeouts,
            queue_limit: Self::QUEUE_LIMIT,
        }
    }
}

/// How long each step of a connection may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmiTimeouts {
    /// To connect, and from there to complete the TLS handshake.
    pub connect: Duration,
    /// From there until the server sends its banner. A server that sends none gets as long again to show that it waits
    /// for TLS.
    pub banner: Duration,
    /// From there until the server has accepted the login; a refusal alone takes a second.
    pub login: Duration,
    /// How long the server may be silent before it is pinged.
    pub ping_after: Duration,
    /// How long a ping may remain unanswered by any packet.
    pub ping_response: Duration,
    /// How long an action may remain without a response.
    pub response: Duration,
}

impl Default for AmiTimeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(10),
            banner: seconds(10),
            login: seconds(15),
            ping_after: seconds(15),
            ping_response: seconds(10),
            response: seconds(10),
        }
    }
}
