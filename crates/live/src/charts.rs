//! The last hour, minute by minute.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use hdrhistogram::Histogram;
use jiff::{Timestamp, Unit};
use serde::Serialize;

/// How many minutes are kept.
const MINUTES: usize = 60;

/// What happened in one minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChartMinute {
    /// When the minute started.
    pub at: Timestamp,
    /// How many calls started.
    pub calls: u64,
    /// How many were answered for the first time.
    pub answered: u64,
    /// How many inbound calls ended unanswered.
    pub missed: u64,
    /// How many events there were.
    pub events: u64,
    /// How long calls rang until they were answered or ended, in seconds: the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_median: Option<u64>,
    /// The greatest of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_max: Option<u64>,
    /// How long calls were talked that ended, in seconds: the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub talk_median: Option<u64>,
    /// The greatest of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub talk_max: Option<u64>,
    /// How long deliveries took from the commit to the target's reply, in milliseconds: the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_median: Option<u64>,
    /// The greatest of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_max: Option<u64>,
}

/// Counts for each of the last sixty minutes.
#[derive(Debug, Default)]
pub struct Charts(Mutex<VecDeque<Bucket>>);

#[derive(Debug)]
struct Bucket {
    at: Timestamp,
    calls: u64,
    answered: u64,
    missed: u64,
    events: u64,
    ring: Spread,
    talk: Spread,
    delay: Spread,
}

/// Durations, of which the median and the maximum are shown.
#[derive(Debug, Default)]
struct Spread(Option<Histogram<u32>>);

impl Spread {
    /// Greater values count as this one: a day in milliseconds.
    const LONGEST: u64 = 24 * 3600 * 1000;

    fn add(&mut self, value: u64) {
        let spread = self.0.get_or_insert_with(|| {
            // These bounds are within what the library takes.
            Histogram::new_with_bounds(1, Self::LONGEST, 2).unwrap_or_else(|_| empty())
        });
        spread.saturating_record(value);
    }

    fn median(&self) -> Option<u64> {
        self.0.as_ref().map(|spread| spread.value_at_quantile(0.5))
    }

    fn max(&self) -> Option<u64> {
        self.0.as_ref().map(Histogram::max)
    }
}

fn empty() -> Histogram<u32> {
    #[expect(clippy::expect_used, reason = "one significant figure is always allowed")]
    Histogram::new(1).expect("one significant figure")
}

impl Charts {
    /// Counts a call that started at `at`.
    pub(crate) fn count_start(&self, at: Timestamp) {
        self.at(at, |minute| minute.calls += 1);
    }

    /// Counts the first answer of a call, at `at`, that had rung since `started`.
    pub(crate) fn count_answer(&self, at: Timestamp, started: Timestamp) {
        self.at(at, |minute| {
            minute.answered += 1;
            minute.ring.add(seconds(started, at));
        });
    }

    /// Counts a call that ended at `at`.
    pub(crate) fn count_end(
        &self,
        at: Timestamp,
        started: Timestamp,
        answered: Option<Timestamp>,
        inbound: bool,
    ) {
        self.at(at, |minute| match answered {
            Some(answered) => minute.talk.add(seconds(answered, at)),
            None => {
                minute.missed += u64::from(inbound);
                minute.ring.add(seconds(started, at));
            }
        });
    }

    /// Counts an event that was committed at `at`.
    pub(crate) fn count_event(&self, at: Timestamp) {
        self.at(at, |minute| minute.events += 1);
    }

    /// Counts a delivery that succeeded at `at`, so many milliseconds after its commit.
    pub(crate) fn count_delivery(&self, at: Timestamp, delay_ms: i64) {
        self.at(at, |minute| minute.delay.add(delay_ms.max(0).unsigned_abs()));
    }

    /// The last sixty minutes, oldest first; `now` is in the last one.
    #[must_use]
    pub fn minutes(&self, now: Timestamp) -> Vec<ChartMinute> {
        let buckets = self.buckets();
        let last = minute_of(now).as_second();
        let starts = (0..MINUTES as i64).rev().map(|back| last - 60 * back);
        let minute = |start: i64| {
            let at = Timestamp::from_second(start).unwrap_or(now);
            let bucket = buckets.iter().find(|bucket| bucket.at == at);
            let count = |count: fn(&Bucket) -> u64| bucket.map_or(0, count);
            let of = |of: fn(&Bucket) -> Option<u64>| bucket.and_then(of);
            ChartMinute {
                at,
                calls: count(|bucket| bucket.calls),
                answered: count(|bucket| bucket.answered),
                missed: count(|bucket| bucket.missed),
                events: count(|bucket| bucket.events),
                ring_median: of(|bucket| bucket.ring.median()),
                ring_max: of(|bucket| bucket.ring.max()),
                talk_median: of(|bucket| bucket.talk.median()),
                talk_max: of(|bucket| bucket.talk.max()),
                delay_median: of(|bucket| bucket.delay.median()),
                delay_max: of(|bucket| bucket.delay.max()),
            }
        };
        starts.map(minute).collect()
    }

    fn at(&self, at: Timestamp, count: impl FnOnce(&mut Bucket)) {
        let at = minute_of(at);
        let mut buckets = self.buckets();
        let index = buckets.partition_point(|bucket| bucket.at < at);
        if buckets.get(index).is_none_or(|bucket| bucket.at != at) {
            if index == 0 && buckets.len() >= MINUTES {
                return; // older than anything that is kept
            }
            let (spread, talk, delay) = Default::default();
            let fresh = Bucket { at, calls: 0, answered: 0, missed: 0, events: 0, ring: spread, talk, delay };
            buckets.insert(index, fresh);
        }
        if let Some(bucket) = buckets.get_mut(index) {
            count(bucket);
        }
        while buckets.len() > MINUTES {
            buckets.pop_front();
        }
    }

    fn buckets(&self) -> MutexGuard<'_, VecDeque<Bucket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn minute_of(at: Timestamp) -> Timestamp {
    let floor = jiff::TimestampRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Floor);
    at.round(floor).unwrap_or(at)
}

fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    let millis = (to.as_millisecond() - from.as_millisecond()).max(0);
    (millis.unsigned_abs() + 500) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn an_hour_is_sixty_minutes_and_the_rest_is_forgotten() {
        let charts = Charts::default();
        for minute in 0..90 {
            charts.count_start(at(minute * 60));
        }
        charts.count_answer(at(89 * 60 + 7), at(89 * 60));
        charts.count_end(at(89 * 60 + 30), at(89 * 60), None, true);
        charts.count_end(at(89 * 60 + 40), at(89 * 60), Some(at(89 * 60 + 10)), true);
        charts.count_delivery(at(89 * 60), 3);
        charts.count_start(at(0)); // a late event of an hour and a half ago
        let minutes = charts.minutes(at(89 * 60 + 59));
        assert_eq!(minutes.len(), 60);
        assert_eq!(minutes.first().map(|minute| (minute.at, minute.calls)), Some((at(30 * 60), 1)));
        let last = minutes.last().unwrap();
        assert_eq!((last.calls, last.answered, last.missed), (1, 1, 1));
        assert_eq!((last.ring_median, last.ring_max), (Some(7), Some(30)));
        assert_eq!((last.talk_max, last.delay_median), (Some(30), Some(3)));
    }
}
