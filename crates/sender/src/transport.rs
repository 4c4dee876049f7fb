//! The connections to one target: TLS, allowed addresses, time-outs, and what is read of a reply.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{
    Client, Method, Url,
    header::{self, HeaderMap},
    redirect::Policy,
};
use ringwire_config::Target;
use ringwire_dialects::{RequestUrl, TargetRequest};
use secrecy::{ExposeSecret, SecretString};

use super::{
    address_guard::{AddressGuard, Lookup},
    failure::{RequestContext, RequestFailure, innermost},
    redaction::Redactor,
    reply::{self, ReceivedReply},
};

/// Why no client can be built where the system trusts nobody.
const NO_AUTHORITIES: &str = "this system has no CA certificates: install them (Debian: apt install ca-certificates), or name the authority in ca_file";

/// The connections to one target. It holds the target's URL and shows none of it.
#[derive(Debug)]
pub(super) struct Transport {
    client: Client,
    /// For requests that may not be repeated: each has a connection of its own, since one that was kept open may be closed
    /// by the time it is used.
    unrepeatable: Client,
    guard: AddressGuard,
    /// The target's own URL, if it has one.
    own: Option<SecretString>,
    https_only: bool,
    redactor: Redactor,
    /// How long a request may take in all.
    timeout: Duration,
    /// How long the reply to one that may not be repeated may take.
    reply_timeout: Duration,
    context: RequestContext,
}

/// A request with everything that goes with it.
#[derive(Debug)]
pub(super) struct OutgoingRequest {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// What replies may repeat of it, beside what is in its URL.
    pub(super) secrets: Vec<SecretString>,
}

/// How a request is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExchangeOptions {
    /// Over a fresh connection, and with more time for the reply: it may not be repeated.
    pub(super) is_unrepeatable: bool,
    /// How much of the reply is read, in bytes.
    pub(super) limit: usize,
    /// Whether the dialect reads more of the reply than its status and its kind.
    pub(super) is_read: bool,
}

impl Transport {
    /// The connections to `target`.
    ///
    /// # Errors
    /// No client can be built from these settings; the text says why.
    pub(super) fn new(target: &Target, lookup: &Lookup) -> Result<Self, String> {
        let own = target.address.as_ref().map(|address| address.url.clone());
        let url: Option<Url> = match &own {
            Some(url) => {
                Some(url.expose_secret().parse().map_err(|error| format!("the URL is invalid: {error}"))?)
            }
            None => None,
        };
        let guard = AddressGuard::new(&target.reach, Arc::clone(lookup));
        url.as_ref().map_or(Ok(()), |url| guard.check(url))?;
        let credentials = &target.credentials;
        // It fails if a provider is installed already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = |kept_open: usize, timeout: Duration| {
            let builder = Client::builder()
                .user_agent(concat!("ringwire/", env!("CARGO_PKG_VERSION")))
                .redirect(Policy::none())
                .no_proxy()
                .https_only(target.https_only)
                .dns_resolver(guard.clone())
                .connect_timeout(target.connect_timeout)
                .timeout(timeout)
                .pool_max_idle_per_host(kept_open);
            match &credentials.certificate {
                Some(certificate) => builder.identity(certificate.0.clone()),
                None => builder,
            }
        };
        let is_plain = url.as_ref().is_some_and(|url| url.scheme() == "http");
        let build = |kept_open: usize, timeout: Duration| {
            let own = || target.authorities.iter().cloned();
            builder(kept_open, timeout).tls_certs_merge(own()).build().or_else(|_| {
                // A small system has no authorities of its own: only who is to be trusted by them needs any.
                let client = builder(kept_open, timeout).tls_certs_only(own()).build();
                let client = client.map_err(|error| innermost(&error.without_url()))?;
                match is_plain || !target.authorities.is_empty() {
                    true => Ok(client),
                    false => Err(NO_AUTHORITIES.to_owned()),
                }
            })
        };
        let reply_timeout = target.hangup_timeout;
        Ok(Self {
            client: build(target.concurrency, target.timeout)?,
            // The time to connect comes on top: it must not shorten the time for the reply.
            unrepeatable: build(0, target.connect_timeout + reply_timeout)?,
            guard,
            own,
            https_only: target.https_only,
            redactor: Redactor::new(url.as_ref(), credentials),
            timeout: target.timeout,
            reply_timeout,
            context: RequestContext {
                host: String::new(),
                has_client_certificate: credentials.certificate.is_some(),
                has_authorities: !target.authorities.is_empty(),
            },
        })
    }

    /// What every address has to pass.
    pub(super) fn guard(&self) -> &AddressGuard {
        &self.guard
    }

    /// The same, with other secrets that replies may repeat.
    pub(super) fn redacting(mut self, secrets: impl IntoIterator<Item = SecretString>) -> Self {
        self.redactor.add(secrets);
        self
    }

    /// Where `request` goes, if it may go there.
    ///
    /// # Errors
    /// It may not; the text shows at most a host.
    pub(super) fn url_of(&self, request: &TargetRequest) -> Result<Url, RequestFailure> {
        let own = match (&self.own, &request.url) {
            (Some(own), _) => own.expose_secret(),
            (None, RequestUrl::Absolute(_)) => "",
            (None, RequestUrl::Own | RequestUrl::Below(_)) => {
                return Err(RequestFailure::permanent("no URL is set for this target: set url_file"));
            }
        };
        self.checked(&request.full_url(own))
    }

    /// `url`, if a request may go there.
    ///
    /// # Errors
    /// It may not; the text shows at most a host.
    pub(super) fn checked(&self, url: &str) -> Result<Url, RequestFailure> {
        let url: Url = url.parse().map_err(|error| {
            RequestFailure::permanent(format!("the URL of a request is invalid: {error}"))
        })?;
        let host = url.host_str().unwrap_or_default();
        match url.scheme() {
            "https" => {}
            "http" if !self.https_only => {}
            "http" => {
                let reason = format!("a request to {host} would not use https, and https_only is set");
                return Err(RequestFailure::permanent(reason));
            }
            _ => return Err(RequestFailure::permanent("the URL of a request is neither http nor https")),
        }
        self.guard.check(&url).map_err(RequestFailure::permanent)?;
        Ok(url)
    }

    /// Whether the target's credentials may go to `url`: it has the scheme, host and port of the target's own URL, or the
    /// target has none.
    pub(super) fn is_trusted(&self, url: &Url) -> bool {
        let own = self.own.as_ref().map(|own| Url::parse(own.expose_secret()));
        own.is_none_or(|own| own.is_ok_and(|own| own.origin() == url.origin()))
    }

    /// Makes a request, and reads the reply.
    ///
    /// # Errors
    /// There is no complete reply.
    pub(super) async fn exchange(
        &self,
        request: OutgoingRequest,
        options: ExchangeOptions,
    ) -> Result<ReceivedReply, RequestFailure> {
        let OutgoingRequest { method, url, headers, body, secrets } = request;
        let ExchangeOptions { is_unrepeatable, limit, is_read } = options;
        let (client, timeout) = match is_unrepeatable {
            true => (&self.unrepeatable, self.reply_timeout),
            false => (&self.client, self.timeout),
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let context = RequestContext { host, ..self.context.clone() };
        let redactor = is_read.then(|| self.redactor.with_request(&url, secrets));
        let redactor = redactor.as_ref().unwrap_or(&self.redactor);
        let builder = client.request(method, url).headers(headers).body(body);
        let mut response = builder.send().await.map_err(|error| context.classify(error, None, timeout))?;
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after =
            header(header::RETRY_AFTER).and_then(|value| reply::retry_after(value, Timestamp::now()));
        let content_type = header(header::CONTENT_TYPE).map(str::to_owned);
        let redirect = reply::redirect(&response);
        let headers = if is_read { reply::headers(&response) } else { Vec::new() };
        let mut body = Vec::new();
        let classify = |error| context.classify(error, Some(status), timeout);
        while let Some(chunk) = response.chunk().await.map_err(classify)? {
            let room = limit - body.len();
            body.extend(chunk.iter().take(room));
            if body.len() == limit {
                break;
            }
        }
        let whole = is_read.then(|| body.clone());
        let body = redactor.redact(body);
        Ok(ReceivedReply { status, content_type, headers, body, whole, retry_after, redirect })
    }
}
