//! What a request knows of the connection it came by.

use std::net::IpAddr;

use tokio_util::sync::CancellationToken;

/// By which way a client comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The unix socket: whoever may open it may ask for everything.
    Socket,
    /// The network: a token is needed.
    Network,
}

/// The address of the client; `None` at the unix socket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) Option<IpAddr>);

/// Is cancelled when no more is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Stop(pub(crate) CancellationToken);
