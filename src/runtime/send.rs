//! One endpoint over HTTP.

use std::{error::Error, sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{Client, Method, Response, header, redirect::Policy};
use ringwire_cti::{Dialect, Directive, Reply, Request, Verdict};
use ringwire_event::CallEvent;
use ringwire_outbox::Outcome;
use secrecy::{ExposeSecret, SecretString};

use crate::config::Endpoint;

/// How much of a reply is read, in bytes.
const LONGEST_REPLY: usize = 16 << 10;

/// Sends to one endpoint, with connections of its own. It knows the endpoint's secrets and shows none.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    client: Client,
    url: SecretString,
    dialect: Arc<dyn Dialect>,
    timeout: Duration,
}

/// What came of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// For the outbox.
    pub(crate) outcome: Outcome,
    /// For the PBX.
    pub(crate) directives: Vec<Directive>,
}

/// A reply as far as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Vec<u8>,
    /// How long the endpoint asked to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// The host that a redirect leads to.
    redirect: Option<String>,
}

impl Answer {
    /// As a dialect reads it.
    pub(crate) fn reply(&self) -> Reply<'_> {
        Reply { status: self.status, body: &self.body, redirect: self.redirect.as_deref() }
    }
}

impl Sender {
    /// A sender to `endpoint`; `None` where no address is configured.
    ///
    /// # Errors
    /// In words, why there can be no client with these settings.
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Option<Self>, String> {
        let Some(address) = &endpoint.address else { return Ok(None) };
        // It fails where there is a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("ringwire/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(endpoint.connect_timeout)
            .timeout(endpoint.timeout)
            .pool_max_idle_per_host(endpoint.concurrency)
            .tls_certs_merge(endpoint.authorities.iter().cloned())
            .build()
            .map_err(|error| innermost(&error.without_url()))?;
        let (url, dialect) = (address.url.clone(), Arc::clone(&endpoint.dialect));
        Ok(Some(Self { client, url, dialect, timeout: endpoint.timeout }))
    }

    /// Whether the endpoint wants to hear of `event`.
    pub(crate) fn wants(&self, event: &CallEvent) -> bool {
        self.dialect.request(event).is_some()
    }

    /// Tells the endpoint of `event`.
    pub(crate) async fn send(&self, event: &CallEvent) -> Sent {
        let Some(request) = self.dialect.request(event) else {
            // It was wanted when it was committed; the settings have changed since.
            return Sent { outcome: Outcome::Delivered, directives: Vec::new() };
        };
        match self.post(&request).await {
            Ok(answer) => sent(self.dialect.verdict(event, &answer.reply()), answer.retry_after),
            Err(reason) => Sent { outcome: Outcome::Retry { reason, after: None }, directives: Vec::new() },
        }
    }

    /// Sends `request` and reads the answer, up to 16 KiB of it.
    ///
    /// # Errors
    /// In words, without the address, why there is no answer.
    pub(crate) async fn post(&self, request: &Request) -> Result<Answer, String> {
        let failed = |error: reqwest::Error| self.reason(error);
        let method = Method::from_bytes(request.method.as_bytes()).unwrap_or(Method::POST);
        let (content_type, body) = request.body.encode();
        let builder = self.client.request(method, self.url.expose_secret());
        let builder =
            request.headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value));
        let builder = builder.header(header::CONTENT_TYPE, content_type).body(body);
        let mut response = builder.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| retry_after(value.to_str().ok()?, Timestamp::now()));
        let redirect = redirect(&response);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            let room = LONGEST_REPLY - body.len();
            body.extend(chunk.iter().take(room));
            if body.len() == LONGEST_REPLY {
                break;
            }
        }
        Ok(Answer { status, body, retry_after, redirect })
    }

    fn reason(&self, error: reqwest::Error) -> String {
        let error = error.without_url();
        if error.is_timeout() && error.is_connect() {
            "no connection in time".to_owned()
        } else if error.is_timeout() {
            format!("no answer within {:?}", self.timeout)
        } else if error.is_connect() {
            format!("cannot connect: {}", innermost(&error))
        } else {
            format!("the connection broke: {}", innermost(&error))
        }
    }
}

fn sent(verdict: Verdict, after: Option<Duration>) -> Sent {
    let (outcome, directives) = match verdict {
        Verdict::Delivered(directives) => (Outcome::Delivered, directives),
        Verdict::Retry { reason } => (Outcome::Retry { reason, after }, Vec::new()),
        Verdict::UnknownCall { reason } => (Outcome::UnknownCall { reason }, Vec::new()),
        Verdict::Refused { reason } | Verdict::Dead { reason } => (Outcome::Dead { reason }, Vec::new()),
        Verdict::Misconfigured { reason } | Verdict::Gone { reason } => (Outcome::Misconfigured { reason }, Vec::new()),
    };
    Sent { outcome, directives }
}

/// The host that a redirect leads to: the rest of the address may hold a token.
fn redirect(response: &Response) -> Option<String> {
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    Some(response.url().join(location).ok()?.host_str()?.to_owned())
}

/// What an error comes from: the outer layers say no more than that something failed.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    Duration::try_from(date.timestamp().duration_since(now)).ok()
}

#[cfg(test)]
mod tests;
