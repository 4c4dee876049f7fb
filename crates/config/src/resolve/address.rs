//! Where a target is, and which addresses it may have.

use std::{net::IpAddr, ops::Range};

use ipnet::IpNet;
use reqwest::Url;
use secrecy::ExposeSecret;

use super::{
    Resolver, broker,
    secret::{Found, Sources, is_one_line},
};
use crate::{
    raw::{RawTarget, Words},
    reach::{Place, Reach, literal},
    resolved::Address,
};

/// The part of a URL that Zammad's generic CTI has before its token (Zammad notes 1).
const ZAMMAD_PATH: &str = "/api/v1/cti/";

/// The schemes of brokers: NATS, MQTT and AMQP, each without and with TLS.
const BROKER_SCHEMES: [&str; 6] = ["nats", "tls", "mqtt", "mqtts", "amqp", "amqps"];

/// What kind of URL a target has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UrlKind {
    /// That of Zammad's generic CTI.
    Zammad,
    /// Any, and one must be set.
    Required,
    /// Any or none: the requests have URLs of their own.
    Optional,
}

impl Resolver<'_> {
    /// The addresses that a target may have.
    pub(super) fn reach(&mut self, words: Option<&Words>) -> Reach {
        Reach::new(self.networks(words))
    }

    /// Addresses and ranges of addresses.
    pub(super) fn networks(&mut self, words: Option<&Words>) -> Vec<IpNet> {
        let mut allowed = Vec::new();
        for word in words.into_iter().flat_map(|words| &words.words) {
            let text = word.get_ref().trim();
            match text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)) {
                Some(net) => allowed.push(net),
                None => {
                    let finding = self.wrong(&word.span(), format!("invalid address {text:?}"));
                    self.errors.push(finding.expected("addresses, or ranges as in 169.254.1.0/24"));
                }
            }
        }
        allowed
    }

    /// Where the target is, and the same as a URL.
    pub(super) fn address(
        &mut self,
        raw: &mut RawTarget,
        kind: UrlKind,
        reach: &Reach,
        span: &Range<usize>,
        path: &str,
    ) -> Option<(Address, Url)> {
        let sources = Sources {
            name: "url",
            what: "the URL of the target",
            file: raw.url_file.take(),
            environment: raw.url_env.take(),
            credential: raw.url_credential.take(),
            inline: raw.url.take(),
        };
        if kind == UrlKind::Optional {
            sources.given()?;
        }
        let found = self.secret(sources, span, path)?;
        if found.inline && !self.private {
            let finding =
                self.wrong(&found.span, "the URL contains a token and this file is readable by others");
            self.warnings.push(
                finding.hint(format!("move it to url_file, or chmod 600 {}", self.document.file().display())),
            );
        }
        let url = self.url(&found, kind)?;
        if kind == UrlKind::Zammad {
            self.check_zammad_path(&url, &found);
        }
        self.check_scheme(&url, &found, reach, raw.https_only.as_ref().is_some_and(|only| *only.get_ref()));
        self.check_host(&url, &found, reach);
        let origin = match url.origin() {
            origin if origin.is_tuple() => origin.ascii_serialization(),
            // The protocols of brokers have no origins, but hosts.
            _ => {
                let host = url.host_str().unwrap_or_default();
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                format!("{}://{host}{port}", url.scheme())
            }
        };
        Some((Address { origin, url: found.secret }, url))
    }

    /// The URL, of which errors show the scheme and the host at most.
    fn url(&mut self, found: &Found, kind: UrlKind) -> Option<Url> {
        const EXPECTED: &str = "https://HOST/PATH";
        let is_known = |scheme: &str| match kind {
            UrlKind::Zammad => matches!(scheme, "http" | "https"),
            UrlKind::Required | UrlKind::Optional => {
                matches!(scheme, "http" | "https") || BROKER_SCHEMES.contains(&scheme)
            }
        };
        let parsed = Url::parse(found.secret.expose_secret());
        let problem = match &parsed {
            _ if !is_one_line(&found.secret) => Some("the URL has more than one line".to_owned()),
            Err(error) => Some(format!("the URL cannot be read: {error}")),
            Ok(url) if !is_known(url.scheme()) && kind == UrlKind::Zammad => {
                Some("the scheme of the URL is neither http nor https".to_owned())
            }
            Ok(url) if !is_known(url.scheme()) => {
                let brokers = BROKER_SCHEMES.join(", ");
                Some(format!(
                    "the scheme of the URL is neither http nor https, nor that of a broker: {brokers}"
                ))
            }
            Ok(url) if !url.has_host() => Some("the URL has no host".to_owned()),
            Ok(url) if broker::refuses_path(url) => {
                Some("the URL of this broker has no path; set destination".to_owned())
            }
            Ok(_) => None,
        };
        if let Some(problem) = problem {
            self.errors.push(
                self.wrong(&found.span, problem)
                    .expected(EXPECTED)
                    .hint("the URL itself is not shown because it contains a token"),
            );
            return None;
        }
        parsed.ok()
    }

    fn check_zammad_path(&mut self, url: &Url, found: &Found) {
        if url.path().split_once(ZAMMAD_PATH).is_none_or(|(_, token)| token.is_empty()) {
            let finding = self.wrong(&found.span, format!("the path of the URL is not {ZAMMAD_PATH}TOKEN"));
            self.warnings.push(finding.hint("Zammad shows the URL under Integrations, CTI (generic)"));
        }
    }

    /// `http` is refused where only `https` will do, and otherwise warned of where it may leave the house.
    fn check_scheme(&mut self, url: &Url, found: &Found, reach: &Reach, https_only: bool) {
        let encrypted = match url.scheme() {
            "http" => "https",
            "nats" => "tls",
            "mqtt" => "mqtts",
            "amqp" => "amqps",
            _ => return,
        };
        let host = url.host_str().unwrap_or_default();
        if https_only {
            let finding = self.wrong(&found.span, format!("the URL of {host} does not use {encrypted}"));
            self.errors.push(finding.expected(format!("{encrypted}, because https_only is set")));
        } else if !is_near(url, reach) {
            let finding = self.wrong(
                &found.span,
                format!("the token and all phone numbers are sent to {host} unencrypted"),
            );
            self.warnings.push(finding.hint(format!("use {encrypted}")));
        }
    }

    /// An address that stands in the URL itself is never looked up, so it is held against the rules here.
    fn check_host(&mut self, url: &Url, found: &Found, reach: &Reach) {
        if let Some(Err(barred)) = literal(url).map(|address| reach.place(address)) {
            let finding = self.wrong(&found.span, barred.to_string()).expected("the address of the target");
            let hint =
                format!("if the target really is there, set allow_addresses = [\"{}\"]", barred.address);
            self.errors.push(finding.hint(hint));
        }
    }
}

/// Whether `url` leads to this machine or, by an address, into a network of its own. Where a name leads is not known.
fn is_near(url: &Url, reach: &Reach) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    match literal(url) {
        Some(address) => reach.place(address) != Ok(Place::Far),
        None => host == "localhost" || host.ends_with(".localhost"),
    }
}
