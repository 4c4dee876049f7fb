//! Reads the actions of clients.

use std::collections::VecDeque;
use std::{fmt, io};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest line with its line end, in bytes (AMI notes 1.4).
const LONGEST_LINE: usize = 1024;
/// The largest number of headers of an action (AMI notes 1.4).
const MAX_HEADERS: usize = 128;

/// One action, as a client sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientAction {
    headers: Vec<(String, String)>,
}

impl ClientAction {
    /// The name of the action.
    #[must_use]
    pub fn name(&self) -> &str {
        self.get("Action").unwrap_or_default()
    }

    /// The first value of `header`, ignoring case.
    #[must_use]
    pub fn get(&self, header: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(header))
            .map(|(_, value)| value.as_str())
    }

    /// All headers, in order.
    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Whether the action's name is `name`, ignoring case.
    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }
}

/// Shows everything except the secret and the key.
impl fmt::Debug for ClientAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.headers.iter().map(|(name, value)| {
            let is_secret = name.eq_ignore_ascii_case("Secret") || name.eq_ignore_ascii_case("Key");
            (name, if is_secret { "…" } else { value })
        });
        f.debug_map().entries(shown).finish()
    }
}

/// A message from a client that is not a valid action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InvalidAction {
    /// Its `ActionID`, if that could be read.
    pub(super) action_id: Option<String>,
    /// The error message that Asterisk sends.
    pub(super) message: &'static str,
}

/// Reads actions from a connection. Dropping the future of a read loses nothing.
#[derive(Debug)]
pub struct ActionReader<R> {
    source: R,
    buffer: BytesMut,
    parser: ActionParser,
}

impl<R: AsyncRead + Unpin> ActionReader<R> {
    /// A reader of `source`.
    #[must_use]
    pub fn new(source: R) -> Self {
        Self { source, buffer: BytesMut::with_capacity(4096), parser: ActionParser::default() }
    }

    /// Reads the next action; `None` at the end of the connection. Invalid actions are skipped.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub async fn next_action(&mut self) -> io::Result<Option<ClientAction>> {
        loop {
            match self.next_result().await? {
                Some(Ok(action)) => return Ok(Some(action)),
                Some(Err(_)) => {}
                None => return Ok(None),
            }
        }
    }

    pub(super) async fn next_result(&mut self) -> io::Result<Option<Result<ClientAction, InvalidAction>>> {
        loop {
            if let Some(action) = self.parser.parsed.pop_front() {
                return Ok(Some(action));
            }
            if self.source.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
            self.parser.push_bytes(&self.buffer);
            self.buffer.clear();
        }
    }
}

/// Parses bytes into actions.
#[derive(Debug, Default)]
struct ActionParser {
    line: Vec<u8>,
    headers: Vec<(String, String)>,
    error: Option<&'static str>,
    parsed: VecDeque<Result<ClientAction, InvalidAction>>,
}

impl ActionParser {
    fn push_bytes(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.line.len() + piece.len() > LONGEST_LINE {
                self.error = Some("Failed to parse message: line too long");
                self.line.truncate(0);
                // The line must not look empty at its end.
                self.line.push(b' ');
            } else {
                self.line.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.end_line(&line);
            }
        }
    }

    fn end_line(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            self.end_action();
        } else if self.headers.len() == MAX_HEADERS {
            self.error.get_or_insert("Too many lines in message or allocation failure");
        } else {
            let line = String::from_utf8_lossy(line);
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            self.headers.push((name.to_owned(), value.trim_start_matches(' ').to_owned()));
        }
    }

    fn end_action(&mut self) {
        let action = ClientAction { headers: std::mem::take(&mut self.headers) };
        let unnamed = action.name().is_empty().then_some("Missing action in request");
        self.parsed.push_back(match self.error.take().or(unnamed) {
            Some(message) => {
                Err(InvalidAction { action_id: action.get("ActionID").map(str::to_owned), message })
            }
            None => Ok(action),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the actions in `sent`, however it is split: the headers of an action, or its error.
    #[track_caller]
    fn check(sent: &str, expected: &[&str]) {
        for size in [1, 7, 4096] {
            let mut lines = ActionParser::default();
            for piece in sent.as_bytes().chunks(size) {
                lines.push_bytes(piece);
            }
            let got: Vec<_> = lines
                .parsed
                .into_iter()
                .map(|action| match action {
                    Ok(action) => {
                        let headers: Vec<_> =
                            action.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
                        headers.join(" ")
                    }
                    Err(InvalidAction { action_id: id, message }) => {
                        format!("{}: {message}", id.as_deref().unwrap_or("-"))
                    }
                })
                .collect();
            assert_eq!(got, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn an_action_ends_with_an_empty_line() {
        check(
            "Action: Ping\r\nActionID:7\r\n\r\naction: Status\nChannel: a: b\n\nAction: cut",
            &["Action=Ping ActionID=7", "action=Status Channel=a: b"],
        );
    }

    #[test]
    fn a_message_without_a_name_is_invalid() {
        check("\r\n", &["-: Missing action in request"]);
        check("ActionID: 7\r\n\r\n", &["7: Missing action in request"]);
    }

    #[test]
    fn a_line_over_1024_bytes_makes_the_action_invalid() {
        let longest = "x".repeat(1024 - "A: \r\n".len());
        check(&format!("Action: X\r\nA: {longest}\r\n\r\n"), &[&format!("Action=X A={longest}")]);
        check(
            &format!("Action: X\r\nActionID: 7\r\nA: {longest}x\r\n\r\nAction: Ping\r\n\r\n"),
            &["7: Failed to parse message: line too long", "Action=Ping"],
        );
        check(&format!("{}\r\n\r\n", "x".repeat(100_000)), &["-: Failed to parse message: line too long"]);
    }

    #[test]
    fn more_than_128_headers_make_the_action_invalid() {
        let headers = |count: usize| format!("Action: X\r\n{}\r\n", "Variable: x\r\n".repeat(count - 1));
        let mut lines = ActionParser::default();
        lines.push_bytes(headers(128).as_bytes());
        lines.push_bytes(headers(129).as_bytes());
        let got: Vec<_> =
            lines.parsed.iter().map(|action| action.as_ref().map(|a| a.headers.len())).collect();
        let refused =
            InvalidAction { action_id: None, message: "Too many lines in message or allocation failure" };
        assert_eq!(got, [Ok(128), Err(&refused)]);
    }

    #[test]
    fn debug_output_never_shows_the_secret() {
        let mut lines = ActionParser::default();
        lines.push_bytes(b"Action: Login\r\nUsername: u\r\nSecret: hunter2\r\nkey: 0badc0de\r\n\r\n");
        let shown = format!("{:?}", lines.parsed);
        assert!(
            shown.contains("Login") && !shown.contains("hunter2") && !shown.contains("0badc0de"),
            "{shown}"
        );
    }
}
