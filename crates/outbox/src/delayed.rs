//! Writes that may wait a little: if they are lost, deliveries are only repeated.

use std::time::{Duration, Instant};

use super::{entry::StoreEntry, group::GROUP, write::StoreWrite};

/// How long the outcomes of deliveries may wait to be written.
const DELAY: Duration = Duration::from_millis(20);

/// What became of deliveries, until it is written.
#[derive(Debug, Default)]
pub(super) struct DelayedWrites {
    entries: Vec<StoreEntry>,
    since: Option<Instant>,
}

impl DelayedWrites {
    pub(super) fn push(&mut self, write: StoreWrite) {
        self.since.get_or_insert_with(monotonic_now);
        self.entries.push(match write {
            StoreWrite::EndAttempt { delivery, may_have_arrived } => {
                StoreEntry::EndAttempt { delivery, may_have_arrived }
            }
            StoreWrite::Memory(update) => StoreEntry::Memory(update),
            StoreWrite::Attempt(attempt) => StoreEntry::Attempt(attempt),
            StoreWrite::Delivery(update) => StoreEntry::Delivery(update),
            StoreWrite::Target(update) => StoreEntry::Target(update),
            StoreWrite::Explanation { call, explanation } => StoreEntry::Explanation { call, explanation },
            // An event is numbered before it is written, and none of these may wait.
            StoreWrite::Event(_) | StoreWrite::OpenAttempt(_) | StoreWrite::Progress(_) => return,
        });
    }

    /// How much longer they may wait; `None` when there are none.
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.since.map(|since| DELAY.saturating_sub(since.elapsed()))
    }

    pub(super) fn is_due(&self) -> bool {
        self.entries.len() >= GROUP || self.remaining().is_some_and(|remaining| remaining.is_zero())
    }

    pub(super) fn take(&mut self) -> Vec<StoreEntry> {
        self.since = None;
        std::mem::take(&mut self.entries)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the writer waits for the disk in real time; no event depends on it"
)]
pub(super) fn monotonic_now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "when the file was lost is for the operator; no event depends on it"
)]
pub(super) fn wall_now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
