//! Why a message was not confirmed.

use thiserror::Error;

/// A message was not confirmed. The texts name no secret, no number and no body.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PublishFailure {
    /// The broker cannot have it: there was no connection.
    #[error("{0}")]
    NotSent(String),
    /// It was written, and no confirmation came: the broker may have it.
    #[error("{0}")]
    Unknown(String),
    /// The broker does not take this message.
    #[error("{0}")]
    Refused(String),
    /// The broker takes nothing until somebody corrects a setting, here or there.
    #[error("{0}")]
    Misconfigured(String),
}

impl PublishFailure {
    /// No connection to `place` can be made because of `error`: a certificate that is not trusted stays so until somebody
    /// does something.
    pub(crate) fn no_connection(place: &str, error: &str) -> Self {
        if error.contains("certificate") {
            let hint = "install the authority in the system, or name it in ca_file";
            return Self::Misconfigured(format!(
                "the certificate of {place} is not trusted: {error}; {hint}"
            ));
        }
        Self::NotSent(format!("cannot connect to {place}: {error}"))
    }
}
