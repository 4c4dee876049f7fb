//! Time limits of probes.

use std::time::Duration;

/// The default time limit of a step.
pub const DEFAULT_STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// Time limits of probing one PBX or target.
#[derive(Clone, Copy, Debug)]
pub struct ProbeLimits {
    /// The time limit of each step.
    pub step_timeout: Duration,
    /// How long to listen for events, if at all.
    pub listen: Option<Duration>,
}

impl Default for ProbeLimits {
    fn default() -> Self {
        Self { step_timeout: DEFAULT_STEP_TIMEOUT, listen: None }
    }
}
