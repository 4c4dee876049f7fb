//! What a target is shown so that it knows who sends.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Identity, header::HeaderName};
use ring::hmac;
use secrecy::SecretString;

/// What goes with every request to a target. No `Debug` shows a secret.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// What stands in the header `Authorization`.
    pub authorization: Option<Authorization>,
    /// A header whose value is a secret.
    pub header: Option<(HeaderName, SecretString)>,
    /// Headers that anyone may know.
    pub headers: Vec<(HeaderName, String)>,
    /// What is shown in the TLS handshake.
    pub certificate: Option<ClientCertificate>,
    /// What requests are signed with: all of them at once, so that the receiver can go from one to the next.
    pub signing: Vec<SigningKey>,
    /// Secrets that requests contain elsewhere, and replies may repeat.
    pub others: Vec<SecretString>,
}

/// A way to use the header `Authorization`.
#[derive(Clone, Debug)]
pub enum Authorization {
    /// A token (RFC 6750).
    Bearer(SecretString),
    /// A user and a password (RFC 7617).
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: SecretString,
    },
}

/// A client certificate with its key.
#[derive(Clone)]
pub struct ClientCertificate(pub Identity);

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate([REDACTED])")
    }
}

/// A secret to sign with by Standard Webhooks 1.0.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

impl SigningKey {
    /// What a secret begins with (Standard Webhooks 1.0, signature scheme).
    const PREFIX: &str = "whsec_";

    /// How long a secret may be, in bytes: 192 to 512 bits (the same place).
    const LENGTH: std::ops::RangeInclusive<usize> = 24..=64;

    /// Reads `whsec_` and base64.
    ///
    /// # Errors
    /// What is wrong with it, without the secret.
    pub fn parse(written: &str) -> Result<Self, &'static str> {
        let encoded = written.strip_prefix(Self::PREFIX).ok_or("the secret does not begin with whsec_")?;
        let bytes = STANDARD.decode(encoded).map_err(|_| "what follows whsec_ is no base64")?;
        if !Self::LENGTH.contains(&bytes.len()) {
            return Err("the secret is not of 24 to 64 bytes");
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The signature of `parts`, one after the other: `v1,BASE64`.
    pub fn sign(&self, parts: &[&[u8]]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        parts.iter().for_each(|part| context.update(part));
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_secrets_follow_standard_webhooks() {
        let of = |length| format!("whsec_{}", STANDARD.encode(vec![7; length]));
        for length in [24, 32, 64] {
            assert!(SigningKey::parse(&of(length)).is_ok(), "{length}");
        }
        for (written, message) in [
            (of(23), "24 to 64 bytes"),
            (of(65), "24 to 64 bytes"),
            ("whsec_".to_owned(), "24 to 64 bytes"),
            ("hunter2".to_owned(), "does not begin with whsec_"),
            ("whsec_hunter2!".to_owned(), "no base64"),
            ("whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(), "does not begin with whsec_"),
        ] {
            let error = SigningKey::parse(&written).unwrap_err();
            assert!(error.contains(message) && !error.contains("hunter2"), "{error}");
        }
        assert_eq!(format!("{:?}", SigningKey::parse(&of(24)).unwrap()), "SigningKey([REDACTED])");
    }
}
