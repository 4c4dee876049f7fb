//! `[pbx.NAME]`.

use std::{net::IpAddr, ops::Range, time::Duration};

use ringwire_ami::{AmiLogin, Fingerprint, LoginMethod, TlsOptions, TlsTrust};
use ringwire_calls::Rules;
use ringwire_directory::{Directory, NumberPlan, Pattern};
use toml::Spanned;

use super::{Resolver, secret::Sources};
use crate::{
    raw::{RawAuth, RawPbx, Section, Words},
    resolved::{Pbx, Written},
};

/// The longest a round of ringing may be collected: later than this an agent has answered before anyone is told.
const LONGEST_GATHER_MS: i64 = 10_000;

/// The classes of events that Asterisk knows (`EventMask`), of all releases.
const EVENT_CLASSES: [&str; 20] = [
    "agent",
    "agi",
    "all",
    "aoc",
    "call",
    "cc",
    "cdr",
    "command",
    "config",
    "dialplan",
    "dtmf",
    "log",
    "message",
    "originate",
    "reporting",
    "security",
    "system",
    "test",
    "user",
    "verbose",
];

impl Resolver<'_> {
    /// What `[pbx.NAME]` means; `several` where there is more than one.
    pub(super) fn pbx(&mut self, section: Section<RawPbx>, several: bool) -> Pbx {
        let Section { path, name, span, value: mut raw } = section;
        self.check_name(&span, &path, &name);
        let login = self.login(&mut raw, &span, &path);
        let written = self.written(&raw);
        let numbers = self.numbers(raw.country.as_ref(), &written);
        let gather = self.within(
            raw.gather_ms,
            0..=LONGEST_GATHER_MS,
            "milliseconds",
            Rules::GATHER.as_millis().try_into().unwrap_or(LONGEST_GATHER_MS),
        );
        let patterns = |texts: &[String]| texts.iter().map(|text| Pattern::new(text)).collect();
        let rules = Rules {
            prefix_ids: several,
            inbound_contexts: patterns(&written.inbound_contexts),
            trunks: patterns(&written.trunks),
            gather: Duration::from_millis(gather.unsigned_abs()),
            numbers,
            directory: Directory::new(self.users(raw.users, raw.users_file)),
            agents: raw.agents.unwrap_or_default(),
            devices: raw.devices.unwrap_or_default(),
            ..Rules::new(&name)
        };
        let host = raw.host.map_or_else(|| Pbx::HOST.to_owned(), |host| self.host(&host));
        let asked = [&raw.tls_ca_file, &raw.tls_fingerprint, &raw.tls_server_name];
        let tls = self.tls(raw.tls.as_ref(), asked, &host);
        let default = if tls.is_some() { TlsOptions::PORT } else { Pbx::PORT };
        let port = self.within(raw.port, 1..=65535, "a port", default.into());
        let port = port.try_into().unwrap_or(default);
        let filter_events = raw.filter_events.unwrap_or(true);
        Pbx { name, host, port, tls, filter_events, login, rules, written }
    }

    fn host(&mut self, value: &Spanned<String>) -> String {
        const EXPECTED: &str = "a host name or an address";
        let host = self.text(value, EXPECTED);
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() {
            return bare.to_owned();
        }
        if host.contains("://") || host.contains('/') || host.contains(char::is_whitespace) {
            self.errors.push(self.wrong(&value.span(), format!("invalid host {host:?}")).expected(EXPECTED));
        } else if host.contains(':') {
            let finding =
                self.wrong(&value.span(), format!("the host {host:?} contains a port")).expected(EXPECTED);
            self.errors.push(finding.hint("set the port with the key port"));
        }
        host
    }

    /// Whether TLS is spoken, and who is believed to be the PBX: any of the keys that say how asks for it.
    fn tls(
        &mut self,
        on: Option<&Spanned<bool>>,
        [ca_file, fingerprint, server_name]: [&Option<Spanned<String>>; 3],
        host: &str,
    ) -> Option<TlsOptions> {
        let spans = [ca_file, fingerprint, server_name].map(|key| key.as_ref().map(Spanned::span));
        if let Some(off) = on.filter(|on| !on.get_ref()) {
            if spans.iter().any(Option::is_some) {
                let finding = self.wrong(&off.span(), "TLS is off, but other keys configure it");
                self.errors.push(finding.expected("true, or none of the other keys that begin with tls_"));
            }
            return None;
        }
        let at = spans.into_iter().flatten().next().or(on.map(Spanned::span))?;
        let trust = match (ca_file, fingerprint) {
            (Some(_), Some(fingerprint)) => {
                let finding = self.wrong(&fingerprint.span(), "tls_ca_file is set as well");
                self.errors.push(finding.expected("one of them: a pinned certificate needs no CA"));
                return None;
            }
            (Some(file), None) => {
                let file = self.text(file, "a file of certificates in PEM form");
                TlsTrust::CaFile(self.path(&file))
            }
            (None, Some(written)) => match written.get_ref().parse::<Fingerprint>() {
                Ok(fingerprint) => TlsTrust::Pinned(fingerprint),
                Err(error) => {
                    let finding = self.wrong(&written.span(), error.to_string());
                    self.errors.push(finding.expected("a SHA-256 fingerprint"));
                    return None;
                }
            },
            (None, None) => TlsTrust::System,
        };
        let server_name =
            server_name.as_ref().map(|name| self.text(name, "the name in the PBX's certificate"));
        let tls = TlsOptions { trust, server_name };
        if self.purpose.reaches_pbxs()
            && let Err(error) = tls.check(host)
        {
            self.errors.push(self.wrong(&at, error.to_string()).hint(error.hint()));
        }
        Some(tls)
    }

    fn login(&mut self, raw: &mut RawPbx, span: &Range<usize>, path: &str) -> Option<AmiLogin> {
        let events = self.events(raw.events.as_ref());
        let username = match &raw.username {
            Some(username) => Some(self.text(username, "a user of manager.conf")),
            None if !self.purpose.reaches_pbxs() => None,
            None => {
                let finding = self.wrong(span, "missing").key(format!("{path}.username"));
                self.errors.push(finding.expected("the name of a user in the PBX's manager.conf"));
                None
            }
        };
        let sources = Sources {
            name: "secret",
            what: "the secret of the user in manager.conf",
            file: raw.secret_file.take(),
            environment: raw.secret_env.take(),
            credential: raw.secret_credential.take(),
            inline: raw.secret.take(),
        };
        let secret = self.kept_secret(sources, span, path)?;
        let method = match raw.auth.unwrap_or_default() {
            RawAuth::Md5 => LoginMethod::Md5,
            RawAuth::Plain => LoginMethod::Plain,
        };
        Some(AmiLogin { username: username?, secret: secret.secret, method, events })
    }

    fn events(&mut self, words: Option<&Words>) -> String {
        let Some(words) = words else { return AmiLogin::EVENTS.to_owned() };
        let expected = format!("event classes: {}", EVENT_CLASSES.join(", "));
        let texts = self.texts(Some(words), &expected);
        let mask: Vec<_> =
            texts.iter().flat_map(|text| text.split(',')).map(|class| class.trim().to_lowercase()).collect();
        if let Some(unknown) = mask.iter().find(|class| !EVENT_CLASSES.contains(&class.as_str())) {
            let finding = self.wrong(&words.span, format!("unknown event class {unknown:?}"));
            self.errors.push(finding.expected(expected));
        }
        let lacks = |class: &str| !mask.iter().any(|asked| asked == class || asked == "all");
        if lacks("call") {
            let finding = self.wrong(&words.span, "without the event class call, no calls are seen");
            self.errors.push(finding.expected(AmiLogin::EVENTS));
        }
        if lacks("agent") {
            let finding = self.wrong(&words.span, "without the event class agent, no queues are seen");
            self.warnings.push(finding.hint(format!("add it: {:?}", AmiLogin::EVENTS)));
        }
        mask.join(",")
    }

    fn written(&mut self, raw: &RawPbx) -> Written {
        let default = Written::default();
        let inbound_contexts = match &raw.inbound_contexts {
            Some(words) => self.texts(Some(words), "patterns of contexts"),
            None => default.inbound_contexts,
        };
        let trunks = self.texts(raw.trunks.as_ref(), "patterns of endpoints, TECH/name");
        for trunk in raw.trunks.iter().flat_map(|words| &words.words) {
            if !trunk.get_ref().contains('/') && !trunk.get_ref().starts_with('*') {
                let what =
                    format!("{:?} matches no endpoint: endpoints are written TECH/name", trunk.get_ref());
                self.warnings
                    .push(self.wrong(&trunk.span(), what).hint(format!("write \"*/{}\"", trunk.get_ref())));
            }
        }
        if let (Some(contexts), true) =
            (&raw.inbound_contexts, inbound_contexts.is_empty() && trunks.is_empty())
        {
            let what = "without inbound contexts and trunks, no call is inbound";
            self.warnings.push(self.wrong(&contexts.span, what).hint("list the trunks in trunks"));
        }
        let country = raw.country.as_ref().map(|country| country.get_ref().trim().to_uppercase());
        Written { country, strip: self.strip(raw.strip.as_ref()), inbound_contexts, trunks }
    }

    fn strip(&mut self, words: Option<&Words>) -> Vec<String> {
        const EXPECTED: &str = "what is dialled to get a line: digits, * and #";
        let texts = self.texts(words, EXPECTED);
        for word in words.iter().flat_map(|words| &words.words) {
            let text = word.get_ref().trim();
            if !text.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '#') {
                self.errors
                    .push(self.wrong(&word.span(), format!("{text:?} cannot be dialled")).expected(EXPECTED));
            }
        }
        texts
    }

    fn numbers(&mut self, country: Option<&Spanned<String>>, written: &Written) -> NumberPlan {
        NumberPlan::new(written.country.as_deref(), written.strip.clone()).unwrap_or_else(|unknown| {
            if let Some(country) = country {
                let finding = self.wrong(&country.span(), unknown.to_string());
                self.errors.push(finding.expected("two letters of ISO 3166: DE, AT, CH, US …"));
            }
            NumberPlan::default()
        })
    }
}
