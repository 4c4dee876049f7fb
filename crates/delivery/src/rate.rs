//! How many requests a target gets in a time.

use std::time::Duration;

use jiff::Timestamp;

use crate::schedule::time_after;

/// How many requests a target takes: some at once, and then so many a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateLimit {
    /// How many requests a second, on average; more than 0.
    pub per_second: f64,
    /// How many at once after a pause; at least 1.
    pub burst: u32,
}

/// Gives each request of one target the time at which it may be sent: a token bucket, told by the time at which the
/// bucket is full again (the generic cell rate algorithm, ITU-T I.371).
#[derive(Clone, Debug)]
pub struct RateLimiter {
    /// Between two requests of those that go on for long.
    interval: Duration,
    /// How far ahead of that a burst may run.
    tolerance: Duration,
    /// When the bucket is full again, if no other request is sent.
    full_at: Timestamp,
}

impl RateLimiter {
    /// A limiter whose bucket is full.
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        let interval = Duration::try_from_secs_f64(limit.per_second.recip()).unwrap_or(Duration::MAX);
        let tolerance = interval.saturating_mul(limit.burst.saturating_sub(1));
        Self { interval, tolerance, full_at: Timestamp::MIN }
    }

    /// Takes a place for one request; gives when it may be sent, which is `now` or later. Places are given in order.
    pub fn reserve(&mut self, now: Timestamp) -> Timestamp {
        let full_at = self.full_at.max(now);
        let earliest = full_at.checked_sub(self.tolerance).unwrap_or(Timestamp::MIN);
        self.full_at = time_after(full_at, self.interval);
        earliest.max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millisecond).unwrap()
    }

    /// When each request may be sent that comes at one of `times`, in milliseconds.
    #[track_caller]
    fn check(per_second: f64, burst: u32, times: &[i64], expected: &[i64]) {
        let mut limiter = RateLimiter::new(RateLimit { per_second, burst });
        let sent: Vec<_> = times.iter().map(|time| limiter.reserve(at(*time))).collect();
        assert_eq!(sent, expected.iter().map(|time| at(*time)).collect::<Vec<_>>());
    }

    #[test]
    fn a_burst_is_sent_at_once_and_then_one_after_each_interval() {
        check(2.0, 3, &[0; 6], &[0, 0, 0, 500, 1000, 1500]);
        check(0.5, 1, &[0, 0, 1000], &[0, 2000, 4000]);
    }

    #[test]
    fn a_pause_fills_the_bucket_but_no_further() {
        check(2.0, 2, &[0, 0, 0, 60_000, 60_000, 60_000], &[0, 0, 500, 60_000, 60_000, 60_500]);
        check(2.0, 2, &[0, 0, 500, 600], &[0, 0, 500, 1000]);
    }

    #[test]
    fn a_rate_of_nothing_sends_the_burst_and_no_more_in_this_life() {
        let mut limiter = RateLimiter::new(RateLimit { per_second: 0.0, burst: 1 });
        assert_eq!(limiter.reserve(at(0)), at(0));
        assert!(limiter.reserve(at(0)) > at(1_000_000_000_000));
    }

    #[test]
    fn over_any_time_no_more_than_burst_and_rate_are_sent() {
        let mut limiter = RateLimiter::new(RateLimit { per_second: 10.0, burst: 5 });
        let mut jitter = crate::Jitter::new(3);
        let mut now = at(0);
        let mut sent: Vec<Timestamp> = Vec::new();
        for _ in 0..2000 {
            now = time_after(now, jitter.up_to(Duration::from_millis(180)));
            sent.push(limiter.reserve(now));
        }
        assert!(sent.is_sorted());
        for (first, from) in sent.iter().enumerate() {
            let within =
                sent[first..].iter().take_while(|time| time.duration_since(*from).as_millis() < 1000);
            assert!(within.count() <= 15, "more than 5 and 10 in a second from {from}");
        }
    }
}
