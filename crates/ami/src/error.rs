//! What can go wrong with a connection, and what to do about it.

use std::io;

use crate::{ActionError, TlsError};

/// Whose fault an error is, which decides how soon to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The network or the server is away; it will come back by itself.
    Network,
    /// The server does not accept the user. Each attempt costs it a second and may lead to a ban.
    Credentials,
    /// The server could not prove that it is the one configured, and nothing was sent to it: somebody has to compare its
    /// certificate, or a server in between was kept out.
    Untrusted,
    /// Something other than the manager expected here answers, or it refuses for a reason of its own: somebody has to
    /// change a setting.
    Refused,
    /// This side could not keep up with the server.
    Overrun,
}

/// Why a login came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The server closed the connection without a word.
    #[error("the server closed the connection without a greeting")]
    NoBanner,
    /// The server said nothing.
    #[error("the server accepted the connection but sent no greeting")]
    BannerTimeout,
    /// Something else listens there; with what it said, made printable.
    #[error("this is no Asterisk manager: it says {0:?}")]
    NotAmi(String),
    /// Unknown user, wrong secret or refused address: Asterisk does not say which.
    #[error("the server refused the login: authentication failed")]
    Credentials,
    /// The user is logged in already and may be only once.
    #[error("the server refused the login: the user is logged in already")]
    InUse,
    /// Another reason; with the server's words, made printable.
    #[error("the server refused the login: {0:?}")]
    Refused(String),
    /// The server stopped answering during the login.
    #[error("the server did not answer the login in time")]
    Timeout,
    /// The server closed the connection during the login.
    #[error("the server closed the connection during the login")]
    Closed,
}

impl LoginError {
    /// Whose fault it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Credentials => ErrorKind::Credentials,
            Self::NotAmi(_) | Self::InUse | Self::Refused(_) => ErrorKind::Refused,
            Self::NoBanner | Self::BannerTimeout | Self::Timeout | Self::Closed => ErrorKind::Network,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoBanner => {
                "more than authlimit logins may be open (manager.conf [general]), or a firewall or proxy closes the port"
            }
            Self::BannerTimeout => {
                "check that host and port are those of bindaddr and port in manager.conf [general]; the server may be too busy \
                 to answer"
            }
            Self::NotAmi(_) => "check host and port: port in manager.conf [general], 5038 unless changed",
            Self::Credentials => {
                "check the user's section in manager.conf: its name, secret, and that deny, permit and acl let this host in; \
                 then run 'manager reload'"
            }
            Self::InUse => {
                "set allowmultiplelogin = yes in manager.conf, or give this connection a user of its own"
            }
            Self::Refused(_) => "see the Asterisk log, and the user's section in manager.conf",
            Self::Timeout | Self::Closed => {
                "see the Asterisk log; authtimeout in manager.conf [general] may be too short"
            }
        }
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No connection to the address could be made.
    #[error("cannot connect to {address}: {source}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The address did not answer.
    #[error("no answer from {address}")]
    Timeout {
        /// Host and port.
        address: String,
    },
    /// The server was reached, but TLS was not agreed on.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server was reached but the login failed.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// Reading or writing failed during the login.
    #[error("the connection broke during the login: {0}")]
    Io(#[from] io::Error),
    /// The login cannot be said in the protocol.
    #[error("the login cannot be sent: {0}")]
    Unsendable(#[from] ActionError),
}

impl ConnectError {
    /// Whose fault it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Tls(error) => error.kind(),
            Self::Login(error) => error.kind(),
            Self::Unsendable(_) => ErrorKind::Refused,
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Io(_) => ErrorKind::Network,
        }
    }

    /// What to do about it.
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
            Self::Io(_) => "it is tried again",
            Self::Unsendable(_) => "user names and secrets have no line breaks and at most about 1,000 bytes",
        }
    }
}

/// Why a connection that was up has ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The server closed it.
    #[error("the server closed the connection")]
    Closed,
    /// The server no longer answers pings.
    #[error("the server no longer answers")]
    Silent,
    /// More packets are waiting than the queue may hold: nobody takes them.
    #[error("more than {0} bytes of packets are waiting to be taken")]
    Overrun(usize),
    /// Reading or writing failed.
    #[error("the connection broke: {0}")]
    Broken(io::ErrorKind),
}

impl LinkError {
    /// Whose fault it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Overrun(_) => ErrorKind::Overrun,
            Self::Closed | Self::Silent | Self::Broken(_) => ErrorKind::Network,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Closed => {
                "Asterisk stopped or restarted, or dropped a slow reader: raise writetimeout to 5000 in manager.conf [general]"
            }
            Self::Silent | Self::Broken(_) => "check the network between; it is connected again",
            Self::Overrun(_) => {
                "this host is too busy; it is connected again and all channels are listed anew"
            }
        }
    }
}
