//! How a PBX plays recordings, and who may log in.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// How fast a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PlaybackSpeed {
    /// As fast as the client reads.
    Unlimited,
    /// The recorded speed times this factor; 1 is real time. Anything but a positive number is
    /// [`PlaybackSpeed::Unlimited`].
    Factor(f64),
}

/// The longest duration used: it can be added to any time.
pub(super) const ONE_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl PlaybackSpeed {
    /// How long the playback of `recorded` takes at this speed, at most a year.
    pub(super) fn playing_time(self, recorded: Duration) -> Duration {
        match self {
            Self::Factor(factor) if factor > 0.0 => {
                let seconds = recorded.as_secs_f64() / factor;
                Duration::try_from_secs_f64(seconds).map_or(ONE_YEAR, |takes| takes.min(ONE_YEAR))
            }
            Self::Unlimited | Self::Factor(_) => Duration::ZERO,
        }
    }
}

/// How a PBX plays recordings, and who may log in.
#[derive(Clone)]
pub struct PlaybackOptions {
    /// The user that may log in, ignoring case.
    pub username: String,
    /// The secret of that user.
    pub secret: String,
    /// The event classes the user may read, as in `read =` of `manager.conf`: `all`, or names with commas.
    pub read: String,
    /// How fast recordings are played.
    pub speed: PlaybackSpeed,
    /// How often all recordings are played to each client; `None` repeats them forever.
    pub rounds: Option<u64>,
    /// Whether a recording that is played again, to the same client or another, gets new Uniqueids.
    pub fresh_ids: bool,
    /// The pause between two recordings, in real time.
    pub pause: Duration,
    /// The delay before the response to a refused login.
    pub refusal_delay: Duration,
    /// How long a client may stay without logging in.
    pub auth_timeout: Duration,
    /// When Asterisk was started; `None` is when the [`PlaybackPbx`](super::PlaybackPbx) is created.
    pub started: Option<Timestamp>,
    /// The banner; `None` is that of the first recording that has one.
    pub banner: Option<String>,
}

impl PlaybackOptions {
    /// One round in real time, for the user `username` with `secret`.
    #[must_use]
    pub fn new(username: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            secret: secret.into(),
            read: "all".into(),
            speed: PlaybackSpeed::Factor(1.0),
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

/// Shows everything except the secret.
impl fmt::Debug for PlaybackOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaybackOptions")
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
    fn playback_takes_at_most_a_year() {
        assert_eq!(PlaybackSpeed::Factor(1e-300).playing_time(Duration::from_secs(1)), ONE_YEAR);
        assert_eq!(PlaybackSpeed::Factor(1.0).playing_time(Duration::MAX), ONE_YEAR);
    }

    #[test]
    fn a_speed_that_makes_no_sense_is_as_fast_as_taken() {
        let second = Duration::from_secs(1);
        assert_eq!(PlaybackSpeed::Factor(1.0).playing_time(second), second);
        assert_eq!(PlaybackSpeed::Factor(4.0).playing_time(second), Duration::from_millis(250));
        assert_eq!(PlaybackSpeed::Factor(0.5).playing_time(second), Duration::from_secs(2));
        for speed in [
            PlaybackSpeed::Unlimited,
            PlaybackSpeed::Factor(0.0),
            PlaybackSpeed::Factor(-1.0),
            PlaybackSpeed::Factor(f64::NAN),
        ] {
            assert_eq!(speed.playing_time(second), Duration::ZERO, "{speed:?}");
        }
        assert_eq!(PlaybackSpeed::Factor(f64::INFINITY).playing_time(second), Duration::ZERO);
    }

    #[test]
    fn the_secret_is_not_shown() {
        assert!(!format!("{:?}", PlaybackOptions::new("user", "hunter2")).contains("hunter2"));
    }
}
