//! The local API, as the command line uses it: where it is, how to ask it, and its stream of events.
//!
//! The daemon is on this machine, behind a Unix socket or on the loopback interface. What it sends is bounded and
//! checked all the same: another program may have taken its place.

mod address;
mod error;
mod follow;
mod sse;
mod wire;

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::anyhow;
use reqwest::{RequestBuilder, Response, StatusCode, Url, header, redirect::Policy};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::de::DeserializeOwned;

pub(crate) use self::{
    address::Address,
    error::ApiError,
    follow::{Follower, News},
    sse::Frames,
    wire::{
        Attempt, Call, Channel, Channels, Charts, Delivery, DeliveryChange, EndpointStanding, Live, Minute,
        PbxStanding, Queue, Story, StoryDelivery, StreamEvent, Told,
    },
};
use ringwire_terminal::{Code, Failure};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(2);

/// How long the answer to a question may take, whole.
const ANSWER: Duration = Duration::from_secs(10);

/// How long a stream may say nothing: the daemon sends a comment each 15 s.
const SILENCE: Duration = Duration::from_secs(45);

/// The longest answer that is read, in bytes: thousands of living calls are a few megabytes.
const LONGEST_ANSWER: usize = 32 << 20;

/// The longest token, in bytes.
const LONGEST_TOKEN: u64 = 4 << 10;

/// How the running daemon is reached.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "The running daemon")]
pub(crate) struct Access {
    /// Where its API is: a socket's path, or http://127.0.0.1:PORT [default: what the configuration says, else
    /// /run/ringwire/ringwire.sock]
    #[arg(long, value_name = "ADDRESS", env = "RINGWIRE_API")]
    api: Option<String>,
    /// The token for it, which a socket does not ask for [default: $RINGWIRE_TOKEN]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Access {
    /// Whether an API was named, on the command line or in the environment.
    pub(crate) fn is_named(&self) -> bool {
        self.api.is_some()
    }

    /// A client of the API that was named, else of the one in the configuration at `config` or the default one.
    ///
    /// # Errors
    /// The address, the token or the configuration cannot be used. Whether anybody is there is not asked.
    pub(crate) fn client(&self, config: Option<&Path>) -> Result<Client, Failure> {
        let address = address::address(self.api.as_deref(), config)?;
        let token = match address {
            Address::Socket(_) => None,
            Address::Http(_) => self.token()?,
        };
        Client::new(address, token)
    }

    fn token(&self) -> Result<Option<SecretString>, Failure> {
        let Some(path) = &self.token_file else {
            let token = std::env::var("RINGWIRE_TOKEN").ok().map(Zeroizing::new);
            return Ok(token.filter(|token| !token.trim().is_empty()).map(|token| token.trim().into()));
        };
        let mut text = Zeroizing::new(String::new());
        let read = File::open(path).and_then(|file| file.take(LONGEST_TOKEN).read_to_string(&mut text));
        let failed =
            |why: String| Failure::new(Code::NoInput, anyhow!("--token-file {}: {why}", path.display()));
        read.map_err(|error| failed(error.to_string()))?;
        match text.trim() {
            "" => Err(failed("there is nothing in it".to_owned())),
            token => Ok(Some(token.into())),
        }
    }
}

/// A client of the API of one daemon.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: Address,
    base: Url,
    token: Option<SecretString>,
}

impl Client {
    /// A client of the API at `address`.
    ///
    /// # Errors
    /// The address is none, or the system refuses what a client needs.
    pub(crate) fn new(address: Address, token: Option<SecretString>) -> Result<Self, Failure> {
        // It fails where there is a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .user_agent(concat!("ringwire/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .http1_only()
            .connect_timeout(CONNECT);
        let (builder, base) = match &address {
            Address::Socket(path) => (builder.unix_socket(path.clone()), "http://localhost/"),
            Address::Http(base) => (builder, base.as_str()),
        };
        let base = base.parse().map_err(|error| Failure::new(Code::Usage, anyhow!("{address}: {error}")))?;
        let http = builder.build().map_err(|error| Failure::new(Code::Software, error))?;
        Ok(Self { http, address, base, token })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// What the API answers at `path`, which begins with `/`; see [`segment`] for what is put into it.
    ///
    /// # Errors
    /// Nobody answers, the answer is no, or it is not what it should be.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ApiError> {
        let request = self.request(path, query).timeout(ANSWER);
        let response = request.send().await.map_err(|error| ApiError::unreachable(&self.address, &error))?;
        // `/readyz` says no with an answer, not with a problem.
        let told = response.status().is_success() || is(&response, "application/json");
        let body = self.body(response, told).await?;
        serde_json::from_slice(&body).map_err(|error| self.nonsense(format!("{path}: {error}")))
    }

    /// The stream of events: those after the place `last` of the journal, or those from now on.
    ///
    /// # Errors
    /// Nobody answers, or the answer is no.
    pub(crate) async fn events(
        &self,
        query: &[(&str, &str)],
        last: Option<&str>,
    ) -> Result<Frames, ApiError> {
        let mut request = self.request("/events", query).header(header::ACCEPT, "text/event-stream");
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let answer = tokio::time::timeout(ANSWER, request.send()).await;
        let answer = answer.map_err(|_| self.silent())?;
        let response = answer.map_err(|error| ApiError::unreachable(&self.address, &error))?;
        if is(&response, "text/event-stream") && response.status().is_success() {
            return Ok(Frames::new(response, SILENCE));
        }
        let told = response.status().is_success();
        self.body(response, told).await?;
        Err(self.nonsense("/events: it is no stream of events".to_owned()))
    }

    fn request(&self, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.get(url);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        }
    }

    /// The body of an answer that is `told`, or the problem that it tells of.
    async fn body(&self, mut response: Response, told: bool) -> Result<Vec<u8>, ApiError> {
        let status = response.status();
        let mut body = Vec::new();
        let failed = |error| ApiError::unreachable(&self.address, &error);
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(self.nonsense(format!("it answered more than {LONGEST_ANSWER} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        if told { Ok(body) } else { Err(ApiError::refused(&self.address, status, &body)) }
    }

    fn nonsense(&self, what: String) -> ApiError {
        ApiError::Nonsense { address: self.address.clone(), what }
    }

    fn silent(&self) -> ApiError {
        ApiError::Silent { address: self.address.clone() }
    }
}

/// `text` as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
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

/// Whether trying again may help.
fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
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
