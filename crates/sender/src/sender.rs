//! Sends requests to one target.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{Client, Method, Response, Url, header, redirect::Policy};
use ringwire_config::Target;
use ringwire_delivery::DeliveryOutcome;
use ringwire_dialects::{
    CallMemory, DeliveryProgress, DeliveryStep, Dialect, Directive, ReplyVerdict, StepContext, StepError,
    TargetReply, TargetRequest, UserMap, safe_excerpt,
};
use ringwire_event::CallEvent;
use secrecy::{ExposeSecret, SecretString};

use super::{
    address_guard::{self, AddressGuard, Lookup},
    failure::{RequestContext, RequestFailure, innermost},
    headers::Headers,
    redaction::Redactor,
};

/// How much of a reply is read, in bytes.
const MAX_REPLY: usize = 16 << 10;

/// How much of a reply is stored, in bytes.
const MAX_EXCERPT: usize = 1 << 10;

/// Sends requests to one target, over connections of its own. It holds the target's secrets and shows none.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    /// For requests that may not be repeated: each has a connection of its own, since one that was kept open may be closed
    /// by the time it is used.
    unrepeatable: Client,
    url: SecretString,
    dialect: Arc<dyn Dialect>,
    headers: Headers,
    redactor: Redactor,
    /// How long a request may take in all.
    timeout: Duration,
    /// How long the reply to one that may not be repeated may take.
    reply_timeout: Duration,
    context: RequestContext,
}

/// How an event is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendOptions {
    /// Without what disturbs people ([`StepContext::is_quiet`]).
    pub is_quiet: bool,
    /// Over a fresh connection, and with more time for the reply: it may not be repeated.
    pub is_unrepeatable: bool,
}

/// The result of sending an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendResult {
    /// The outcome for the outbox.
    pub outcome: DeliveryOutcome,
    /// Instructions for the PBX.
    pub directives: Vec<Directive>,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// The beginning of the reply, safe to show: at most 1 KiB, without secrets and control characters. It may hold
    /// callers' numbers.
    pub reply: Option<String>,
}

/// A reply, as far as it was read.
#[derive(Clone, Debug)]
pub struct ReceivedReply {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    content_type: Option<String>,
    /// The body, without the secrets of the request.
    pub body: Vec<u8>,
    /// How long the target asked to wait before the next request.
    pub retry_after: Option<Duration>,
    /// Scheme, host and port that a redirect leads to.
    redirect: Option<String>,
}

impl ReceivedReply {
    /// The reply as a dialect reads it.
    pub fn as_reply(&self) -> TargetReply<'_> {
        TargetReply {
            status: self.status,
            content_type: self.content_type.as_deref(),
            headers: &[],
            body: &self.body,
            redirect: self.redirect.as_deref(),
        }
    }

    /// The beginning of the body without secrets and control characters, for those who may see replies: it may hold
    /// callers' numbers. `None` if it is empty.
    pub fn excerpt(&self) -> Option<String> {
        match self.body.as_slice() {
            [] => None,
            body if body.contains(&0) => Some(format!("({} bytes of binary data)", body.len())),
            body => Some(safe_excerpt(body, MAX_EXCERPT)),
        }
    }

    /// The result of sending, if the reply means `verdict`.
    fn into_result(self, verdict: ReplyVerdict) -> SendResult {
        let mut directives = Vec::new();
        let outcome = match verdict {
            ReplyVerdict::Delivered(requested) => {
                directives = requested;
                DeliveryOutcome::Delivered
            }
            ReplyVerdict::AlreadyExists => DeliveryOutcome::AlreadyExists,
            ReplyVerdict::Unknown { reason } => DeliveryOutcome::Unknown { reason },
            ReplyVerdict::Retry { reason } => DeliveryOutcome::Retry { reason, after: self.retry_after },
            ReplyVerdict::UnknownCall { reason } => DeliveryOutcome::UnknownCall { reason },
            ReplyVerdict::Refused { reason } => DeliveryOutcome::Refused { reason },
            ReplyVerdict::Dead { reason } => DeliveryOutcome::Dead { reason },
            ReplyVerdict::Misconfigured { reason } => DeliveryOutcome::Misconfigured { reason },
            ReplyVerdict::Gone { reason } => DeliveryOutcome::Gone { reason },
        };
        SendResult { outcome, directives, status: Some(self.status), reply: self.excerpt() }
    }
}

impl SendResult {
    /// The result where no request is made.
    fn without_request(outcome: DeliveryOutcome) -> Self {
        Self { outcome, directives: Vec::new(), status: None, reply: None }
    }
}

impl From<RequestFailure> for SendResult {
    fn from(RequestFailure { reason, is_permanent, is_unknown, status }: RequestFailure) -> Self {
        let outcome = match (is_permanent, is_unknown) {
            (true, _) => DeliveryOutcome::Misconfigured { reason },
            (false, true) => DeliveryOutcome::Unknown { reason },
            (false, false) => DeliveryOutcome::Retry { reason, after: None },
        };
        Self { outcome, directives: Vec::new(), status, reply: None }
    }
}

impl Sender {
    /// A sender for `target`; `None` if no address is configured.
    ///
    /// # Errors
    /// No client can be built from these settings; the text says why.
    pub fn new(target: &Target) -> Result<Option<Self>, String> {
        Self::with_lookup(target, &address_guard::system_lookup())
    }

    /// The same with another lookup.
    fn with_lookup(target: &Target, lookup: &Lookup) -> Result<Option<Self>, String> {
        let Some(address) = &target.address else { return Ok(None) };
        let url: Url =
            address.url.expose_secret().parse().map_err(|error| format!("the URL is invalid: {error}"))?;
        let guard = AddressGuard::new(&target.reach, Arc::clone(lookup));
        guard.check(&url)?;
        let credentials = &target.credentials;
        let headers = Headers::new(credentials)
            .map_err(|_| "a credential has characters that a header cannot have".to_owned())?;
        // It fails if a provider is installed already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let build = |kept_open: usize, timeout: Duration| {
            let builder = Client::builder()
                .user_agent(concat!("ringwire/", env!("CARGO_PKG_VERSION")))
                .redirect(Policy::none())
                .no_proxy()
                .https_only(target.https_only)
                .dns_resolver(guard.clone())
                .connect_timeout(target.connect_timeout)
                .timeout(timeout)
                .pool_max_idle_per_host(kept_open)
                .tls_certs_merge(target.authorities.iter().cloned());
            let builder = match &credentials.certificate {
                Some(certificate) => builder.identity(certificate.0.clone()),
                None => builder,
            };
            builder.build().map_err(|error| innermost(&error.without_url()))
        };
        let reply_timeout = target.hangup_timeout;
        Ok(Some(Self {
            client: build(target.concurrency, target.timeout)?,
            // The time to connect comes on top: it must not shorten the time for the reply.
            unrepeatable: build(0, target.connect_timeout + reply_timeout)?,
            url: address.url.clone(),
            dialect: Arc::clone(&target.dialect),
            headers,
            redactor: Redactor::new(&url, credentials),
            timeout: target.timeout,
            reply_timeout,
            context: RequestContext {
                host: url.host_str().unwrap_or_default().to_owned(),
                has_client_certificate: credentials.certificate.is_some(),
                has_authorities: !target.authorities.is_empty(),
            },
        }))
    }

    /// Whether `event` is sent to the target.
    pub fn wants(&self, event: &CallEvent) -> bool {
        self.dialect.wants(event)
    }

    /// Sends `event` to the target.
    pub async fn send(&self, event: &CallEvent, options: SendOptions) -> SendResult {
        let step = match self.step(event, options.is_quiet) {
            Ok(Some(step)) => step,
            // The settings have changed since the delivery was stored.
            Ok(None) => return SendResult::without_request(DeliveryOutcome::Delivered),
            Err(error) => {
                return SendResult::without_request(DeliveryOutcome::Dead { reason: error.to_string() });
            }
        };
        let (client, timeout) = match options.is_unrepeatable {
            true => (&self.unrepeatable, self.reply_timeout),
            false => (&self.client, self.timeout),
        };
        match self.post_over(client, timeout, &step.request, &event.id).await {
            Ok(reply) => {
                let judged = self.dialect.judge_reply(event, &step, &reply.as_reply());
                reply.into_result(judged.verdict)
            }
            Err(failure) => failure.into(),
        }
    }

    /// The request for `event`.
    fn step(&self, event: &CallEvent, is_quiet: bool) -> Result<Option<DeliveryStep>, StepError> {
        let (memory, progress) = (CallMemory::default(), DeliveryProgress::default());
        let context =
            StepContext { memory: &memory, progress: &progress, users: &UserMap::default(), is_quiet };
        self.dialect.next_step(event, &context)
    }

    /// Sends `request` for the event `id`, and reads up to 16 KiB of the reply.
    ///
    /// # Errors
    /// There is no complete reply.
    pub async fn post(&self, request: &TargetRequest, id: &str) -> Result<ReceivedReply, RequestFailure> {
        self.post_over(&self.client, self.timeout, request, id).await
    }

    async fn post_over(
        &self,
        client: &Client,
        timeout: Duration,
        request: &TargetRequest,
        id: &str,
    ) -> Result<ReceivedReply, RequestFailure> {
        let method = Method::from_bytes(request.method.as_bytes()).unwrap_or(Method::POST);
        let body = request.body.encode();
        let headers = self.headers.for_attempt(id, Timestamp::now(), &body);
        let url = request.full_url(self.url.expose_secret());
        let builder = client.request(method, url).headers(headers);
        let builder =
            request.other_headers().fold(builder, |builder, (name, value)| builder.header(name, value));
        let builder = match request.content_type() {
            Some(content_type) => builder.header(header::CONTENT_TYPE, content_type).body(body),
            None => builder,
        };
        let mut response =
            builder.send().await.map_err(|error| self.context.classify(error, None, timeout))?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| retry_after(value.to_str().ok()?, Timestamp::now()));
        let redirect = redirect(&response);
        let content_type = response.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| Some(value.to_str().ok()?.to_owned()));
        let mut body = Vec::new();
        let classify = |error| self.context.classify(error, Some(status), timeout);
        while let Some(chunk) = response.chunk().await.map_err(classify)? {
            let room = MAX_REPLY - body.len();
            body.extend(chunk.iter().take(room));
            if body.len() == MAX_REPLY {
                break;
            }
        }
        Ok(ReceivedReply { status, content_type, body: self.redactor.redact(body), retry_after, redirect })
    }
}

/// Scheme, host and port that a redirect leads to: the rest of its URL may hold a token.
fn redirect(response: &Response) -> Option<String> {
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    let origin = response.url().join(location).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
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
