//! How many requests an endpoint gets at once.

use std::time::Duration;

/// How many requests an endpoint gets at once before it has shown what it can take.
const START: usize = 4;
/// A reply is slow when it takes longer than twice the best one and this.
const FLOOR: Duration = Duration::from_millis(50);
/// With each reply to a request that was alone, the best one draws nearer to it by such a part.
const FADE: u32 = 8;

/// The limit of requests at once: it rises while replies come as fast as ever, and falls when they do not.
///
/// It doubles with each round of replies until something goes wrong for the first time, and from then on rises
/// by one a round, as TCP's window does.
#[derive(Debug)]
pub(super) struct Limit {
    max: usize,
    now: usize,
    /// Whether nothing has gone wrong yet.
    eager: bool,
    /// Good replies towards the next rise.
    good: usize,
    /// The fastest reply. One that is slower replaces it by and by, but only where no other request was on its way:
    /// else the queue that too many requests make would pass for the endpoint's own pace. An endpoint that has
    /// become slower for good makes the limit fall until they are alone.
    best: Option<Duration>,
    /// So many more replies are to requests that were sent before the limit last fell: they say nothing new.
    stale: usize,
}

impl Limit {
    pub(super) fn new(max: usize) -> Self {
        let max = max.max(1);
        Self { max, now: START.min(max), eager: true, good: 0, best: None, stale: 0 }
    }

    pub(super) fn get(&self) -> usize {
        self.now
    }

    /// Sets the upper bound; what was learnt is kept.
    pub(super) fn set_max(&mut self, max: usize) {
        self.max = max.max(1);
        self.now = self.now.min(self.max);
    }

    /// The endpoint has come back from an outage: what was learnt in it says nothing of what it can take now.
    pub(super) fn restart(&mut self) {
        *self = Self { best: self.best, ..Self::new(self.max) };
    }

    /// A reply came after `took`, to one of `in_flight` requests.
    pub(super) fn answered(&mut self, took: Duration, in_flight: usize) {
        let best = match self.best {
            Some(best) if best <= took && in_flight > 1 => best,
            Some(best) if best <= took => best + (took - best) / FADE,
            _ => took,
        };
        self.best = Some(best);
        if took > best.saturating_mul(2).saturating_add(FLOOR) {
            self.fall(self.now * 3 / 4, in_flight);
        } else {
            self.stale = self.stale.saturating_sub(1);
            self.rise(in_flight);
        }
    }

    /// One of `in_flight` requests failed.
    pub(super) fn failed(&mut self, in_flight: usize) {
        self.fall(self.now / 2, in_flight);
    }

    fn rise(&mut self, in_flight: usize) {
        // Where fewer are on their way than may be, nothing is known of what more would do.
        if in_flight < self.now || self.now >= self.max {
            return;
        }
        self.good += 1;
        if self.eager || self.good >= self.now {
            self.now += 1;
            self.good = 0;
        }
    }

    fn fall(&mut self, to: usize, in_flight: usize) {
        if self.stale > 0 {
            self.stale -= 1;
            return;
        }
        self.now = to.max(1);
        self.eager = false;
        self.good = 0;
        self.stale = in_flight.saturating_sub(1);
    }
}
