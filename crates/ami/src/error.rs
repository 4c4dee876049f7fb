//! Why a login failed or a connection has ended, and what to do about it.

use std::io;

use crate::error_kind::ConnectionErrorKind;

/// Why a login failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The server closed the connection without sending a banner.
    #[error("the server closed the connection without sending a banner")]
    NoBanner,
    /// The server sent nothing.
    #[error("the server accepted the connection but sent no banner in time")]
    BannerTimeout,
    /// Something else listens on the port. It holds the first line received, made printable.
    #[error("not an Asterisk manager: the server sent {0:?}")]
    NotAmi(String),
    /// Unknown user, wrong secret or refused address: Asterisk does not say which.
    #[error("the server refused the login: authentication failed")]
    Credentials,
    /// The user is already logged in, and may be only once.
    #[error("the server refused the login: the user is already logged in")]
    InUse,
    /// Another reason. It holds the server's message, made printable.
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
    /// What kind of error this is, which decides how soon to retry.
    #[must_use]
    pub fn kind(&self) -> ConnectionErrorKind {
        match self {
            Self::Credentials => ConnectionErrorKind::Credentials,
            Self::NotAmi(_) | Self::InUse | Self::Refused(_) => ConnectionErrorKind::Refused,
            Self::NoBanner | Self::BannerTimeout | Self::Timeout | Self::Closed => {
                ConnectionErrorKind::Network
            }
        }
    }

    /// What a person can do about it.
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

/// Why an established connection has ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisconnectError {
    /// The server closed it.
    #[error("the server closed the connection")]
    Closed,
    /// The server no longer answers pings.
    #[error("the server stopped answering")]
    Silent,
    /// The queue of packets is over its limit, in bytes: the consumer is too slow.
    #[error("the queue of packets exceeds {0} bytes")]
    Overrun(usize),
    /// The server has more of something than can be followed.
    #[error("the server has {0}, which cannot be followed")]
    TooMuch(String),
    /// Reading or writing failed.
    #[error("the connection broke: {0}")]
    Broken(io::ErrorKind),
}

impl DisconnectError {
    /// What kind of error this is, which decides how soon to retry.
    #[must_use]
    pub fn kind(&self) -> ConnectionErrorKind {
        match self {
            Self::Overrun(_) | Self::TooMuch(_) => ConnectionErrorKind::Overrun,
            Self::Closed | Self::Silent | Self::Broken(_) => ConnectionErrorKind::Network,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Closed => {
                "Asterisk stopped or restarted, or dropped a slow reader: raise writetimeout to 5000 in manager.conf [general]"
            }
            Self::Silent | Self::Broken(_) => "check the network; the connection is retried automatically",
            Self::TooMuch(_) => {
                "compare with 'core show channels count' on the PBX: it, or what is in between, is faulty or taken over"
            }
            Self::Overrun(_) => {
                "this host is too busy to keep up; the connection is retried and all channels are requested again"
            }
        }
    }
}
