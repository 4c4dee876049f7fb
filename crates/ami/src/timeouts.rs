//! How long each step of a connection may take.

use std::time::Duration;

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
