//! One target over HTTP.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{Client, Method, Response, Url, header, redirect::Policy};
use ringwire_config::Target;
use ringwire_delivery::DeliveryOutcome;
use ringwire_dialects::{Dialect, Directive, ReplyVerdict, TargetReply, TargetRequest, safe_excerpt};
use ringwire_event::CallEvent;
use secrecy::{ExposeSecret, SecretString};

use super::{
    guard::{self, Guard, Lookup},
    headers::Headers,
    hush::Hush,
    unsent::{Circumstances, Unsent, innermost},
};

/// How much of a reply is read, in bytes.
const LONGEST_REPLY: usize = 16 << 10;

/// How much of a reply is kept, in bytes.
const LONGEST_EXCERPT: usize = 1 << 10;

/// Sends to one target, with connections of its own. It knows the target's secrets and shows none.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    url: SecretString,
    dialect: Arc<dyn Dialect>,
    headers: Headers,
    hush: Hush,
    circumstances: Circumstances,
}

/// What came of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// For the outbox.
    pub outcome: DeliveryOutcome,
    /// For the PBX.
    pub directives: Vec<Directive>,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// The beginning of the reply, fit to be shown: 1 KiB at most, without secrets and control characters. Numbers
    /// of callers may be in it.
    pub reply: Option<String>,
}

/// A reply as far as it was read.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, without the secrets of the request.
    pub body: Vec<u8>,
    /// How long the target asked to be left alone.
    pub retry_after: Option<Duration>,
    /// The host that a redirect leads to.
    redirect: Option<String>,
}

impl Answer {
    /// As a dialect reads it.
    pub fn reply(&self) -> TargetReply<'_> {
        TargetReply { status: self.status, body: &self.body, redirect: self.redirect.as_deref() }
    }

    /// The beginning of the body, fit to be shown; `None` where there is none.
    fn excerpt(&self) -> Option<String> {
        match self.body.as_slice() {
            [] => None,
            body if body.contains(&0) => Some(format!("({} bytes that are no text)", body.len())),
            body => Some(safe_excerpt(body, LONGEST_EXCERPT)),
        }
    }

    /// What came of sending, where it means `verdict`.
    fn sent(&self, verdict: ReplyVerdict) -> Sent {
        let mut directives = Vec::new();
        let outcome = match verdict {
            ReplyVerdict::Delivered(asked) => {
                directives = asked;
                DeliveryOutcome::Delivered
            }
            ReplyVerdict::Retry { reason } => DeliveryOutcome::Retry { reason, after: self.retry_after },
            ReplyVerdict::UnknownCall { reason } => DeliveryOutcome::UnknownCall { reason },
            ReplyVerdict::Refused { reason } => DeliveryOutcome::Refused { reason },
            ReplyVerdict::Dead { reason } => DeliveryOutcome::Dead { reason },
            ReplyVerdict::Misconfigured { reason } => DeliveryOutcome::Misconfigured { reason },
            ReplyVerdict::Gone { reason } => DeliveryOutcome::Gone { reason },
        };
        Sent { outcome, directives, status: Some(self.status), reply: self.excerpt() }
    }
}

impl From<Unsent> for Sent {
    fn from(Unsent { reason, lasting, status }: Unsent) -> Self {
        let outcome = if lasting {
            DeliveryOutcome::Misconfigured { reason }
        } else {
            DeliveryOutcome::Retry { reason, after: None }
        };
        Self { outcome, directives: Vec::new(), status, reply: None }
    }
}

impl Sender {
    /// A sender to `target`; `None` where no address is configured.
    ///
    /// # Errors
    /// In words, why there can be no client with these settings.
    pub fn new(target: &Target) -> Result<Option<Self>, String> {
        Self::with_lookup(target, guard::system())
    }

    /// The same with another way to look names up.
    fn with_lookup(target: &Target, lookup: Lookup) -> Result<Option<Self>, String> {
        let Some(address) = &target.address else { return Ok(None) };
        let url: Url = address
            .url
            .expose_secret()
            .parse()
            .map_err(|error| format!("the URL cannot be read: {error}"))?;
        guard::check_literal(&url, &target.reach)?;
        let credentials = &target.credentials;
        let headers = Headers::new(credentials)
            .map_err(|_| "a secret has characters in it that no header can have".to_owned())?;
        // It fails where there is a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .user_agent(concat!("ringwire/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .https_only(target.https_only)
            .dns_resolver(Guard::new(&url, &target.reach, lookup))
            .connect_timeout(target.connect_timeout)
            .timeout(target.timeout)
            .pool_max_idle_per_host(target.concurrency)
            .tls_certs_merge(target.authorities.iter().cloned());
        let builder = match &credentials.certificate {
            Some(certificate) => builder.identity(certificate.0.clone()),
            None => builder,
        };
        let client = builder.build().map_err(|error| innermost(&error.without_url()))?;
        Ok(Some(Self {
            client,
            url: address.url.clone(),
            dialect: Arc::clone(&target.dialect),
            headers,
            hush: Hush::new(&url, credentials),
            circumstances: Circumstances {
                host: url.host_str().unwrap_or_default().to_owned(),
                timeout: target.timeout,
                shows_certificate: credentials.certificate.is_some(),
                has_authorities: !target.authorities.is_empty(),
            },
        }))
    }

    /// Whether the target wants to hear of `event`.
    pub fn wants(&self, event: &CallEvent) -> bool {
        self.dialect.build_request(event).is_some()
    }

    /// Tells the target of `event`.
    pub async fn send(&self, event: &CallEvent) -> Sent {
        let Some(request) = self.dialect.build_request(event) else {
            // It was wanted when it was committed; the settings have changed since.
            let outcome = DeliveryOutcome::Delivered;
            return Sent { outcome, directives: Vec::new(), status: None, reply: None };
        };
        match self.post(&request, &event.id).await {
            Ok(answer) => answer.sent(self.dialect.judge_reply(event, &answer.reply())),
            Err(unsent) => unsent.into(),
        }
    }

    /// Sends `request`, by which the target is told of what goes by `id`, and reads the answer, up to 16 KiB of it.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn post(&self, request: &TargetRequest, id: &str) -> Result<Answer, Unsent> {
        let method = Method::from_bytes(request.method.as_bytes()).unwrap_or(Method::POST);
        let (content_type, body) = request.body.encode();
        let headers = self.headers.attempt(id, Timestamp::now(), &body);
        let builder = self.client.request(method, self.url.expose_secret()).headers(headers);
        let builder =
            request.headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value));
        let builder = builder.header(header::CONTENT_TYPE, content_type).body(body);
        let mut response = builder.send().await.map_err(|error| self.circumstances.unsent(error, None))?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| retry_after(value.to_str().ok()?, Timestamp::now()));
        let redirect = redirect(&response);
        let mut body = Vec::new();
        let failed = |error| self.circumstances.unsent(error, Some(status));
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            let room = LONGEST_REPLY - body.len();
            body.extend(chunk.iter().take(room));
            if body.len() == LONGEST_REPLY {
                break;
            }
        }
        Ok(Answer { status, body: self.hush.over(body), retry_after, redirect })
    }
}

/// The host that a redirect leads to: the rest of the address may hold a token.
fn redirect(response: &Response) -> Option<String> {
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    Some(response.url().join(location).ok()?.host_str()?.to_owned())
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
