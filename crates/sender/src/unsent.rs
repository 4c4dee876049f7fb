//! Why there is no answer, in words for the operator.

use std::{error::Error, fmt::Write as _, io, time::Duration};

use rustls::{AlertDescription, CertificateError, pki_types::UnixTime};

use super::guard::Kept;

/// How many of the names in a certificate are told.
const MOST_NAMES: usize = 5;

/// How much of a peer's words is told, in characters.
const LONGEST_WORDS: usize = 200;

/// A request to which there is no whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Why, and what to do about it. Of the address there is the host in it at most.
    pub reason: String,
    /// Whether it will be the same for every request until somebody corrects a setting, here or there.
    pub lasting: bool,
    /// The HTTP status, where the answer got so far.
    pub(crate) status: Option<u16>,
}

/// What the words depend on beside the error.
#[derive(Clone, Debug)]
pub(crate) struct Circumstances {
    /// The host in the URL.
    pub(crate) host: String,
    /// How long a request may take.
    pub(crate) timeout: Duration,
    /// Whether the target is shown a client certificate.
    pub(crate) shows_certificate: bool,
    /// Whether there is a `ca_file`.
    pub(crate) has_authorities: bool,
}

impl Circumstances {
    /// What `error` means; `status` is that of the answer, if it began.
    pub(crate) fn unsent(&self, error: reqwest::Error, status: Option<u16>) -> Unsent {
        let error = error.without_url();
        let passing = |reason| Unsent { reason, lasting: false, status };
        let lasting = |reason| Unsent { reason, lasting: true, status };
        for cause in causes(&error) {
            match cause.downcast_ref() {
                Some(Kept::Unknown(reason)) => return passing(reason.clone()),
                Some(Kept::Refused(reason)) => return lasting(reason.clone()),
                None => {}
            }
            if let Some(reason) = cause.downcast_ref().and_then(|error| self.tls(error)) {
                return lasting(reason);
            }
        }
        passing(if error.is_timeout() && error.is_connect() {
            "no connection in time".to_owned()
        } else if error.is_timeout() {
            format!("no answer within {:?}", self.timeout)
        } else if error.is_connect() {
            format!("cannot connect: {}", innermost(&error))
        } else {
            format!("the connection broke: {}", innermost(&error))
        })
    }

    /// What `error` means, if it is one that stays until somebody does something.
    fn tls(&self, error: &rustls::Error) -> Option<String> {
        let host = &self.host;
        match error {
            rustls::Error::InvalidCertificate(error) => Some(self.distrust(error)),
            rustls::Error::InvalidMessage(_) => Some(format!(
                "{host} does not speak TLS on this port: correct the port in the URL, or begin it with http"
            )),
            rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
            | rustls::Error::PeerIncompatible(_) => Some(format!(
                "{host} speaks neither TLS 1.2 nor 1.3 in a way known here: update it ({error})"
            )),
            rustls::Error::AlertReceived(alert) => self.alert(*alert),
            _ => None,
        }
    }

    /// What is wrong with the target's certificate, and what to do.
    fn distrust(&self, error: &CertificateError) -> String {
        let host = &self.host;
        let (what, advice) = match error {
            CertificateError::Expired => ("it has expired".to_owned(), "renew it there"),
            CertificateError::ExpiredContext { time, not_after } => {
                (format!("it expired {} ago", about(*not_after, *time)), "renew it there; if it was renewed, check the clock here")
            }
            CertificateError::NotValidYet => ("it is not valid yet".to_owned(), "check the clocks here and there"),
            CertificateError::NotValidYetContext { time, not_before } => {
                (format!("it is valid only in {}", about(*time, *not_before)), "check the clocks here and there")
            }
            CertificateError::NotValidForName => (
                "it is made out to another name".to_owned(),
                "put the name that it is made out to into the URL, or have it made out to this one",
            ),
            CertificateError::NotValidForNameContext { presented, .. } => (
                format!("it is not made out to {host} but to {}", names(presented)),
                "put the name that it is made out to into the URL, or have it made out to this one (subjectAltName)",
            ),
            CertificateError::UnknownIssuer if self.has_authorities => (
                "no authority of this system or in ca_file has made it".to_owned(),
                "put the certificate of the authority that has made it into ca_file, or have the target send those \
                 between as well",
            ),
            CertificateError::UnknownIssuer => (
                "no authority that this system trusts has made it".to_owned(),
                "set ca_file to the certificate of the authority that has made it",
            ),
            CertificateError::Revoked => ("it was revoked".to_owned(), "replace it there"),
            CertificateError::BadSignature => (
                "it is not signed by the authority that it names, or the target could not prove that it is its own"
                    .to_owned(),
                "if that authority was made anew, put its new certificate into ca_file; else find out what answers there",
            ),
            other => (printable(&other.to_string()), "replace it there, or set ca_file to that of an authority"),
        };
        format!("the certificate of {host} is not trusted: {what}; {advice}")
    }

    /// What the target has against the handshake.
    fn alert(&self, alert: AlertDescription) -> Option<String> {
        let host = &self.host;
        match alert {
            AlertDescription::CertificateRequired if !self.shows_certificate => Some(format!(
                "{host} wants to be shown a certificate: set tls_certificate_file and tls_key_file"
            )),
            AlertDescription::HandshakeFailure if !self.shows_certificate => Some(format!(
                "{host} ended the TLS handshake: it may want to be shown a certificate (tls_certificate_file and \
                 tls_key_file), or have no cipher in common with this side"
            )),
            AlertDescription::CertificateExpired if self.shows_certificate => Some(format!(
                "{host} says that the certificate in tls_certificate_file has expired: put a new one there"
            )),
            AlertDescription::CertificateRequired
            | AlertDescription::HandshakeFailure
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
                if self.shows_certificate =>
            {
                Some(format!(
                    "{host} does not accept the certificate in tls_certificate_file ({alert:?}): have it trust the \
                 authority that has made it, or use another"
                ))
            }
            AlertDescription::UnrecognisedName => {
                Some(format!("{host} says that it does not go by this name: correct the host in the URL"))
            }
            _ => None,
        }
    }
}

/// An error and all that it comes from. An [`io::Error`] passes over what it holds when it is asked for its source.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// What an error comes from: the outer layers say no more than that something failed.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, |cause| printable(&cause.to_string()))
}

/// The time from `earlier` to `later`, as people say it.
fn about(earlier: UnixTime, later: UnixTime) -> String {
    let hours = later.as_secs().saturating_sub(earlier.as_secs()) / 3_600;
    match (hours, hours / 24) {
        (0, _) => "less than an hour".to_owned(),
        (1, _) => "1 hour".to_owned(),
        (hours, 0 | 1) => format!("{hours} hours"),
        (_, days) => format!("{days} days"),
    }
}

/// The names in a certificate: `DnsName("desk.example.com")`, `IpAddress(10.0.0.1)`. There could be thousands.
fn names(presented: &[String]) -> String {
    let mut said = String::new();
    for name in presented.iter().take(MOST_NAMES) {
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
        let separator = if said.is_empty() { "" } else { ", " };
        let _ = write!(said, "{separator}{}", printable(inner.trim_matches('"')));
    }
    match presented.len() {
        0 => "nobody".to_owned(),
        1..=MOST_NAMES => said,
        _ => said + " …",
    }
}

/// A peer's words with whatever is not printable escaped.
fn printable(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars().take(LONGEST_WORDS) {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}
