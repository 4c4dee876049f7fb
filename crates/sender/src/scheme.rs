//! The authentication that a dialect asks for, carried out.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use reqwest::{
    Url,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use ring::hmac;
use ringwire_config::SigningKey;
use ringwire_dialects::{AuthScheme, HmacEncoding, HmacHash, TokenPlacement};
use secrecy::{ExposeSecret, SecretString};

use super::{
    failure::RequestFailure,
    headers::{sensitive_value, sign},
    redaction::basic_credentials,
    tokens::{OAuthClient, OAuthTokens},
    transport::Transport,
};

/// What a credential must not have in it.
const NOT_A_HEADER: &str = "a credential has characters that a header cannot have";

/// The authentication that a dialect asks for.
#[derive(Debug)]
pub(super) enum Scheme {
    /// A header that is the same for each request.
    Header(HeaderName, HeaderValue),
    /// A query parameter that is the same for each request.
    Query(String, SecretString),
    /// An access token, which is renewed.
    Token(Box<OAuthTokens>, TokenPlacement),
    /// A header with the HMAC of the body.
    Hmac { header: HeaderName, key: hmac::Key, encoding: HmacEncoding, prefix: String },
    /// The headers of Standard Webhooks.
    Signed(SigningKey),
}

impl Scheme {
    /// What `auth` asks for; `name` is that of the target, and refresh tokens that it replaces are kept in `home`.
    ///
    /// # Errors
    /// A value cannot be used; the text says why, without the value.
    pub(super) fn new(auth: &AuthScheme, name: &str, home: Option<&Path>) -> Result<Self, String> {
        let value = |text: &str| sensitive_value(text).map_err(|_| NOT_A_HEADER.to_owned());
        let named = |name: &str| {
            HeaderName::try_from(name).map_err(|_| format!("{name:?} is not the name of a header"))
        };
        Ok(match auth {
            AuthScheme::Basic { user, password } => {
                let text = format!("Basic {}", *basic_credentials(user, password));
                Self::Header(header::AUTHORIZATION, value(&text)?)
            }
            AuthScheme::Bearer { token } => {
                Self::Header(header::AUTHORIZATION, value(&format!("Bearer {}", token.expose_secret()))?)
            }
            AuthScheme::Header { name, value: secret } => {
                Self::Header(named(name)?, value(secret.expose_secret())?)
            }
            AuthScheme::Query { name, value } => Self::Query(name.clone(), value.clone()),
            AuthScheme::OAuth2 { token_url, client_id, client_secret, refresh_token, placement } => {
                let client = OAuthClient {
                    token_url: token_url.clone(),
                    id: client_id.clone(),
                    secret: client_secret.clone(),
                };
                let file = home.map(|home| home.join(format!("oauth-{name}.json")));
                let tokens = OAuthTokens::new(client, refresh_token.clone(), file);
                Self::Token(Box::new(tokens), placement.clone())
            }
            AuthScheme::Hmac { header, key, hash, encoding, prefix } => {
                let hash = match hash {
                    HmacHash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                    HmacHash::Sha256 => hmac::HMAC_SHA256,
                };
                Self::Hmac {
                    header: named(header)?,
                    key: hmac::Key::new(hash, key.expose_secret().as_bytes()),
                    encoding: *encoding,
                    prefix: prefix.clone(),
                }
            }
            AuthScheme::StandardWebhooks { secret } => {
                let text = secret.expose_secret();
                let key = match text.starts_with("whsec_") {
                    true => SigningKey::parse(text),
                    false => SigningKey::parse(&format!("whsec_{text}")),
                };
                Self::Signed(key?)
            }
        })
    }

    /// What replies may repeat of `auth`.
    pub(super) fn secrets(auth: &AuthScheme) -> Vec<SecretString> {
        match auth {
            AuthScheme::Basic { user, password } => {
                vec![password.clone(), basic_credentials(user, password).as_str().into()]
            }
            AuthScheme::Bearer { token } => vec![token.clone()],
            AuthScheme::Header { value, .. } | AuthScheme::Query { value, .. } => vec![value.clone()],
            AuthScheme::OAuth2 { client_secret, refresh_token, .. } => {
                vec![client_secret.clone(), refresh_token.clone()]
            }
            AuthScheme::Hmac { key, .. } => vec![key.clone()],
            AuthScheme::StandardWebhooks { secret } => vec![secret.clone()],
        }
    }

    /// Authenticates one attempt at `now` to send the event `id` with `body`; gives the secrets that it used for the first
    /// time.
    ///
    /// # Errors
    /// There is no access token.
    pub(super) async fn apply(
        &self,
        transport: &Transport,
        (url, headers): (&mut Url, &mut HeaderMap),
        (id, now, body): (&str, Timestamp, &[u8]),
    ) -> Result<Option<SecretString>, RequestFailure> {
        match self {
            Self::Header(name, value) => {
                headers.insert(name.clone(), value.clone());
            }
            Self::Query(name, value) => {
                url.query_pairs_mut().append_pair(name, value.expose_secret());
            }
            Self::Token(tokens, placement) => {
                let token = tokens.access_token(transport, now).await?;
                match placement {
                    TokenPlacement::Authorization(word) => {
                        let value = sensitive_value(&format!("{word} {}", token.expose_secret()));
                        let value = value.map_err(|_| RequestFailure::permanent(NOT_A_HEADER))?;
                        headers.insert(header::AUTHORIZATION, value);
                    }
                    TokenPlacement::Query(name) => {
                        url.query_pairs_mut().append_pair(name, token.expose_secret());
                    }
                }
                return Ok(Some(token));
            }
            Self::Hmac { header, key, encoding, prefix } => {
                let tag = hmac::sign(key, body);
                let written = match encoding {
                    HmacEncoding::Hex => tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
                    HmacEncoding::Base64 => STANDARD.encode(tag.as_ref()),
                };
                let value = HeaderValue::try_from(format!("{prefix}{written}"));
                headers.insert(header.clone(), value.map_err(|_| RequestFailure::permanent(NOT_A_HEADER))?);
            }
            Self::Signed(key) => sign(headers, std::slice::from_ref(key), id, now, body),
        }
        Ok(None)
    }
}
