//! How much a machine holds in memory.

use std::time::Duration;

/// How much a machine holds in memory, the same for every target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineLimits {
    /// How many deliveries of one target are held in memory; the others stay in the store until their turn comes.
    /// Calls that wait for a retry do not count, up to ten times as many in all.
    pub window: usize,
    /// The pause between probes of a target that is misconfigured.
    pub probe_interval: Duration,
}

impl MachineLimits {
    /// The most that is held in memory for one target, calls that wait for a retry included.
    pub(crate) fn cap(&self) -> usize {
        self.window.saturating_mul(10)
    }
}

impl Default for MachineLimits {
    fn default() -> Self {
        Self { window: 4096, probe_interval: Duration::from_secs(60) }
    }
}
