//! Asking one daemon.

use std::time::Duration;

use anyhow::anyhow;
use reqwest::{Method, RequestBuilder, Response, Url, header, redirect::Policy};
use ringwire_terminal::{Code, Failure};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use super::{address::ApiAddress, error::ApiError, sse::SseStream};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(2);

/// How long the answer to a question may take, whole.
const ANSWER: Duration = Duration::from_secs(10);

/// How long a stream may say nothing: the daemon sends a comment each 15 s.
const SILENCE: Duration = Duration::from_secs(45);

/// The longest answer that is read, in bytes: thousands of living calls are a few megabytes.
const LONGEST_ANSWER: usize = 32 << 20;

/// A client of the API of one daemon.
#[derive(Clone, Debug)]
pub struct ApiClient {
    http: reqwest::Client,
    address: ApiAddress,
    base: Url,
    token: Option<SecretString>,
}

impl ApiClient {
    /// A client of the API at `address`.
    ///
    /// # Errors
    /// The address is none, or the system refuses what a client needs.
    pub fn new(address: ApiAddress, token: Option<SecretString>) -> Result<Self, Failure> {
        // It fails where there is a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .user_agent(concat!("ringwire/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .http1_only()
            .connect_timeout(CONNECT);
        let (builder, base) = match &address {
            ApiAddress::Socket(path) => (builder.unix_socket(path.clone()), "http://localhost/"),
            ApiAddress::Http(base) => (builder, base.as_str()),
        };
        let base: Url =
            base.parse().map_err(|error| Failure::new(Code::Usage, anyhow!("{address}: {error}")))?;
        // Without TLS it needs no authorities, which a small system does not have.
        let builder = match base.scheme() {
            "http" => builder.tls_certs_only([]),
            _ => builder,
        };
        let http = builder.build().map_err(|error| {
            let hint = "https needs the CA certificates of the system (Debian: apt install ca-certificates)";
            Failure::new(Code::Software, error).hint(hint)
        })?;
        Ok(Self { http, address, base, token })
    }

    /// Where it is.
    pub fn address(&self) -> &ApiAddress {
        &self.address
    }

    /// What the API answers at `path`, which begins with `/`; see [`segment`] for what is put into it.
    ///
    /// # Errors
    /// Nobody answers, the answer is no, or it is not what it should be.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, ApiError> {
        let request = self.request(Method::GET, path, query).timeout(ANSWER);
        let response = request.send().await.map_err(|error| ApiError::unreachable(&self.address, &error))?;
        // `/readyz` reports failure with JSON, not with a problem document.
        let ok = response.status().is_success() || is(&response, "application/json");
        let body = self.body(response, ok).await?;
        serde_json::from_slice(&body).map_err(|error| self.unexpected_response(format!("{path}: {error}")))
    }

    /// What the API answers when `path` is deleted.
    ///
    /// # Errors
    /// Nobody answers, the answer is no, or it is not what it should be.
    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        let request = self.request(Method::DELETE, path, &[]).timeout(ANSWER);
        let response = request.send().await.map_err(|error| ApiError::unreachable(&self.address, &error))?;
        let is_ok = response.status().is_success();
        let body = self.body(response, is_ok).await?;
        serde_json::from_slice(&body).map_err(|error| self.unexpected_response(format!("{path}: {error}")))
    }

    /// The stream of events: those after the place `last` of the journal, or those from now on.
    ///
    /// # Errors
    /// Nobody answers, or the answer is no.
    pub async fn events(&self, query: &[(&str, &str)], last: Option<&str>) -> Result<SseStream, ApiError> {
        let mut request =
            self.request(Method::GET, "/events", query).header(header::ACCEPT, "text/event-stream");
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let answer = tokio::time::timeout(ANSWER, request.send()).await;
        let answer = answer.map_err(|_| self.timed_out())?;
        let response = answer.map_err(|error| ApiError::unreachable(&self.address, &error))?;
        if is(&response, "text/event-stream") && response.status().is_success() {
            return Ok(SseStream::new(response, SILENCE));
        }
        let ok = response.status().is_success();
        self.body(response, ok).await?;
        Err(self.unexpected_response("/events: not an event stream".to_owned()))
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    /// The body of a response that is `ok`, otherwise the problem it describes.
    async fn body(&self, mut response: Response, ok: bool) -> Result<Vec<u8>, ApiError> {
        let status = response.status();
        let mut body = Vec::new();
        let failed = |error| ApiError::unreachable(&self.address, &error);
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(self.unexpected_response(format!("longer than {LONGEST_ANSWER} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        if ok { Ok(body) } else { Err(ApiError::refused(&self.address, status, &body)) }
    }

    fn unexpected_response(&self, what: String) -> ApiError {
        ApiError::UnexpectedResponse { address: self.address.clone(), what }
    }

    fn timed_out(&self) -> ApiError {
        ApiError::TimedOut { address: self.address.clone() }
    }
}

/// `text` as one segment of a path.
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn is(response: &Response, kind: &str) -> bool {
    let given = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    given.is_some_and(|given| given.split(';').next().is_some_and(|given| given.trim() == kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_stays_one() {
        for (text, expected) in [
            ("main-1795226702.0", "main-1795226702%2E0"),
            ("a/b?c#d é", "a%2Fb%3Fc%23d%20%C3%A9"),
            ("..", "%2E%2E"),
        ] {
            assert_eq!(segment(text), expected);
        }
    }
}
