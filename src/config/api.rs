//! `[api]`: where the daemon can be asked what is going on, and by whom.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use serde::Deserialize;
use toml::Spanned;

use super::{
    load::Environment,
    raw::{RawSecret, Words},
    resolve::{Resolver, Sources},
};

/// Where the daemon can be asked, and by whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Api {
    /// The unix socket, whose users are administrators; `None`: there is none.
    pub(crate) socket: Option<PathBuf>,
    /// Whether it was named, rather than being where it is by default.
    pub(crate) socket_is_named: bool,
    /// Where it listens on the loopback interface, if it does.
    pub(crate) listen: Option<SocketAddr>,
    /// The web pages of other places that may ask, as origins.
    pub(crate) allow_origins: Vec<String>,
    /// Who may ask over the network interface, by name.
    pub(crate) tokens: Vec<ApiToken>,
}

/// Somebody who may ask.
#[derive(Clone, Debug)]
pub(crate) struct ApiToken {
    /// What logs call its bearer.
    pub(crate) name: String,
    /// What its bearer may ask for.
    pub(crate) role: ApiRole,
    /// What its bearer shows.
    pub(crate) secret: SecretString,
}

/// What somebody may ask for; each may what the one before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ApiRole {
    /// What is going on now.
    Viewer,
    /// Also what was.
    Agent,
    /// Everything, and give orders.
    Admin,
}

impl ApiRole {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }
}

impl Api {
    /// Where the socket is unless told otherwise and not started by systemd.
    pub(crate) const SOCKET: &'static str = "/run/ringwire/ringwire.sock";

    /// How short a token must not be, in characters.
    const TOKEN_LENGTH: usize = 16;

    /// The socket of a daemon without a configuration of its own, where this process is not that daemon.
    pub(crate) fn default_socket() -> PathBuf {
        Self::in_runtime(&|name| std::env::var_os(name))
    }

    /// In systemd's `RuntimeDirectory=`, or else at the usual place.
    fn in_runtime(environment: Environment<'_>) -> PathBuf {
        environment("RUNTIME_DIRECTORY")
            .map_or_else(|| PathBuf::from(Self::SOCKET), |place| Path::new(&place).join("ringwire.sock"))
    }
}

/// `[api]` as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawApi {
    pub(super) socket: Option<Spanned<String>>,
    pub(super) listen: Option<Spanned<String>>,
    pub(super) allow_origins: Option<Words>,
    pub(super) token: Option<BTreeMap<String, Spanned<RawToken>>>,
}

/// `[api.token.NAME]` as it was typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawToken {
    pub(super) role: ApiRole,
    pub(super) secret_file: Option<Spanned<String>>,
    pub(super) secret_env: Option<Spanned<String>>,
    pub(super) secret_credential: Option<Spanned<String>>,
    pub(super) secret: Option<Spanned<RawSecret>>,
}

impl Resolver<'_> {
    /// What `raw` means.
    pub(super) fn api(&mut self, raw: Option<RawApi>) -> Api {
        let RawApi { socket, listen, allow_origins, token } = raw.unwrap_or_default();
        let socket_is_named = socket.is_some();
        let socket = match socket {
            Some(path) if path.get_ref().trim().is_empty() => None,
            Some(path) => {
                let text = self.text(&path, "the path of a socket");
                Some(self.path(&text))
            }
            None => Some(Api::in_runtime(self.environment)),
        };
        let tokens: Vec<_> = token
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(name, token)| self.token(name, token))
            .collect();
        let listen = listen.and_then(|listen| self.listen(&listen));
        let allow_origins = allow_origins.map_or_else(Vec::new, |origins| {
            origins.words.iter().filter_map(|origin| self.origin(origin)).collect()
        });
        Api { socket, socket_is_named, listen, allow_origins, tokens }
    }

    fn listen(&mut self, listen: &Spanned<String>) -> Option<SocketAddr> {
        const EXPECTED: &str = "an address of the loopback interface and a port, as in \"127.0.0.1:8480\"";
        match listen.get_ref().trim().parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() => Some(address),
            Ok(address) => {
                let what = format!("{address} can be reached by others, and nothing here speaks TLS");
                let hint =
                    "put a web server with TLS before it, which passes requests on to a loopback address";
                self.fault(&listen.span(), what, EXPECTED, hint);
                None
            }
            Err(_) => {
                self.fault(&listen.span(), format!("{:?} is no address", listen.get_ref()), EXPECTED, "");
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
        self.fault(&origin.span(), format!("{text:?} is no origin"), EXPECTED, hint);
        None
    }

    fn token(&mut self, name: String, token: Spanned<RawToken>) -> Option<ApiToken> {
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
        if secrecy::ExposeSecret::expose_secret(&found.secret).chars().count() < Api::TOKEN_LENGTH {
            let hint = "openssl rand -hex 24 gives a good one";
            self.fault(&found.span, "the token is short enough to be guessed", "16 characters or more", hint);
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
