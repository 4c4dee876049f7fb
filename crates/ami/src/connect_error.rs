//! Why a connection cannot be made, and what to do about it.

use std::io;

use crate::action::ActionHeaderError;
use crate::error::LoginError;
use crate::error_kind::ConnectionErrorKind;
use crate::tls::TlsError;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No connection to the address could be made.
    #[error("cannot connect to {address}: {source}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The address did not answer.
    #[error("cannot connect to {address}: no answer in time")]
    Timeout {
        /// Host and port.
        address: String,
    },
    /// The server was reached, but the TLS handshake failed.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server was reached but the login failed.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// Reading or writing failed during the login.
    #[error("the connection broke during the login: {0}")]
    Io(#[from] io::Error),
    /// The user name or the secret cannot be sent in the protocol.
    #[error("cannot send the login: {0}")]
    InvalidLogin(#[from] ActionHeaderError),
}

impl ConnectError {
    /// What kind of error this is, which decides how soon to retry.
    #[must_use]
    pub fn kind(&self) -> ConnectionErrorKind {
        match self {
            Self::Tls(error) => error.kind(),
            Self::Login(error) => error.kind(),
            Self::InvalidLogin(_) => ConnectionErrorKind::Refused,
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Io(_) => ConnectionErrorKind::Network,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Tls(error) => error.hint(),
            Self::Login(error) => error.hint(),
            Self::Unreachable { source, .. } if source.kind() == io::ErrorKind::ConnectionRefused => {
                "check that Asterisk runs, and that manager.conf [general] has enabled = yes and a bindaddr that can be \
                 reached from here"
            }
            Self::Unreachable { .. } | Self::Timeout { .. } => {
                "check host and port, the network and firewalls between, and bindaddr in manager.conf [general]"
            }
            Self::Io(_) => "check the network; the connection is retried automatically",
            Self::InvalidLogin(_) => {
                "use a user name and a secret without line breaks and of at most 1,000 bytes"
            }
        }
    }
}
