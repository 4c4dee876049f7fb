//! How long a call rang, waited, was talked on and was held.

use jiff::{SignedDuration, Timestamp};

/// The times of a call, as far as a clock came with the packets.
#[derive(Debug, Default)]
pub(crate) struct CallTimes {
    /// When its first channel was created.
    pub started: Option<Timestamp>,
    /// When it was first answered.
    pub answered: Option<Timestamp>,
    /// A phone or trunk is rung for it.
    pub ringing: Stopwatch,
    /// The caller waits in a queue.
    pub waiting: Stopwatch,
    /// A party has put the other on hold.
    pub holding: Stopwatch,
}

impl CallTimes {
    /// How long it was talked on at `now`, in seconds.
    pub(crate) fn talk_seconds(&self, now: Option<Timestamp>) -> Option<u32> {
        Some(seconds_between(self.answered?, now?))
    }
}

/// Adds up periods.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stopwatch {
    since: Option<Timestamp>,
    total: Option<SignedDuration>,
}

impl Stopwatch {
    /// One that has run for `seconds` before.
    pub(crate) fn with_seconds(seconds: Option<u32>) -> Self {
        Self { since: None, total: seconds.map(|seconds| SignedDuration::from_secs(i64::from(seconds))) }
    }

    /// A period begins, unless one has.
    pub(crate) fn start(&mut self, now: Option<Timestamp>) {
        self.since = self.since.or(now);
    }

    /// The period that has begun ends.
    pub(crate) fn stop(&mut self, now: Option<Timestamp>) {
        if let Some(since) = self.since.take() {
            self.total = self.sum(since, now);
        }
    }

    /// The sum of all periods at `now`, in seconds; `None` where there was none.
    pub(crate) fn seconds(&self, now: Option<Timestamp>) -> Option<u32> {
        self.since.map_or(self.total, |since| self.sum(since, now)).map(whole_seconds)
    }

    fn sum(&self, since: Timestamp, now: Option<Timestamp>) -> Option<SignedDuration> {
        let period =
            now.map_or(SignedDuration::ZERO, |now| now.duration_since(since).max(SignedDuration::ZERO));
        Some(self.total.unwrap_or(SignedDuration::ZERO).saturating_add(period))
    }
}

/// The seconds between two times, rounded; none if the clock went back.
pub(crate) fn seconds_between(since: Timestamp, now: Timestamp) -> u32 {
    whole_seconds(now.duration_since(since))
}

fn whole_seconds(duration: SignedDuration) -> u32 {
    let milliseconds = duration.as_millis().max(0);
    u32::try_from((milliseconds + 500) / 1000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Option<Timestamp> {
        Timestamp::from_millisecond(milliseconds).ok()
    }

    #[test]
    fn periods_are_added_up_and_rounded_once() {
        let mut watch = Stopwatch::default();
        assert_eq!(watch.seconds(at(0)), None);
        watch.start(at(1_000));
        watch.start(at(5_000));
        assert_eq!(watch.seconds(at(2_400)), Some(1));
        watch.stop(at(2_400));
        watch.start(at(10_000));
        watch.stop(at(11_200));
        assert_eq!(watch.seconds(at(99_000)), Some(3));
    }

    #[test]
    fn without_a_clock_nothing_is_known() {
        let mut watch = Stopwatch::default();
        watch.start(None);
        watch.stop(None);
        assert_eq!(watch.seconds(None), None);
    }

    #[test]
    fn a_clock_that_goes_back_adds_nothing() {
        let mut watch = Stopwatch::with_seconds(Some(4));
        watch.start(at(9_000));
        watch.stop(at(1_000));
        assert_eq!(watch.seconds(None), Some(4));
        assert_eq!(seconds_between(at(9_000).unwrap(), at(1_000).unwrap()), 0);
    }
}
