//! Judges the connection to a target and its answer.

use ringwire_terminal::Code;

use super::{certificate, wording::split_hint};
use crate::{
    facts::target::{TargetAnswer, TargetFacts},
    finding::{Findings, Subject},
};

/// Judges the target.
pub(crate) fn judge(facts: &TargetFacts) -> Findings {
    let mut findings = Findings::new(Subject::Target(facts.name.clone()));
    let TargetFacts { name, origin, .. } = facts;
    let reach = format!(
        "try: curl -sS -o /dev/null {origin}/; check the URL, DNS, the firewalls in between, and whether the target is up"
    );
    match &facts.answer {
        TargetAnswer::NoUrl => {
            findings.fault(Code::Config, "no URL is configured", format!("set url_file in [target.{name}]"));
        }
        TargetAnswer::InvalidSettings(reason) => {
            let (text, hint) = split_hint(reason);
            findings.fault(Code::Config, text, hint.unwrap_or("check ca_file and the URL"));
        }
        TargetAnswer::Reached => findings.ok(format!(
            "{origin} answers; whether it takes events shows with the first call, since a try would leave something there"
        )),
        TargetAnswer::NotTried => {
            findings.ok("its dialect has a URL for each request; whether they are right shows with the first call");
        }
        TargetAnswer::RejectedAsExpected => findings.ok(format!("{origin} answers; its URL and token are valid, and the integration is enabled")),
        TargetAnswer::Accepted { status, is_page } => findings.fault(
            Code::Unavailable,
            match is_page {
                true => format!("{origin} answers HTTP {status} with a web page: something else is at this URL"),
                false => format!("{origin} answers HTTP {status}: it accepts a request that it should reject"),
            },
            format!("check the URL of [target.{name}], especially its path: copy it again from the target's settings"),
        ),
        TargetAnswer::Misconfigured(reason) => {
            let (text, hint) = split_hint(reason);
            findings.fault(
                Code::Unavailable,
                format!("{origin} answers {text}"),
                hint.unwrap_or("check the URL and the target's log"),
            );
        }
        TargetAnswer::Unexpected(reason) => {
            let (text, hint) = split_hint(reason);
            findings.fault(
                Code::Unavailable,
                format!("{origin} answers {text}"),
                hint.unwrap_or("a target should not answer so: check the URL and the target's log"),
            );
        }
        TargetAnswer::NoAnswer { reason, is_permanent } => {
            let (text, hint) = split_hint(reason);
            let fallback = if *is_permanent { "correct the URL or the DNS record of its host" } else { reach.as_str() };
            findings.fault(Code::Unavailable, format!("{origin}: {text}"), hint.unwrap_or(fallback));
            if !facts.proxies.is_empty() {
                findings.warning(
                    format!("{} is set, but ringwire connects to targets directly and uses no proxy", facts.proxies.join(", ")),
                    format!("allow connections from this machine to {origin} in the firewall"),
                );
            }
        }
    }
    if let Some(certificate) = &facts.certificate
        && !matches!(facts.answer, TargetAnswer::NoAnswer { .. })
    {
        certificate::judge(
            &mut findings,
            certificate,
            facts.now,
            "renew the certificate on the target's server",
        );
    }
    findings
}
