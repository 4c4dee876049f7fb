//! What keeps due deliveries from going out.

use jiff::Timestamp;

use crate::delivery::DeliveryId;

/// Whether due deliveries may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// They may.
    Open,
    /// One may, from then on.
    OneAt(Timestamp),
    /// None may until something happens.
    Shut,
}

/// One delivery at a time is let through, to see whether the endpoint takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trial {
    /// When the next probe may go out.
    pub(super) from: Timestamp,
    /// The probe that is on its way.
    pub(super) probe: Option<DeliveryId>,
}

impl Trial {
    pub(super) fn from(from: Timestamp) -> Self {
        Self { from, probe: None }
    }

    pub(super) fn gate(&self) -> Gate {
        match self.probe {
            None => Gate::OneAt(self.from),
            Some(_) => Gate::Shut,
        }
    }

    pub(super) fn is_probe(&self, id: DeliveryId) -> bool {
        self.probe == Some(id)
    }
}
