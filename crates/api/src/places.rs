//! Places for connections: when all are taken, whoever has not shown who it is gives way.
//!
//! A connection costs next to nothing to open and to leave half-open. If such ones could hold every place, one program could
//! keep health checks and the desk from being answered. So the oldest of those without a known client is closed when
//! another one comes; whoever sends a request at once is answered long before it is its turn.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// The connections that may be closed to make room, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Places {
    unknown: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    connections: BTreeMap<u64, CancellationToken>,
}

/// The place of one connection. Clones are the same place, which is free when the connection has ended.
#[derive(Clone, Debug)]
pub(crate) struct Place(Arc<TakenPlace>);

#[derive(Debug)]
struct TakenPlace {
    places: Arc<Places>,
    number: u64,
    closed: CancellationToken,
}

impl Places {
    /// A place for a connection whose client is not known yet.
    pub(crate) fn take(self: &Arc<Self>) -> Place {
        let closed = CancellationToken::new();
        let mut waiting = self.lock();
        waiting.last += 1;
        let number = waiting.last;
        waiting.connections.insert(number, closed.clone());
        drop(waiting);
        Place(Arc::new(TakenPlace { places: Arc::clone(self), number, closed }))
    }

    /// Whether a connection can be closed to make room.
    pub(crate) fn has_unknown(&self) -> bool {
        !self.lock().connections.is_empty()
    }

    /// Closes the connection whose client has been unknown longest.
    pub(crate) fn make_room(&self) {
        if let Some((_, closed)) = self.lock().connections.pop_first() {
            closed.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Its client has shown who it is: it keeps the place.
    pub(crate) fn keep(&self) {
        self.0.places.lock().connections.remove(&self.0.number);
    }

    /// Returns when the connection is to be closed, to make room.
    pub(crate) async fn closed(&self) {
        self.0.closed.cancelled().await;
    }
}

impl Drop for TakenPlace {
    fn drop(&mut self) {
        self.places.lock().connections.remove(&self.number);
    }
}
