//! What clients send.

use std::collections::VecDeque;
use std::{fmt, io};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};

/// How long a line may be with its end, in bytes, and how many headers an action may have (AMI contract, 1.4).
const LONGEST_LINE: usize = 1024;
const MOST_HEADERS: usize = 128;

/// One action, as a client sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct Action {
    headers: Vec<(String, String)>,
}

impl Action {
    /// The name of the action.
    #[must_use]
    pub fn name(&self) -> &str {
        self.get("Action").unwrap_or_default()
    }

    /// The first value of `header`, whatever its case.
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

    /// Whether its name is `name`, whatever its case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }
}

/// Says everything but what proves who the client is.
impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.headers.iter().map(|(name, value)| {
            let secret = name.eq_ignore_ascii_case("Secret") || name.eq_ignore_ascii_case("Key");
            (name, if secret { "…" } else { value })
        });
        f.debug_map().entries(shown).finish()
    }
}

/// Something that was sent in place of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// The id it came with, if that could be read.
    pub(super) id: Option<String>,
    /// What Asterisk says of it.
    pub(super) message: &'static str,
}

/// Reads actions from a connection. Nothing is lost when a read is given up halfway.
#[derive(Debug)]
pub struct ActionReader<R> {
    source: R,
    buffer: BytesMut,
    lines: Lines,
}

impl<R: AsyncRead + Unpin> ActionReader<R> {
    /// A reader of what comes from `source`.
    #[must_use]
    pub fn new(source: R) -> Self {
        Self { source, buffer: BytesMut::with_capacity(4096), lines: Lines::default() }
    }

    /// The next action; `None` at the end of the connection. What cannot be read as one is left out.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn next(&mut self) -> io::Result<Option<Action>> {
        loop {
            match self.next_or_unreadable().await? {
                Some(Ok(action)) => return Ok(Some(action)),
                Some(Err(_)) => {}
                None => return Ok(None),
            }
        }
    }

    pub(super) async fn next_or_unreadable(&mut self) -> io::Result<Option<Result<Action, Unreadable>>> {
        loop {
            if let Some(action) = self.lines.done.pop_front() {
                return Ok(Some(action));
            }
            if self.source.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
            self.lines.take(&self.buffer);
            self.buffer.clear();
        }
    }
}

/// The lines so far.
#[derive(Debug, Default)]
struct Lines {
    line: Vec<u8>,
    headers: Vec<(String, String)>,
    fault: Option<&'static str>,
    done: VecDeque<Result<Action, Unreadable>>,
}

impl Lines {
    fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.line.len() + piece.len() > LONGEST_LINE {
                self.fault = Some("Failed to parse message: line too long");
                self.line.truncate(0);
                // Keeps the line from looking empty at its end.
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
        } else if self.headers.len() == MOST_HEADERS {
            self.fault.get_or_insert("Too many lines in message or allocation failure");
        } else {
            let line = String::from_utf8_lossy(line);
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            self.headers.push((name.to_owned(), value.trim_start_matches(' ').to_owned()));
        }
    }

    fn end_action(&mut self) {
        let action = Action { headers: std::mem::take(&mut self.headers) };
        let nameless = action.name().is_empty().then_some("Missing action in request");
        self.done.push_back(match self.fault.take().or(nameless) {
            Some(message) => Err(Unreadable { id: action.get("ActionID").map(str::to_owned), message }),
            None => Ok(action),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of `sent`, wherever it is split: the headers of an action, or what is said of it.
    #[track_caller]
    fn check(sent: &str, expected: &[&str]) {
        for size in [1, 7, 4096] {
            let mut lines = Lines::default();
            for piece in sent.as_bytes().chunks(size) {
                lines.take(piece);
            }
            let got: Vec<_> = lines
                .done
                .into_iter()
                .map(|action| match action {
                    Ok(action) => {
                        let headers: Vec<_> =
                            action.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
                        headers.join(" ")
                    }
                    Err(Unreadable { id, message }) => format!("{}: {message}", id.as_deref().unwrap_or("-")),
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
    fn what_is_no_action_is_told_so() {
        check("\r\n", &["-: Missing action in request"]);
        check("ActionID: 7\r\n\r\n", &["7: Missing action in request"]);
    }

    #[test]
    fn a_line_of_1024_bytes_is_read_and_a_longer_one_spoils_the_action() {
        let longest = "x".repeat(1024 - "A: \r\n".len());
        check(&format!("Action: X\r\nA: {longest}\r\n\r\n"), &[&format!("Action=X A={longest}")]);
        check(
            &format!("Action: X\r\nActionID: 7\r\nA: {longest}x\r\n\r\nAction: Ping\r\n\r\n"),
            &["7: Failed to parse message: line too long", "Action=Ping"],
        );
        check(&format!("{}\r\n\r\n", "x".repeat(100_000)), &["-: Failed to parse message: line too long"]);
    }

    #[test]
    fn more_than_128_headers_are_refused() {
        let headers = |count: usize| format!("Action: X\r\n{}\r\n", "Variable: x\r\n".repeat(count - 1));
        let mut lines = Lines::default();
        lines.take(headers(128).as_bytes());
        lines.take(headers(129).as_bytes());
        let got: Vec<_> = lines.done.iter().map(|action| action.as_ref().map(|a| a.headers.len())).collect();
        let refused = Unreadable { id: None, message: "Too many lines in message or allocation failure" };
        assert_eq!(got, [Ok(128), Err(&refused)]);
    }

    #[test]
    fn a_secret_is_not_shown() {
        let mut lines = Lines::default();
        lines.take(b"Action: Login\r\nUsername: u\r\nSecret: hunter2\r\nkey: 0badc0de\r\n\r\n");
        let shown = format!("{:?}", lines.done);
        assert!(
            shown.contains("Login") && !shown.contains("hunter2") && !shown.contains("0badc0de"),
            "{shown}"
        );
    }
}
