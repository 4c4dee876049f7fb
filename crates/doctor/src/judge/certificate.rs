//! For how long a certificate still holds.

use jiff::{SignedDuration, Timestamp};

use super::finding::Findings;

/// What is read of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// From when it holds.
    pub(crate) not_before: Timestamp,
    /// Until when it holds.
    pub(crate) not_after: Timestamp,
}

/// What is left of a certificate when somebody should look after it: whoever renews by machine does so before.
const SOON: SignedDuration = SignedDuration::from_hours(21 * 24);

/// Says how long `certificate`, which is trusted at `now`, still holds; `renew` is how to renew it.
pub(crate) fn judge(findings: &mut Findings, certificate: &Certificate, now: Timestamp, renew: &str) {
    let left = certificate.not_after.duration_since(now);
    let lifetime = certificate.not_after.duration_since(certificate.not_before);
    let until = certificate.not_after.strftime("%Y-%m-%d");
    // Some authorities make them for a few days only.
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
        findings.ok(format!("TLS: the certificate is trusted, and holds for {left} more ({until})"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::finding::{Finding, Subject};

    #[test]
    fn what_soon_means_depends_on_how_long_it_holds_in_all() {
        let now: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let days = |days: i64| now + SignedDuration::from_hours(24 * days);
        for (from, until, said) in [
            (-300, 65, "holds for 65 days more (2027-01-25)"),
            (-300, 20, "expires soon, in 20 days (2026-12-11)"),
            (-60, 1, "expires soon, in 24 hours"),
            (-1, 5, "holds for 5 days more"),
            (-5, 1, "expires soon, in 24 hours"),
        ] {
            let mut findings = Findings::new(Subject::Journal);
            let certificate = Certificate { not_before: days(from), not_after: days(until) };
            judge(&mut findings, &certificate, now, "renew it");
            let found: Vec<Finding> = findings.into();
            assert!(found[0].says.contains(said), "{found:?}");
        }
    }
}
