//! What an operator may learn of the API server.

use tracing::{debug, error, info, warn};

internal_events! {
    /// Of the API server.
    pub enum ApiEvent<'a> {
        /// The API is served at a socket.
        SocketListening { socket: &'a str },
        /// The API and the desk are served at an address.
        Listening { address: &'a str, desk: &'a str },
        /// The socket that `api.socket` names cannot be created.
        SocketUnavailable { error: &'a str },
        /// The default socket cannot be created.
        DefaultSocketUnavailable { error: &'a str },
        /// The address that `api.listen` names cannot be had.
        AddressUnavailable { address: &'a str, error: &'a str },
        /// `api.socket` or `api.listen` was changed, which a reload does not do.
        AddressChangeIgnored,
        /// Somebody has signed in at the desk. `name` is that of the token.
        SignedIn { name: &'a str, role: &'a str },
        /// An admin has ended all sessions at the desk. `name` is that of the admin's token.
        SessionsRevoked { name: &'a str, ended: usize },
        /// The sessions at the desk cannot be stored: whoever signed in has to do so again after a restart.
        SessionsNotStored { error: &'a str },
        /// Clients have shown tokens that are not known: `count` since this was last logged, which is done once a minute
        /// at most. `client` is the address of the last one.
        TokenUnknown { client: &'a str, count: u64 },
        /// A stream cannot read the journal, and tries again.
        StreamDelayed { error: &'a str },
    }
}

impl ApiEvent<'_> {
    pub(super) fn apply(self) {
        match self {
            Self::SocketListening { socket } => info!(socket, "API listening"),
            Self::Listening { address, desk } => info!(address, desk, "API listening"),
            Self::SocketUnavailable { error } => error!(error, hint = MOVE, "cannot create the API socket"),
            Self::DefaultSocketUnavailable { error } => {
                warn!(
                    error,
                    hint = "set api.socket to create it elsewhere",
                    "cannot create the default API socket"
                );
            }
            Self::AddressUnavailable { address, error } => {
                error!(address, error, hint = MOVE, "cannot listen for the API, there is no desk");
            }
            Self::AddressChangeIgnored => {
                let hint = "restart ringwire to use it";
                warn!(hint, "api.socket or api.listen changed, the API still listens where it did");
            }
            Self::SignedIn { name, role } => info!(name, role, "signed in at the desk"),
            Self::SessionsRevoked { name, ended } => info!(name, ended, "everybody signed out at the desk"),
            Self::SessionsNotStored { error } => {
                let hint = "make the journal's directory writable for the daemon's user";
                warn!(error, hint, "sessions not stored, they end with this process or return after it");
            }
            Self::TokenUnknown { client, count } => {
                let hint = "a program has an old token, or somebody tries some: see who is at that address";
                warn!(client, count, hint, "unknown tokens shown");
            }
            Self::StreamDelayed { error } => debug!(error, "event stream delayed, journal unreadable"),
        }
    }
}

const MOVE: &str = "stop what is there, or set another address in [api]; then restart ringwire";
