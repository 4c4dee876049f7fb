//! What a request knows of its connection.

use std::net::IpAddr;

use tokio_util::sync::CancellationToken;

/// Where a client connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerKind {
    /// The unix socket: whoever may open it has the role admin.
    Socket,
    /// The network: a token is needed.
    Network {
        /// The port that it listens at.
        port: u16,
    },
}

/// The address at the other end of the connection; `None` at the unix socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerAddress(pub(crate) Option<IpAddr>);

/// The address of the client, behind a proxy that is believed; `None` at the unix socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

/// Is cancelled when the server stops.
#[derive(Clone, Debug)]
pub(crate) struct Stop(pub(crate) CancellationToken);
