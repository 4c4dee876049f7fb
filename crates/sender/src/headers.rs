//! Headers that authenticate a request, sign it, and let the target recognize a repeated event.

use jiff::Timestamp;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use ringwire_config::{Authorization, Credentials, SigningKey};
use secrecy::{ExposeSecret, zeroize::Zeroizing};

use super::redaction::basic_credentials;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Standard Webhooks 1.0, webhook headers.
const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The headers of all requests to one target, and its signing keys.
#[derive(Clone, Debug)]
pub(super) struct Headers {
    fixed: HeaderMap,
    signing: Vec<SigningKey>,
}

impl Headers {
    /// The headers for `credentials`.
    ///
    /// # Errors
    /// A value has characters that a header cannot have.
    pub(super) fn new(credentials: &Credentials) -> Result<Self, InvalidHeaderValue> {
        let mut fixed = HeaderMap::new();
        for (name, value) in &credentials.headers {
            fixed.insert(name.clone(), HeaderValue::from_str(value)?);
        }
        if let Some((name, value)) = &credentials.header {
            fixed.insert(name.clone(), sensitive_value(value.expose_secret())?);
        }
        let authorization = match &credentials.authorization {
            None => None,
            Some(Authorization::Bearer(token)) => {
                Some(Zeroizing::new(format!("Bearer {}", token.expose_secret())))
            }
            Some(Authorization::Basic { user, password }) => {
                Some(Zeroizing::new(format!("Basic {}", *basic_credentials(user, password))))
            }
        };
        if let Some(value) = authorization {
            fixed.insert(header::AUTHORIZATION, sensitive_value(&value)?);
        }
        Ok(Self { fixed, signing: credentials.signing.clone() })
    }

    /// The headers of one attempt at `now` to send the event `id` with `body`.
    ///
    /// The id is the same for every attempt, so that the receiver recognizes a repeated event; the signature is valid
    /// for one attempt, so that nobody else can replay it (Standard Webhooks 1.0, webhook metadata).
    pub(super) fn for_attempt(&self, id: &str, now: Timestamp, body: &[u8]) -> HeaderMap {
        let mut headers = self.fixed.clone();
        headers.insert(IDEMPOTENCY_KEY, escaped_value(id));
        if !self.signing.is_empty() {
            sign(&mut headers, &self.signing, id, now, body);
        }
        headers
    }

    /// The headers of one attempt that goes elsewhere than to the target's own URL.
    pub(super) fn without_credentials(id: &str) -> HeaderMap {
        HeaderMap::from_iter([(IDEMPOTENCY_KEY, escaped_value(id))])
    }
}

/// Signs one attempt at `now` to send the event `id` with `body`, with all of `keys`.
pub(super) fn sign(headers: &mut HeaderMap, keys: &[SigningKey], id: &str, now: Timestamp, body: &[u8]) {
    let id = escaped_value(id);
    let timestamp = HeaderValue::from(now.as_second());
    let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    let signatures: Vec<_> = keys.iter().map(|key| key.sign(&parts)).collect();
    headers.insert(WEBHOOK_SIGNATURE, escaped_value(&signatures.join(" ")));
    headers.insert(WEBHOOK_TIMESTAMP, timestamp);
    headers.insert(WEBHOOK_ID, id);
}

pub(super) fn sensitive_value(value: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(value)?;
    value.set_sensitive(true);
    Ok(value)
}

/// `text` as the value of a header, with bytes that a header cannot have percent-encoded: an event id begins with the
/// system name of an Asterisk.
fn escaped_value(text: &str) -> HeaderValue {
    let escaped: String = text
        .bytes()
        .map(|byte| match byte {
            b' '..=b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    HeaderValue::try_from(escaped.trim()).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A secret and a previous one; the first is from the tests of the Standard Webhooks libraries.
    const SECRETS: [&str; 2] =
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"];

    fn headers(secrets: &[&str], id: &str, body: &str) -> Vec<(String, String)> {
        let signing = secrets.iter().map(|secret| SigningKey::parse(secret).unwrap()).collect();
        let headers = Headers::new(&Credentials { signing, ..Credentials::default() }).unwrap();
        let now = Timestamp::from_second(1_614_265_330).unwrap();
        let headers = headers.for_attempt(id, now, body.as_bytes());
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let mut headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        headers.sort();
        headers
    }

    #[test]
    fn the_published_vector_is_signed_as_published() {
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let expected = [
            ("idempotency-key", id),
            ("webhook-id", id),
            ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            ("webhook-timestamp", "1614265330"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(headers(&SECRETS[..1], id, r#"{"test": 2432232314}"#), expected);
    }

    #[test]
    fn with_a_previous_secret_both_sign() {
        let signature = |secrets: &[&str]| {
            let headers = headers(secrets, "1.0/1", "{}");
            headers.into_iter().find(|(name, _)| name == "webhook-signature").unwrap().1
        };
        let [new, old] = SECRETS;
        assert_eq!(signature(&[new, old]), format!("{} {}", signature(&[new]), signature(&[old])));
        assert_ne!(signature(&[new]), signature(&[old]));
    }

    #[test]
    fn without_a_secret_only_the_id_is_sent() {
        let id = |id| headers(&[], id, "{}");
        assert_eq!(id("pbx1-1.0/2"), [("idempotency-key".to_owned(), "pbx1-1.0/2".to_owned())]);
        assert_eq!(id("z\u{fc}\r\n1.0/2"), [("idempotency-key".to_owned(), "z%C3%BC%0D%0A1.0/2".to_owned())]);
    }
}
