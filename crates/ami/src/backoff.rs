//! How long to wait before connecting again.

use std::time::Duration;

use crate::ErrorKind;

/// Growing delays between attempts to connect: short where the server is merely away, long where it refuses, for
/// each refused login costs it a second and may trip a ban (AMI contract 5.12).
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    lost: u32,
    refused: u32,
}

impl Backoff {
    /// The shortest delay.
    pub const MIN: Duration = Duration::from_millis(200);
    /// The longest delay after a lost network.
    pub const MAX: Duration = Duration::from_secs(30);
    /// The shortest delay after a refused login.
    pub const REFUSED_MIN: Duration = Duration::from_mins(1);
    /// The longest delay after a refused login.
    pub const REFUSED_MAX: Duration = Duration::from_mins(5);
    /// How long a connection must have been up for the next failure to be the first again.
    pub const STEADY: Duration = Duration::from_secs(30);

    /// The delay after another failure. `jitter` is a random number from 0 to 1: bridges that lost the same PBX
    /// at once should not come back at once.
    pub fn next(&mut self, kind: ErrorKind, jitter: f64) -> Duration {
        let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.0 };
        let (failures, min, max) = match kind {
            ErrorKind::Network | ErrorKind::Overrun => (&mut self.lost, Self::MIN, Self::MAX),
            ErrorKind::Credentials | ErrorKind::Untrusted | ErrorKind::Refused => {
                (&mut self.refused, Self::REFUSED_MIN, Self::REFUSED_MAX)
            }
        };
        *failures = failures.saturating_add(1);
        let longest = min.saturating_mul(2u32.saturating_pow(*failures)).min(max);
        (longest / 2 + (longest / 2).mul_f64(jitter)).max(min)
    }

    /// Begins anew.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Begins anew if a connection that ended had been up for long enough; one that ends at once is a failure.
    pub fn lasted(&mut self, up: Duration) {
        if up >= Self::STEADY {
            self.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(kind: ErrorKind, jitter: f64) -> Vec<f64> {
        let mut backoff = Backoff::default();
        (0..10).map(|_| backoff.next(kind, jitter).as_secs_f64()).collect()
    }

    #[test]
    fn a_lost_network_is_tried_from_a_fifth_of_a_second_to_half_a_minute() {
        assert_eq!(delays(ErrorKind::Network, 0.0), [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15.0, 15.0, 15.0]);
        assert_eq!(delays(ErrorKind::Network, 1.0), [0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0, 30.0]);
    }

    #[test]
    fn a_refused_login_is_tried_from_one_minute_to_five() {
        assert_eq!(delays(ErrorKind::Credentials, 0.0)[..4], [60.0, 120.0, 150.0, 150.0]);
        assert_eq!(delays(ErrorKind::Refused, 1.0)[..4], [120.0, 240.0, 300.0, 300.0]);
        assert_eq!(delays(ErrorKind::Untrusted, 1.0)[..4], [120.0, 240.0, 300.0, 300.0]);
    }

    #[test]
    fn only_a_connection_that_stayed_up_counts() {
        let mut backoff = Backoff::default();
        backoff.next(ErrorKind::Network, 0.0);
        backoff.lasted(Duration::from_secs(1));
        assert_eq!(backoff.next(ErrorKind::Network, 0.0), Duration::from_millis(400));
        backoff.lasted(Backoff::STEADY);
        assert_eq!(backoff.next(ErrorKind::Network, 0.0), Backoff::MIN);
    }

    #[test]
    fn any_jitter_and_any_number_of_failures_will_do() {
        for jitter in [f64::NAN, f64::INFINITY, -1.0, 7.0] {
            assert!((0.2..=30.0).contains(&delays(ErrorKind::Network, jitter)[9]));
        }
        let mut backoff = Backoff { lost: u32::MAX, refused: u32::MAX };
        assert_eq!(backoff.next(ErrorKind::Network, 1.0), Backoff::MAX);
        assert_eq!(backoff.next(ErrorKind::Credentials, 1.0), Backoff::REFUSED_MAX);
    }
}
