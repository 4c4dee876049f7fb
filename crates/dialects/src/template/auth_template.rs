//! How the requests of a dialect file are authenticated.

use minijinja::value::Value;

use super::{expression::Template, reader::Table, reply_rule::one_of, vocabulary::NameScope};
use crate::auth::{AuthScheme, HmacEncoding, HmacHash, TokenPlacement};

const SCHEMES: [&str; 7] = ["basic", "bearer", "header", "query", "oauth2", "hmac", "standardWebhooks"];

/// `[auth]` of a file.
#[derive(Debug)]
pub(super) struct AuthTemplate {
    scheme: &'static str,
    values: Vec<(&'static str, Template)>,
    hash: HmacHash,
    encoding: HmacEncoding,
}

/// The keys that a scheme needs, and those that it may have.
fn keys(scheme: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match scheme {
        "basic" => (&["user", "password"], &[]),
        "bearer" => (&["token"], &[]),
        "header" | "query" => (&["name", "value"], &[]),
        "oauth2" => (&["token_url", "client_id", "client_secret", "refresh_token"], &["word", "parameter"]),
        "hmac" => (&["header", "key"], &["prefix"]),
        _ => (&["secret"], &[]),
    }
}

impl AuthTemplate {
    /// Reads `[auth]`.
    pub(super) fn read(table: &Table<'_>, scope: &NameScope<'_>) -> Option<Self> {
        let scheme = table
            .required("scheme", "write one of basic, bearer, header, query, oauth2, hmac, standardWebhooks");
        let scheme = one_of(scheme?, &SCHEMES)?;
        let (needed, optional) = keys(scheme);
        let mut values = Vec::new();
        let mut is_sound = true;
        for key in needed.iter().chain(optional) {
            let item = if needed.contains(key) {
                table.required(key, &format!("write `{key} = \"{{{{ settings.{key} }}}}\"`"))
            } else {
                table.get(key)
            };
            match item.map(|item| Template::read(item, scope)) {
                Some(Some(template)) => values.push((*key, template)),
                Some(None) => is_sound = false,
                None => is_sound &= optional.contains(key),
            }
        }
        let (mut hash, mut encoding) = (HmacHash::Sha256, HmacEncoding::Hex);
        if scheme == "hmac" {
            if table.get("hash").and_then(|item| one_of(item, &["sha256", "sha1"])) == Some("sha1") {
                hash = HmacHash::Sha1;
            }
            if table.get("encoding").and_then(|item| one_of(item, &["hex", "base64"])) == Some("base64") {
                encoding = HmacEncoding::Base64;
            }
        }
        table.finish();
        is_sound.then_some(Self { scheme, values, hash, encoding })
    }

    /// The scheme with the values of the settings in `scope`.
    ///
    /// # Errors
    /// An expression has no value.
    pub(super) fn build(&self, scope: &Value) -> Result<AuthScheme, String> {
        let value = |key: &str| -> Result<String, String> {
            let template = self.values.iter().find(|(name, _)| *name == key).map(|(_, template)| template);
            template
                .map_or_else(|| Ok(String::new()), |template| Ok(template.text(scope)?.unwrap_or_default()))
        };
        Ok(match self.scheme {
            "basic" => AuthScheme::Basic { user: value("user")?, password: value("password")?.into() },
            "bearer" => AuthScheme::Bearer { token: value("token")?.into() },
            "header" => AuthScheme::Header { name: value("name")?, value: value("value")?.into() },
            "query" => AuthScheme::Query { name: value("name")?, value: value("value")?.into() },
            "oauth2" => {
                let (word, parameter) = (value("word")?, value("parameter")?);
                let word = if word.is_empty() { "Bearer".to_owned() } else { word };
                AuthScheme::OAuth2 {
                    token_url: value("token_url")?,
                    client_id: value("client_id")?,
                    client_secret: value("client_secret")?.into(),
                    refresh_token: value("refresh_token")?.into(),
                    placement: if parameter.is_empty() {
                        TokenPlacement::Authorization(word)
                    } else {
                        TokenPlacement::Query(parameter)
                    },
                }
            }
            "hmac" => AuthScheme::Hmac {
                header: value("header")?,
                key: value("key")?.into(),
                hash: self.hash,
                encoding: self.encoding,
                prefix: value("prefix")?,
            },
            _ => AuthScheme::StandardWebhooks { secret: value("secret")?.into() },
        })
    }
}
