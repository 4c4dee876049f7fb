//! Server-Sent Events, as a daemon of ours writes them.
//!
//! The crates there are keep a line of any length; a stream that never ends must not cost memory without end. What
//! remains, when lines are bounded by `tokio-util`, is small: fields, and the blank line that ends a frame. Lines end
//! with LF or CRLF; a CR alone, which the standard allows too, ringwire does not send.

use std::time::Duration;

use bytes::BytesMut;
use reqwest::Response;
use tokio_util::codec::{Decoder, LinesCodec};

use super::error::ApiError;

/// The longest frame, in bytes: an event with hundreds of deliveries is a tenth of it.
const LONGEST_FRAME: usize = 1 << 20;

/// One frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseFrame {
    /// What it is; `message` where it does not say.
    pub event: String,
    /// The place it has, if it says.
    pub id: Option<String>,
    /// What it says.
    pub data: String,
    /// How long to wait before connecting again, where it says so.
    pub retry: Option<Duration>,
}

/// Finds frames in bytes.
#[derive(Debug)]
pub(super) struct SseParser {
    lines: LinesCodec,
    bytes: BytesMut,
    frame: SseFrame,
    length: usize,
}

impl SseParser {
    pub(super) fn new() -> Self {
        let lines = LinesCodec::new_with_max_length(LONGEST_FRAME);
        Self { lines, bytes: BytesMut::new(), frame: SseFrame::default(), length: 0 }
    }

    /// Takes what was received.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame that is whole.
    ///
    /// # Errors
    /// It is longer than a frame can be, or no text.
    pub(super) fn poll(&mut self) -> Result<Option<SseFrame>, String> {
        while let Some(line) = self.lines.decode(&mut self.bytes).map_err(|error| error.to_string())? {
            if line.is_empty() {
                self.length = 0;
                let frame = std::mem::take(&mut self.frame);
                if frame != SseFrame::default() {
                    return Ok(Some(frame));
                }
                continue;
            }
            self.length += line.len();
            if self.length > LONGEST_FRAME {
                return Err(format!("frame longer than {LONGEST_FRAME} bytes"));
            }
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "event" => value.clone_into(&mut self.frame.event),
                "id" => self.frame.id = Some(value.to_owned()).filter(|id| !id.contains('\0')),
                "retry" => self.frame.retry = value.parse().ok().map(Duration::from_millis),
                "data" => {
                    if !self.frame.data.is_empty() {
                        self.frame.data.push('\n');
                    }
                    self.frame.data.push_str(value);
                }
                _ => {} // a comment, or a field of a later version
            }
        }
        Ok(None)
    }
}

/// A stream of frames.
#[derive(Debug)]
pub struct SseStream {
    response: Response,
    silence: Duration,
    parser: SseParser,
}

impl SseStream {
    /// The frames of `response`, which says something at least once in `silence`.
    pub(super) fn new(response: Response, silence: Duration) -> Self {
        Self { response, silence, parser: SseParser::new() }
    }

    /// The next frame. It may be given up while it is waited for; nothing is lost by that.
    ///
    /// # Errors
    /// The stream has ended, was cut off, has fallen silent, or is none.
    pub async fn next(&mut self) -> Result<SseFrame, ApiError> {
        loop {
            if let Some(frame) = self.parser.poll().map_err(ApiError::Ended)? {
                return Ok(frame);
            }
            match tokio::time::timeout(self.silence, self.response.chunk()).await {
                Ok(Ok(Some(chunk))) => self.parser.take(&chunk),
                Ok(Ok(None)) => return Err(ApiError::Ended("the daemon closed the stream".to_owned())),
                Ok(Err(_)) => return Err(ApiError::Ended("the connection was lost".to_owned())),
                Err(_) => {
                    let silence = self.silence.as_secs();
                    return Err(ApiError::Ended(format!("no data for {silence} s")));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(event: &str, id: Option<&str>, data: &str) -> SseFrame {
        SseFrame { event: event.into(), id: id.map(Into::into), data: data.into(), retry: None }
    }

    fn check(text: &str, expected: &[SseFrame]) {
        for piece in [1, 2, 3, 7, text.len()] {
            let mut parser = SseParser::new();
            let mut frames = Vec::new();
            for bytes in text.as_bytes().chunks(piece) {
                parser.take(bytes);
                while let Some(frame) = parser.poll().unwrap() {
                    frames.push(frame);
                }
            }
            assert_eq!(frames, expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn frames_are_found_however_they_are_cut() {
        check(
            ": hello\n\nretry: 1000\nevent: hello\ndata: {\"cursor\":7}\n\n:\n\nevent: call\nid: 8\ndata:a\ndata: b\r\n\r\nid\n\n",
            &[
                SseFrame { retry: Some(Duration::from_secs(1)), ..frame("hello", None, "{\"cursor\":7}") },
                frame("call", Some("8"), "a\nb"),
                frame("", Some(""), ""),
            ],
        );
    }

    #[test]
    fn a_frame_that_is_not_whole_is_none() {
        check("event: call\nid: 8\ndata: a\n", &[]);
        check("data: \u{e4}\u{1f600}\n\n", &[frame("", None, "\u{e4}\u{1f600}")]);
    }

    #[test]
    fn a_frame_has_a_length() {
        for line in ["data: aaaaaaaaaaaaaaaa\n", "data: aaaaaaaaaaaaaaaa"] {
            let mut parser = SseParser::new();
            parser.take(line.repeat(LONGEST_FRAME / 16).as_bytes());
            assert!(parser.poll().is_err());
        }
        let mut parser = SseParser::new();
        parser.take(b"data: \xff\n\n");
        assert!(parser.poll().is_err());
    }
}
