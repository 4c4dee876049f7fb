//! The kinds of connection errors, by what helps against them.

/// What kind of error ended or prevented a connection. It decides how soon to connect again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionErrorKind {
    /// The network or the server is unavailable; retrying helps.
    Network,
    /// The server rejects the user. Each attempt costs it a second and may lead to a ban.
    Credentials,
    /// The server could not prove that it is the one configured, and nothing was sent to it: somebody must compare its
    /// certificate, or a server in between was kept out.
    Untrusted,
    /// Something other than the manager expected here answers, or it refuses for a reason of its own: somebody must
    /// change a setting.
    Refused,
    /// This side could not keep up with the server, or cannot follow all that it has.
    Overrun,
}
