//! How a target answers a request that it rejects by design.

use jiff::Timestamp;

use super::certificate::Certificate;

/// The facts about a target.
#[derive(Clone, Debug)]
pub struct TargetFacts {
    /// Its name in the configuration.
    pub(crate) name: String,
    /// Its scheme, host and port; empty if no URL is configured.
    pub(crate) origin: String,
    /// Its answer to a request that it rejects by design.
    pub(crate) answer: TargetAnswer,
    /// Its certificate; `None` without TLS.
    pub(crate) certificate: Option<Certificate>,
    /// The environment variables that name a proxy.
    pub(crate) proxies: Vec<String>,
    /// When the facts were gathered.
    pub(crate) now: Timestamp,
}

/// How a target answers a request that it rejects by design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TargetAnswer {
    /// No URL is configured.
    NoUrl,
    /// No client can be built from these settings; why.
    InvalidSettings(String),
    /// It answers. What it does with events cannot be tried without leaving something there.
    Reached,
    /// Its dialect has a URL for each request, and none that could be tried.
    NotTried,
    /// It rejected the request, as it should.
    RejectedAsExpected,
    /// It accepted what it should reject.
    Accepted {
        /// The HTTP status.
        status: u16,
        /// Whether the body is a web page.
        is_page: bool,
    },
    /// It answers like this until a setting is corrected; the reason, perhaps with a hint.
    Misconfigured(String),
    /// It answered in another way; the reason.
    Unexpected(String),
    /// It did not answer.
    NoAnswer {
        /// Why, perhaps with a hint.
        reason: String,
        /// Whether every request fails until a setting is corrected.
        is_permanent: bool,
    },
}
