//! Groups of entries, written as one transaction.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use ringwire_event::{CallEvent, CallId, Explanation};
use rusqlite::Connection;

use super::{Attempt, Committed, Standing, StateChange, Write, tables};
use crate::{EndpointName, delivery::DeliveryId};

/// How much goes into one transaction at most.
pub(super) const GROUP: usize = 512;

/// How long what became of deliveries may wait to be written.
const SETTLE: Duration = Duration::from_millis(20);

/// An event and what is owed of it, numbered.
#[derive(Debug)]
pub(super) struct Numbered {
    pub(super) seq: i64,
    pub(super) event: Arc<CallEvent>,
    pub(super) owed: Vec<(EndpointName, DeliveryId)>,
    pub(super) retold: bool,
    pub(super) recorded: Timestamp,
}

impl Numbered {
    fn committed(&self) -> Committed {
        let Self { seq, event, owed, retold, recorded } = self;
        Committed {
            seq: *seq,
            event: Arc::clone(event),
            owed: owed.clone(),
            retold: *retold,
            recorded: *recorded,
        }
    }
}

#[derive(Debug)]
pub(super) enum Entry {
    Event(Numbered),
    Attempt(Attempt),
    State(StateChange),
    Standing(Standing),
    Story { call: CallId, notes: Explanation },
}

/// When what is written is on disk.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sync {
    /// When it is committed.
    Full,
    /// When something else is that must be.
    WithTheNext,
}

impl Sync {
    fn pragma(self) -> &'static str {
        match self {
            Self::Full => "PRAGMA synchronous = FULL",
            Self::WithTheNext => "PRAGMA synchronous = NORMAL",
        }
    }
}

/// What became of deliveries, until it is written.
#[derive(Debug, Default)]
pub(super) struct Settled {
    entries: Vec<Entry>,
    since: Option<Instant>,
}

impl Settled {
    pub(super) fn push(&mut self, write: Write) {
        self.since.get_or_insert_with(now);
        self.entries.push(match write {
            Write::Attempt(attempt) => Entry::Attempt(attempt),
            Write::State(change) => Entry::State(change),
            Write::Standing(standing) => Entry::Standing(standing),
            Write::Story { call, notes } => Entry::Story { call, notes },
            // An event is numbered before it is written.
            Write::Event(_) => return,
        });
    }

    /// How long it may still wait; `None` when there is nothing.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.since.map(|since| SETTLE.saturating_sub(since.elapsed()))
    }

    pub(super) fn is_due(&self) -> bool {
        self.entries.len() >= GROUP || self.patience().is_some_and(|patience| patience.is_zero())
    }

    pub(super) fn take(&mut self) -> Vec<Entry> {
        self.since = None;
        std::mem::take(&mut self.entries)
    }
}

/// Writes a group as one transaction; says for each entry whether it was written, and not there before.
pub(super) fn write_group(db: &mut Connection, entries: &[Entry], sync: Sync) -> rusqlite::Result<Vec<bool>> {
    db.execute_batch(sync.pragma())?;
    let change = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut fresh = Vec::with_capacity(entries.len());
    for entry in entries {
        fresh.push(match entry {
            Entry::Event(event) => tables::insert_event(&change, event)?,
            Entry::Attempt(attempt) => tables::insert_attempt(&change, attempt).map(|()| true)?,
            Entry::State(state) => tables::change_state(&change, state).map(|()| true)?,
            Entry::Standing(standing) => tables::change_standing(&change, standing).map(|()| true)?,
            Entry::Story { call, notes } => tables::insert_story(&change, call, notes).map(|()| true)?,
        });
    }
    change.commit()?;
    Ok(fresh)
}

pub(super) fn committed<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<Committed> {
    entries
        .filter_map(|entry| match entry {
            Entry::Event(event) => Some(event.committed()),
            Entry::Attempt(_) | Entry::State(_) | Entry::Standing(_) | Entry::Story { .. } => None,
        })
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the disk is waited for in real time; nothing that is said depends on it"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}
