//! The delay before connecting again.

use std::time::Duration;

use crate::error_kind::ConnectionErrorKind;

/// Growing delays between attempts to connect. A PBX that is unavailable is tried every second or two: a refused
/// connection costs it nothing, and each second without a connection hides calls. Long delays are for what another
/// attempt does not mend, or what costs the server: a refused login takes it a second and may lead to a ban (AMI notes
/// 5.12), and a connection that was ended here at a limit would reach it again.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReconnectBackoff {
    network_failures: u32,
    overruns: u32,
    refusals: u32,
}

impl ReconnectBackoff {
    /// The shortest delay after a network error.
    pub const MIN: Duration = Duration::from_millis(200);
    /// The longest delay after a network error.
    pub const MAX: Duration = Duration::from_secs(2);
    /// The shortest delay after a connection that was ended here at a limit.
    pub const OVERRUN_MIN: Duration = Duration::from_secs(1);
    /// The longest delay after a connection that was ended here at a limit.
    pub const OVERRUN_MAX: Duration = Duration::from_mins(1);
    /// The shortest delay after a refused login.
    pub const REFUSED_MIN: Duration = Duration::from_mins(1);
    /// The longest delay after a refused login.
    pub const REFUSED_MAX: Duration = Duration::from_mins(5);
    /// How long a connection must have been up for the delays to start from the shortest again.
    pub const STABLE_AFTER: Duration = Duration::from_secs(30);

    /// The delay after another failure. `jitter` is a random number from 0 to 1, so that daemons that lost the same
    /// PBX at the same time do not come back at the same time.
    pub fn next_delay(&mut self, kind: ConnectionErrorKind, jitter: f64) -> Duration {
        let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.0 };
        let (failures, min, max) = match kind {
            ConnectionErrorKind::Network => (&mut self.network_failures, Self::MIN, Self::MAX),
            ConnectionErrorKind::Overrun => (&mut self.overruns, Self::OVERRUN_MIN, Self::OVERRUN_MAX),
            ConnectionErrorKind::Credentials
            | ConnectionErrorKind::Untrusted
            | ConnectionErrorKind::Refused => (&mut self.refusals, Self::REFUSED_MIN, Self::REFUSED_MAX),
        };
        *failures = failures.saturating_add(1);
        let longest = min.saturating_mul(2u32.saturating_pow(*failures)).min(max);
        (longest / 2 + (longest / 2).mul_f64(jitter)).max(min)
    }

    /// Starts over with the shortest delay.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Starts over if a connection that ended had been up for long enough; one that ends at once counts as a failure.
    pub fn reset_after_uptime(&mut self, uptime: Duration) {
        if uptime >= Self::STABLE_AFTER {
            self.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(kind: ConnectionErrorKind, jitter: f64) -> Vec<f64> {
        let mut backoff = ReconnectBackoff::default();
        (0..10).map(|_| backoff.next_delay(kind, jitter).as_secs_f64()).collect()
    }

    #[test]
    fn a_pbx_that_is_unavailable_is_tried_every_second_or_two() {
        assert_eq!(delays(ConnectionErrorKind::Network, 0.0)[..5], [0.2, 0.4, 0.8, 1.0, 1.0]);
        assert_eq!(delays(ConnectionErrorKind::Network, 1.0)[..5], [0.4, 0.8, 1.6, 2.0, 2.0]);
    }

    #[test]
    fn a_connection_that_was_ended_at_a_limit_is_made_again_after_1_s_to_1_minute() {
        assert_eq!(delays(ConnectionErrorKind::Overrun, 0.0)[..7], [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        assert_eq!(delays(ConnectionErrorKind::Overrun, 1.0)[..6], [2.0, 4.0, 8.0, 16.0, 32.0, 60.0]);
    }

    #[test]
    fn refused_logins_are_retried_after_one_to_five_minutes() {
        assert_eq!(delays(ConnectionErrorKind::Credentials, 0.0)[..4], [60.0, 120.0, 150.0, 150.0]);
        assert_eq!(delays(ConnectionErrorKind::Refused, 1.0)[..4], [120.0, 240.0, 300.0, 300.0]);
        assert_eq!(delays(ConnectionErrorKind::Untrusted, 1.0)[..4], [120.0, 240.0, 300.0, 300.0]);
    }

    #[test]
    fn only_a_connection_that_stayed_up_resets_the_delay() {
        let mut backoff = ReconnectBackoff::default();
        backoff.next_delay(ConnectionErrorKind::Network, 0.0);
        backoff.reset_after_uptime(Duration::from_secs(1));
        assert_eq!(backoff.next_delay(ConnectionErrorKind::Network, 0.0), Duration::from_millis(400));
        backoff.reset_after_uptime(ReconnectBackoff::STABLE_AFTER);
        assert_eq!(backoff.next_delay(ConnectionErrorKind::Network, 0.0), ReconnectBackoff::MIN);
    }

    #[test]
    fn delays_stay_in_range_for_any_jitter_and_any_number_of_failures() {
        for jitter in [f64::NAN, f64::INFINITY, -1.0, 7.0] {
            assert!((0.2..=2.0).contains(&delays(ConnectionErrorKind::Network, jitter)[9]));
        }
        let mut backoff =
            ReconnectBackoff { network_failures: u32::MAX, overruns: u32::MAX, refusals: u32::MAX };
        assert_eq!(backoff.next_delay(ConnectionErrorKind::Network, 1.0), ReconnectBackoff::MAX);
        assert_eq!(backoff.next_delay(ConnectionErrorKind::Overrun, 1.0), ReconnectBackoff::OVERRUN_MAX);
        assert_eq!(backoff.next_delay(ConnectionErrorKind::Credentials, 1.0), ReconnectBackoff::REFUSED_MAX);
    }
}
