//! How long a visit may take.

use std::time::Duration;

/// How long a step may take unless told otherwise.
pub const STEP: Duration = Duration::from_secs(10);

/// Limits of one visit to a PBX.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a step may take.
    pub step: Duration,
    /// How long to listen, if at all.
    pub listen: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { step: STEP, listen: None }
    }
}
