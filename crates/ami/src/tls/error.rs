//! Why a TLS handshake failed, and what to do about it.

use std::io;
use std::time::Duration;

use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error, OtherError};

use super::fingerprint::Fingerprint;
use super::first_bytes::is_tls;
use crate::error_kind::ConnectionErrorKind;
use crate::text;

/// Why a TLS handshake failed. No secret was sent to the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The server's certificate is not trusted.
    #[error("the server's certificate is not trusted: {reason} (its SHA-256 fingerprint is {fingerprint})")]
    Untrusted {
        /// The fingerprint of the certificate.
        fingerprint: Fingerprint,
        /// What is wrong with the certificate.
        reason: UntrustedReason,
    },
    /// There are no certificate authorities to verify with.
    #[error("cannot load certificate authorities from {source_name}: {reason}")]
    NoAuthorities {
        /// The file, or "this system".
        source_name: String,
        /// Why they cannot be used.
        reason: String,
    },
    /// The configured name cannot be a server's.
    #[error("{0:?} is neither a host name nor an address")]
    InvalidServerName(String),
    /// The server does not use TLS on this port. It holds the first line received, made printable.
    #[error("the server does not use TLS on this port: it sent {0:?}")]
    PlainText(String),
    /// The server requires TLS on this port, and the connection was made without.
    #[error("the server requires TLS on this port")]
    Required,
    /// The two sides have no version or cipher in common, or one broke the protocol.
    #[error("the TLS handshake failed: {0}")]
    Handshake(String),
    /// The server closed the connection during the TLS handshake.
    #[error("the server closed the connection during the TLS handshake")]
    Closed,
    /// The connection broke during the TLS handshake.
    #[error("the connection broke during the TLS handshake: {0}")]
    Broken(io::ErrorKind),
    /// The server stopped answering during the TLS handshake.
    #[error("the server did not answer the TLS handshake in time")]
    Timeout,
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UntrustedReason {
    /// It is not the pinned one, which has this fingerprint.
    #[error("it is not the pinned one, whose fingerprint is {0}")]
    NotPinned(Fingerprint),
    /// No trusted authority has issued it.
    #[error("no authority that is trusted here has issued it")]
    UnknownIssuer,
    /// It expired this long ago.
    #[error("it expired {} ago", display_duration(*.0))]
    Expired(Duration),
    /// It becomes valid after this time.
    #[error("it becomes valid in {}", display_duration(*.0))]
    NotYetValid(Duration),
    /// It is for other names.
    #[error("it is not for {expected} but for {}", display_names(.presented))]
    WrongName {
        /// The name that was configured.
        expected: String,
        /// The names in the certificate.
        presented: Vec<String>,
    },
    /// It is the certificate of an authority, which is not valid for a server.
    #[error("it is an authority's, not a server's")]
    CaCertificate,
    /// It is an X.509 certificate of version 1, which cannot name a server.
    #[error("it is an X.509 certificate of version 1, which names no server")]
    Version1,
    /// The server could not prove that it has the certificate's key.
    #[error("the server could not prove that it has the certificate's key")]
    WrongKey,
    /// Something else.
    #[error("{0}")]
    Other(String),
}

impl TlsError {
    /// The meaning of a failed handshake, from the first bytes that the server sent and the fingerprints of its
    /// certificate and of the pinned one.
    pub(super) fn from_handshake(
        error: &io::Error,
        first_bytes: &[u8],
        certificate: Option<(Fingerprint, Option<Fingerprint>)>,
    ) -> Self {
        if !first_bytes.is_empty() && !is_tls(first_bytes) {
            return Self::PlainText(text::printable_line(first_bytes));
        }
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        match (inner, certificate) {
            (Some(Error::InvalidCertificate(error)), Some((fingerprint, pinned))) => {
                Self::Untrusted { fingerprint, reason: UntrustedReason::from_error(error, pinned) }
            }
            (Some(error), _) => Self::Handshake(error.to_string()),
            (None, _) => match error.kind() {
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => Self::Closed,
                kind => Self::Broken(kind),
            },
        }
    }

    /// What kind of error this is, which decides how soon to retry.
    #[must_use]
    pub fn kind(&self) -> ConnectionErrorKind {
        match self {
            Self::Untrusted { .. } => ConnectionErrorKind::Untrusted,
            Self::NoAuthorities { .. }
            | Self::InvalidServerName(_)
            | Self::PlainText(_)
            | Self::Required
            | Self::Handshake(_) => ConnectionErrorKind::Refused,
            Self::Closed | Self::Broken(_) | Self::Timeout => ConnectionErrorKind::Network,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Untrusted { reason, .. } => reason.hint(),
            Self::NoAuthorities { .. } => {
                "set the CA file to a PEM file with the authority's certificate, or install the package ca-certificates for the \
                 authorities of the system"
            }
            Self::InvalidServerName(_) => "set the host or the server name to a name in the certificate",
            Self::PlainText(_) => {
                "set the port to that of tlsbindaddr in manager.conf [general], 5039 unless changed, and tlsenable = yes there; \
                 or turn TLS off here"
            }
            Self::Required => {
                "turn TLS on here, or set the port to the one without TLS: port in manager.conf [general], 5038 unless changed"
            }
            Self::Handshake(_) => {
                "allow TLS 1.2 or 1.3 on the PBX: see the Asterisk log, and tlscertfile, tlsprivatekey and tlscipher in \
                 manager.conf [general]"
            }
            Self::Closed | Self::Broken(_) | Self::Timeout => {
                "see the Asterisk log: tlscertfile and tlsprivatekey in manager.conf [general] may be wrong, or more than \
                 authlimit logins may be open"
            }
        }
    }
}

impl UntrustedReason {
    fn from_error(error: &CertificateError, pinned: Option<Fingerprint>) -> Self {
        let since = |later: UnixTime, earlier: UnixTime| {
            Duration::from_secs(later.as_secs().saturating_sub(earlier.as_secs()))
        };
        match (error, pinned) {
            (CertificateError::ApplicationVerificationFailure, Some(pinned)) => Self::NotPinned(pinned),
            (CertificateError::UnknownIssuer, _) => Self::UnknownIssuer,
            (CertificateError::BadSignature, _) => Self::WrongKey,
            (CertificateError::ExpiredContext { time, not_after }, _) => {
                Self::Expired(since(*time, *not_after))
            }
            (CertificateError::NotValidYetContext { time, not_before }, _) => {
                Self::NotYetValid(since(*not_before, *time))
            }
            (CertificateError::NotValidForNameContext { expected, presented }, _) => {
                let presented = presented.iter().map(|name| strip_name_type(name).to_owned()).collect();
                Self::WrongName { expected: expected.to_str().into_owned(), presented }
            }
            (CertificateError::Other(OtherError(other)), _) => match other.downcast_ref::<webpki::Error>() {
                Some(webpki::Error::CaUsedAsEndEntity) => Self::CaCertificate,
                Some(webpki::Error::UnsupportedCertVersion) => Self::Version1,
                _ => Self::Other(other.to_string()),
            },
            (other, _) => Self::Other(other.to_string()),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::NotPinned(_) => {
                "on the PBX, compare with 'openssl x509 -noout -fingerprint -sha256 -in' and the file of tlscertfile in \
                 manager.conf: if that shows the same, the certificate was renewed, so pin the new fingerprint; if not, \
                 another server answers here"
            }
            Self::UnknownIssuer => {
                "set the CA file to the certificate of the authority that issued it; or, if there is none, compare the \
                 fingerprint on the PBX with 'openssl x509 -noout -fingerprint -sha256 -in' and the file of tlscertfile in \
                 manager.conf, and pin it"
            }
            Self::Expired(_) => {
                // Asterisk 16 and 22 read neither file again while manager.conf is as old as before.
                "renew the certificate of tlscertfile in manager.conf, then touch manager.conf (else it is not read again) and \
                 run 'manager reload' in Asterisk; if it was renewed, check the clock here"
            }
            Self::NotYetValid(_) => {
                "check the clocks on this host and on the one that created the certificate"
            }
            Self::WrongName { .. } => {
                "set the server name to a name in the certificate, or add the host to the certificate (subjectAltName); or \
                 compare the fingerprint on the PBX with 'openssl x509 -noout -fingerprint -sha256 -in' and the file of \
                 tlscertfile in manager.conf, and pin it"
            }
            Self::CaCertificate | Self::Version1 => {
                "compare the fingerprint on the PBX with 'openssl x509 -noout -fingerprint -sha256 -in' and the file of \
                 tlscertfile in manager.conf, and pin it; or have an authority issue a server certificate"
            }
            Self::WrongKey => "check the host: another server answers with a copy of the certificate",
            Self::Other(_) => "see tlscertfile in manager.conf [general]",
        }
    }
}

/// A duration for people, in hours or days.
fn display_duration(time: Duration) -> String {
    const HOUR: u64 = 3_600;
    let (count, unit) = match time.as_secs() {
        0..HOUR => return "less than an hour".to_owned(),
        seconds @ HOUR..172_800 => (seconds / HOUR, "hour"),
        seconds => (seconds / (24 * HOUR), "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A name without its type: `DnsName("pbx.example")`, `IpAddress(10.0.0.1)`.
fn strip_name_type(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

/// The first five names, as a certificate can have thousands.
fn display_names(presented: &[String]) -> String {
    match presented {
        [] => "nobody".to_owned(),
        _ => presented
            .iter()
            .take(5)
            .map(|name| text::printable_line(name.as_bytes()))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
