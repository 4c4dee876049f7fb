//! `[target.NAME]`.

use std::{ops::Range, sync::Arc, time::Duration};

use jiff::{Span, SpanRelativeTo};
use ringwire_delivery::{EventLifetimes, LatePolicy};
use ringwire_dialects::{Dialect, Zammad, ZammadOptions, dialect_names, shipped_names};
use secrecy::SecretString;
use toml::Spanned;

use super::{Resolver, address::UrlKind, template::ResolvedTemplate};
use crate::{
    credentials::Credentials,
    keys,
    raw::{RawExpire, RawLate, RawTarget, Section},
    resolved::{Options, Target},
};

/// The longest a request may take, in seconds: a call's later events wait behind it.
const LONGEST_TIMEOUT: f64 = 300.0;

/// The shortest time that makes sense for a network, in seconds.
const SHORTEST_TIMEOUT: f64 = 0.1;

/// The longest an event may be worth telling: no journal keeps it longer.
const LONGEST_LIFETIME: Duration = Duration::from_secs(36_500 * 24 * 3600);

/// The longest time after which an event may count as late, in seconds: seven days.
const LONGEST_LATE: f64 = 604_800.0;

/// A dialect with its options.
struct Resolved {
    options: Options,
    dialect: Arc<dyn Dialect>,
    /// The values of options that are secret.
    secrets: Vec<SecretString>,
    /// Whether a URL must be set.
    needs_url: bool,
}

impl Resolver<'_> {
    /// What `[target.NAME]` means.
    pub(super) fn target(&mut self, section: Section<RawTarget>) -> Target {
        let Section { path, name, span, value: mut raw } = section;
        self.check_name(&span, &path, &name);
        let reach = self.reach(raw.allow_addresses.as_ref());
        let Resolved { options, dialect, secrets, needs_url } = self.options(&raw, &span, &path);
        let kind = match (&options, needs_url) {
            (Options::Zammad(_), _) => UrlKind::Zammad,
            (Options::Template(_), true) => UrlKind::Required,
            (Options::Template(_), false) => UrlKind::Optional,
        };
        let (address, url) = self.address(&mut raw, kind, &reach, &span, &path).unzip();
        let credentials = self.credentials(&mut raw, url.as_ref(), &span, &path);
        let credentials = Credentials { others: secrets, ..credentials };
        let broker = self.broker(&raw, url.as_ref(), &span, &path);
        let (authorities, authorities_der) =
            raw.ca_file.as_ref().map_or_else(Default::default, |file| self.authorities(file));
        let (connect_timeout, timeout) = self.timeouts(raw.connect_timeout.as_ref(), raw.timeout.as_ref());
        let hangup_timeout = self.seconds(raw.hangup_timeout.as_ref(), Target::HANGUP_TIMEOUT);
        let concurrency =
            self.within(raw.concurrency.take(), 1..=256, "requests at once", Target::CONCURRENCY as i64);
        let late = self.late(raw.late, raw.late_after.as_ref(), &options);
        let variables = self.variables(raw.variables.as_ref());
        let lifetimes = self.lifetimes(raw.expire.take().unwrap_or_default());
        Target {
            name,
            dialect,
            options,
            address,
            reach,
            https_only: raw.https_only.is_some_and(Spanned::into_inner),
            credentials,
            authorities,
            authorities_der,
            broker,
            connect_timeout,
            timeout,
            hangup_timeout,
            concurrency: concurrency.try_into().unwrap_or(Target::CONCURRENCY),
            lifetimes,
            late,
            variables,
            dtmf: raw.dtmf.unwrap_or_default(),
            state_folder: None,
        }
    }

    fn options(&mut self, raw: &RawTarget, span: &Range<usize>, path: &str) -> Resolved {
        const EXPECTED: &str = "zammad, the name of a dialect that is shipped, or the path of a dialect file";
        const LIST: &str = "ringwire dialect list prints the names";
        match &raw.dialect {
            Some(dialect) if dialect.get_ref() == Zammad::NAME => {
                if let Some(settings) = &raw.settings {
                    let finding = self.wrong(&settings.span(), "the dialect zammad has no table of settings");
                    self.errors.push(finding.hint("its keys stand in the section of the target itself"));
                }
            }
            Some(dialect) => {
                if let Some(template) = self.template(dialect, raw.settings.as_ref(), span, path) {
                    self.refuse_zammad_keys(raw, span, path);
                    let ResolvedTemplate { dialect, options, secrets, needs_url } = template;
                    return Resolved { options: Options::Template(options), dialect, secrets, needs_url };
                }
                let what = format!("unknown dialect {:?}", dialect.get_ref());
                let finding = self.wrong(&dialect.span(), what).expected(EXPECTED);
                let names: Vec<_> = dialect_names().iter().copied().chain(shipped_names()).collect();
                self.errors.push(match keys::meant(dialect.get_ref(), &names) {
                    Some(meant) => finding.hint(format!("did you mean {meant}?")),
                    None => finding.hint(LIST),
                });
            }
            None => {
                let finding = self.wrong(span, "missing").key(format!("{path}.dialect"));
                self.errors.push(finding.expected(EXPECTED).hint(LIST));
            }
        }
        let zammad = ZammadOptions {
            format: raw.format.unwrap_or_default(),
            to: raw.to.unwrap_or_default(),
            send_queue: raw.send_queue.unwrap_or(true),
            find_agent_by: raw.find_agent_by.unwrap_or_default(),
            internal: raw.internal.unwrap_or_default(),
            trunks: self.texts(raw.trunks.as_ref(), "patterns of endpoints, TECH/name"),
            dids: self.texts(raw.dids.as_ref(), "patterns of numbers"),
        };
        let dialect = Arc::new(Zammad::new(&zammad));
        Resolved { options: Options::Zammad(zammad), dialect, secrets: Vec::new(), needs_url: true }
    }

    /// Keys that only Zammad understands have no place beside another dialect.
    fn refuse_zammad_keys(&mut self, raw: &RawTarget, span: &Range<usize>, path: &str) {
        let keys = [
            ("format", raw.format.is_some()),
            ("to", raw.to.is_some()),
            ("send_queue", raw.send_queue.is_some()),
            ("find_agent_by", raw.find_agent_by.is_some()),
            ("internal", raw.internal.is_some()),
            ("trunks", raw.trunks.is_some()),
            ("dids", raw.dids.is_some()),
        ];
        for (key, _) in keys.into_iter().filter(|(_, is_set)| *is_set) {
            let finding =
                self.wrong(span, "only the dialect zammad has this key").key(format!("{path}.{key}"));
            self.errors.push(finding.hint("remove it; a dialect file has [settings] of its own"));
        }
    }

    fn timeouts(
        &mut self,
        connect: Option<&Spanned<f64>>,
        total: Option<&Spanned<f64>>,
    ) -> (Duration, Duration) {
        let timeout = self.seconds(total, Target::TIMEOUT);
        (self.seconds(connect, Target::CONNECT_TIMEOUT.min(timeout)), timeout)
    }

    /// A time-out.
    fn seconds(&mut self, value: Option<&Spanned<f64>>, default: Duration) -> Duration {
        let default = default.as_secs_f64();
        let seconds = self.within(value.cloned(), SHORTEST_TIMEOUT..=LONGEST_TIMEOUT, "seconds", default);
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }

    fn late(&mut self, late: Option<RawLate>, after: Option<&Spanned<f64>>, options: &Options) -> LatePolicy {
        let default = Target::LATE_AFTER.as_secs_f64();
        let seconds = self.within(after.cloned(), 0.0..=LONGEST_LATE, "seconds", default);
        let late_after = Duration::try_from_secs_f64(seconds).unwrap_or(Target::LATE_AFTER);
        let late = match late {
            Some(RawLate::All) => LatePolicy::All,
            Some(RawLate::Final) => LatePolicy::Final { after: late_after },
            None => options.late(late_after),
        };
        if let (LatePolicy::All, Some(after)) = (late, after) {
            let finding = self.wrong(&after.span(), "has no effect while late events are sent in full");
            self.errors.push(finding.expected("late = \"final\""));
        }
        late
    }

    fn lifetimes(&mut self, raw: RawExpire) -> EventLifetimes {
        let default = EventLifetimes::default();
        EventLifetimes {
            new_call: self.lifetime(raw.new_call, default.new_call),
            ringing: self.lifetime(raw.ringing, default.ringing),
            answer: self.lifetime(raw.answer, default.answer),
            hold: self.lifetime(raw.hold, default.hold),
            unhold: self.lifetime(raw.unhold, default.unhold),
            transfer: self.lifetime(raw.transfer, default.transfer),
            hangup: self.lifetime(raw.hangup, default.hangup),
        }
    }

    fn lifetime(&mut self, value: Option<Spanned<String>>, default: Duration) -> Duration {
        let Some(value) = value else { return default };
        match duration(value.get_ref()) {
            Some(lifetime) if (Duration::from_secs(1)..=LONGEST_LIFETIME).contains(&lifetime) => lifetime,
            _ => {
                let finding = self.wrong(&value.span(), format!("invalid duration {:?}", value.get_ref()));
                self.errors.push(finding.expected("a duration from 1s to 36500d, as in 90s, 10m, 12h or 7d"));
                default
            }
        }
    }
}

/// A time as people write it; a day has 24 hours.
fn duration(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?.try_into().ok()
}
