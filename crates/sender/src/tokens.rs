//! Access tokens of OAuth 2, which a refresh token renews (RFC 6749, section 6).
//!
//! Some services replace the refresh token with each use, and the one before is void. So a new one is in a file that only
//! the daemon's user can read before the access token that came with it is used. The file also says which refresh token
//! was configured then: once the configuration has another, that one counts.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use reqwest::{
    Method,
    header::{self, HeaderMap, HeaderValue},
};
use ring::digest::{SHA256, digest};
use ringwire_dialects::RequestBody;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{
    failure::RequestFailure,
    transport::{ExchangeOptions, OutgoingRequest, Transport},
};

/// How long before its end an access token is renewed.
const MARGIN: Duration = Duration::from_secs(60);

/// How long an access token is used if nobody says how long it lasts.
const LIFETIME: u64 = 3600;

/// How much of a reply with tokens is read, in bytes.
const MAX_REPLY: usize = 64 << 10;

/// The application that a target knows.
#[derive(Debug)]
pub(super) struct OAuthClient {
    pub(super) token_url: String,
    pub(super) id: String,
    pub(super) secret: SecretString,
}

/// The tokens for one target.
#[derive(Debug)]
pub(super) struct OAuthTokens {
    client: OAuthClient,
    /// The refresh token in the configuration.
    configured: SecretString,
    /// Where a refresh token is kept that replaces it.
    file: Option<PathBuf>,
    current: Mutex<CurrentTokens>,
}

#[derive(Debug, Default)]
struct CurrentTokens {
    access: Option<(SecretString, Timestamp)>,
    /// The refresh token that replaces the one in the configuration.
    refresh: Option<SecretString>,
    /// Whether that is still to be written to disk.
    is_unsaved: bool,
}

/// What is kept in the file.
#[derive(Debug, Serialize, Deserialize)]
struct KeptToken {
    /// The SHA-256 of the refresh token that was configured.
    configured: String,
    /// The refresh token that has replaced it.
    refresh_token: String,
}

/// A reply with tokens (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct TokenReply {
    access_token: String,
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<String>,
}

impl OAuthTokens {
    /// The tokens of `client`, of which the first refresh token is `configured`; those that replace it are kept in `file`.
    pub(super) fn new(client: OAuthClient, configured: SecretString, file: Option<PathBuf>) -> Self {
        Self { client, configured, file, current: Mutex::default() }
    }

    /// An access token that is valid at `now`, renewed if need be.
    ///
    /// # Errors
    /// It cannot be renewed.
    pub(super) async fn access_token(
        &self,
        transport: &Transport,
        now: Timestamp,
    ) -> Result<SecretString, RequestFailure> {
        // Others wait for the one that renews it.
        let mut current = self.current.lock().await;
        self.save(&mut current)?;
        if let Some((token, _)) = current.access.as_ref().filter(|(_, until)| now < *until) {
            return Ok(token.clone());
        }
        let kept = self.kept();
        let own = current.refresh.clone().or_else(|| kept.clone());
        let refresh = own.unwrap_or_else(|| self.configured.clone());
        let renewed = match (self.renew(transport, &refresh).await, kept) {
            // What had these settings before has replaced it meanwhile.
            (Err(failure), Some(kept))
                if failure.is_permanent && kept.expose_secret() != refresh.expose_secret() =>
            {
                self.renew(transport, &kept).await?
            }
            (renewed, _) => renewed?,
        };
        let TokenReply { access_token, expires_in, refresh_token } = renewed;
        if let Some(refresh_token) = refresh_token.filter(|token| token != refresh.expose_secret()) {
            (current.refresh, current.is_unsaved) = (Some(refresh_token.into()), true);
        }
        let seconds = match expires_in {
            Some(serde_json::Value::Number(seconds)) => seconds.as_u64(),
            Some(serde_json::Value::String(seconds)) => seconds.trim().parse().ok(),
            _ => None,
        };
        let lifetime = Duration::from_secs(seconds.unwrap_or(LIFETIME));
        let until = now.saturating_add(lifetime.saturating_sub(MARGIN)).unwrap_or(Timestamp::MAX);
        let token = SecretString::from(access_token);
        current.access = Some((token.clone(), until));
        // A restart would find the one before, which is void.
        self.save(&mut current)?;
        Ok(token)
    }

    /// Writes a refresh token to disk that is not there yet.
    fn save(&self, current: &mut CurrentTokens) -> Result<(), RequestFailure> {
        if let Some(refresh) = current.refresh.as_ref().filter(|_| current.is_unsaved) {
            self.keep(refresh.expose_secret()).map_err(|error| {
                RequestFailure::temporary(format!("a new refresh token cannot be written to disk: {error}"))
            })?;
            current.is_unsaved = false;
        }
        Ok(())
    }

    /// The target does not accept `token`: the next one is renewed, unless that has happened meanwhile.
    pub(super) async fn discard(&self, token: &SecretString) {
        let mut current = self.current.lock().await;
        let is_current =
            |(access, _): &(SecretString, Timestamp)| access.expose_secret() == token.expose_secret();
        if current.access.as_ref().is_some_and(is_current) {
            current.access = None;
        }
    }

    async fn renew(
        &self,
        transport: &Transport,
        refresh: &SecretString,
    ) -> Result<TokenReply, RequestFailure> {
        let OAuthClient { token_url, id, secret } = &self.client;
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", id),
            ("client_secret", secret.expose_secret()),
            ("refresh_token", refresh.expose_secret()),
        ];
        let body = RequestBody::Form(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        let accept = HeaderValue::from_static("application/json");
        let request = OutgoingRequest {
            method: Method::POST,
            url: transport.checked(token_url)?,
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, kind), (header::ACCEPT, accept)]),
            body: body.encode(),
            secrets: vec![refresh.clone()],
        };
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let options = ExchangeOptions { is_unrepeatable: false, limit: MAX_REPLY, is_read: true };
        // Nothing of the event has been sent.
        let about = |failure: RequestFailure| RequestFailure {
            reason: format!("no access token from {host}: {}", failure.reason),
            is_unknown: false,
            status: None,
            ..failure
        };
        let reply = transport.exchange(request, options).await.map_err(about)?;
        let status = reply.status;
        let body = reply.whole.unwrap_or_default();
        match status {
            200..=299 => serde_json::from_slice(&body).map_err(|_| {
                about(RequestFailure::temporary(format!("HTTP {status}, and no access token in the reply")))
            }),
            // RFC 6749, section 5.2: the refresh token or the application is not accepted.
            400 | 401 | 403 => Err(about(RequestFailure::permanent(format!(
                "HTTP {status}: it does not accept the refresh token, or the id and secret of the application; authorize \
                 ringwire there again, and configure the new refresh token"
            )))),
            _ => Err(about(RequestFailure::temporary(format!("HTTP {status}")))),
        }
    }

    /// The refresh token in the file, if it has replaced the one that is configured now.
    fn kept(&self) -> Option<SecretString> {
        let text = fs::read(self.file.as_ref()?).ok()?;
        let kept: KeptToken = serde_json::from_slice(&text).ok()?;
        (kept.configured == fingerprint(&self.configured)).then(|| kept.refresh_token.into())
    }

    /// Writes a new refresh token to disk; on return it is there.
    fn keep(&self, refresh_token: &str) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let configured = fingerprint(&self.configured);
        let kept = KeptToken { configured, refresh_token: refresh_token.to_owned() };
        let new = file.with_extension("json.new");
        let mut written =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        // One that is left from before may have another mode.
        written.set_permissions(fs::Permissions::from_mode(0o600))?;
        written.write_all(&serde_json::to_vec(&kept)?)?;
        written.sync_all()?;
        fs::rename(&new, file)?;
        file.parent().map_or(Ok(()), |folder: &Path| fs::File::open(folder)?.sync_all())
    }
}

/// Tells one refresh token from another.
fn fingerprint(token: &SecretString) -> String {
    let hash = digest(&SHA256, token.expose_secret().as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
