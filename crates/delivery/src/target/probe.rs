//! Whether due deliveries may go out, and probes while they may not.

use jiff::Timestamp;

use crate::DeliveryId;

/// Whether due deliveries may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SendGate {
    /// They may.
    Open,
    /// One may, from then on.
    OneAt(Timestamp),
    /// None may until something happens.
    Shut,
}

/// One delivery at a time is sent, to see whether the target accepts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProbeSchedule {
    /// When the next probe may go out.
    pub(super) due_at: Timestamp,
    /// The probe that is in flight.
    pub(super) in_flight: Option<DeliveryId>,
}

impl ProbeSchedule {
    /// The next probe may go out at `due_at`.
    pub(super) fn at(due_at: Timestamp) -> Self {
        Self { due_at, in_flight: None }
    }

    pub(super) fn gate(&self) -> SendGate {
        match self.in_flight {
            None => SendGate::OneAt(self.due_at),
            Some(_) => SendGate::Shut,
        }
    }

    pub(super) fn is_probe(&self, id: DeliveryId) -> bool {
        self.in_flight == Some(id)
    }
}
