//! `[endpoint.NAME]`.

use std::{ops::Range, time::Duration};

use ringwire_cti::{Zammad, ZammadOptions};
use toml::Spanned;

use super::Resolver;
use crate::config::{
    Endpoint, Options,
    raw::{RawEndpoint, Section},
};

/// The longest a request may take, in seconds: a call's later events wait behind it.
const LONGEST_TIMEOUT: f64 = 300.0;

/// The shortest time that makes sense for a network, in seconds.
const SHORTEST_TIMEOUT: f64 = 0.1;

impl Resolver<'_> {
    /// What `[endpoint.NAME]` means.
    pub(super) fn endpoint(&mut self, section: Section<RawEndpoint>) -> Endpoint {
        let Section { path, name, span, value: mut raw } = section;
        self.check_name(&span, &path, &name);
        let reach = self.reach(raw.allow_addresses.as_ref());
        let (address, url) = self.address(&mut raw, &reach, &span, &path).unzip();
        let credentials = self.credentials(&mut raw, url.as_ref(), &span, &path);
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
            reach,
            https_only: raw.https_only.is_some_and(Spanned::into_inner),
            credentials,
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
}
