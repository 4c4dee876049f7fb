//! What a target says, without what it was told in confidence.
//!
//! Error pages like to repeat the request that led to them. Replies are logged, kept and shown, so what was secret
//! in the request is taken out of the reply before anybody reads it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Url;
use ringwire_config::{Authorization, Credentials};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

/// What stands where a secret was.
const LEFT_OUT: &[u8] = "…".as_bytes();

/// The shortest secret that is looked for, in bytes: shorter ones are found in any text.
const SHORTEST: usize = 6;

/// The shortest last part of a path that is taken for a token, in bytes: shorter ones may be words.
const SHORTEST_PART: usize = 12;

/// What is never repeated. Its `Debug` shows none of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Hush(Vec<SecretString>);

impl Hush {
    /// The secrets of a target.
    pub(super) fn new(url: &Url, credentials: &Credentials) -> Self {
        let mut secrets = Vec::new();
        let mut add = |secret: &str, shortest: usize| {
            if secret.len() >= shortest {
                secrets.push(SecretString::from(secret));
            }
        };
        add(url.path().trim_start_matches('/'), SHORTEST_PART);
        add(url.path().rsplit('/').next().unwrap_or_default(), SHORTEST_PART);
        add(url.query().unwrap_or_default(), SHORTEST);
        add(url.password().unwrap_or_default(), SHORTEST);
        match &credentials.authorization {
            Some(Authorization::Bearer(token)) => add(token.expose_secret(), SHORTEST),
            Some(Authorization::Basic { user, password }) => {
                add(password.expose_secret(), SHORTEST);
                add(&basic(user, password), SHORTEST);
            }
            None => {}
        }
        if let Some((_, value)) = &credentials.header {
            add(value.expose_secret(), SHORTEST);
        }
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self(secrets)
    }

    /// `said` with every secret left out; one that it ends in the middle of, too.
    pub(super) fn over(&self, said: Vec<u8>) -> Vec<u8> {
        self.0.iter().fold(said, |said, secret| without(&said, secret.expose_secret().as_bytes()))
    }
}

/// A user and a password as a basic authorization has them (RFC 7617, section 2).
pub(super) fn basic(user: &str, password: &SecretString) -> Zeroizing<String> {
    let both = Zeroizing::new(format!("{user}:{}", password.expose_secret()));
    Zeroizing::new(STANDARD.encode(both.as_bytes()))
}

fn without(said: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut left = Vec::new();
    let mut rest = said;
    while let Some(&first) = rest.first() {
        let is_cut_off = rest.len() >= SHORTEST && secret.starts_with(rest);
        if rest.starts_with(secret) || is_cut_off {
            left.extend(LEFT_OUT);
            rest = rest.get(secret.len()..).unwrap_or_default();
        } else {
            left.push(first);
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hush(authorization: Authorization) -> Hush {
        let header = Some(("x-api-key".parse().unwrap(), "k3y-k3y".into()));
        let credentials =
            Credentials { authorization: Some(authorization), header, ..Credentials::default() };
        Hush::new(
            &"https://u:swordfish@h/api/v1/cti/3NYJQtKRKDmk?key=hunter23".parse().unwrap(),
            &credentials,
        )
    }

    #[track_caller]
    fn check(said: &str, expected: &str) {
        let hush = hush(Authorization::Bearer("hunter2".into()));
        assert_eq!(String::from_utf8(hush.over(said.into())).unwrap(), expected);
    }

    #[test]
    fn what_was_secret_in_a_request_is_not_in_the_reply() {
        check(r#"{"auth":"Bearer hunter2","k":"k3y-k3y"}"#, r#"{"auth":"Bearer …","k":"…"}"#);
        check("No route /api/v1/cti/3NYJQtKRKDmk, token 3NYJQtKRKDmk", "No route /…, token …");
        check("key=hunter23 swordfish", "… …");
        check("", "");
        check("{}", "{}");
        check("it ends with hunter", "it ends with …");
        check("hunt", "hunt");
    }

    #[test]
    fn a_password_is_left_out_as_it_is_and_as_it_was_sent() {
        let hush = hush(Authorization::Basic { user: "bob".into(), password: "hunter2".into() });
        let said = b"Basic Ym9iOmh1bnRlcjI= is bob:hunter2".to_vec();
        assert_eq!(String::from_utf8(hush.over(said)).unwrap(), "Basic … is bob:…");
        assert!(!format!("{hush:?}").contains("hunter2"));
    }
}
