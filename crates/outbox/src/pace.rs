//! How many events come, and so how long one waits for others to be committed with it.

use std::time::{Duration, Instant};

use super::delayed::monotonic_now;

/// From so many events a second on, groups are staged.
const BUSY: u32 = 64;

/// How long after a commit the next one follows then. A commit costs some pages, whatever is in it.
const SPACING: Duration = Duration::from_millis(15);

/// Counts events and commits, and says when the next commit is due.
#[derive(Debug)]
pub(super) struct Pace {
    began: Instant,
    /// In the second that is going on, and in the one before.
    now: PaceCounts,
    before: PaceCounts,
    committed: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct PaceCounts {
    events: u32,
    commits: u32,
}

impl Pace {
    pub(super) fn new() -> Self {
        let (now, before) = (PaceCounts::default(), PaceCounts::default());
        Self { began: monotonic_now(), now, before, committed: None }
    }

    /// So many events are to be committed at once.
    pub(super) fn count(&mut self, events: usize) {
        let elapsed = self.began.elapsed();
        if elapsed >= Duration::from_secs(1) {
            let now = std::mem::take(&mut self.now);
            self.before = if elapsed < Duration::from_secs(2) { now } else { PaceCounts::default() };
            self.began = monotonic_now();
        }
        self.now.events = self.now.events.saturating_add(u32::try_from(events).unwrap_or(u32::MAX));
        self.now.commits = self.now.commits.saturating_add(u32::from(events > 0));
    }

    /// A group was committed.
    pub(super) fn committed(&mut self) {
        self.committed = Some(monotonic_now());
    }

    /// Whether events come so fast that they are staged.
    pub(super) fn is_busy(&self) -> bool {
        self.now.events.max(self.before.events) >= BUSY
    }

    /// How long to wait before the next commit. Where each event comes only after the one before was committed, waiting
    /// brings no other.
    pub(super) fn remaining(&self) -> Duration {
        let events = u64::from(self.now.events) + u64::from(self.before.events);
        let commits = u64::from(self.now.commits) + u64::from(self.before.commits);
        match self.committed {
            Some(committed) if self.is_busy() && events * 5 > commits * 6 => {
                SPACING.saturating_sub(committed.elapsed())
            }
            _ => Duration::ZERO,
        }
    }
}
