//! Who has access, and to what.

use std::{fmt, net::IpAddr, sync::Arc};

use ipnet::IpNet;
use ring::digest::{Digest, SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use tokio::sync::watch;
use utoipa::ToSchema;

/// What a client may do. Each role includes the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees what is going on now.
    Viewer,
    /// Also sees the past.
    Agent,
    /// Also sees what targets replied, and gives commands.
    Admin,
}

impl Role {
    /// The role as it is written in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }
}

/// Who has access over the network. Whoever can open the unix socket has all access.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The tokens that are accepted.
    pub tokens: Vec<Token>,
    /// The origins of other web pages that may call the API: `https://crm.example.com`.
    pub allow_origins: Vec<String>,
    /// The proxies whose word for the address of a client is taken.
    pub trusted_proxies: Vec<IpNet>,
}

/// A token of the configuration.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its name, which logs show.
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// What its bearer sends.
    pub secret: SecretString,
}

/// What names a session without opening it: the hash of its secret, in hexadecimal digits.
pub(crate) type SessionId = Arc<str>;

/// A client that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    /// The name of the token; `local` at the socket.
    pub(crate) name: Arc<str>,
    /// What it may do.
    pub(crate) role: Role,
    /// Whether it is at the socket, where there are no limits: whoever is there could stop the daemon as well.
    pub(crate) local: bool,
    /// The session that it is known by, if it has not sent its token.
    pub(crate) session: Option<SessionId>,
}

impl Principal {
    /// A client at the socket: the mode of its file says who that can be.
    pub(crate) fn local() -> Self {
        Self { name: "local".into(), role: Role::Admin, local: true, session: None }
    }
}

/// Who has access, which a reload may change.
pub(crate) struct AccessControl(watch::Sender<Arc<AccessTable>>);

/// Who has access at a moment.
pub(crate) struct AccessTable {
    tokens: Vec<(Digest, Principal)>,
    allow_origins: Vec<String>,
    trusted_proxies: Vec<IpNet>,
}

impl AccessControl {
    pub(crate) fn new(access: Access) -> Self {
        Self(watch::Sender::new(Arc::new(AccessTable::new(access))))
    }

    pub(crate) fn set(&self, access: Access) {
        self.0.send_replace(Arc::new(AccessTable::new(access)));
    }

    pub(crate) fn table(&self) -> Arc<AccessTable> {
        Arc::clone(&self.0.borrow())
    }

    /// Changes when others have access.
    pub(crate) fn changes(&self) -> watch::Receiver<Arc<AccessTable>> {
        self.0.subscribe()
    }
}

impl AccessTable {
    fn new(access: Access) -> Self {
        let hashed = |token: Token| {
            let secret = digest(&SHA256, token.secret.expose_secret().as_bytes());
            (secret, Principal { name: token.name.into(), role: token.role, local: false, session: None })
        };
        // Browsers write an origin in lower case, without a slash at the end.
        let origin = |origin: String| origin.trim_end_matches('/').to_ascii_lowercase();
        Self {
            tokens: access.tokens.into_iter().map(hashed).collect(),
            allow_origins: access.allow_origins.into_iter().map(origin).collect(),
            trusted_proxies: access.trusted_proxies,
        }
    }

    /// The client whose token is `token`. How long it takes reveals neither how much of it is right nor whose it is.
    pub(crate) fn find(&self, token: &[u8]) -> Option<&Principal> {
        let token = digest(&SHA256, token);
        let mut found = u64::MAX;
        for (index, (known, _)) in (0_u64..).zip(&self.tokens) {
            let is_equal: Choice = known.as_ref().ct_eq(token.as_ref());
            found.conditional_assign(&index, is_equal);
        }
        usize::try_from(found).ok().and_then(|index| self.tokens.get(index)).map(|(_, client)| client)
    }

    /// The hash of the token called `name`, and its client.
    pub(crate) fn by_name(&self, name: &str) -> Option<(&[u8], &Principal)> {
        let (token, client) = self.tokens.iter().find(|(_, client)| *client.name == *name)?;
        Some((token.as_ref(), client))
    }

    /// Whether pages of `origin` may call the API.
    pub(crate) fn allows(&self, origin: &str) -> bool {
        self.allow_origins.iter().any(|allowed| allowed == origin)
    }

    /// Whether what `address` says of where a request comes from is believed.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|proxy| proxy.contains(&address))
    }

    /// Whether requests may have `host`, with its port if it has one, as their Host.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        self.allow_origins.iter().any(|origin| origin.split_once("://").is_some_and(|(_, at)| at == host))
    }
}

impl fmt::Debug for AccessTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTable").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_configured_token_is_found() {
        let token = |name: &str, role, secret: &str| Token { name: name.into(), role, secret: secret.into() };
        let table = AccessTable::new(Access {
            tokens: vec![
                token("anna", Role::Agent, "0123456789abcdef"),
                token("root", Role::Admin, "fedcba98"),
            ],
            allow_origins: vec!["https://CRM.example.com/".into()],
            trusted_proxies: Vec::new(),
        });
        for (shown, who) in [
            ("0123456789abcdef", Some(("anna", Role::Agent))),
            ("fedcba98", Some(("root", Role::Admin))),
            ("0123456789abcdeg", None),
            ("0123456789abcdef ", None),
            ("", None),
            ("anna", None),
        ] {
            let found = table.find(shown.as_bytes()).map(|who| (&*who.name, who.role));
            assert_eq!(found, who, "{shown}");
        }
        assert!(table.allows("https://crm.example.com") && !table.allows("https://crm.example.com.evil"));
        assert!(table.is_host("crm.example.com") && !table.is_host("example.com"));
        assert!(!format!("{table:?}").contains("fedc"));
        let nobody = AccessTable::new(Access::default());
        assert_eq!(nobody.find(b""), None);
    }
}
