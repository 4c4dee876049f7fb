//! What is sent to a server (AMI contract 1.4).

use std::fmt;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

/// A request to a server, of headers that can be nothing else.
///
/// Whatever goes in stays within its header: a key or value that could end its line is refused, not repaired, for
/// numbers and names come from callers and from other systems (AMI contract 5.7). The `ActionID` is added when the
/// action is sent. `Debug` shows keys only: values may be secrets or numbers.
#[derive(Clone)]
pub struct Action {
    name: String,
    headers: Vec<(String, Value)>,
}

#[derive(Clone)]
enum Value {
    Plain(String),
    Secret(SecretString),
}

impl Value {
    fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose_secret(),
        }
    }
}

/// Why a header was refused. It names the key, never the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("action header {key:?} {reason}")]
pub struct ActionError {
    /// The key of the header.
    pub key: String,
    /// What is wrong with it.
    pub reason: Refusal,
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has a carriage return or a line feed, which would begin another header.
    LineBreak,
    /// It has a NUL, at which Asterisk cuts the line.
    Nul,
    /// The key is empty, or has a colon, a blank, or anything but visible ASCII.
    Key,
    /// The line is longer than [`Action::LINE_LIMIT`].
    TooLong,
    /// There are more headers than [`Action::HEADER_LIMIT`].
    TooMany,
    /// `Action` and `ActionID` are not for callers to set.
    Reserved,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineBreak => "has a line break",
            Self::Nul => "has a NUL",
            Self::Key => "is no key: only visible ASCII without a colon is",
            Self::TooLong => "is longer than 1022 bytes",
            Self::TooMany => "is one more than the 120 an action may have",
            Self::Reserved => "is set by the session",
        })
    }
}

impl Action {
    /// The longest line, in bytes without its end: Asterisk takes 1,024 with it.
    pub const LINE_LIMIT: usize = 1022;
    /// The largest number of headers, the session's own not counted: Asterisk takes 128.
    pub const HEADER_LIMIT: usize = 120;
    /// The longest `ActionID`, in bytes: list items copy it through small buffers.
    pub(crate) const ID_LIMIT: usize = 64;

    /// The action `name` without parameters.
    ///
    /// # Errors
    ///
    /// If `name` could end its line or is too long.
    pub fn new(name: impl Into<String>) -> Result<Self, ActionError> {
        let name = name.into();
        check("Action", &name)?;
        Ok(Self { name, headers: Vec::new() })
    }

    /// The same with another header. A key may come more than once.
    ///
    /// # Errors
    ///
    /// If the header could end its line or is too long, if there are too many, or if the key is the session's.
    pub fn with(self, key: impl Into<String>, value: impl Into<String>) -> Result<Self, ActionError> {
        self.header(key.into(), Value::Plain(value.into()))
    }

    /// The same with a header whose value is wiped from memory with the action.
    ///
    /// # Errors
    ///
    /// As [`Action::with`].
    pub fn with_secret(self, key: impl Into<String>, value: SecretString) -> Result<Self, ActionError> {
        self.header(key.into(), Value::Secret(value))
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

    /// The bytes to send. The `ActionID` stands second, so that a server which refuses a later line still
    /// names the action it refuses.
    pub(crate) fn encode(&self, id: &str) -> Bytes {
        debug_assert!(id.len() <= Self::ID_LIMIT && check("ActionID", id).is_ok());
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

    fn header(mut self, key: String, value: Value) -> Result<Self, ActionError> {
        let reserved = ["Action", "ActionID"].iter().any(|own| key.eq_ignore_ascii_case(own));
        let checked = match () {
            () if reserved => Err(Refusal::Reserved),
            () if self.headers.len() >= Self::HEADER_LIMIT => Err(Refusal::TooMany),
            () => Ok(()),
        };
        if let Err(reason) = checked {
            return Err(ActionError { key, reason });
        }
        check(&key, value.expose())?;
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

/// Whether `key: value` is one line that a server takes.
fn check(key: &str, value: &str) -> Result<(), ActionError> {
    let has = |byte| key.bytes().chain(value.bytes()).any(|other| other == byte);
    let visible = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    let reason = match () {
        () if has(b'\r') || has(b'\n') => Refusal::LineBreak,
        () if has(0) => Refusal::Nul,
        () if !visible => Refusal::Key,
        () if key.len() + 2 + value.len() > Action::LINE_LIMIT => Refusal::TooLong,
        () => return Ok(()),
    };
    Err(ActionError { key: key.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(key: &str, value: &str) -> Option<Refusal> {
        let action = Action::new("Originate").unwrap();
        action.with(key, value).err().map(|error| {
            assert_eq!(error.key, key);
            error.reason
        })
    }

    #[test]
    fn an_action_is_its_headers_with_the_id_second() {
        let action = Action::new("Originate").unwrap().with("Channel", "PJSIP/1").unwrap();
        let action = action.with("Variable", "a=b: c").unwrap().with("Variable", "").unwrap();
        let expected = "Action: Originate\r\nActionID: x-1\r\nChannel: PJSIP/1\r\nVariable: a=b: c\r\nVariable: \r\n\r\n";
        assert_eq!(action.encode("x-1"), expected.as_bytes());
        assert_eq!(action.get("channel"), Some("PJSIP/1"));
    }

    #[test]
    fn nothing_can_end_its_line() {
        assert_eq!(refused("Channel", "SIP/1\r\nAction: Command"), Some(Refusal::LineBreak));
        assert_eq!(refused("Channel", "SIP/1\nX: y"), Some(Refusal::LineBreak));
        assert_eq!(refused("Channel\r\nX", "y"), Some(Refusal::LineBreak));
        assert_eq!(refused("Channel", "SIP/1\0"), Some(Refusal::Nul));
        assert_eq!(Action::new("Ping\r\nX: y").unwrap_err().reason, Refusal::LineBreak);
    }

    #[test]
    fn a_key_is_visible_ascii_without_a_colon() {
        for key in ["", "a:b", "a b", "ä", "\u{7f}"] {
            assert_eq!(refused(key, "x"), Some(Refusal::Key), "{key:?}");
        }
    }

    #[test]
    fn lines_and_headers_have_limits() {
        assert_eq!(refused("X", &"x".repeat(1019)), None);
        assert_eq!(refused("X", &"x".repeat(1020)), Some(Refusal::TooLong));
        assert_eq!(refused("X", &"ä".repeat(510)), Some(Refusal::TooLong));
        let full = (0..120)
            .fold(Action::new("Originate").unwrap(), |action, _| action.with("Variable", "a=b").unwrap());
        assert_eq!(full.with("Variable", "a=b").unwrap_err().reason, Refusal::TooMany);
    }

    #[test]
    fn the_session_alone_sets_ids() {
        assert_eq!(refused("actionid", "1"), Some(Refusal::Reserved));
        assert_eq!(refused("Action", "Command"), Some(Refusal::Reserved));
    }

    #[test]
    fn values_are_never_shown() {
        let action = Action::new("Login").unwrap().with("Username", "bob").unwrap();
        let action = action.with_secret("Secret", "hunter2".into()).unwrap();
        assert_eq!(format!("{action:?}"), r#"Login["Username", "Secret"]"#);
        let error = Action::new("Login").unwrap().with_secret("Secret", "hunter2\n".into()).unwrap_err();
        assert_eq!(error.to_string(), r#"action header "Secret" has a line break"#);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
