//! What a target needs of the machine to complete a delivery.

use std::time::Duration;

use jiff::Timestamp;

use crate::{Jitter, RetrySchedule, changes::MachineOutput};

/// What a target needs of the machine to complete a delivery.
pub(crate) struct CompletionContext<'a> {
    pub(crate) now: Timestamp,
    /// The pause between probes of a target that is misconfigured.
    pub(crate) probe_interval: Duration,
    pub(crate) schedule: &'a RetrySchedule,
    pub(crate) jitter: &'a mut Jitter,
    pub(crate) output: &'a mut MachineOutput,
}
