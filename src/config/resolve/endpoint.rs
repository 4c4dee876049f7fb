//! `[endpoint.NAME]`.

use std::{net::IpAddr, ops::Range, time::Duration};

use reqwest::{Certificate, Url};
use ringwire_cti::{Zammad, ZammadOptions};
use secrecy::ExposeSecret;
use toml::Spanned;

use super::{
    Resolver,
    secret::{Found, Sources, is_one_line},
};
use crate::config::{
    Address, Endpoint, Options, load,
    raw::{RawEndpoint, Section},
};

/// The longest a request may take, in seconds: a call's later events wait behind it.
const LONGEST_TIMEOUT: f64 = 300.0;

/// The shortest time that makes sense for a network, in seconds.
const SHORTEST_TIMEOUT: f64 = 0.1;

/// The part of a URL that Zammad's generic CTI has before its token (Zammad contract, section 1).
const ZAMMAD_PATH: &str = "/api/v1/cti/";

impl Resolver<'_> {
    /// What `[endpoint.NAME]` means.
    pub(super) fn endpoint(&mut self, section: Section<RawEndpoint>) -> Endpoint {
        let Section { path, name, span, value: mut raw } = section;
        self.check_name(&span, &path, &name);
        let address = self.address(&mut raw, &span, &path);
        let authorities = raw.ca_file.as_ref().map_or_else(Vec::new, |file| self.authorities(file));
        let (connect_timeout, timeout) = self.timeouts(raw.connect_timeout.as_ref(), raw.timeout.as_ref());
        let concurrency =
            self.within(raw.concurrency.take(), 1..=256, "requests at once", Endpoint::CONCURRENCY as i64);
        let options = self.options(&raw, &span, &path);
        Endpoint {
            name,
            dialect: options.dialect(),
            options,
            address,
            authorities,
            connect_timeout,
            timeout,
            concurrency: concurrency.try_into().unwrap_or(Endpoint::CONCURRENCY),
        }
    }

    fn options(&mut self, raw: &RawEndpoint, span: &Range<usize>, path: &str) -> Options {
        let expected = || format!("one of {}", ringwire_cti::names().join(", "));
        match &raw.dialect {
            Some(dialect) if dialect.get_ref() == Zammad::NAME => {}
            Some(dialect) => {
                let what = format!("there is no dialect {:?}", dialect.get_ref());
                self.errors.push(self.wrong(&dialect.span(), what).expected(expected()));
            }
            None => {
                let finding = self.wrong(span, "it is missing").key(format!("{path}.dialect"));
                self.errors.push(finding.expected(expected()));
            }
        }
        Options::Zammad(ZammadOptions {
            format: raw.format.unwrap_or_default(),
            to: raw.to.unwrap_or_default(),
            internal: raw.internal.unwrap_or_default(),
            trunks: self.texts(raw.trunks.as_ref(), "patterns of endpoints, TECH/name"),
            dids: self.texts(raw.dids.as_ref(), "patterns of numbers"),
        })
    }

    fn timeouts(
        &mut self,
        connect: Option<&Spanned<f64>>,
        total: Option<&Spanned<f64>>,
    ) -> (Duration, Duration) {
        let mut seconds = |value: Option<&Spanned<f64>>, default: Duration| {
            let default = default.as_secs_f64();
            let seconds = self.within(value.cloned(), SHORTEST_TIMEOUT..=LONGEST_TIMEOUT, "seconds", default);
            Duration::try_from_secs_f64(seconds).unwrap_or_default()
        };
        let timeout = seconds(total, Endpoint::TIMEOUT);
        (seconds(connect, Endpoint::CONNECT_TIMEOUT.min(timeout)), timeout)
    }

    fn authorities(&mut self, value: &Spanned<String>) -> Vec<Certificate> {
        let path = self.path(value.get_ref());
        let read =
            load::read(&path).and_then(|file| match Certificate::from_pem_bundle(file.text.as_bytes()) {
                Ok(certificates) if certificates.is_empty() => {
                    Err("there is no certificate in it".to_owned())
                }
                Ok(certificates) => Ok(certificates),
                Err(_) => Err("a certificate in it cannot be read".to_owned()),
            });
        read.unwrap_or_else(|reason| {
            let finding = self.wrong(&value.span(), format!("{}: {reason}", path.display()));
            self.errors.push(finding.expected("certificates in PEM form (-----BEGIN CERTIFICATE-----)"));
            Vec::new()
        })
    }

    fn address(&mut self, raw: &mut RawEndpoint, span: &Range<usize>, path: &str) -> Option<Address> {
        let sources = Sources {
            name: "url",
            what: "the URL of the endpoint",
            file: raw.url_file.take(),
            environment: raw.url_env.take(),
            credential: raw.url_credential.take(),
            inline: raw.url.take(),
        };
        let found = self.secret(sources, span, path)?;
        if found.inline && !self.private {
            let finding = self.wrong(&found.span, "the URL holds a token, and others can read this file");
            self.warnings.push(
                finding.hint(format!("move it to url_file, or chmod 600 {}", self.document.file().display())),
            );
        }
        let url = self.url(&found)?;
        Some(Address { origin: url.origin().ascii_serialization(), url: found.secret })
    }

    /// The URL, of which errors show the scheme and the host at most.
    fn url(&mut self, found: &Found) -> Option<Url> {
        const EXPECTED: &str = "https://HOST/PATH";
        let parsed = Url::parse(found.secret.expose_secret());
        let problem = match &parsed {
            _ if !is_one_line(&found.secret) => Some("the URL has more than one line".to_owned()),
            Err(error) => Some(format!("the URL cannot be read: {error}")),
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                Some("the scheme of the URL is neither http nor https".to_owned())
            }
            Ok(_) => None,
        };
        if let Some(problem) = problem {
            self.errors.push(
                self.wrong(&found.span, problem)
                    .expected(EXPECTED)
                    .hint("the URL itself is not shown: it holds a token"),
            );
            return None;
        }
        let url = parsed.ok()?;
        let host = url.host_str().unwrap_or_default();
        if url.scheme() == "http" && !is_local(host) {
            let finding = self.wrong(&found.span, format!("the token and all numbers go to {host} in clear"));
            self.warnings.push(finding.hint("use https"));
        }
        if url.path().split_once(ZAMMAD_PATH).is_none_or(|(_, token)| token.is_empty()) {
            let finding = self.wrong(&found.span, format!("the path of the URL is not {ZAMMAD_PATH}TOKEN"));
            self.warnings.push(finding.hint("Zammad shows the URL under Integrations, CTI (generic)"));
        }
        Some(url)
    }
}

/// Whether `host`, as it stands in a URL, is this machine.
fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}
