//! Sparing an endpoint that keeps failing.

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;

use super::gate::{Gate, Trial};
use crate::{Jitter, delivery::DeliveryId, schedule::after};

/// So many failures in a row, and the endpoint is spared.
const IN_A_ROW: u32 = 5;
/// Of so many deliveries settled within [`WITHIN`], half have failed, and the endpoint is spared.
const RECENT: usize = 20;
const WITHIN: Duration = Duration::from_secs(60);
/// How long it is spared at first, at most. Each failed probe doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// How long it is spared between probes at the very most.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Whether an endpoint is spared because it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// It is not.
    Closed,
    /// It is, and is next tried at that time.
    Open {
        /// When one delivery is tried.
        until: Timestamp,
    },
    /// It is, and one delivery is on its way to see whether it takes it.
    Probing,
}

/// Opens when an endpoint keeps failing, then lets one probe through at a time; its success closes it.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures_in_a_row: u32,
    /// When deliveries were settled of late, and whether they failed.
    recent: VecDeque<(Timestamp, bool)>,
    /// When the failures began that opened it, or may.
    since: Option<Timestamp>,
    /// Set while it is open.
    trial: Option<Trial>,
    wait: Duration,
}

impl Breaker {
    pub(super) fn state(&self) -> BreakerState {
        match self.trial {
            None => BreakerState::Closed,
            Some(Trial { probe: Some(_), .. }) => BreakerState::Probing,
            Some(Trial { from, probe: None }) => BreakerState::Open { until: from },
        }
    }

    pub(super) fn gate(&self) -> Gate {
        self.trial.map_or(Gate::Open, |trial| trial.gate())
    }

    /// A delivery goes out; while the breaker is open it is the probe.
    pub(super) fn taken(&mut self, id: DeliveryId) {
        if let Some(trial) = &mut self.trial {
            trial.probe = Some(id);
        }
    }

    /// The endpoint answered. Where that ends an outage, says when the outage began.
    ///
    /// While the breaker is open, only the probe's answer counts: the others were sent before it opened.
    pub(super) fn answered(&mut self, id: DeliveryId, now: Timestamp) -> Option<Timestamp> {
        if let Some(trial) = self.trial {
            let began = trial.is_probe(id).then(|| self.since.unwrap_or(now));
            if began.is_some() {
                self.close();
            }
            return began;
        }
        self.failures_in_a_row = 0;
        self.note(now, false);
        None
    }

    /// A delivery failed; says whether the breaker opens with it.
    pub(super) fn failed(&mut self, id: DeliveryId, now: Timestamp, jitter: &mut Jitter) -> bool {
        if let Some(trial) = self.trial {
            if trial.is_probe(id) {
                self.wait = (self.wait * 2).min(LONGEST_WAIT);
                self.open(now, jitter);
            }
            return false;
        }
        if self.failures_in_a_row == 0 {
            self.since = Some(now);
        }
        self.failures_in_a_row += 1;
        self.note(now, true);
        if !self.is_too_much(now) {
            return false;
        }
        if self.failures_in_a_row < IN_A_ROW {
            self.since = self.recent.front().map(|(when, _)| *when);
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
        self.trial = Some(Trial::from(after(now, half + jitter.up_to(half))));
    }

    fn note(&mut self, now: Timestamp, failed: bool) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((now, failed));
    }

    fn is_too_much(&self, now: Timestamp) -> bool {
        let recent = self.recent.len() == RECENT
            && self.recent.front().is_some_and(|(when, _)| after(*when, WITHIN) >= now);
        let failed = self.recent.iter().filter(|(_, failed)| *failed).count();
        self.failures_in_a_row >= IN_A_ROW || (recent && failed * 2 >= RECENT)
    }
}
