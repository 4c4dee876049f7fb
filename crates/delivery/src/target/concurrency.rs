//! How many concurrent requests a target gets.

use std::time::Duration;

/// The limit before the target has shown what it can take.
const START: usize = 4;
/// A reply is slow when it takes longer than twice the fastest one and this.
const FLOOR: Duration = Duration::from_millis(50);
/// With each reply to a request that was alone, the fastest time moves towards it by this fraction.
const FADE: u32 = 8;

/// The limit of concurrent requests: it rises while replies come as fast as ever, and falls when they do not.
///
/// It doubles with each round of replies until something goes wrong for the first time, and from then on rises
/// by one a round, as TCP's congestion window does.
#[derive(Debug)]
pub(super) struct ConcurrencyLimit {
    max: usize,
    current: usize,
    /// Whether nothing has gone wrong yet.
    is_slow_start: bool,
    /// Good replies towards the next rise.
    good_replies: usize,
    /// The fastest reply. A slower one replaces it gradually, but only if no other request was in flight: otherwise
    /// the queue that too many requests cause would pass for the target's own pace. A target that has become slower
    /// for good makes the limit fall until requests are alone.
    fastest: Option<Duration>,
    /// The next so many replies are to requests sent before the limit last fell: they say nothing new.
    stale: usize,
}

impl ConcurrencyLimit {
    pub(super) fn new(max: usize) -> Self {
        let max = max.max(1);
        Self { max, current: START.min(max), is_slow_start: true, good_replies: 0, fastest: None, stale: 0 }
    }

    pub(super) fn get(&self) -> usize {
        self.current
    }

    /// Sets the upper bound; what was learnt is kept.
    pub(super) fn set_max(&mut self, max: usize) {
        self.max = max.max(1);
        self.current = self.current.min(self.max);
    }

    /// Starts over after an outage: what was learnt in it says nothing about what the target can take now.
    pub(super) fn restart(&mut self) {
        *self = Self { fastest: self.fastest, ..Self::new(self.max) };
    }

    /// A reply came after `elapsed`, to one of `in_flight` requests.
    pub(super) fn on_reply(&mut self, elapsed: Duration, in_flight: usize) {
        let fastest = match self.fastest {
            Some(fastest) if fastest <= elapsed && in_flight > 1 => fastest,
            Some(fastest) if fastest <= elapsed => fastest + (elapsed - fastest) / FADE,
            _ => elapsed,
        };
        self.fastest = Some(fastest);
        if elapsed > fastest.saturating_mul(2).saturating_add(FLOOR) {
            self.fall(self.current * 3 / 4, in_flight);
        } else {
            self.stale = self.stale.saturating_sub(1);
            self.rise(in_flight);
        }
    }

    /// One of `in_flight` requests failed.
    pub(super) fn on_failure(&mut self, in_flight: usize) {
        self.fall(self.current / 2, in_flight);
    }

    fn rise(&mut self, in_flight: usize) {
        // With fewer in flight than may be, nothing is known about what more would do.
        if in_flight < self.current || self.current >= self.max {
            return;
        }
        self.good_replies += 1;
        if self.is_slow_start || self.good_replies >= self.current {
            self.current += 1;
            self.good_replies = 0;
        }
    }

    fn fall(&mut self, to: usize, in_flight: usize) {
        if self.stale > 0 {
            self.stale -= 1;
            return;
        }
        self.current = to.max(1);
        self.is_slow_start = false;
        self.good_replies = 0;
        self.stale = in_flight.saturating_sub(1);
    }
}
