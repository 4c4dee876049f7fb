//! Packets in, call events out.

use jiff::Timestamp;
use ringwire_ami::{Packet, Version};
use ringwire_event::CallEvent;

use crate::Rules;

/// Follows the calls of one PBX.
#[derive(Debug)]
pub struct Tracker {
    rules: Rules,
}

impl Tracker {
    /// A tracker that has seen nothing yet.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { rules }
    }

    /// Takes other rules from here on; calls already announced keep what was said of them.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// A connection begins: its banner said `version`.
    pub fn connected(&mut self, _version: Version, _now: Option<Timestamp>) {}

    /// Takes one packet, received at `now` (`None` where a recording has no clock).
    pub fn apply(&mut self, _packet: &Packet, _now: Option<Timestamp>) {}

    /// Does what is due at `now`.
    pub fn tick(&mut self, _now: Timestamp) {}

    /// When [`Tracker::tick`] is next needed.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        None
    }

    /// The next event to be said, in order; `None` once all are.
    pub fn poll_event(&mut self) -> Option<CallEvent> {
        None
    }
}
