//! Actions: the requests that a client sends to a server (AMI notes 1.4).

use std::fmt;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

/// A request to a server.
///
/// A value cannot leave its header: a key or value that could end its line is rejected, not repaired, because numbers
/// and names come from callers and from other systems (AMI notes 5.7). The `ActionID` is added when the action is
/// sent. `Debug` shows keys only: values may be secrets or phone numbers.
#[derive(Clone)]
pub struct Action {
    name: String,
    headers: Vec<(String, HeaderValue)>,
}

#[derive(Clone)]
enum HeaderValue {
    Plain(String),
    Secret(SecretString),
}

impl HeaderValue {
    fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose_secret(),
        }
    }
}

/// A header that cannot be part of an action. It names the key, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid action header {key:?}: {reason}")]
pub struct ActionHeaderError {
    /// The key of the header.
    pub key: String,
    /// What is wrong with it.
    pub reason: HeaderErrorReason,
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderErrorReason {
    /// It contains a carriage return or a line feed, which would begin another header.
    LineBreak,
    /// It contains a NUL byte, at which Asterisk cuts the line.
    Nul,
    /// The key is empty, or contains a colon, a blank, or anything but visible ASCII.
    InvalidKey,
    /// The line is longer than [`Action::LINE_LIMIT`].
    TooLong,
    /// There are more headers than [`Action::HEADER_LIMIT`].
    TooMany,
    /// It is `Action` or `ActionID`, which the session sets.
    Reserved,
}

impl fmt::Display for HeaderErrorReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineBreak => "it contains a line break",
            Self::Nul => "it contains a NUL byte",
            Self::InvalidKey => "the key must be visible ASCII without a colon",
            Self::TooLong => "the line is longer than 1022 bytes",
            Self::TooMany => "an action may have at most 120 headers",
            Self::Reserved => "it is set by the session",
        })
    }
}

impl Action {
    /// The longest line, in bytes, without its line end: Asterisk accepts 1,024 with it.
    pub const LINE_LIMIT: usize = 1022;
    /// The largest number of headers, not counting the session's own: Asterisk accepts 128.
    pub const HEADER_LIMIT: usize = 120;
    /// The longest `ActionID`, in bytes: Asterisk copies it into list items through small buffers.
    pub(crate) const ID_LIMIT: usize = 64;

    /// The action `name` without parameters.
    ///
    /// # Errors
    ///
    /// If `name` could end its line or is too long.
    pub fn new(name: impl Into<String>) -> Result<Self, ActionHeaderError> {
        let name = name.into();
        check_header("Action", &name)?;
        Ok(Self { name, headers: Vec::new() })
    }

    /// Adds a header. A key may come more than once.
    ///
    /// # Errors
    ///
    /// If the header could end its line or is too long, if there are too many, or if the key is the session's.
    pub fn with(self, key: impl Into<String>, value: impl Into<String>) -> Result<Self, ActionHeaderError> {
        self.push_header(key.into(), HeaderValue::Plain(value.into()))
    }

    /// Adds a header whose value is wiped from memory with the action.
    ///
    /// # Errors
    ///
    /// As [`Action::with`].
    pub fn with_secret(self, key: impl Into<String>, value: SecretString) -> Result<Self, ActionHeaderError> {
        self.push_header(key.into(), HeaderValue::Secret(value))
    }

    /// The action's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of the first header named `key`, case ignored.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.expose())
    }

    /// The bytes to send. The `ActionID` comes second, so that a server which rejects a later line still names the
    /// action that it rejects.
    pub(crate) fn encode(&self, id: &str) -> Bytes {
        debug_assert!(id.len() <= Self::ID_LIMIT && check_header("ActionID", id).is_ok());
        let own = [("Action", self.name.as_str()), ("ActionID", id)];
        let others = self.headers.iter().map(|(key, value)| (key.as_str(), value.expose()));
        let mut bytes = Vec::with_capacity(256);
        for (key, value) in own.into_iter().chain(others) {
            for part in [key, ": ", value, "\r\n"] {
                bytes.extend_from_slice(part.as_bytes());
            }
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.into()
    }

    fn push_header(mut self, key: String, value: HeaderValue) -> Result<Self, ActionHeaderError> {
        let is_reserved = ["Action", "ActionID"].iter().any(|own| key.eq_ignore_ascii_case(own));
        let checked = match () {
            () if is_reserved => Err(HeaderErrorReason::Reserved),
            () if self.headers.len() >= Self::HEADER_LIMIT => Err(HeaderErrorReason::TooMany),
            () => Ok(()),
        };
        if let Err(reason) = checked {
            return Err(ActionHeaderError { key, reason });
        }
        check_header(&key, value.expose())?;
        self.headers.push((key, value));
        Ok(self)
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.headers.iter().map(|(key, _)| key);
        f.write_str(&self.name)?;
        f.debug_list().entries(keys).finish()
    }
}

/// Checks that `key: value` is one line that a server accepts.
fn check_header(key: &str, value: &str) -> Result<(), ActionHeaderError> {
    let contains = |byte| key.bytes().chain(value.bytes()).any(|other| other == byte);
    let is_visible = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    let reason = match () {
        () if contains(b'\r') || contains(b'\n') => HeaderErrorReason::LineBreak,
        () if contains(0) => HeaderErrorReason::Nul,
        () if !is_visible => HeaderErrorReason::InvalidKey,
        () if key.len() + 2 + value.len() > Action::LINE_LIMIT => HeaderErrorReason::TooLong,
        () => return Ok(()),
    };
    Err(ActionHeaderError { key: key.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(key: &str, value: &str) -> Option<HeaderErrorReason> {
        let action = Action::new("Originate").unwrap();
        action.with(key, value).err().map(|error| {
            assert_eq!(error.key, key);
            error.reason
        })
    }

    #[test]
    fn the_action_id_is_encoded_second() {
        let action = Action::new("Originate").unwrap().with("Channel", "PJSIP/1").unwrap();
        let action = action.with("Variable", "a=b: c").unwrap().with("Variable", "").unwrap();
        let expected = "Action: Originate\r\nActionID: x-1\r\nChannel: PJSIP/1\r\nVariable: a=b: c\r\nVariable: \r\n\r\n";
        assert_eq!(action.encode("x-1"), expected.as_bytes());
        assert_eq!(action.get("channel"), Some("PJSIP/1"));
    }

    #[test]
    fn a_header_cannot_contain_a_line_end() {
        assert_eq!(rejection("Channel", "SIP/1\r\nAction: Command"), Some(HeaderErrorReason::LineBreak));
        assert_eq!(rejection("Channel", "SIP/1\nX: y"), Some(HeaderErrorReason::LineBreak));
        assert_eq!(rejection("Channel\r\nX", "y"), Some(HeaderErrorReason::LineBreak));
        assert_eq!(rejection("Channel", "SIP/1\0"), Some(HeaderErrorReason::Nul));
        assert_eq!(Action::new("Ping\r\nX: y").unwrap_err().reason, HeaderErrorReason::LineBreak);
    }

    #[test]
    fn a_key_must_be_visible_ascii_without_a_colon() {
        for key in ["", "a:b", "a b", "ä", "\u{7f}"] {
            assert_eq!(rejection(key, "x"), Some(HeaderErrorReason::InvalidKey), "{key:?}");
        }
    }

    #[test]
    fn lines_and_headers_have_limits() {
        assert_eq!(rejection("X", &"x".repeat(1019)), None);
        assert_eq!(rejection("X", &"x".repeat(1020)), Some(HeaderErrorReason::TooLong));
        assert_eq!(rejection("X", &"ä".repeat(510)), Some(HeaderErrorReason::TooLong));
        let full = (0..120)
            .fold(Action::new("Originate").unwrap(), |action, _| action.with("Variable", "a=b").unwrap());
        assert_eq!(full.with("Variable", "a=b").unwrap_err().reason, HeaderErrorReason::TooMany);
    }

    #[test]
    fn only_the_session_sets_action_and_action_id() {
        assert_eq!(rejection("actionid", "1"), Some(HeaderErrorReason::Reserved));
        assert_eq!(rejection("Action", "Command"), Some(HeaderErrorReason::Reserved));
    }

    #[test]
    fn debug_and_errors_never_show_values() {
        let action = Action::new("Login").unwrap().with("Username", "bob").unwrap();
        let action = action.with_secret("Secret", "hunter2".into()).unwrap();
        assert_eq!(format!("{action:?}"), r#"Login["Username", "Secret"]"#);
        let error = Action::new("Login").unwrap().with_secret("Secret", "hunter2\n".into()).unwrap_err();
        assert_eq!(error.to_string(), r#"invalid action header "Secret": it contains a line break"#);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
