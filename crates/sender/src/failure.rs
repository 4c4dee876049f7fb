//! Classifies failed requests, and describes them for the operator.

use std::{error::Error, fmt::Write as _, io, time::Duration};

use rustls::{AlertDescription, CertificateError, pki_types::UnixTime};

use super::address_guard::ResolveError;

/// How many names of a certificate are listed.
const MAX_NAMES: usize = 5;

/// How much of a peer's text is shown, in characters.
const MAX_TEXT: usize = 200;

/// A request without a complete reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFailure {
    /// Why it failed, and how to fix it. Of the URL it shows at most the host.
    pub reason: String,
    /// Whether every request fails until a setting is corrected, here or on the target.
    pub is_permanent: bool,
    /// Whether the request was written, so that the target may have processed it.
    pub is_unknown: bool,
    /// The HTTP status, if the reply got that far.
    pub(crate) status: Option<u16>,
}

impl RequestFailure {
    /// A request that cannot be made until a setting is corrected.
    pub(crate) fn permanent(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_permanent: true, is_unknown: false, status: None }
    }

    /// A request that was not made, for a reason that may pass.
    pub(crate) fn temporary(reason: impl Into<String>) -> Self {
        Self { is_permanent: false, ..Self::permanent(reason) }
    }
}

/// What the description depends on besides the error.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    /// The host in the URL.
    pub(crate) host: String,
    /// Whether a client certificate is configured.
    pub(crate) has_client_certificate: bool,
    /// Whether there is a `ca_file`.
    pub(crate) has_authorities: bool,
}

impl RequestContext {
    /// Classifies `error` of a request that may take `timeout`; `status` is that of the reply, if it began.
    ///
    /// Up to the end of the TLS handshake nothing was sent. From then on the request may have been processed, unless
    /// the reply began with a status that says otherwise.
    pub(crate) fn classify(
        &self,
        error: reqwest::Error,
        status: Option<u16>,
        timeout: Duration,
    ) -> RequestFailure {
        let error = error.without_url();
        let is_refused = status.is_some_and(|status| status >= 400 && status != 504);
        let is_unknown = !error.is_connect() && !error.is_builder() && !is_refused;
        let temporary = |reason| RequestFailure { reason, is_permanent: false, is_unknown, status };
        let permanent = |reason| RequestFailure { reason, is_permanent: true, is_unknown: false, status };
        for cause in causes(&error) {
            match cause.downcast_ref() {
                Some(ResolveError::NotFound(reason)) => {
                    return RequestFailure { is_unknown: false, ..temporary(reason.clone()) };
                }
                Some(ResolveError::NotAllowed(reason)) => return permanent(reason.clone()),
                None => {}
            }
            if let Some(reason) = cause.downcast_ref().and_then(|error| self.describe_tls_error(error)) {
                return permanent(reason);
            }
        }
        temporary(if error.is_timeout() && error.is_connect() {
            "cannot connect in time".to_owned()
        } else if error.is_timeout() {
            format!("no answer within {timeout:?}")
        } else if error.is_connect() {
            format!("cannot connect: {}", innermost(&error))
        } else {
            format!("the connection broke: {}", innermost(&error))
        })
    }

    /// Describes `error` if it persists until a setting is corrected.
    fn describe_tls_error(&self, error: &rustls::Error) -> Option<String> {
        let host = &self.host;
        match error {
            rustls::Error::InvalidCertificate(error) => Some(self.describe_certificate_error(error)),
            rustls::Error::InvalidMessage(_) => Some(format!(
                "{host} does not speak TLS on this port: correct the port in the URL, or use http"
            )),
            rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
            | rustls::Error::PeerIncompatible(_) => {
                Some(format!("{host} supports no compatible TLS 1.2 or 1.3: update it ({error})"))
            }
            rustls::Error::AlertReceived(alert) => self.describe_alert(*alert),
            _ => None,
        }
    }

    /// Describes what is wrong with the target's certificate, and how to fix it.
    fn describe_certificate_error(&self, error: &CertificateError) -> String {
        let host = &self.host;
        let (what, hint) = match error {
            CertificateError::Expired => ("it has expired".to_owned(), "renew it on the target"),
            CertificateError::ExpiredContext { time, not_after } => (
                format!("it expired {} ago", format_span(*not_after, *time)),
                "renew it on the target; if it was renewed, check the clock of this machine",
            ),
            CertificateError::NotValidYet => {
                ("it is not valid yet".to_owned(), "check the clocks of both machines")
            }
            CertificateError::NotValidYetContext { time, not_before } => (
                format!("it becomes valid in {}", format_span(*time, *not_before)),
                "check the clocks of both machines",
            ),
            CertificateError::NotValidForName => (
                "it is issued for another name".to_owned(),
                "use the certificate's name in the URL, or have the certificate issued for this name",
            ),
            CertificateError::NotValidForNameContext { presented, .. } => (
                format!("it is not issued for {host} but for {}", list_names(presented)),
                "use the certificate's name in the URL, or have the certificate issued for this name (subjectAltName)",
            ),
            CertificateError::UnknownIssuer if self.has_authorities => (
                "no authority of this system or in ca_file issued it".to_owned(),
                "put the certificate of the issuing authority into ca_file, or have the target send the intermediate \
                 certificates as well",
            ),
            CertificateError::UnknownIssuer => (
                "no authority that this system trusts issued it".to_owned(),
                "set ca_file to the certificate of the issuing authority",
            ),
            CertificateError::Revoked => ("it was revoked".to_owned(), "replace it on the target"),
            CertificateError::BadSignature => (
                "it is not signed by the authority that it names, or the target does not hold its key"
                    .to_owned(),
                "if that authority was replaced, put its new certificate into ca_file; otherwise find out which server answers",
            ),
            other => (
                printable(&other.to_string()),
                "replace it on the target, or set ca_file to the certificate of its authority",
            ),
        };
        format!("the certificate of {host} is not trusted: {what}; {hint}")
    }

    /// Describes why the target ended the handshake.
    fn describe_alert(&self, alert: AlertDescription) -> Option<String> {
        let host = &self.host;
        match alert {
            AlertDescription::CertificateRequired if !self.has_client_certificate => Some(format!(
                "{host} requires a client certificate: set tls_certificate_file and tls_key_file"
            )),
            AlertDescription::HandshakeFailure if !self.has_client_certificate => Some(format!(
                "{host} ended the TLS handshake: it may require a client certificate (tls_certificate_file and \
                 tls_key_file), or share no cipher with ringwire"
            )),
            AlertDescription::CertificateExpired if self.has_client_certificate => Some(format!(
                "{host} reports that the certificate in tls_certificate_file has expired: put a new one there"
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
                if self.has_client_certificate =>
            {
                Some(format!(
                    "{host} does not accept the certificate in tls_certificate_file ({alert:?}): have it trust the \
                 authority that issued it, or use another"
                ))
            }
            AlertDescription::UnrecognisedName => {
                Some(format!("{host} reports that it does not serve this name: correct the host in the URL"))
            }
            _ => None,
        }
    }
}

/// An error and all its causes. The source of an [`io::Error`] skips the error that it wraps.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// The innermost cause of an error: the outer layers only say that something failed.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, |cause| printable(&cause.to_string()))
}

/// The time from `earlier` to `later`, in words.
fn format_span(earlier: UnixTime, later: UnixTime) -> String {
    let hours = later.as_secs().saturating_sub(earlier.as_secs()) / 3_600;
    match (hours, hours / 24) {
        (0, _) => "less than an hour".to_owned(),
        (1, _) => "1 hour".to_owned(),
        (hours, 0 | 1) => format!("{hours} hours"),
        (_, days) => format!("{days} days"),
    }
}

/// Lists the names of a certificate, such as `DnsName("desk.example.com")`. There could be thousands.
fn list_names(presented: &[String]) -> String {
    let mut list = String::new();
    for name in presented.iter().take(MAX_NAMES) {
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
        let separator = if list.is_empty() { "" } else { ", " };
        let _ = write!(list, "{separator}{}", printable(inner.trim_matches('"')));
    }
    match presented.len() {
        0 => "no name".to_owned(),
        1..=MAX_NAMES => list,
        _ => list + " …",
    }
}

/// A peer's text with unprintable characters escaped.
fn printable(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars().take(MAX_TEXT) {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}
