//! A configuration as it was typed: which keys there are, and which type each has. What they mean is decided in
//! the next stage; all that is kept here beside the values is where they stand.

mod api;
mod deprecated;
mod journal;
mod value;

use std::{collections::BTreeMap, ops::Range};

use ringwire_dialects::{AgentKey, BodyFormat, ToField};
use serde::{Deserialize, de::DeserializeOwned};
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

pub(super) use self::{
    api::{RawApi, RawToken},
    journal::{RawJournal, RawPersonal},
    value::{RawSecret, RawSetting, SettingSource, Words},
};
use super::{
    document::Document,
    finding::Finding,
    keys,
    resolved::{LogFormat, LogLevel},
};

/// All tables of a configuration.
#[derive(Debug, Default)]
pub(super) struct RawConfig {
    /// Keys that are accepted under an old name.
    pub(super) warnings: Vec<Finding>,
    pub(super) log: Option<Section<RawLog>>,
    pub(super) journal: Option<Section<RawJournal>>,
    pub(super) api: Option<Section<RawApi>>,
    pub(super) pbxs: Vec<Section<RawPbx>>,
    pub(super) targets: Vec<Section<RawTarget>>,
    pub(super) routes: Vec<Section<RawRoute>>,
}

/// One table.
#[derive(Debug)]
pub(super) struct Section<T> {
    /// Its whole path: `pbx.main`.
    pub(super) path: String,
    /// Its own name: `main`.
    pub(super) name: String,
    /// Where it begins.
    pub(super) span: Range<usize>,
    /// What is in it.
    pub(super) value: T,
}

/// `[log]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    pub(super) level: Option<LogLevel>,
    pub(super) format: Option<LogFormat>,
}

/// `[pbx.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPbx {
    pub(super) host: Option<Spanned<String>>,
    pub(super) port: Option<Spanned<i64>>,
    pub(super) tls: Option<Spanned<bool>>,
    pub(super) tls_ca_file: Option<Spanned<String>>,
    pub(super) tls_fingerprint: Option<Spanned<String>>,
    pub(super) tls_server_name: Option<Spanned<String>>,
    pub(super) username: Option<Spanned<String>>,
    pub(super) secret_file: Option<Spanned<String>>,
    pub(super) secret_env: Option<Spanned<String>>,
    pub(super) secret_credential: Option<Spanned<String>>,
    pub(super) secret: Option<Spanned<RawSecret>>,
    pub(super) auth: Option<RawAuth>,
    pub(super) events: Option<Words>,
    pub(super) filter_events: Option<bool>,
    pub(super) agents: Option<bool>,
    pub(super) devices: Option<bool>,
    pub(super) country: Option<Spanned<String>>,
    pub(super) strip: Option<Words>,
    pub(super) inbound_contexts: Option<Words>,
    pub(super) trunks: Option<Words>,
    pub(super) gather_ms: Option<Spanned<i64>>,
    pub(super) users_file: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) users: Vec<Spanned<RawUser>>,
}

/// How a login proves that it knows the secret.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawAuth {
    #[default]
    Md5,
    Plain,
}

/// `[[pbx.NAME.users]]`, or a line of a users file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUser {
    pub(super) endpoint: Option<String>,
    pub(super) extension: Option<String>,
    pub(super) name: Option<String>,
    pub(super) number: Option<String>,
    pub(super) email: Option<String>,
    pub(super) login: Option<String>,
}

/// `[target.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTarget {
    pub(super) dialect: Option<Spanned<String>>,
    pub(super) settings: Option<Spanned<BTreeMap<String, Spanned<RawSetting>>>>,
    pub(super) url_file: Option<Spanned<String>>,
    pub(super) url_env: Option<Spanned<String>>,
    pub(super) url_credential: Option<Spanned<String>>,
    pub(super) url: Option<Spanned<RawSecret>>,
    pub(super) bearer_file: Option<Spanned<String>>,
    pub(super) bearer_env: Option<Spanned<String>>,
    pub(super) bearer_credential: Option<Spanned<String>>,
    pub(super) bearer: Option<Spanned<RawSecret>>,
    pub(super) basic_user: Option<Spanned<String>>,
    pub(super) basic_password_file: Option<Spanned<String>>,
    pub(super) basic_password_env: Option<Spanned<String>>,
    pub(super) basic_password_credential: Option<Spanned<String>>,
    pub(super) basic_password: Option<Spanned<RawSecret>>,
    pub(super) header_name: Option<Spanned<String>>,
    pub(super) header_value_file: Option<Spanned<String>>,
    pub(super) header_value_env: Option<Spanned<String>>,
    pub(super) header_value_credential: Option<Spanned<String>>,
    pub(super) header_value: Option<Spanned<RawSecret>>,
    pub(super) headers: Option<Spanned<BTreeMap<String, Spanned<String>>>>,
    pub(super) tls_certificate_file: Option<Spanned<String>>,
    pub(super) tls_key_file: Option<Spanned<String>>,
    pub(super) signing_secret_file: Option<Spanned<String>>,
    pub(super) signing_secret_env: Option<Spanned<String>>,
    pub(super) signing_secret_credential: Option<Spanned<String>>,
    pub(super) signing_secret: Option<Spanned<RawSecret>>,
    pub(super) signing_secret_previous_file: Option<Spanned<String>>,
    pub(super) signing_secret_previous_env: Option<Spanned<String>>,
    pub(super) signing_secret_previous_credential: Option<Spanned<String>>,
    pub(super) signing_secret_previous: Option<Spanned<RawSecret>>,
    pub(super) https_only: Option<Spanned<bool>>,
    pub(super) allow_addresses: Option<Words>,
    pub(super) ca_file: Option<Spanned<String>>,
    pub(super) destination: Option<Spanned<String>>,
    pub(super) exchange: Option<Spanned<String>>,
    pub(super) connect_timeout: Option<Spanned<f64>>,
    pub(super) timeout: Option<Spanned<f64>>,
    pub(super) hangup_timeout: Option<Spanned<f64>>,
    pub(super) concurrency: Option<Spanned<i64>>,
    pub(super) late: Option<RawLate>,
    pub(super) late_after: Option<Spanned<f64>>,
    pub(super) expire: Option<RawExpire>,
    pub(super) variables: Option<Words>,
    pub(super) dtmf: Option<bool>,
    pub(super) format: Option<BodyFormat>,
    pub(super) to: Option<ToField>,
    pub(super) send_queue: Option<bool>,
    pub(super) find_agent_by: Option<AgentKey>,
    pub(super) internal: Option<bool>,
    pub(super) trunks: Option<Words>,
    pub(super) dids: Option<Words>,
}

/// What is told of a call that is over when its events come late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawLate {
    All,
    Final,
}

/// `[target.NAME.expire]`: times such as `90s` or `7d`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExpire {
    pub(super) new_call: Option<Spanned<String>>,
    pub(super) ringing: Option<Spanned<String>>,
    pub(super) answer: Option<Spanned<String>>,
    pub(super) hold: Option<Spanned<String>>,
    pub(super) unhold: Option<Spanned<String>>,
    pub(super) transfer: Option<Spanned<String>>,
    pub(super) hangup: Option<Spanned<String>>,
}

/// `[[route]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRoute {
    pub(super) pbx: Option<Words>,
    pub(super) direction: Option<Words>,
    pub(super) queue: Option<Words>,
    pub(super) did: Option<Words>,
    pub(super) account: Option<Words>,
    pub(super) tenant: Option<Words>,
    pub(super) user: Option<Words>,
    pub(super) targets: Option<Words>,
}

impl RawConfig {
    /// The tables of `root`, as far as they can be read; what is wrong with the others is added to `errors`.
    pub(super) fn read(document: &Document<'_>, mut root: DeTable<'_>, errors: &mut Vec<Finding>) -> Self {
        const TABLES: [&str; 6] = ["log", "journal", "api", "pbx", "target", "route"];
        let mut config =
            Self { warnings: deprecated::rename(document, &mut root, errors), ..Self::default() };
        for (key, value) in root {
            let (span, name) = (key.span(), key.into_inner());
            match &*name {
                "log" => config.log = read(document, "log".to_owned(), &name, value, errors),
                "journal" => config.journal = read(document, "journal".to_owned(), &name, value, errors),
                "api" => config.api = read(document, "api".to_owned(), &name, value, errors),
                "pbx" => config.pbxs = read_named(document, &name, value, errors),
                "target" => config.targets = read_named(document, &name, value, errors),
                "route" => config.routes = read_list(document, &name, value, errors),
                _ => errors.push(unknown(document, &span, &name, &TABLES)),
            }
        }
        config
    }
}

/// The tables `[kind.NAME]`.
fn read_named<T: DeserializeOwned>(
    document: &Document<'_>,
    kind: &str,
    value: Spanned<DeValue<'_>>,
    errors: &mut Vec<Finding>,
) -> Vec<Section<T>> {
    let span = value.span();
    let DeValue::Table(tables) = value.into_inner() else {
        let found = document.finding(&span, "not a section").hint(give_a_name(kind));
        errors.push(found);
        return Vec::new();
    };
    let section = |(key, table): (Spanned<_>, _)| {
        let name: std::borrow::Cow<'_, str> = key.into_inner();
        read(document, format!("{kind}.{name}"), &name, table, errors)
    };
    tables.into_iter().filter_map(section).collect()
}

/// The tables `[[kind]]`.
fn read_list<T: DeserializeOwned>(
    document: &Document<'_>,
    kind: &str,
    value: Spanned<DeValue<'_>>,
    errors: &mut Vec<Finding>,
) -> Vec<Section<T>> {
    let span = value.span();
    let DeValue::Array(tables) = value.into_inner() else {
        let found =
            document.finding(&span, "not a list of sections").expected(format!("sections [[{kind}]]"));
        errors.push(found);
        return Vec::new();
    };
    tables.into_iter().filter_map(|table| read(document, kind.to_owned(), kind, table, errors)).collect()
}

/// One table; its unknown keys are told all at once, and then of its other mistakes the first.
fn read<T: DeserializeOwned>(
    document: &Document<'_>,
    path: String,
    name: &str,
    mut value: Spanned<DeValue<'_>>,
    errors: &mut Vec<Finding>,
) -> Option<Section<T>> {
    let span = value.span();
    let DeValue::Table(table) = value.get_mut() else {
        let found = document.finding(&span, "not a section");
        errors.push(match path.split_once('.') {
            Some((kind, _)) => found.hint(give_a_name(kind)),
            None => found.expected(format!("a section [{path}]")),
        });
        return None;
    };
    drop_unknown(document, table, keys::keys::<T>(), errors);
    if let Some(DeValue::Array(users)) = table.get_mut("users").map(Spanned::get_mut) {
        for user in users.iter_mut() {
            if let DeValue::Table(user) = user.get_mut() {
                drop_unknown(document, user, keys::keys::<RawUser>(), errors);
            }
        }
    }
    if let Some(DeValue::Table(expire)) = table.get_mut("expire").map(Spanned::get_mut) {
        drop_unknown(document, expire, keys::keys::<RawExpire>(), errors);
    }
    match T::deserialize(ValueDeserializer::from(value)) {
        Ok(value) => Some(Section { path, name: name.to_owned(), span, value }),
        Err(error) => {
            errors.push(document.mistyped(&span, &error));
            None
        }
    }
}

/// What to do about a section that has no name of its own.
fn give_a_name(kind: &str) -> String {
    let example = if kind == "pbx" { "main" } else { "helpdesk" };
    format!("give the section a name: [{kind}.{example}]")
}

fn drop_unknown(document: &Document<'_>, table: &mut DeTable<'_>, known: &[&str], errors: &mut Vec<Finding>) {
    let keys = std::mem::take(table).into_iter();
    *table = keys
        .filter(|(key, _value)| {
            let is_known = known.contains(&key.get_ref().as_ref());
            if !is_known {
                errors.push(unknown(document, &key.span(), key.get_ref(), known));
            }
            is_known
        })
        .collect();
}

fn unknown(document: &Document<'_>, span: &Range<usize>, key: &str, known: &[&str]) -> Finding {
    let finding = document.finding(span, "unknown key").expected(format!("one of {}", known.join(", ")));
    match keys::meant(key, known) {
        Some(meant) => finding.hint(format!("did you mean {meant}?")),
        None => finding,
    }
}
