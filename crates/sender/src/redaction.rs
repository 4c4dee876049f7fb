//! Redacts the secrets of a request in the reply.
//!
//! Error pages often repeat the request. Replies are logged, stored and shown, so the secrets of the request are
//! removed from the reply first.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Url;
use ringwire_config::{Authorization, Credentials};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

/// What replaces a secret.
const REPLACEMENT: &[u8] = "…".as_bytes();

/// The shortest secret that is redacted, in bytes: shorter ones occur in any text.
const SHORTEST_SECRET: usize = 6;

/// The shortest path, or last segment of one, that counts as a token, in bytes: shorter ones may be words.
const SHORTEST_SEGMENT: usize = 12;

/// The secrets that are redacted. Its `Debug` shows none of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Redactor(Vec<SecretString>);

impl Redactor {
    /// The secrets of a target.
    pub(super) fn new(url: Option<&Url>, credentials: &Credentials) -> Self {
        let mut secrets = url.map_or_else(Vec::new, secrets_of);
        let mut add = |secret: &str, shortest: usize| {
            if secret.len() >= shortest {
                secrets.push(SecretString::from(secret));
            }
        };
        match &credentials.authorization {
            Some(Authorization::Bearer(token)) => add(token.expose_secret(), SHORTEST_SECRET),
            Some(Authorization::Basic { user, password }) => {
                add(password.expose_secret(), SHORTEST_SECRET);
                add(&basic_credentials(user, password), SHORTEST_SECRET);
            }
            None => {}
        }
        if let Some((_, value)) = &credentials.header {
            add(value.expose_secret(), SHORTEST_SECRET);
        }
        for secret in &credentials.others {
            add(secret.expose_secret(), SHORTEST_SECRET);
        }
        Self(secrets).sorted()
    }

    /// Redacts these `secrets`, too.
    pub(super) fn add(&mut self, secrets: impl IntoIterator<Item = SecretString>) {
        let is_long = |secret: &SecretString| secret.expose_secret().len() >= SHORTEST_SECRET;
        self.0.extend(secrets.into_iter().filter(is_long));
        *self = std::mem::take(self).sorted();
    }

    /// The same with the secrets of one request: those in its `url`, and others.
    pub(super) fn with_request(&self, url: &Url, secrets: Vec<SecretString>) -> Self {
        let mut redactor = self.clone();
        redactor.0.extend(secrets_of(url));
        redactor.add(secrets);
        redactor
    }

    /// The longest first: one may be in another.
    fn sorted(mut self) -> Self {
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        self
    }

    /// `text` without the secrets, not even one that is cut off at its end.
    pub(super) fn redact(&self, text: Vec<u8>) -> Vec<u8> {
        self.0.iter().fold(text, |text, secret| redact_secret(&text, secret.expose_secret().as_bytes()))
    }
}

/// What may be secret in a URL.
fn secrets_of(url: &Url) -> Vec<SecretString> {
    let parts = [
        (url.path().trim_start_matches('/'), SHORTEST_SEGMENT),
        (url.path().rsplit('/').next().unwrap_or_default(), SHORTEST_SEGMENT),
        (url.query().unwrap_or_default(), SHORTEST_SECRET),
        (url.password().unwrap_or_default(), SHORTEST_SECRET),
    ];
    let secrets = parts.into_iter().filter(|(part, shortest)| part.len() >= *shortest);
    secrets.map(|(part, _)| SecretString::from(part)).collect()
}

/// The credentials of basic authentication (RFC 7617, section 2).
pub(super) fn basic_credentials(user: &str, password: &SecretString) -> Zeroizing<String> {
    let both = Zeroizing::new(format!("{user}:{}", password.expose_secret()));
    Zeroizing::new(STANDARD.encode(both.as_bytes()))
}

fn redact_secret(text: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut redacted = Vec::new();
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let is_cut_off = rest.len() >= SHORTEST_SECRET && secret.starts_with(rest);
        if rest.starts_with(secret) || is_cut_off {
            redacted.extend(REPLACEMENT);
            rest = rest.get(secret.len()..).unwrap_or_default();
        } else {
            redacted.push(first);
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    redacted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(authorization: Authorization) -> Redactor {
        let header = Some(("x-api-key".parse().unwrap(), "k3y-k3y".into()));
        let credentials =
            Credentials { authorization: Some(authorization), header, ..Credentials::default() };
        Redactor::new(
            Some(&"https://u:swordfish@h/api/v1/cti/3NYJQtKRKDmk?key=hunter23".parse().unwrap()),
            &credentials,
        )
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let redactor = redactor(Authorization::Bearer("hunter2".into()));
        assert_eq!(String::from_utf8(redactor.redact(text.into())).unwrap(), expected);
    }

    #[test]
    fn secrets_of_the_request_are_redacted_in_the_reply() {
        check(r#"{"auth":"Bearer hunter2","k":"k3y-k3y"}"#, r#"{"auth":"Bearer …","k":"…"}"#);
        check("No route /api/v1/cti/3NYJQtKRKDmk, token 3NYJQtKRKDmk", "No route /…, token …");
        check("key=hunter23 swordfish", "… …");
        check("", "");
        check("{}", "{}");
        check("it ends with hunter", "it ends with …");
        check("hunt", "hunt");
    }

    #[test]
    fn a_password_is_redacted_as_plain_text_and_as_sent() {
        let redactor = redactor(Authorization::Basic { user: "bob".into(), password: "hunter2".into() });
        let text = b"Basic Ym9iOmh1bnRlcjI= is bob:hunter2".to_vec();
        assert_eq!(String::from_utf8(redactor.redact(text)).unwrap(), "Basic … is bob:…");
        assert!(!format!("{redactor:?}").contains("hunter2"));
    }
}
