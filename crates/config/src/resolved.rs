//! A configuration as it is meant.

use std::{path::PathBuf, sync::Arc, time::Duration};

use ringwire_ami::{AmiLogin, TlsOptions};
use ringwire_calls::Rules;
use ringwire_delivery::{EventLifetimes, LatePolicy};
use ringwire_dialects::{DestinationTemplate, Dialect, Zammad, ZammadOptions};
use rustls::pki_types::CertificateDer;
use secrecy::SecretString;
use serde::Deserialize;

use super::{api::Api, credentials::Credentials, finding::Finding, journal::Journal, reach::Reach};
use crate::routes::Routes;

/// Everything an administrator has decided.
#[derive(Debug)]
pub struct Config {
    /// The file it was read from; `None` where it is the embedded one.
    pub file: Option<PathBuf>,
    /// The PBXs, by name.
    pub pbxs: Vec<Pbx>,
    /// The targets, by name; routes know them by their place in this list.
    pub targets: Vec<Target>,
    /// Which calls go to which targets.
    pub routes: Routes,
    /// Where what happened is kept; `None`: only as long as the process lives.
    pub journal: Option<Journal>,
    /// Where the daemon can be asked what is going on; `None`: nowhere.
    pub api: Option<Api>,
    /// What is logged, and how.
    pub log: Log,
    /// What is not wrong but should be looked at.
    pub warnings: Vec<Finding>,
}

impl Config {
    /// What holds without a configuration file: one PBX of which nothing is known, and a target for each dialect
    /// with its default options and no address.
    pub fn embedded() -> Self {
        let targets = vec![Target::embedded()];
        let names = targets.iter().map(|target| target.name.clone()).collect();
        Self {
            file: None,
            pbxs: vec![Pbx::embedded()],
            targets,
            routes: Routes::new(names, Vec::new()),
            journal: None,
            api: None,
            log: Log::default(),
            warnings: Vec::new(),
        }
    }
}

/// What a configuration is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To connect to the PBXs and to send to the targets: everything this takes must be there.
    Run,
    /// To record a PBX: everything it takes to connect to one must be there, and what targets are shown is
    /// neither read nor missed.
    Record,
    /// To look into the journal and leave orders there: nothing needs to be there, and no other file is read.
    Inspect,
    /// To say what recorded calls mean: secrets and addresses are neither read nor missed, and what is not
    /// configured is as in [`Config::embedded`].
    Replay,
}

impl Purpose {
    /// Whether PBXs are connected to.
    pub(super) fn reaches_pbxs(self) -> bool {
        matches!(self, Self::Run | Self::Record)
    }

    /// Whether targets are sent to.
    pub(super) fn reaches_targets(self) -> bool {
        self == Self::Run
    }

    /// Whether the journal is used.
    pub(super) fn opens_journal(self) -> bool {
        matches!(self, Self::Run | Self::Inspect)
    }
}

/// A PBX and how its calls are understood.
#[derive(Clone, Debug)]
pub struct Pbx {
    /// Its name in the configuration.
    pub name: String,
    /// The host name or address of its manager interface.
    pub host: String,
    /// The port of its manager interface.
    pub port: u16,
    /// How TLS is spoken; `None` where it is not.
    pub tls: Option<TlsOptions>,
    /// Whether the PBX is asked to keep to itself what nobody reads.
    pub filter_events: bool,
    /// How to log in, and what to hear; always there in a configuration read to run.
    pub login: Option<AmiLogin>,
    /// What the tracker needs to know.
    pub rules: Rules,
    /// The rules as they were written.
    pub written: Written,
}

impl Pbx {
    /// The port of the manager interface unless told otherwise.
    pub const PORT: u16 = 5038;

    /// The host of the manager interface unless told otherwise.
    pub const HOST: &'static str = "127.0.0.1";

    pub(super) fn embedded() -> Self {
        Self {
            name: "pbx".to_owned(),
            host: Self::HOST.to_owned(),
            port: Self::PORT,
            tls: None,
            filter_events: true,
            login: None,
            rules: Rules::new("pbx"),
            written: Written::default(),
        }
    }
}

/// Rules for a PBX as they were written, to show them.
#[derive(Clone, Debug)]
pub struct Written {
    /// The country whose way of writing numbers is used, in capitals.
    pub country: Option<String>,
    /// What is dialled before outside numbers.
    pub strip: Vec<String>,
    /// The contexts in which calls from outside begin.
    pub inbound_contexts: Vec<String>,
    /// The endpoints that are trunks.
    pub trunks: Vec<String>,
}

impl Default for Written {
    fn default() -> Self {
        let inbound_contexts = Rules::INBOUND_CONTEXTS.map(str::to_owned).to_vec();
        Self { country: None, strip: Vec::new(), inbound_contexts, trunks: Vec::new() }
    }
}

/// A system that is told of calls.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name in the configuration.
    pub name: String,
    /// How it is spoken to.
    pub dialect: Arc<dyn Dialect>,
    /// The options of the dialect.
    pub options: Options,
    /// Where it is; always there in a configuration read to run.
    pub address: Option<Address>,
    /// Which addresses it may have.
    pub reach: Reach,
    /// Whether nothing is sent to it but over TLS.
    pub https_only: bool,
    /// What it is shown so that it knows who sends.
    pub credentials: Credentials,
    /// Certificates that are trusted beside those of the system.
    pub authorities: Vec<reqwest::Certificate>,
    /// The same, for brokers.
    pub authorities_der: Vec<CertificateDer<'static>>,
    /// How it is published to, if its URL is that of a broker.
    pub broker: Option<BrokerTarget>,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long a request may take in all.
    pub timeout: Duration,
    /// How long to wait for the reply to the hangup of a missed call, which may not be sent twice.
    pub hangup_timeout: Duration,
    /// How many requests may be on their way at once.
    pub concurrency: usize,
    /// For how long after it happened each kind of event is worth telling.
    pub lifetimes: EventLifetimes,
    /// What is told of a call that is over when its events come late.
    pub late: LatePolicy,
    /// The channel variables that its events carry.
    pub variables: Vec<String>,
    /// Whether it is sent the keys that are pressed.
    pub dtmf: bool,
    /// Where tokens are kept that the target replaces; `None`: only as long as the process lives.
    pub state_folder: Option<PathBuf>,
}

/// How a target is published to whose URL is that of a broker.
#[derive(Clone, Debug)]
pub struct BrokerTarget {
    /// Where an event goes whose request says nothing else, as it was typed: a subject, a topic or a routing key.
    pub destination: String,
    /// The same, read.
    pub template: Arc<DestinationTemplate>,
    /// The exchange of AMQP; empty is the default one.
    pub exchange: String,
}

impl Target {
    /// How long a connection may take unless told otherwise.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

    /// How long a request may take unless told otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(15);

    /// How long to wait for the reply to a hangup that may not be sent twice, unless told otherwise.
    pub const HANGUP_TIMEOUT: Duration = Duration::from_secs(180);

    /// How many requests may be on their way at once unless told otherwise.
    pub const CONCURRENCY: usize = 8;

    /// How long after it happened an event is late unless told otherwise.
    pub const LATE_AFTER: Duration = Duration::from_secs(60);

    pub(super) fn embedded() -> Self {
        let zammad = ZammadOptions::default();
        let dialect = Arc::new(Zammad::new(&zammad));
        let options = Options::Zammad(zammad);
        Self {
            name: Zammad::NAME.to_owned(),
            dialect,
            address: None,
            reach: Reach::default(),
            https_only: false,
            credentials: Credentials::default(),
            authorities: Vec::new(),
            authorities_der: Vec::new(),
            broker: None,
            connect_timeout: Self::CONNECT_TIMEOUT,
            timeout: Self::TIMEOUT,
            hangup_timeout: Self::HANGUP_TIMEOUT,
            concurrency: Self::CONCURRENCY,
            lifetimes: EventLifetimes::default(),
            late: options.late(Self::LATE_AFTER),
            variables: Vec::new(),
            dtmf: false,
            state_folder: None,
            options,
        }
    }
}

/// The options of each dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Options {
    /// Zammad's generic CTI target.
    Zammad(ZammadOptions),
    /// A system that is described by a file.
    Template(TemplateOptions),
}

/// What was set for a dialect that is described by a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateOptions {
    /// The file, where it is not one that is shipped.
    pub file: Option<PathBuf>,
    /// The settings, each with its value as text, or without one where that is a secret.
    pub settings: Vec<(String, Option<String>)>,
}

impl Options {
    /// What is told late of calls that are over, unless told otherwise. Where the dialect cannot say when something
    /// happened, a call would ring on people's screens long after it was over: only how it ended is told.
    pub(super) fn late(&self, after: Duration) -> LatePolicy {
        match self {
            Self::Zammad(_) => LatePolicy::Final { after },
            // What it tells has the time at which it happened, or a file can leave it out.
            Self::Template(_) => LatePolicy::All,
        }
    }
}

/// Where a target is.
#[derive(Clone, Debug)]
pub struct Address {
    /// The whole URL: the token is in its path, so it is a secret.
    pub url: SecretString,
    /// Its scheme, host and port: all of it that may be shown.
    pub origin: String,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The least severe level that is logged.
    pub level: LogLevel,
    /// How a line is written.
    pub format: LogFormat,
}

/// The level of a log line. Phone numbers appear at `debug` and below only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What needs someone's attention.
    Error,
    /// What may need it.
    Warn,
    /// What the daemon does.
    #[default]
    Info,
    /// Each call and each request.
    Debug,
    /// Each packet.
    Trace,
}

impl LogLevel {
    /// The word for it, as it stands in a configuration and in a log filter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// As a line for people.
    #[default]
    Text,
    /// As a JSON object.
    Json,
    /// To systemd's journal, with its priority and its fields.
    Journald,
}

impl LogFormat {
    /// The word for it, as it stands in a configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Journald => "journald",
        }
    }
}
