//! When a failed delivery is retried.

use std::time::Duration;

use jiff::Timestamp;

/// How long to wait before each attempt of one delivery.
///
/// The waits are upper bounds: the real one is drawn evenly between nothing and the bound ("full jitter"), so
/// that calls which failed together are not retried together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule {
    waits: Vec<Duration>,
    refusal_waits: Vec<Duration>,
    retry_after_cap: Duration,
}

impl RetrySchedule {
    /// The default upper bound of the wait before each attempt: at once, then 2 s, 10 s, 1 min, 5 min, 30 min,
    /// 2 h, 6 h, 12 h and 24 h.
    pub const WAITS: [Duration; 10] = [
        Duration::ZERO,
        Duration::from_secs(2),
        Duration::from_secs(10),
        Duration::from_secs(60),
        Duration::from_secs(5 * 60),
        Duration::from_secs(30 * 60),
        Duration::from_secs(2 * 3600),
        Duration::from_secs(6 * 3600),
        Duration::from_secs(12 * 3600),
        Duration::from_secs(24 * 3600),
    ];

    /// The default upper bound of the wait after each refusal of an event, which somebody may correct meanwhile; after
    /// one more it is dead.
    pub const REFUSAL_WAITS: [Duration; 3] =
        [Duration::from_secs(20), Duration::from_secs(60), Duration::from_secs(180)];

    /// The default for the longest wait that a target may ask for (`Retry-After`).
    pub const RETRY_AFTER_CAP: Duration = Duration::from_secs(3600);

    /// A schedule of one attempt for each of `waits`; a `Retry-After` is honoured up to `retry_after_cap`.
    #[must_use]
    pub fn new(waits: Vec<Duration>, retry_after_cap: Duration) -> Self {
        Self { waits, refusal_waits: Self::REFUSAL_WAITS.to_vec(), retry_after_cap }
    }

    /// The same with other waits after refusals.
    #[must_use]
    pub fn with_refusal_waits(self, refusal_waits: Vec<Duration>) -> Self {
        Self { refusal_waits, ..self }
    }

    /// How long to wait once `failures` attempts have failed; `None` when that was the last one.
    #[must_use]
    pub fn wait(&self, failures: u32, jitter: &mut Jitter) -> Option<Duration> {
        let bound = self.waits.get(usize::try_from(failures).ok()?)?;
        Some(jitter.up_to(*bound))
    }

    /// How long to wait once an event was refused `refusals` times: at least half of the bound. `None` when that was the
    /// last attempt.
    #[must_use]
    pub fn wait_after_refusal(&self, refusals: u32, jitter: &mut Jitter) -> Option<Duration> {
        let half = *self.refusal_waits.get(usize::try_from(refusals.checked_sub(1)?).ok()?)? / 2;
        Some(half + jitter.up_to(half))
    }

    /// The wait that a target asked for, as far as it is honoured.
    #[must_use]
    pub fn honoured(&self, retry_after: Duration) -> Duration {
        retry_after.min(self.retry_after_cap)
    }
}

impl Default for RetrySchedule {
    fn default() -> Self {
        Self::new(Self::WAITS.to_vec(), Self::RETRY_AFTER_CAP)
    }
}

/// A small generator of evenly distributed waits (SplitMix64): the same seed gives the same waits.
///
/// It spreads load and protects nothing, so it need not be unpredictable.
#[derive(Clone, Debug)]
pub struct Jitter(u64);

impl Jitter {
    /// A generator that starts from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A wait of at most `bound`.
    #[must_use]
    pub fn up_to(&mut self, bound: Duration) -> Duration {
        let bound = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        let drawn = (u128::from(self.next()) * (u128::from(bound) + 1)) >> 64;
        Duration::from_nanos(u64::try_from(drawn).unwrap_or(bound))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// `wait` after `now`, or the largest time there is.
pub(crate) fn time_after(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attempt_waits_at_most_its_bound_and_the_tenth_is_the_last() {
        let schedule = RetrySchedule::default();
        let mut jitter = Jitter::new(7);
        for (failures, bound) in (0..).zip(RetrySchedule::WAITS) {
            for _ in 0..100 {
                assert!(schedule.wait(failures, &mut jitter).unwrap() <= bound);
            }
        }
        assert_eq!(schedule.wait(10, &mut jitter), None);
    }

    #[test]
    fn the_waits_are_spread_over_the_whole_bound() {
        let mut jitter = Jitter::new(1);
        let bound = Duration::from_secs(100);
        let drawn: Vec<_> = (0..1000).map(|_| jitter.up_to(bound).as_secs()).collect();
        for decile in 0..10 {
            let inside = drawn.iter().filter(|wait| **wait / 10 == decile).count();
            assert!((60..=140).contains(&inside), "{inside} of 1000 waits in decile {decile}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_waits() {
        let draw = |seed| {
            let mut jitter = Jitter::new(seed);
            (0..8).map(|_| jitter.up_to(Duration::from_secs(60))).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }

    #[test]
    fn a_target_is_not_waited_for_longer_than_the_cap() {
        let schedule = RetrySchedule::default();
        assert_eq!(schedule.honoured(Duration::from_secs(30)), Duration::from_secs(30));
        assert_eq!(schedule.honoured(Duration::MAX), RetrySchedule::RETRY_AFTER_CAP);
    }
}
