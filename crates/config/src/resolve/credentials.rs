//! What a target is shown: the keys of `[target.NAME]` that hold secrets or headers.

use std::ops::Range;

use reqwest::{
    Url,
    header::{self, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use toml::Spanned;

use super::{Resolver, secret::Sources};
use crate::{
    credentials::{Authorization, Credentials, SigningKey},
    raw::RawTarget,
};

/// Headers that follow from the request, or that the bridge sets itself.
const OWN_HEADERS: [&str; 15] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "idempotency-key",
    "te",
    "transfer-encoding",
    "upgrade",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

impl Resolver<'_> {
    /// What the target at `url` is shown; `path` and `span` are those of its table.
    pub(super) fn credentials(
        &mut self,
        raw: &mut RawTarget,
        url: Option<&Url>,
        span: &Range<usize>,
        path: &str,
    ) -> Credentials {
        let bearer = Sources {
            name: "bearer",
            what: "the bearer token",
            file: raw.bearer_file.take(),
            environment: raw.bearer_env.take(),
            credential: raw.bearer_credential.take(),
            inline: raw.bearer.take(),
        };
        let at = [raw.basic_user.as_ref().map(Spanned::span), bearer.given()];
        let bearer = self.bearer(bearer, span, path);
        let authorization = self.basic(raw, span, path).or(bearer);
        let header = self.secret_header(raw, span, path);
        let headers = self.headers(raw);
        let name_at = raw.header_name.as_ref().map(Spanned::span);
        let is_authorization = header.as_ref().is_some_and(|(name, _)| *name == header::AUTHORIZATION);
        let in_header = name_at.clone().filter(|_| is_authorization);
        let in_url = url.is_some_and(|url| !url.username().is_empty() || url.password().is_some());
        let claims: Vec<_> = at.into_iter().chain([in_header]).flatten().collect();
        if let Some(last) = claims.last().filter(|_| claims.len() + usize::from(in_url) > 1) {
            let what = if in_url {
                "more than one value is set for the header Authorization: the URL has a user in it"
            } else {
                "more than one value is set for the header Authorization"
            };
            let expected = "one of bearer_file, basic_user, header_name and a user in the URL";
            self.errors.push(self.wrong(last, what).expected(expected));
        }
        if let (Some((name, _)), Some(at)) = (&header, &name_at)
            && headers.iter().any(|(other, _)| other == name)
        {
            let finding = self.wrong(at, format!("the header {name} is also set in headers"));
            self.errors.push(finding.expected("each header once"));
        }
        let certificate = self.client_certificate(raw, url);
        let signing = self.signing(raw, span, path);
        Credentials { authorization, header, headers, certificate, signing, others: Vec::new() }
    }

    fn bearer(&mut self, sources: Sources, span: &Range<usize>, path: &str) -> Option<Authorization> {
        let found = self.kept_secret_if_any(sources, span, path)?;
        self.header_value(&found.secret, &found.span).map(Authorization::Bearer)
    }

    fn basic(&mut self, raw: &mut RawTarget, span: &Range<usize>, path: &str) -> Option<Authorization> {
        const EXPECTED: &str = "a name without a colon";
        let sources = Sources {
            name: "basic_password",
            what: "the password of basic_user",
            file: raw.basic_password_file.take(),
            environment: raw.basic_password_env.take(),
            credential: raw.basic_password_credential.take(),
            inline: raw.basic_password.take(),
        };
        let Some(user) = &raw.basic_user else {
            if let Some(given) = sources.given() {
                let finding = self.wrong(&given, "a password is set without a user");
                self.errors.push(finding.expected("basic_user as well"));
            }
            return None;
        };
        let name = self.text(user, EXPECTED);
        if name.contains(':') {
            self.errors.push(self.wrong(&user.span(), "the user name contains a colon").expected(EXPECTED));
        }
        let password = self.kept_secret(sources, span, path)?.secret;
        Some(Authorization::Basic { user: name, password })
    }

    fn secret_header(
        &mut self,
        raw: &mut RawTarget,
        span: &Range<usize>,
        path: &str,
    ) -> Option<(HeaderName, SecretString)> {
        let sources = Sources {
            name: "header_value",
            what: "the value of the header",
            file: raw.header_value_file.take(),
            environment: raw.header_value_env.take(),
            credential: raw.header_value_credential.take(),
            inline: raw.header_value.take(),
        };
        let Some(name) = &raw.header_name else {
            if let Some(given) = sources.given() {
                let finding = self.wrong(&given, "a header value is set without a name");
                self.errors.push(finding.expected("header_name as well"));
            }
            return None;
        };
        let name = self.header_name(name.get_ref(), &name.span());
        let found = self.kept_secret(sources, span, path)?;
        Some((name?, self.header_value(&found.secret, &found.span)?))
    }

    /// `[target.NAME.headers]`.
    fn headers(&mut self, raw: &mut RawTarget) -> Vec<(HeaderName, String)> {
        let written = raw.headers.take().map(Spanned::into_inner).unwrap_or_default();
        let mut headers: Vec<(HeaderName, String)> = Vec::new();
        for (name, value) in written {
            let span = value.span();
            let Some(name) = self.header_name(&name, &span) else { continue };
            if name == header::AUTHORIZATION || name == header::PROXY_AUTHORIZATION {
                let finding = self.wrong(&span, format!("the header {name} carries a secret"));
                self.errors.push(finding.expected("bearer_file, basic_user or header_name instead"));
            } else if headers.iter().any(|(other, _)| *other == name) {
                let finding = self.wrong(&span, format!("the header {name} is set twice"));
                self.errors.push(finding.expected("each header once, ignoring case"));
            } else if !is_plain(value.get_ref()) {
                let finding = self.wrong(&span, "contains characters that are not allowed in a header");
                self.errors.push(finding.expected("one line of plain ASCII text"));
            } else {
                headers.push((name, value.into_inner()));
            }
        }
        headers
    }

    fn header_name(&mut self, written: &str, span: &Range<usize>) -> Option<HeaderName> {
        let Ok(name) = HeaderName::from_bytes(written.as_bytes()) else {
            let finding = self.wrong(span, format!("invalid header name {written:?}"));
            self.errors.push(finding.expected("letters, digits and dashes, as in X-Api-Key"));
            return None;
        };
        if OWN_HEADERS.contains(&name.as_str()) {
            let finding = self.wrong(span, format!("ringwire sets the header {name} itself"));
            self.errors.push(finding.expected("another header"));
            return None;
        }
        Some(name)
    }

    fn header_value(&mut self, secret: &SecretString, span: &Range<usize>) -> Option<SecretString> {
        if is_plain(secret.expose_secret()) {
            return Some(secret.clone());
        }
        let finding = self.wrong(span, "contains characters that are not allowed in a header");
        self.errors.push(finding.expected("one line of plain ASCII text"));
        None
    }

    fn signing(&mut self, raw: &mut RawTarget, span: &Range<usize>, path: &str) -> Vec<SigningKey> {
        let current = Sources {
            name: "signing_secret",
            what: "the secret to sign with",
            file: raw.signing_secret_file.take(),
            environment: raw.signing_secret_env.take(),
            credential: raw.signing_secret_credential.take(),
            inline: raw.signing_secret.take(),
        };
        let previous = Sources {
            name: "signing_secret_previous",
            what: "the previous secret to sign with",
            file: raw.signing_secret_previous_file.take(),
            environment: raw.signing_secret_previous_env.take(),
            credential: raw.signing_secret_previous_credential.take(),
            inline: raw.signing_secret_previous.take(),
        };
        if let (None, Some(given)) = (current.given(), previous.given()) {
            let finding = self.wrong(&given, "a previous signing secret is set without a current one");
            self.errors.push(finding.expected("signing_secret_file as well"));
            return Vec::new();
        }
        [current, previous].into_iter().filter_map(|sources| self.signing_key(sources, span, path)).collect()
    }

    fn signing_key(&mut self, sources: Sources, span: &Range<usize>, path: &str) -> Option<SigningKey> {
        let found = self.kept_secret_if_any(sources, span, path)?;
        let key = SigningKey::parse(found.secret.expose_secret());
        key.map_err(|what| {
            let finding = self.wrong(&found.span, what);
            let finding = finding.expected("whsec_ and base64 of 24 to 64 random bytes");
            self.errors.push(finding.hint("create one with echo whsec_$(openssl rand -base64 32)"));
        })
        .ok()
    }
}

/// Whether `text` can be the value of a header that everyone reads alike.
fn is_plain(text: &str) -> bool {
    text.is_ascii() && HeaderValue::from_str(text).is_ok()
}
