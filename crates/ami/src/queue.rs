//! Packets that wait to be taken, counted in bytes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::{LinkError, Oddities, Packet};

/// A queue between one reader, which never waits, and one answered_by.
///
/// What is in it is all that came until it ended: it is never thinned out. When it would hold more than its limit
/// it ends, so that the answered_by knows (the design's invariant 3).
#[derive(Debug)]
pub(crate) struct Queue {
    limit: usize,
    state: Mutex<State>,
    changed: Notify,
}

/// How far behind the one who takes packets is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many packets wait.
    pub packets: usize,
    /// How much memory they take, in bytes, about: what counts towards [`Options::queue_limit`](crate::Options).
    pub bytes: usize,
    /// The most that ever waited on this connection, in bytes.
    pub peak: usize,
}

#[derive(Debug, Default)]
struct State {
    packets: Vec<Packet>,
    bytes: usize,
    peak: usize,
    oddities: Oddities,
    end: Option<End>,
    abandoned: bool,
}

/// How it ended.
#[derive(Clone, Debug)]
enum End {
    /// As was wished, or as was told already.
    Quiet,
    /// By an error not yet told.
    Failed(LinkError),
}

impl Queue {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default(), changed: Notify::new() }
    }

    /// Adds the packets of one read and leaves `packets` empty.
    ///
    /// # Errors
    ///
    /// If more would wait than may. The packets are dropped then, and the link must end.
    pub(crate) fn push(&self, packets: &mut Vec<Packet>, oddities: Oddities) -> Result<(), LinkError> {
        let mut state = self.lock();
        state.oddities = oddities;
        if state.abandoned || packets.is_empty() {
            packets.clear();
            return Ok(());
        }
        let bytes = state.bytes.saturating_add(packets.iter().map(cost).sum());
        state.peak = state.peak.max(bytes);
        if bytes > self.limit {
            packets.clear();
            return Err(LinkError::Overrun(self.limit));
        }
        state.bytes = bytes;
        state.packets.append(packets);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Ends it, with what the answered_by is to be told after the last packet.
    pub(crate) fn end(&self, error: Option<LinkError>) {
        self.lock().end.get_or_insert(error.map_or(End::Quiet, End::Failed));
        self.changed.notify_one();
    }

    /// Takes all that waits, and waits if there is nothing; then the error if it ended by one; then `None`.
    ///
    /// Dropping the future loses nothing.
    pub(crate) async fn take(&self) -> Option<Result<Vec<Packet>, LinkError>> {
        loop {
            {
                let mut state = self.lock();
                if !state.packets.is_empty() {
                    state.bytes = 0;
                    return Some(Ok(std::mem::take(&mut state.packets)));
                }
                match state.end.replace(End::Quiet) {
                    Some(End::Quiet) => return None,
                    Some(End::Failed(error)) => return Some(Err(error)),
                    None => state.end = None,
                }
            }
            self.changed.notified().await;
        }
    }

    /// Nobody will take anything any more.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.abandoned = true;
        state.packets = Vec::new();
        state.bytes = 0;
    }

    pub(crate) fn oddities(&self) -> Oddities {
        self.lock().oddities
    }

    pub(crate) fn backlog(&self) -> Backlog {
        let state = self.lock();
        Backlog { packets: state.packets.len(), bytes: state.bytes, peak: state.peak }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a waiting packet takes in memory, about.
fn cost(packet: &Packet) -> usize {
    packet.bytes().len() + size_of::<Packet>()
}
