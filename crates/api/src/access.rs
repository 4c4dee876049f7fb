//! Who may ask, and for what.

use std::{fmt, sync::Arc};

use ring::digest::{Digest, SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use tokio::sync::watch;
use utoipa::ToSchema;

/// What somebody may ask for; each may what the one before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// What is going on now.
    Viewer,
    /// Also what was.
    Agent,
    /// Also what endpoints replied; and to give orders.
    Admin,
}

impl Role {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }
}

/// Who may ask over the network. Whoever reaches the unix socket may ask for everything.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Those who may.
    pub tokens: Vec<Token>,
    /// The web pages of other places that may ask, as origins: `https://crm.example.com`.
    pub allow_origins: Vec<String>,
}

/// Somebody who may ask.
#[derive(Clone, Debug)]
pub struct Token {
    /// What logs call its bearer.
    pub name: String,
    /// What its bearer may ask for.
    pub role: Role,
    /// What its bearer shows.
    pub secret: SecretString,
}

/// Somebody who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    /// The name of the token; `local` at the socket.
    pub(crate) name: Arc<str>,
    /// What for.
    pub(crate) role: Role,
    /// Whether it is at the socket, where nothing is counted: whoever is there could stop the daemon as well.
    pub(crate) local: bool,
}

impl Who {
    /// Whoever is at the socket: the mode of its file says who can be.
    pub(crate) fn local() -> Self {
        Self { name: "local".into(), role: Role::Admin, local: true }
    }
}

/// The keys that fit, until others do.
pub(crate) struct Keys(watch::Sender<Arc<Fitting>>);

/// The keys that fit.
pub(crate) struct Fitting {
    keys: Vec<(Digest, Who)>,
    allow_origins: Vec<String>,
}

impl Keys {
    pub(crate) fn new(access: Access) -> Self {
        Self(watch::Sender::new(Arc::new(Fitting::new(access))))
    }

    pub(crate) fn set(&self, access: Access) {
        self.0.send_replace(Arc::new(Fitting::new(access)));
    }

    pub(crate) fn fitting(&self) -> Arc<Fitting> {
        Arc::clone(&self.0.borrow())
    }

    /// Sees when others fit.
    pub(crate) fn changes(&self) -> watch::Receiver<Arc<Fitting>> {
        self.0.subscribe()
    }
}

impl Fitting {
    fn new(access: Access) -> Self {
        let key = |token: Token| {
            let secret = digest(&SHA256, token.secret.expose_secret().as_bytes());
            (secret, Who { name: token.name.into(), role: token.role, local: false })
        };
        // A page's browser writes its origin in lower case, without a slash at the end.
        let origin = |origin: String| origin.trim_end_matches('/').to_ascii_lowercase();
        Self {
            keys: access.tokens.into_iter().map(key).collect(),
            allow_origins: access.allow_origins.into_iter().map(origin).collect(),
        }
    }

    /// Whose token `shown` is. How long it takes does not tell how much of it is right, nor whose.
    pub(crate) fn whose(&self, shown: &[u8]) -> Option<&Who> {
        let shown = digest(&SHA256, shown);
        let mut found = u64::MAX;
        for (place, (key, _)) in (0_u64..).zip(&self.keys) {
            let fits: Choice = key.as_ref().ct_eq(shown.as_ref());
            found.conditional_assign(&place, fits);
        }
        usize::try_from(found).ok().and_then(|place| self.keys.get(place)).map(|(_, who)| who)
    }

    /// Whether pages of `origin` may ask.
    pub(crate) fn allows(&self, origin: &str) -> bool {
        self.allow_origins.iter().any(|allowed| allowed == origin)
    }

    /// Whether requests may name `host`, with its port if it has one, as the place they go to.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        self.allow_origins.iter().any(|origin| origin.split_once("://").is_some_and(|(_, at)| at == host))
    }
}

impl fmt::Debug for Fitting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fitting").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_what_its_name_may_and_nothing_else_does() {
        let token = |name: &str, role, secret: &str| Token { name: name.into(), role, secret: secret.into() };
        let fitting = Fitting::new(Access {
            tokens: vec![
                token("anna", Role::Agent, "0123456789abcdef"),
                token("root", Role::Admin, "fedcba98"),
            ],
            allow_origins: vec!["https://CRM.example.com/".into()],
        });
        for (shown, who) in [
            ("0123456789abcdef", Some(("anna", Role::Agent))),
            ("fedcba98", Some(("root", Role::Admin))),
            ("0123456789abcdeg", None),
            ("0123456789abcdef ", None),
            ("", None),
            ("anna", None),
        ] {
            let whose = fitting.whose(shown.as_bytes()).map(|who| (&*who.name, who.role));
            assert_eq!(whose, who, "{shown}");
        }
        assert!(fitting.allows("https://crm.example.com") && !fitting.allows("https://crm.example.com.evil"));
        assert!(fitting.is_host("crm.example.com") && !fitting.is_host("example.com"));
        assert!(!format!("{fitting:?}").contains("fedc"));
        let nobody = Fitting::new(Access::default());
        assert_eq!(nobody.whose(b""), None);
    }
}
