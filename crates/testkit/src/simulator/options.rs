//! The options of a simulator.

use std::fmt;

/// How a simulator works.
#[derive(Clone)]
pub struct SimulatorOptions {
    /// The user that may log in, ignoring case.
    pub username: String,
    /// The secret of that user.
    pub secret: String,
    /// The event classes the user may read, as in `read =` of `manager.conf`.
    pub read: String,
    /// The number of new calls per second, on average.
    pub rate: f64,
    /// The average duration of calls, as a factor of the recorded ones, which ring for two seconds and last for two
    /// more. Single calls take up to four times the average.
    pub pace: f64,
    /// The seed of the random numbers: the same seed gives the same calls.
    pub seed: u64,
    /// How many bytes of events may wait for a slow client. A client over the limit is disconnected, as by Asterisk
    /// (AMI notes, AMI notes 1.8).
    pub backlog: usize,
}

impl Default for SimulatorOptions {
    fn default() -> Self {
        Self {
            username: "ringwire".into(),
            secret: "swordfish".into(),
            read: "system,call,agent".into(),
            rate: 100.0,
            pace: 1.0,
            seed: 0,
            backlog: 256 << 20,
        }
    }
}

/// Shows everything except the secret.
impl fmt::Debug for SimulatorOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatorOptions")
            .field("username", &self.username)
            .field("read", &self.read)
            .field("rate", &self.rate)
            .field("pace", &self.pace)
            .field("seed", &self.seed)
            .field("backlog", &self.backlog)
            .finish_non_exhaustive()
    }
}
