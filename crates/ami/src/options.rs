//! Where to connect, as whom, and within which limits.

use crate::login::AmiLogin;
use crate::timeouts::AmiTimeouts;
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
