//! A stream of events that outlives connections.

use std::time::Duration;

use super::{
    client::ApiClient,
    error::ApiError,
    sse::{SseFrame, SseStream},
    wire::{StreamFrame, StreamHello},
};

/// How long to wait before connecting again, unless the daemon says otherwise.
const RETRY: Duration = Duration::from_secs(1);

/// The bounds of what the daemon may say.
const RETRIES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(30));

/// Follows the stream of events, and takes it up where it broke off.
///
/// From the first connection on it knows its place in the journal, so nothing is lost between two connections.
#[derive(Debug)]
pub struct EventFollower {
    client: ApiClient,
    query: Vec<(&'static str, String)>,
    last: Option<String>,
    frames: Option<SseStream>,
    /// When to connect, if it is not connected.
    due: tokio::time::Instant,
    retry: Duration,
    /// Where the journal ended when the connection began, until the first frame after that.
    end: Option<i64>,
    /// Whether there ever was a connection.
    met: bool,
    /// Whether the loss of the connection was reported.
    lost: bool,
}

/// What a follower tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamUpdate {
    /// There is a connection, for the first time or again.
    Connected,
    /// There is none any more, and why; it will be tried again. Said once for each connection.
    Lost(String),
    /// Something was said.
    Frame(StreamFrame),
    /// Something was said that this version does not understand, and why.
    Invalid(String),
}

impl EventFollower {
    /// Follows the events that `query` asks for: those after the place `after` of the journal, or those from now on.
    pub fn new(client: ApiClient, query: Vec<(&'static str, String)>, after: Option<i64>) -> Self {
        Self {
            client,
            query,
            last: after.map(|after| after.to_string()),
            frames: None,
            due: tokio::time::Instant::now(),
            retry: RETRY,
            end: None,
            met: false,
            lost: false,
        }
    }

    /// The next news. It may be given up while it is waited for; nothing is lost by that.
    ///
    /// # Errors
    /// There never was a connection, and there is none; or the daemon says no, and would say so again.
    pub async fn next(&mut self) -> Result<StreamUpdate, ApiError> {
        loop {
            let Some(frames) = &mut self.frames else {
                if let Some(news) = self.connect().await? {
                    return Ok(news);
                }
                continue;
            };
            match frames.next().await {
                Ok(frame) => {
                    if let Some(news) = self.take(&frame) {
                        return Ok(news);
                    }
                }
                Err(error) => {
                    self.frames = None;
                    return Ok(self.lose(&error).unwrap_or(StreamUpdate::Frame(StreamFrame::Other)));
                }
            }
        }
    }

    async fn connect(&mut self) -> Result<Option<StreamUpdate>, ApiError> {
        tokio::time::sleep_until(self.due).await;
        let query: Vec<_> = self.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        match self.client.events(&query, self.last.as_deref()).await {
            Ok(frames) => {
                self.frames = Some(frames);
                self.met = true;
                self.lost = false;
                Ok(Some(StreamUpdate::Connected))
            }
            Err(error) if self.met && error.is_temporary() => Ok(self.lose(&error)),
            Err(error) => Err(error),
        }
    }

    /// There is no connection; tells so if that is news.
    fn lose(&mut self, error: &ApiError) -> Option<StreamUpdate> {
        self.due = tokio::time::Instant::now() + self.retry;
        (!std::mem::replace(&mut self.lost, true)).then(|| StreamUpdate::Lost(error.to_string()))
    }

    fn take(&mut self, frame: &SseFrame) -> Option<StreamUpdate> {
        if let Some(retry) = frame.retry {
            self.retry = retry.clamp(RETRIES.0, RETRIES.1);
        }
        let end = self.end.take();
        let update = match StreamFrame::read(frame) {
            Ok(StreamFrame::Other) if frame.event == "hello" => {
                self.end = serde_json::from_str(&frame.data).ok().map(|hello: StreamHello| hello.cursor);
                // Before the first event, this is the place to go on from.
                if self.last.is_none() {
                    self.last = self.end.map(|end| end.to_string());
                }
                return None;
            }
            Ok(StreamFrame::Other) => return None,
            Ok(StreamFrame::Reset) => {
                // At the beginning of a connection, from now on; in the midst of one, another journal was begun.
                self.last = Some(end.unwrap_or(0).to_string());
                return Some(StreamUpdate::Frame(StreamFrame::Reset));
            }
            Ok(frame) => StreamUpdate::Frame(frame),
            Err(error) => StreamUpdate::Invalid(format!("{}: {error}", frame.event)),
        };
        if let Some(id) = frame.id.as_ref().filter(|id| !id.is_empty()) {
            self.last = Some(id.clone());
        }
        Some(update)
    }
}
