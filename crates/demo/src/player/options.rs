//! How a PBX plays, and who may listen.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// How fast a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// As fast as the client takes it.
    AsTaken,
    /// So many times as fast as it was recorded; 1 is real time. Anything but a positive number is
    /// [`Speed::AsTaken`].
    Times(f64),
}

/// Longer than anybody waits, and short enough to be added to any time.
pub(super) const A_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Speed {
    /// How long `recorded` takes at this speed; a year at most.
    pub(super) fn takes(self, recorded: Duration) -> Duration {
        match self {
            Self::Times(factor) if factor > 0.0 => {
                let seconds = recorded.as_secs_f64() / factor;
                Duration::try_from_secs_f64(seconds).map_or(A_YEAR, |takes| takes.min(A_YEAR))
            }
            Self::AsTaken | Self::Times(_) => Duration::ZERO,
        }
    }
}

/// How a PBX plays, and who may listen.
#[derive(Clone)]
pub struct PlayOptions {
    /// Who may log in; case does not count.
    pub username: String,
    /// The secret of that user.
    pub secret: String,
    /// The event classes the user may read, as in `read =` of `manager.conf`: `all`, or names with commas.
    pub read: String,
    /// How fast recordings are played.
    pub speed: Speed,
    /// How often all recordings are played to each client; for ever where there is no number.
    pub rounds: Option<u64>,
    /// Whether a recording that is played again, to the same client or another, has Uniqueids of its own, as
    /// other calls would.
    pub fresh_ids: bool,
    /// How long it is quiet between two recordings, at real time.
    pub pause: Duration,
    /// How long a refused login waits for its answer.
    pub refusal_delay: Duration,
    /// How long a client may stay without logging in.
    pub auth_timeout: Duration,
    /// When Asterisk was started; when the [`super::Pbx`] is made, unless it is told.
    pub started: Option<Timestamp>,
    /// The first line said to a client; that of the first recording that has one, unless it is told.
    pub banner: Option<String>,
}

impl PlayOptions {
    /// One round in real time, for the user `username` with `secret`.
    #[must_use]
    pub fn new(username: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            secret: secret.into(),
            read: "all".into(),
            speed: Speed::Times(1.0),
            rounds: Some(1),
            fresh_ids: true,
            pause: Duration::from_secs(1),
            refusal_delay: Duration::from_millis(100),
            auth_timeout: Duration::from_secs(30),
            started: None,
            banner: None,
        }
    }
}

/// Says everything but the secret.
impl fmt::Debug for PlayOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlayOptions")
            .field("username", &self.username)
            .field("read", &self.read)
            .field("speed", &self.speed)
            .field("rounds", &self.rounds)
            .field("fresh_ids", &self.fresh_ids)
            .field("pause", &self.pause)
            .field("refusal_delay", &self.refusal_delay)
            .field("auth_timeout", &self.auth_timeout)
            .field("started", &self.started)
            .field("banner", &self.banner)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_takes_longer_than_a_year() {
        assert_eq!(Speed::Times(1e-300).takes(Duration::from_secs(1)), A_YEAR);
        assert_eq!(Speed::Times(1.0).takes(Duration::MAX), A_YEAR);
    }

    #[test]
    fn a_speed_that_makes_no_sense_is_as_fast_as_taken() {
        let second = Duration::from_secs(1);
        assert_eq!(Speed::Times(1.0).takes(second), second);
        assert_eq!(Speed::Times(4.0).takes(second), Duration::from_millis(250));
        assert_eq!(Speed::Times(0.5).takes(second), Duration::from_secs(2));
        for speed in [Speed::AsTaken, Speed::Times(0.0), Speed::Times(-1.0), Speed::Times(f64::NAN)] {
            assert_eq!(speed.takes(second), Duration::ZERO, "{speed:?}");
        }
        assert_eq!(Speed::Times(f64::INFINITY).takes(second), Duration::ZERO);
    }

    #[test]
    fn the_secret_is_not_shown() {
        assert!(!format!("{:?}", PlayOptions::new("user", "hunter2")).contains("hunter2"));
    }
}
