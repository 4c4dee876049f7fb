//! Judges how long a certificate remains valid.

use jiff::{SignedDuration, Timestamp};

use crate::{facts::certificate::Certificate, finding::Findings};

/// Below this a certificate expires soon: automatic renewal happens earlier.
const SOON: SignedDuration = SignedDuration::from_hours(21 * 24);

/// Judges how long `certificate`, which is trusted at `now`, remains valid; `renew` is how to renew it.
pub(crate) fn judge(findings: &mut Findings, certificate: &Certificate, now: Timestamp, renew: &str) {
    let left = certificate.not_after.duration_since(now);
    let lifetime = certificate.not_after.duration_since(certificate.not_before);
    let until = certificate.not_after.strftime("%Y-%m-%d");
    // Some authorities issue certificates for a few days only.
    let soon = SOON.min(lifetime / 3);
    let left = match left.as_hours() {
        ..1 => "less than an hour".to_owned(),
        1 => "1 hour".to_owned(),
        hours @ 2..48 => format!("{hours} hours"),
        hours => format!("{} days", hours / 24),
    };
    if certificate.not_after.duration_since(now) < soon {
        findings
            .warning(format!("TLS: the certificate is trusted but expires soon, in {left} ({until})"), renew);
    } else {
        findings.ok(format!("TLS: the certificate is trusted and valid for {left} more ({until})"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, Subject};

    #[test]
    fn how_soon_a_certificate_expires_depends_on_its_lifetime() {
        let now: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let days = |days: i64| now + SignedDuration::from_hours(24 * days);
        for (from, until, expected) in [
            (-300, 65, "valid for 65 days more (2027-01-25)"),
            (-300, 20, "expires soon, in 20 days (2026-12-11)"),
            (-60, 1, "expires soon, in 24 hours"),
            (-1, 5, "valid for 5 days more"),
            (-5, 1, "expires soon, in 24 hours"),
        ] {
            let mut findings = Findings::new(Subject::Journal);
            let certificate = Certificate { not_before: days(from), not_after: days(until) };
            judge(&mut findings, &certificate, now, "renew it");
            let found: Vec<Finding> = findings.into();
            assert!(found[0].text.contains(expected), "{found:?}");
        }
    }
}
