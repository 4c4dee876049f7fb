//! Why the API does not tell what it was asked.

use std::{error::Error as _, io};

use anyhow::anyhow;
use reqwest::StatusCode;
use ringwire_terminal::plain;
use ringwire_terminal::{Code, Failure};
use serde::Deserialize;

use super::address::ApiAddress;

/// How much of a text that the API gives is shown, in characters.
const LONGEST_TEXT: usize = 500;

/// Why the API does not tell what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Nobody answers.
    #[error("cannot reach the daemon at {address}: {why}")]
    Unreachable {
        /// Where.
        address: ApiAddress,
        /// Why not, in words.
        why: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// It takes too long, or a stream has fallen silent.
    #[error("the daemon at {address} did not answer in time")]
    TimedOut {
        /// Where.
        address: ApiAddress,
    },
    /// A stream of events has ended, or was cut off.
    #[error("{0}")]
    Ended(String),
    /// The answer is no.
    #[error("{address}: {why}")]
    Refused {
        /// Who says no.
        address: ApiAddress,
        /// The HTTP status.
        status: u16,
        /// Why, as it says.
        why: String,
        /// What to do about it, as it says.
        hint: Option<String>,
    },
    /// The answer is not what it should be.
    #[error("unexpected response from {address}: {what}")]
    UnexpectedResponse {
        /// Who answers.
        address: ApiAddress,
        /// What is wrong.
        what: String,
    },
}

/// RFC 9457, and a hint.
#[derive(Debug, Default, Deserialize)]
struct Problem {
    title: Option<String>,
    detail: Option<String>,
    hint: Option<String>,
}

impl ApiError {
    /// Whether trying again may help, without anybody changing what was asked.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Ended(_) => true,
            Self::Refused { status, .. } => StatusCode::from_u16(*status).is_ok_and(is_temporary),
            Self::UnexpectedResponse { .. } => false,
        }
    }

    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    pub(super) fn unreachable(address: &ApiAddress, error: &reqwest::Error) -> Self {
        let address = address.clone();
        if error.is_timeout() {
            return Self::TimedOut { address };
        }
        let kind = kind(error);
        let (why, hint) = match (kind, &address) {
            (Some(io::ErrorKind::NotFound), _) => ("no such socket".to_owned(), RUNNING),
            (Some(io::ErrorKind::ConnectionRefused), ApiAddress::Socket(_)) => {
                ("nothing listens on the socket".to_owned(), RUNNING)
            }
            (Some(io::ErrorKind::ConnectionRefused), ApiAddress::Http(_)) => {
                ("connection refused".to_owned(), LISTENING)
            }
            (Some(io::ErrorKind::PermissionDenied), _) => ("permission denied".to_owned(), MEMBER),
            _ => (innermost(error), RUNNING),
        };
        Self::Unreachable { address, why, hint }
    }

    pub(super) fn refused(address: &ApiAddress, status: StatusCode, body: &[u8]) -> Self {
        let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
        let why = problem.detail.or(problem.title).map_or_else(|| status.to_string(), |why| shown(&why));
        let hint = problem.hint.map(|hint| shown(&hint)).or_else(|| own_hint(status).map(str::to_owned));
        Self::Refused { address: address.clone(), status: status.as_u16(), why, hint }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Unreachable { hint, .. } => Some(hint),
            Self::TimedOut { .. } => Some("check its log: journalctl -u ringwire"),
            Self::Refused { hint, .. } => hint.as_deref(),
            Self::UnexpectedResponse { .. } => {
                Some("use --api ADDRESS to name the API of a ringwire daemon of the same version")
            }
            Self::Ended(_) => None,
        }
    }
}

const RUNNING: &str =
    "check that it runs: systemctl status ringwire; use --api ADDRESS or --config FILE to name another one";
const LISTENING: &str = "check that it runs and that api.listen is configured: systemctl status ringwire; use --api ADDRESS to name another one";
const MEMBER: &str =
    "join the group of the socket (usermod -aG ringwire USER, then log in again), or use sudo";

fn own_hint(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::UNAUTHORIZED => {
            Some("use --token-file FILE or $RINGWIRE_TOKEN to give the token of an [api.token.NAME]")
        }
        StatusCode::FORBIDDEN => Some("use a token with another role, or the socket"),
        _ => None,
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let code = match &error {
            ApiError::Refused { status: 400 | 404 | 405 | 422, .. } => Code::Usage,
            ApiError::UnexpectedResponse { .. } => Code::Data,
            _ => Code::Unavailable,
        };
        let hint = error.hint().map(str::to_owned);
        let failure = Self::new(code, anyhow!("{error}"));
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Text of whoever answers, fit for a terminal.
fn shown(text: &str) -> String {
    plain(&text.chars().take(LONGEST_TEXT).collect::<String>())
}

/// Whether trying again may help.
fn is_temporary(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

fn kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind).last()
}

fn innermost(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.last().map_or_else(|| "cannot connect".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_with_what_to_do() {
        let address = ApiAddress::Socket("/run/x.sock".into());
        let body =
            br#"{"type":"about:blank","title":"No","detail":"role viewer\u001b[2J","hint":"ask anna"}"#;
        let error = ApiError::refused(&address, StatusCode::FORBIDDEN, body);
        let failure = Failure::from(error);
        assert_eq!(failure.to_string(), "/run/x.sock: role viewer\\u{1b}[2J\n\nhint: ask anna");
    }

    #[test]
    fn what_is_no_problem_still_has_a_status() {
        let address = ApiAddress::Socket("/run/x.sock".into());
        let error = ApiError::refused(&address, StatusCode::UNAUTHORIZED, b"<html>");
        assert!(!error.is_temporary());
        let message = Failure::from(error).to_string();
        assert!(message.starts_with("/run/x.sock: 401 Unauthorized\n\nhint: use --token-file"), "{message}");
    }
}
