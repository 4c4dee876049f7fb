//! What a dialect asks of whoever carries its requests: how they are authenticated, and how many are sent.

pub use ringwire_delivery::RateLimit;
use secrecy::SecretString;

/// How the requests of a dialect are authenticated. All values are final; those that are secret show nothing.
#[derive(Clone, Debug)]
pub enum AuthScheme {
    /// HTTP basic authentication (RFC 7617).
    Basic {
        /// The user name.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// `Authorization: Bearer TOKEN` (RFC 6750).
    Bearer {
        /// The token.
        token: SecretString,
    },
    /// A header of its own, such as `Authorization: token KEY:SECRET`.
    Header {
        /// The name of the header.
        name: String,
        /// Its value.
        value: SecretString,
    },
    /// A query parameter of each request.
    Query {
        /// The name of the parameter.
        name: String,
        /// Its value.
        value: SecretString,
    },
    /// OAuth 2 with a refresh token (RFC 6749, section 6).
    OAuth2 {
        /// Where a refresh token becomes an access token.
        token_url: String,
        /// The id of the application.
        client_id: String,
        /// The secret of the application.
        client_secret: SecretString,
        /// The first refresh token; the target may replace it with each use.
        refresh_token: SecretString,
        /// Where the access token goes.
        placement: TokenPlacement,
    },
    /// A header with the HMAC of the body.
    Hmac {
        /// The name of the header.
        header: String,
        /// The key.
        key: SecretString,
        /// The hash function.
        hash: HmacHash,
        /// How the result is written.
        encoding: HmacEncoding,
        /// What stands before it, such as `sha256=`.
        prefix: String,
    },
    /// The three headers of Standard Webhooks 1.0.
    StandardWebhooks {
        /// The secret, with or without `whsec_`.
        secret: SecretString,
    },
}

/// Where an access token goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenPlacement {
    /// Into the header `Authorization`, behind this word, such as `Bearer`.
    Authorization(String),
    /// Into this query parameter.
    Query(String),
}

/// The hash function of an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HmacHash {
    /// SHA-1, for what is old.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// How an HMAC is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HmacEncoding {
    /// As lower-case hexadecimal digits.
    Hex,
    /// As Base64 with padding.
    Base64,
}
