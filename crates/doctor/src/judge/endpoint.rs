//! The way to an endpoint, and what it answers.

use jiff::Timestamp;
use ringwire_terminal::Code;

use super::{
    certificate::{self, Certificate},
    finding::{Findings, Subject, parted},
};

/// What was seen of an endpoint from here.
#[derive(Clone, Debug)]
pub struct EndpointFacts {
    /// Its name in the configuration.
    pub(crate) name: String,
    /// Its scheme, host and port; empty where no URL is configured.
    pub(crate) origin: String,
    /// What it answered to a request that it refuses by design.
    pub(crate) answer: Answered,
    /// Its certificate; `None` where it is not spoken to over TLS.
    pub(crate) certificate: Option<Certificate>,
    /// Which variables of the environment name a proxy.
    pub(crate) proxies: Vec<String>,
    /// When this was looked at.
    pub(crate) now: Timestamp,
}

/// What came of a request that an endpoint refuses by design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// No URL is configured.
    NoUrl,
    /// There can be no client with these settings; why.
    NoClient(String),
    /// It refused the request, as it should.
    Right,
    /// It took what it should refuse.
    Accepted {
        /// The HTTP status.
        status: u16,
        /// Whether it answered with a web page.
        is_page: bool,
    },
    /// It will answer so until a setting is corrected; what, and perhaps what to do.
    Misconfigured(String),
    /// It answered in another way; what.
    Other(String),
    /// It did not answer.
    Unsent {
        /// Why, and perhaps what to do.
        reason: String,
        /// Whether it stays so until a setting is corrected.
        lasting: bool,
    },
}

/// What is wrong on the way to the endpoint.
pub(crate) fn judge(facts: &EndpointFacts) -> Findings {
    let mut findings = Findings::new(Subject::Endpoint(facts.name.clone()));
    let EndpointFacts { name, origin, .. } = facts;
    let reach = format!(
        "try: curl -sS -o /dev/null {origin}/; check the URL, DNS, firewalls between, and whether the endpoint is up"
    );
    match &facts.answer {
        Answered::NoUrl => {
            findings.fault(Code::Config, "no URL is configured", format!("set url_file of [target.{name}]"));
        }
        Answered::NoClient(reason) => {
            let (says, cure) = parted(reason);
            findings.fault(Code::Config, says, cure.unwrap_or("check ca_file and the URL"));
        }
        Answered::Right => findings.ok(format!("{origin} is reached; its address and token are right, and it is switched on")),
        Answered::Accepted { status, is_page } => findings.fault(
            Code::Unavailable,
            match is_page {
                true => format!("{origin} answers HTTP {status} with a web page: something else answers at this address"),
                false => format!("{origin} answers HTTP {status}: it accepts what it should refuse"),
            },
            format!("check the URL of [target.{name}], its path above all: copy it again from where the endpoint shows it"),
        ),
        Answered::Misconfigured(reason) => {
            let (says, cure) = parted(reason);
            findings.fault(
                Code::Unavailable,
                format!("{origin} answers {says}"),
                cure.unwrap_or("check the URL, and the endpoint's log"),
            );
        }
        Answered::Other(reason) => {
            let (says, cure) = parted(reason);
            findings.fault(
                Code::Unavailable,
                format!("{origin} answers {says}"),
                cure.unwrap_or("this is not how the system should answer: check the URL, and its log"),
            );
        }
        Answered::Unsent { reason, lasting } => {
            let (says, cure) = parted(reason);
            let fallback = if *lasting { "correct the URL, or what it leads to" } else { reach.as_str() };
            findings.fault(Code::Unavailable, format!("{origin}: {says}"), cure.unwrap_or(fallback));
            if !facts.proxies.is_empty() {
                findings.warning(
                    format!("{} is set, but ringwire goes to endpoints directly and uses no proxy", facts.proxies.join(", ")),
                    format!("let this machine through the firewall to {origin}"),
                );
            }
        }
    }
    if let Some(certificate) = &facts.certificate
        && !matches!(facts.answer, Answered::Unsent { .. })
    {
        certificate::judge(&mut findings, certificate, facts.now, "renew the certificate there");
    }
    findings
}
