//! One listener: what it was told, and what it is told next.
//!
//! It hears the feed from the start, reads the journal from the place it wants, and then goes on with what it has heard
//! meanwhile, leaving out what it was told. When it has fallen so far behind that the feed has forgotten something, it
//! goes back to the journal. So each event comes once and in order, whatever happens when.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use jiff::SignedDuration;
use ringwire_live::{Frame, Told, wire};
use serde::Serialize;
use tokio::{
    sync::{
        broadcast::{
            Receiver,
            error::{RecvError, TryRecvError},
        },
        watch,
    },
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until},
};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::filter::Filter;
use crate::{access::Fitting, limits::Stream, problem::Problem, server::Counter};

/// How many events are read from the journal at once.
const PAGE: usize = 256;

/// How many bytes of frames go out in one piece, if so many are ready.
const PIECE: usize = 32 * 1024;

/// How soon one piece follows another: under load frames are gathered, and nobody sees the difference.
const PAUSE: Duration = Duration::from_millis(20);

/// How many frames are looked at before it is somebody else's turn.
const TURN: usize = 512;

/// How often something is said if nothing happens.
const SILENCE: Duration = Duration::from_secs(15);

/// How soon a journal that cannot be read is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

/// How far back a viewer may look.
const VIEWERS_PAST: SignedDuration = SignedDuration::from_hours(1);

/// The first thing that is said: the event `hello`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Hello {
    /// Where the journal ends now.
    journal: i64,
    /// The daemon's release.
    version: &'static str,
}

/// The event `reset`: what was asked for cannot be told without a gap, so what is known is to be loaded anew.
#[derive(Serialize)]
struct Reset {
    journal: i64,
}

/// Where a listener wants to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// After this place of the journal; `None`: from now on.
    pub(super) after: Option<i64>,
    /// Whether it may not begin further back than an hour.
    pub(super) viewer: bool,
}

/// One who listens.
pub(super) struct Listener {
    counter: Counter,
    frames: Receiver<Frame>,
    filter: Filter,
    deliveries: bool,
    /// Everything up to this place was told, or not wanted.
    place: i64,
    /// The last place that was named.
    named: i64,
    reading: Reading,
    beat: Interval,
    /// When the last piece was long enough ago.
    paused_until: Instant,
    stop: CancellationToken,
    /// Sees when others may ask than when the stream began; the unix socket's user always may.
    keys: Option<watch::Receiver<Arc<Fitting>>>,
    _stream: Stream,
}

/// What comes from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// Nothing was said yet.
    Beginning(Place),
    /// The journal has something that was not told.
    Journal,
    /// The same, but it could not be read when it was tried last.
    JournalLater(Instant),
    /// All that the journal had was told.
    Feed,
}

impl Listener {
    pub(super) fn new(
        counter: Counter,
        from: Place,
        filter: Filter,
        deliveries: bool,
        by_token: bool,
        (stop, stream): (CancellationToken, Stream),
    ) -> Self {
        let frames = counter.desk().feed().subscribe();
        let keys = by_token.then(|| counter.access_changes());
        let mut beat = interval_at(Instant::now() + SILENCE, SILENCE);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (reading, paused_until) = (Reading::Beginning(from), Instant::now());
        Self {
            counter,
            frames,
            filter,
            deliveries,
            place: 0,
            named: 0,
            reading,
            beat,
            paused_until,
            stop,
            keys,
            _stream: stream,
        }
    }

    /// What is said next; `None` when nothing more is.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.stop.is_cancelled() {
                return None;
            }
            let said = match self.reading {
                Reading::Beginning(from) => Some(self.begin(from).await),
                Reading::Journal => self.read().await,
                Reading::JournalLater(_) | Reading::Feed => self.hear().await?,
            };
            if let Some(said) = said {
                self.beat.reset();
                self.paused_until = Instant::now() + PAUSE;
                return Some(said);
            }
        }
    }

    /// Greets, and finds the place to begin at.
    async fn begin(&mut self, from: Place) -> Bytes {
        let mut end = self.counter.desk().feed().last();
        if from.after.is_some_and(|after| after > end) {
            // What is in the journal can have been read before it was said.
            end = self.counter.journal().read(|reader| reader.last_event()).await.unwrap_or(end).max(end);
        }
        self.reading = Reading::Journal;
        let (mut place, mut reset) = match from.after {
            None => {
                self.reading = Reading::Feed;
                (end, false)
            }
            Some(after) if (0..=end).contains(&after) => (after, false),
            Some(_) => (end, true),
        };
        if from.viewer && place < end {
            let since = self.counter.now() - VIEWERS_PAST;
            // If it cannot be found, it is not told.
            let earliest =
                self.counter.journal().read(move |reader| reader.cursor_at(since)).await.unwrap_or(end);
            if place < earliest {
                (place, reset) = (earliest, true);
            }
        }
        (self.place, self.named) = (place, place);
        let hello = Hello { journal: end, version: env!("CARGO_PKG_VERSION") };
        let mut said = BytesMut::from(&b"retry: 1000\n\n"[..]);
        said.extend_from_slice(&wire("hello", Some(place), &hello));
        if reset {
            said.extend_from_slice(&wire("reset", Some(place), &Reset { journal: place }));
        }
        said.freeze()
    }

    /// Some of what the journal has after what was told.
    async fn read(&mut self) -> Option<Bytes> {
        let after = self.place;
        let read = self.counter.journal().read(move |reader| reader.stream_after(after, PAGE)).await;
        let Ok(page) =
            read.inspect_err(|problem: &Problem| tracing::debug!(?problem, "a stream cannot go on"))
        else {
            // What is said meanwhile is heard all the same; this is made up for when it can be.
            self.reading = Reading::JournalLater(Instant::now() + PATIENCE);
            return None;
        };
        if page.len() < PAGE {
            self.reading = Reading::Feed;
        }
        let mut said = BytesMut::new();
        for record in page {
            self.place = record.seq;
            if self.filter.fits(&record.event) {
                self.named = record.seq;
                said.extend_from_slice(&Told::from(record).wire());
            }
        }
        (!said.is_empty()).then(|| said.freeze())
    }

    /// What is said now: `None` when nothing more is, and nothing when something else is to be done first.
    async fn hear(&mut self) -> Option<Option<Bytes>> {
        let later = match self.reading {
            Reading::JournalLater(when) => Some(when),
            _ => None,
        };
        let paused_until = self.paused_until;
        let frames = &mut self.frames;
        let heard = async move {
            sleep_until(paused_until).await;
            frames.recv().await
        };
        let frame = tokio::select! {
            biased;
            () = self.stop.cancelled() => return None,
            () = changed(&mut self.keys) => return None,
            frame = heard => frame,
            () = at(later) => {
                self.reading = Reading::Journal;
                return Some(None);
            }
            _ = self.beat.tick() => return Some(Some(self.sign_of_life())),
        };
        match frame {
            Ok(frame) => Some(self.gather(frame)),
            Err(RecvError::Lagged(_)) => {
                self.reading = Reading::Journal;
                Some(None)
            }
            Err(RecvError::Closed) => None,
        }
    }

    /// What `first` and all that is ready after it say to this listener, in one piece.
    fn gather(&mut self, first: Frame) -> Option<Bytes> {
        let mut said = self.say(first);
        let mut piece = BytesMut::new();
        for _ in 0..TURN {
            if self.reading == Reading::Journal || piece.len() >= PIECE {
                break;
            }
            match self.frames.try_recv() {
                Ok(frame) => {
                    let Some(more) = self.say(frame) else { continue };
                    // One frame alone is not copied.
                    if let Some(first) = said.take() {
                        piece.extend_from_slice(&first);
                    } else if piece.is_empty() {
                        said = Some(more);
                        continue;
                    }
                    piece.extend_from_slice(&more);
                }
                Err(TryRecvError::Lagged(_)) => self.reading = Reading::Journal,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        said.or_else(|| (!piece.is_empty()).then(|| piece.freeze()))
    }

    /// What `frame` says to this listener.
    fn say(&mut self, frame: Frame) -> Option<Bytes> {
        match frame {
            Frame::Call(told) => match told.journal {
                Some(seq) if seq <= self.place => None,
                Some(seq) => {
                    let unplaced = self.counter.desk().feed().is_unplaced_after(self.place);
                    if unplaced || self.reading != Reading::Feed {
                        // Something before it was not told with its place. It is in the journal, and so is this.
                        self.reading = Reading::Journal;
                        return None;
                    }
                    self.place = seq;
                    self.filter.fits(&told.event).then(|| {
                        self.named = seq;
                        told.wire()
                    })
                }
                None => self.filter.fits(&told.event).then(|| told.wire()),
            },
            Frame::Delivery(_, wire) => self.deliveries.then_some(wire),
            Frame::Health(wire) => Some(wire),
            Frame::Reset => {
                self.place = self.counter.desk().feed().last();
                self.named = self.place;
                self.reading = Reading::Feed;
                Some(wire("reset", Some(self.place), &Reset { journal: self.place }))
            }
        }
    }

    /// Shows that the stream is alive; and names the place, if what came lately was not wanted.
    fn sign_of_life(&mut self) -> Bytes {
        if self.named == self.place {
            return Bytes::from_static(b":\n\n");
        }
        self.named = self.place;
        // A frame without data is no event, but its id counts (HTML standard, 9.2.6).
        Bytes::from(format!(":\nid: {}\n\n", self.place))
    }
}

async fn changed(keys: &mut Option<watch::Receiver<Arc<Fitting>>>) {
    match keys {
        Some(keys) => {
            let _ = keys.changed().await;
        }
        None => std::future::pending().await,
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}
