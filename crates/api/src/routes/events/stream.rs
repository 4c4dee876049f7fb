//! One event stream: what its client has, and what it is sent next.
//!
//! A stream listens to the feed from the start, reads the journal from the cursor it starts at, and then continues with
//! the frames that it has received meanwhile, leaving out what it has sent. When it has fallen so far behind that the
//! feed has dropped a frame, it goes back to the journal. So each event is sent once and in order, whatever happens when.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use ringwire_event::CallEvent;
use ringwire_live::{ApiEvent, FeedFrame, PublishedEvent, sse_frame};
use serde::Serialize;
use tokio::{
    sync::broadcast::{
        Receiver,
        error::{RecvError, TryRecvError},
    },
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until},
};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::filter::EventFilter;
use crate::{limits::StreamPermit, server::ApiServer};

/// How many events are read from the journal at once.
const PAGE: usize = 256;

/// How many bytes of frames are sent in one chunk, if so many are ready.
const CHUNK: usize = 32 * 1024;

/// How soon one chunk follows another: under load frames are gathered, and nobody sees the difference.
const PAUSE: Duration = Duration::from_millis(20);

/// How many frames are looked at before other tasks run.
const TURN: usize = 512;

/// How often a comment is sent if nothing happens.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How soon an unreadable journal is read again.
const READ_AGAIN: Duration = Duration::from_secs(5);

/// How far back a viewer may look.
const VIEWERS_PAST: SignedDuration = SignedDuration::from_hours(1);

/// The data of the first event, `hello`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamHello {
    /// The cursor at which the journal ends now.
    cursor: i64,
    /// The version of the daemon.
    version: &'static str,
    /// The version of the JSON form of call events (`GET /events/schema`).
    event_version: u32,
}

/// The data of the event `reset`: the stream cannot continue without a gap, so the client loads everything again.
#[derive(Serialize)]
struct StreamReset {
    cursor: i64,
}

/// Where a stream starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamStart {
    /// After this cursor; `None` for now.
    pub(super) after: Option<i64>,
    /// Whether it must not start further back than an hour.
    pub(super) is_viewer: bool,
    /// Whether it has what happens to agents and devices.
    pub(super) wants_agents: bool,
}

/// A stream to one client.
pub(super) struct EventStream {
    server: ApiServer,
    frames: Receiver<FeedFrame>,
    filter: EventFilter,
    wants_deliveries: bool,
    wants_agents: bool,
    /// Everything up to this cursor was sent, or does not match the filter.
    cursor: i64,
    /// The last cursor that the client got as an id.
    sent_id: i64,
    source: StreamSource,
    keep_alive: Interval,
    /// When the next chunk may be sent.
    paused_until: Instant,
    stop: CancellationToken,
    /// Is over when the client may no longer have its access.
    access_end: BoxFuture<'static, ()>,
    _permit: StreamPermit,
}

/// Where the next frame comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StreamSource {
    /// Nothing was sent yet.
    Start(StreamStart),
    /// The journal, which has events that were not sent.
    Journal,
    /// The same, but it could not be read and is read again at this time.
    JournalLater(Instant),
    /// The feed: everything in the journal was sent.
    Feed,
}

impl EventStream {
    pub(super) fn new(
        server: ApiServer,
        start: StreamStart,
        filter: EventFilter,
        wants_deliveries: bool,
        access_end: BoxFuture<'static, ()>,
        (stop, permit): (CancellationToken, StreamPermit),
    ) -> Self {
        let frames = server.live().feed().subscribe();
        let mut keep_alive = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (source, paused_until) = (StreamSource::Start(start), Instant::now());
        Self {
            server,
            frames,
            filter,
            wants_deliveries,
            wants_agents: start.wants_agents,
            cursor: 0,
            sent_id: 0,
            source,
            keep_alive,
            paused_until,
            stop,
            access_end,
            _permit: permit,
        }
    }

    /// The next chunk; `None` when the stream ends.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.stop.is_cancelled() {
                return None;
            }
            let chunk = match self.source {
                StreamSource::Start(start) => Some(self.start(start).await),
                StreamSource::Journal => self.read_journal().await,
                StreamSource::JournalLater(_) | StreamSource::Feed => self.receive().await?,
            };
            if let Some(chunk) = chunk {
                self.keep_alive.reset();
                self.paused_until = Instant::now() + PAUSE;
                return Some(chunk);
            }
        }
    }

    /// Finds the cursor to start at. Returns `hello`, and `reset` if that is not the cursor that was requested.
    async fn start(&mut self, start: StreamStart) -> Bytes {
        let mut end = self.server.live().feed().last();
        if start.after.is_some_and(|after| after > end) {
            // The client can have read an event from the journal before it was published.
            end = self.server.journal().read(|reader| reader.last_event()).await.unwrap_or(end).max(end);
        }
        self.source = StreamSource::Journal;
        let (mut cursor, mut is_reset) = match start.after {
            None => {
                self.source = StreamSource::Feed;
                (end, false)
            }
            Some(after) if (0..=end).contains(&after) => (after, false),
            Some(_) => (end, true),
        };
        if start.is_viewer && cursor < end {
            let since = self.server.now() - VIEWERS_PAST;
            // An unreadable journal must not open the past.
            let earliest =
                self.server.journal().read(move |reader| reader.cursor_at(since)).await.unwrap_or(end);
            if cursor < earliest {
                (cursor, is_reset) = (earliest, true);
            }
        }
        (self.cursor, self.sent_id) = (cursor, cursor);
        let hello = StreamHello {
            cursor: end,
            version: env!("CARGO_PKG_VERSION"),
            event_version: CallEvent::VERSION,
        };
        let mut chunk = BytesMut::from(&b"retry: 1000\n\n"[..]);
        chunk.extend_from_slice(&sse_frame("hello", Some(cursor), &hello));
        if is_reset {
            chunk.extend_from_slice(&sse_frame("reset", Some(cursor), &StreamReset { cursor }));
        }
        chunk.freeze()
    }

    /// Reads some of what the journal has after the cursor.
    async fn read_journal(&mut self) -> Option<Bytes> {
        let after = self.cursor;
        let page = match self.server.journal().read(move |reader| reader.stream_after(after, PAGE)).await {
            Ok(page) => page,
            Err(problem) => {
                self.server.emitter().emit(ApiEvent::StreamDelayed { error: problem.detail() });
                // The feed is received meanwhile; the gap is filled when the journal can be read.
                self.source = StreamSource::JournalLater(Instant::now() + READ_AGAIN);
                return None;
            }
        };
        if page.len() < PAGE {
            self.source = StreamSource::Feed;
        }
        let mut chunk = BytesMut::new();
        for record in page {
            self.cursor = record.seq;
            if self.filter.matches(&record.event) {
                self.sent_id = record.seq;
                chunk.extend_from_slice(&PublishedEvent::from(record).sse_frame());
            }
        }
        (!chunk.is_empty()).then(|| chunk.freeze())
    }

    /// Waits for the next frames: `None` when the stream ends, `Some(None)` when there is something else to do first.
    async fn receive(&mut self) -> Option<Option<Bytes>> {
        let later = match self.source {
            StreamSource::JournalLater(when) => Some(when),
            _ => None,
        };
        let paused_until = self.paused_until;
        let frames = &mut self.frames;
        let received = async move {
            sleep_until(paused_until).await;
            frames.recv().await
        };
        let frame = tokio::select! {
            biased;
            () = self.stop.cancelled() => return None,
            () = &mut self.access_end => return None,
            frame = received => frame,
            () = at(later) => {
                self.source = StreamSource::Journal;
                return Some(None);
            }
            _ = self.keep_alive.tick() => return Some(Some(self.comment())),
        };
        match frame {
            Ok(frame) => Some(self.gather(frame)),
            Err(RecvError::Lagged(_)) => {
                self.source = StreamSource::Journal;
                Some(None)
            }
            Err(RecvError::Closed) => None,
        }
    }

    /// One chunk of `first` and the frames that are ready after it.
    fn gather(&mut self, first: FeedFrame) -> Option<Bytes> {
        let mut single = self.serialize(first);
        let mut chunk = BytesMut::new();
        for _ in 0..TURN {
            if self.source == StreamSource::Journal || chunk.len() >= CHUNK {
                break;
            }
            match self.frames.try_recv() {
                Ok(frame) => {
                    let Some(more) = self.serialize(frame) else { continue };
                    // A single frame is not copied.
                    if let Some(first) = single.take() {
                        chunk.extend_from_slice(&first);
                    } else if chunk.is_empty() {
                        single = Some(more);
                        continue;
                    }
                    chunk.extend_from_slice(&more);
                }
                Err(TryRecvError::Lagged(_)) => self.source = StreamSource::Journal,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        single.or_else(|| (!chunk.is_empty()).then(|| chunk.freeze()))
    }

    /// What this client is sent of `frame`.
    fn serialize(&mut self, frame: FeedFrame) -> Option<Bytes> {
        match frame {
            FeedFrame::Call(event) => match event.cursor {
                Some(cursor) if cursor <= self.cursor => None,
                Some(cursor) => {
                    let is_unplaced = self.server.live().feed().is_unplaced_after(self.cursor);
                    if is_unplaced || self.source != StreamSource::Feed {
                        // An event before it was not sent with its cursor. The journal has both.
                        self.source = StreamSource::Journal;
                        return None;
                    }
                    self.cursor = cursor;
                    self.filter.matches(&event.event).then(|| {
                        self.sent_id = cursor;
                        event.sse_frame()
                    })
                }
                None => self.filter.matches(&event.event).then(|| event.sse_frame()),
            },
            FeedFrame::Delivery(_, frame) => self.wants_deliveries.then_some(frame),
            FeedFrame::Health(frame) => Some(frame),
            FeedFrame::Agent(frame) => self.wants_agents.then_some(frame),
            FeedFrame::Reset => {
                self.cursor = self.server.live().feed().last();
                self.sent_id = self.cursor;
                self.source = StreamSource::Feed;
                Some(sse_frame("reset", Some(self.cursor), &StreamReset { cursor: self.cursor }))
            }
        }
    }

    /// Shows that the stream lives; and gives the cursor as an id, if the last events did not match the filter.
    fn comment(&mut self) -> Bytes {
        if self.sent_id == self.cursor {
            return Bytes::from_static(b":\n\n");
        }
        self.sent_id = self.cursor;
        // A frame without data is no event, but its id counts (HTML standard, 9.2.6).
        Bytes::from(format!(":\nid: {}\n\n", self.cursor))
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}
