//! The circuit breaker of a target.

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;

use super::probe::{ProbeSchedule, SendGate};
use crate::{BreakerState, DeliveryId, Jitter, schedule::time_after};

/// It opens after this many failures in a row.
const FAILURES_IN_A_ROW: u32 = 5;
/// It opens too when half of this many deliveries, all completed within [`WITHIN`], have failed.
const RECENT: usize = 20;
const WITHIN: Duration = Duration::from_secs(60);
/// The longest wait for the first probe. Each failed probe doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait between probes.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Opens when a target keeps failing, then lets one probe through at a time; a probe's success closes it.
#[derive(Debug, Default)]
pub(super) struct CircuitBreaker {
    failures_in_a_row: u32,
    /// When recent deliveries were completed, and whether they failed.
    recent: VecDeque<(Timestamp, bool)>,
    /// The first of the failures that opened it, or may.
    failing_since: Option<Timestamp>,
    /// Set while it is open.
    probe: Option<ProbeSchedule>,
    wait: Duration,
}

impl CircuitBreaker {
    pub(super) fn state(&self) -> BreakerState {
        match self.probe {
            None => BreakerState::Closed,
            Some(ProbeSchedule { in_flight: Some(_), .. }) => BreakerState::Probing,
            Some(ProbeSchedule { due_at, in_flight: None }) => BreakerState::Open { until: due_at },
        }
    }

    pub(super) fn gate(&self) -> SendGate {
        self.probe.map_or(SendGate::Open, |probe| probe.gate())
    }

    /// A delivery goes out; while the breaker is open it is the probe.
    pub(super) fn on_sent(&mut self, id: DeliveryId) {
        if let Some(probe) = &mut self.probe {
            probe.in_flight = Some(id);
        }
    }

    /// The target answered. If that ends an outage, gives when the outage began.
    ///
    /// While the breaker is open, only the probe's answer counts: the others were sent before it opened.
    pub(super) fn on_answer(&mut self, id: DeliveryId, now: Timestamp) -> Option<Timestamp> {
        if let Some(probe) = self.probe {
            let since = probe.is_probe(id).then(|| self.failing_since.unwrap_or(now));
            if since.is_some() {
                self.close();
            }
            return since;
        }
        self.failures_in_a_row = 0;
        self.remember(now, false);
        None
    }

    /// A delivery failed; says whether the breaker opens with it.
    pub(super) fn on_failure(&mut self, id: DeliveryId, now: Timestamp, jitter: &mut Jitter) -> bool {
        if let Some(probe) = self.probe {
            if probe.is_probe(id) {
                self.wait = (self.wait * 2).min(LONGEST_WAIT);
                self.open(now, jitter);
            }
            return false;
        }
        if self.failures_in_a_row == 0 {
            self.failing_since = Some(now);
        }
        self.failures_in_a_row += 1;
        self.remember(now, true);
        if !self.is_too_much(now) {
            return false;
        }
        if self.failures_in_a_row < FAILURES_IN_A_ROW {
            self.failing_since = self.recent.front().map(|(when, _)| *when);
        }
        self.wait = FIRST_WAIT;
        self.open(now, jitter);
        true
    }

    /// Closes it, as if nothing had ever failed.
    pub(super) fn close(&mut self) {
        *self = Self::default();
    }

    fn open(&mut self, now: Timestamp, jitter: &mut Jitter) {
        let half = self.wait / 2;
        self.probe = Some(ProbeSchedule::at(time_after(now, half + jitter.up_to(half))));
    }

    fn remember(&mut self, now: Timestamp, has_failed: bool) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((now, has_failed));
    }

    fn is_too_much(&self, now: Timestamp) -> bool {
        let recent = self.recent.len() == RECENT
            && self.recent.front().is_some_and(|(when, _)| time_after(*when, WITHIN) >= now);
        let failed = self.recent.iter().filter(|(_, has_failed)| *has_failed).count();
        self.failures_in_a_row >= FAILURES_IN_A_ROW || (recent && failed * 2 >= RECENT)
    }
}
