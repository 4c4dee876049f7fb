//! The time of day that never goes back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;

/// The time of day, as one clock for the whole daemon. Clones are the same clock.
///
/// It follows the system's time forward, also over a jump (a machine that slept). When the system's time is set
/// back it goes on at its own pace instead, for what is due is due in the order in which it became so.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    /// How far the time of day was ahead of the time since `origin`, at most, in nanoseconds.
    lead: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that shows the system's time.
    pub(crate) fn new() -> Self {
        Self { origin: Instant::now(), lead: Arc::new(AtomicI64::new(i64::MIN)) }
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.at(self.origin.elapsed(), Timestamp::now())
    }

    /// How long it is until `time`; nothing if that is past.
    pub(crate) fn until(&self, time: Timestamp) -> Duration {
        time.duration_since(self.now()).try_into().unwrap_or(Duration::ZERO)
    }

    fn at(&self, passed: Duration, system: Timestamp) -> Timestamp {
        let passed = i64::try_from(passed.as_nanos()).unwrap_or(i64::MAX);
        let lead = i64::try_from(system.as_nanosecond()).unwrap_or(i64::MAX).saturating_sub(passed);
        let lead = self.lead.fetch_max(lead, Ordering::Relaxed).max(lead);
        Timestamp::from_nanosecond(i128::from(lead) + i128::from(passed)).unwrap_or(system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_the_system_forward_and_never_back() {
        let clock = Clock::new();
        let system = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        for (passed, shown, expected) in [
            (0, 0, 0),
            (1, 1, 1),
            (2, 3602, 3602),  // it slept for an hour
            (3, 3, 3603),     // it was set back by an hour
            (10, 10, 3610),   // and goes on at its own pace
            (20, 4000, 4000), // until the system has caught up
        ] {
            assert_eq!(clock.at(Duration::from_secs(passed), system(shown)), system(expected));
        }
    }
}
