//! Why there is no TLS to a server, and what to do about it.

use std::io;
use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error, OtherError};

use super::{Fingerprint, is_tls};
use crate::{ErrorKind, text};

/// Why there is no TLS to a server. Nothing secret was sent to it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The server's certificate is not believed.
    #[error("the server's certificate is not trusted: {why} (its SHA-256 fingerprint is {seen})")]
    Untrusted {
        /// The certificate it has shown.
        seen: Fingerprint,
        /// What is wrong with it.
        why: Distrust,
    },
    /// There are no authorities to believe certificates by.
    #[error("no certificate authorities from {of}: {reason}")]
    Authorities {
        /// The file, or "this system".
        of: String,
        /// Why there are none.
        reason: String,
    },
    /// The name to ask the server for cannot be one.
    #[error("{0:?} is neither a host name nor an address")]
    ServerName(String),
    /// The server does not speak TLS on this port; with what it said instead, made printable.
    #[error("this port does not speak TLS: it says {0:?}")]
    PlainText(String),
    /// The server speaks TLS on this port, and it was spoken to without.
    #[error("this port speaks TLS, and the connection was made without")]
    Wanted,
    /// The two sides cannot agree on how to speak TLS.
    #[error("TLS failed: {0}")]
    Handshake(String),
    /// The server closed the connection while TLS was being set up.
    #[error("the server closed the connection while TLS was being set up")]
    Closed,
    /// The connection broke while TLS was being set up.
    #[error("the connection broke while TLS was being set up: {0}")]
    Broken(io::ErrorKind),
    /// The server stopped answering while TLS was being set up.
    #[error("the server did not answer while TLS was being set up")]
    Timeout,
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// It is another one than the one pinned.
    #[error("it is another one than the one pinned, whose fingerprint is {0}")]
    Pin(Fingerprint),
    /// No authority that is trusted has made it.
    #[error("no authority that is trusted here has made it")]
    Issuer,
    /// It expired so long ago.
    #[error("it expired {} ago", about(*.0))]
    Expired(Duration),
    /// It is not valid for so long yet.
    #[error("it is valid only in {}", about(*.0))]
    NotYet(Duration),
    /// It is made out to others.
    #[error("it is not made out to {wanted} but to {}", names(.presented))]
    Name {
        /// Whom it should be made out to.
        wanted: String,
        /// Whom it is made out to.
        presented: Vec<String>,
    },
    /// It is an authority's own, which cannot stand for a server as well.
    #[error("it is an authority's, not a server's")]
    Authority,
    /// It is of the first version of X.509, which cannot say whom it is made out to.
    #[error("it is of version 1 of X.509, which names no server")]
    Version1,
    /// The server could not prove that it has the certificate's key.
    #[error("the server could not prove that it is its own")]
    Key,
    /// Something else.
    #[error("{0}")]
    Other(String),
}

impl TlsError {
    /// What a failed handshake means; `head` is how the server began, and `seen` its certificate and the one pinned.
    pub(super) fn of(
        error: &io::Error,
        head: &[u8],
        seen: Option<(Fingerprint, Option<Fingerprint>)>,
    ) -> Self {
        if !head.is_empty() && !is_tls(head) {
            return Self::PlainText(text::printable(head));
        }
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        match (inner, seen) {
            (Some(Error::InvalidCertificate(error)), Some((seen, pinned))) => {
                Self::Untrusted { seen, why: Distrust::of(error, pinned) }
            }
            (Some(error), _) => Self::Handshake(error.to_string()),
            (None, _) => match error.kind() {
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => Self::Closed,
                kind => Self::Broken(kind),
            },
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Untrusted { .. } => ErrorKind::Untrusted,
            Self::Authorities { .. }
            | Self::ServerName(_)
            | Self::PlainText(_)
            | Self::Wanted
            | Self::Handshake(_) => ErrorKind::Refused,
            Self::Closed | Self::Broken(_) | Self::Timeout => ErrorKind::Network,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Untrusted { why, .. } => why.hint(),
            Self::Authorities { .. } => {
                "give a PEM file with the authority's certificate, or for those of the system install ca-certificates"
            }
            Self::ServerName(_) => "set the host, or the server name, to what the certificate is made out to",
            Self::PlainText(_) => {
                "set the port to that of tlsbindaddr in manager.conf [general], 5039 unless changed, and tlsenable = yes there; \
                 or turn TLS off here"
            }
            Self::Wanted => {
                "turn TLS on here, or set the port to that without: port in manager.conf [general], 5038 unless changed"
            }
            Self::Handshake(_) => {
                "TLS 1.2 or 1.3 is needed: see the Asterisk log, and tlscertfile, tlsprivatekey and tlscipher in manager.conf \
                 [general]"
            }
            Self::Closed | Self::Broken(_) | Self::Timeout => {
                "see the Asterisk log: tlscertfile and tlsprivatekey in manager.conf [general] may be wrong, or more than \
                 authlimit logins are open"
            }
        }
    }
}

impl Distrust {
    fn of(error: &CertificateError, pinned: Option<Fingerprint>) -> Self {
        let since = |later: UnixTime, earlier: UnixTime| {
            Duration::from_secs(later.as_secs().saturating_sub(earlier.as_secs()))
        };
        match (error, pinned) {
            (CertificateError::ApplicationVerificationFailure, Some(pinned)) => Self::Pin(pinned),
            (CertificateError::UnknownIssuer, _) => Self::Issuer,
            (CertificateError::BadSignature, _) => Self::Key,
            (CertificateError::ExpiredContext { time, not_after }, _) => {
                Self::Expired(since(*time, *not_after))
            }
            (CertificateError::NotValidYetContext { time, not_before }, _) => {
                Self::NotYet(since(*not_before, *time))
            }
            (CertificateError::NotValidForNameContext { expected, presented }, _) => {
                let presented = presented.iter().map(|name| plain(name).to_owned()).collect();
                Self::Name { wanted: expected.to_str().into_owned(), presented }
            }
            (CertificateError::Other(OtherError(other)), _) => match other.downcast_ref::<webpki::Error>() {
                Some(webpki::Error::CaUsedAsEndEntity) => Self::Authority,
                Some(webpki::Error::UnsupportedCertVersion) => Self::Version1,
                _ => Self::Other(other.to_string()),
            },
            (other, _) => Self::Other(other.to_string()),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Pin(_) => {
                "on the PBX, compare with 'openssl x509 -noout -fingerprint -sha256 -in' and the file of tlscertfile in \
                 manager.conf: if that shows the same, the certificate was renewed, so pin the new fingerprint; if not, \
                 another server answers here"
            }
            Self::Issuer => {
                "give the certificate of the authority that has made it as CA file; or, if there is none, compare the \
                 fingerprint on the PBX with 'openssl x509 -noout -fingerprint -sha256 -in' and the file of tlscertfile in \
                 manager.conf, and pin it"
            }
            Self::Expired(_) => {
                // Asterisk 16 and 22 read neither file again while manager.conf is as old as before.
                "renew the certificate of tlscertfile in manager.conf, then touch manager.conf (else it is not read again) and \
                 run 'manager reload' in Asterisk; if it was renewed, check the clock here"
            }
            Self::NotYet(_) => "check the clocks here and where the certificate was made",
            Self::Name { .. } => {
                "set the server name to one that it is made out to, or have it made out to the host (subjectAltName); or \
                 compare the fingerprint on the PBX with 'openssl x509 -noout -fingerprint -sha256 -in' and the file of \
                 tlscertfile in manager.conf, and pin it"
            }
            Self::Authority | Self::Version1 => {
                "compare the fingerprint on the PBX with 'openssl x509 -noout -fingerprint -sha256 -in' and the file of \
                 tlscertfile in manager.conf, and pin it; or have an authority make a server certificate"
            }
            Self::Key => "another server answers here with a copy of the certificate",
            Self::Other(_) => "see tlscertfile in manager.conf [general]",
        }
    }
}

/// A time as people say it.
fn about(time: Duration) -> String {
    const HOUR: u64 = 3_600;
    let (count, unit) = match time.as_secs() {
        0..HOUR => return "less than an hour".to_owned(),
        seconds @ HOUR..172_800 => (seconds / HOUR, "hour"),
        seconds => (seconds / (24 * HOUR), "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A name without the kind of name that it is: `DnsName("pbx.example")`, `IpAddress(10.0.0.1)`.
fn plain(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

/// Some names as people say them; a certificate could have thousands.
fn names(presented: &[String]) -> String {
    match presented {
        [] => "nobody".to_owned(),
        _ => presented
            .iter()
            .take(5)
            .map(|name| text::printable(name.as_bytes()))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
