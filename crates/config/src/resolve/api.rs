//! Where the daemon can be asked, and by whom.

use std::net::SocketAddr;

use secrecy::ExposeSecret;
use toml::Spanned;
use zxcvbn::zxcvbn;

use super::{Resolver, secret::Sources};
use crate::{
    api::{Api, ApiToken},
    raw::{RawApi, RawToken},
};

impl Resolver<'_> {
    /// What `raw` means.
    pub(super) fn api(&mut self, raw: Option<RawApi>) -> Api {
        let RawApi { socket, listen, allow_origins, trusted_proxies, token } = raw.unwrap_or_default();
        let socket_is_named = socket.is_some();
        let socket = match socket {
            Some(path) if path.get_ref().trim().is_empty() => None,
            Some(path) => {
                let text = self.text(&path, "the path of a socket");
                Some(self.path(&text))
            }
            None => Some(Api::in_runtime(self.environment)),
        };
        let mut tokens = Vec::new();
        for (name, token) in token.unwrap_or_default() {
            let token = self.token(name, token, &tokens);
            tokens.extend(token);
        }
        let trusted_proxies = self.networks(trusted_proxies.as_ref());
        let listen = listen.and_then(|listen| self.listen(&listen));
        let allow_origins = allow_origins.map_or_else(Vec::new, |origins| {
            origins.words.iter().filter_map(|origin| self.origin(origin)).collect()
        });
        Api { socket, socket_is_named, listen, allow_origins, trusted_proxies, tokens }
    }

    fn listen(&mut self, listen: &Spanned<String>) -> Option<SocketAddr> {
        const EXPECTED: &str = "an address of the loopback interface and a port, as in \"127.0.0.1:8480\"";
        match listen.get_ref().trim().parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() => Some(address),
            Ok(address) => {
                let what = format!("{address} is not a loopback address, and the API does not speak TLS");
                let hint = "put a reverse proxy with TLS in front of a loopback address";
                self.fault(&listen.span(), what, EXPECTED, hint);
                None
            }
            Err(_) => {
                self.fault(&listen.span(), format!("invalid address {:?}", listen.get_ref()), EXPECTED, "");
                None
            }
        }
    }

    fn origin(&mut self, origin: &Spanned<String>) -> Option<String> {
        const EXPECTED: &str = "scheme and host of a web page, as in \"https://wall.example.com\"";
        let text = origin.get_ref().trim();
        let url = url_of(text);
        if url.as_deref() == Some(text) {
            return url;
        }
        let hint = url.map(|url| format!("write {url:?}")).unwrap_or_default();
        self.fault(&origin.span(), format!("invalid origin {text:?}"), EXPECTED, hint);
        None
    }

    fn token(&mut self, name: String, token: Spanned<RawToken>, others: &[ApiToken]) -> Option<ApiToken> {
        let (span, path) = (token.span(), format!("api.token.{name}"));
        let RawToken { role, secret_file, secret_env, secret_credential, secret } = token.into_inner();
        self.check_name(&span, &path, &name);
        let sources = Sources {
            name: "secret",
            what: "the token",
            file: secret_file,
            environment: secret_env,
            credential: secret_credential,
            inline: secret,
        };
        let found = self.kept_secret(sources, &span, &path)?;
        let hint = "create one with openssl rand -hex 24";
        let secret = found.secret.expose_secret();
        if secret.chars().count() < Api::TOKEN_LENGTH {
            self.fault(&found.span, "the token is too short to be safe", "16 characters or more", hint);
            return None;
        }
        if zxcvbn(secret, &[&name]).guesses_log10() < Api::TOKEN_GUESSES {
            self.fault(&found.span, "the token is easy to guess", "random characters", hint);
            return None;
        }
        if let Some(other) = others.iter().find(|other| other.secret.expose_secret() == secret) {
            let what = format!("the token is the same as that of api.token.{}", other.name);
            self.fault(
                &found.span,
                what,
                "a token for each, so that logs and roles can tell them apart",
                hint,
            );
            return None;
        }
        Some(ApiToken { name, role, secret: found.secret })
    }
}

/// The origin of the web page at `text`.
fn url_of(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}
