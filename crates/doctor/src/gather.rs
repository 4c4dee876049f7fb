//! Gathers facts. Nothing is changed, and nothing is left behind at a PBX or a target.

mod daemon;
mod files;
mod journal;
mod limits;
mod listener;
mod network;
mod pbx;
mod service;
mod target;

use std::{ffi::OsString, path::PathBuf, time::Duration};

use jiff::Timestamp;
use tokio::task::JoinSet;

pub use self::{
    journal::check_journal_file,
    limits::{DEFAULT_STEP_TIMEOUT, ProbeLimits},
    pbx::probe_pbx,
    target::probe_target,
};
use ringwire_client::ApiClient;
use ringwire_config::{Config, Pbx, Purpose};
use ringwire_live::Diagnosis;

use crate::facts::{
    Facts,
    calls::{CallFacts, EventSource},
    files::SystemUser,
    journal::JournalFacts,
    pbx::PbxProbe,
    service::SystemdUnit,
};

/// How long to listen by default if no daemon reports which events it received.
const DEFAULT_LISTEN: Duration = Duration::from_secs(10);

/// What the doctor checks, and how.
pub struct DoctorOptions {
    /// The configuration file.
    pub file: PathBuf,
    /// The systemd unit, with `.service`.
    pub unit: String,
    /// The user that the daemon runs as; `None`: the user of the unit.
    pub user: Option<String>,
    /// The client for the daemon's API.
    pub client: Option<ApiClient>,
    /// How long to listen; `None`: as long as necessary.
    pub listen: Option<Duration>,
    /// The time limit of each step.
    pub step_timeout: Duration,
}

/// Gathers all facts; `report_progress` is called before a long wait.
pub async fn gather_facts(options: &DoctorOptions, report_progress: fn(&str)) -> Facts {
    let now = Timestamp::now();
    let service = service::query_unit(&options.unit, options.step_timeout).await;
    let environment = service::environment(service.as_ref().ok());
    let lookup = |name: &str| std::env::var_os(name).or_else(|| environment.get(name).map(OsString::from));
    let config = Config::load_file(&options.file, Purpose::Run, &lookup);
    let inspected = match &config {
        Ok(_) => None,
        Err(_) => Config::load_file(&options.file, Purpose::Inspect, &lookup).ok(),
    };
    let known = config.as_ref().ok().or(inspected.as_ref());
    let user = daemon_user(
        options,
        service.as_ref().ok().map(|unit| unit.user.as_str()).filter(|user| !user.is_empty()),
    );
    let files = files::gather_files(&options.file);
    let journal = known.and_then(|config| config.journal.as_ref());
    let journal = journal.map(|journal| journal::gather_journal(journal, user.clone(), now));
    let has_api = known
        .and_then(|config| config.api.as_ref())
        .is_none_or(|api| api.socket.is_some() || api.listen.is_some());
    let client = options.client.as_ref().filter(|_| has_api);
    let known_state = daemon::KnownState {
        has_journal: journal.as_ref().is_some_and(JournalFacts::is_in_use),
        is_active: service.as_ref().is_ok_and(SystemdUnit::is_active),
        changed: files::last_changed(&files),
    };
    let daemon = daemon::query_daemon(client, known_state, options.step_timeout).await;
    let listen = match (options.listen, daemon.diagnosis()) {
        (Some(given), _) => Some(given).filter(|given| !given.is_zero()),
        (None, Some(_)) => None,
        (None, None) => Some(DEFAULT_LISTEN),
    };
    let limits = ProbeLimits { step_timeout: options.step_timeout, listen };
    let (mut pbxs, mut targets) = (Vec::new(), Vec::new());
    if let Ok(config) = &config {
        if let Some(listen) = listen.filter(|_| !config.pbxs.is_empty()) {
            report_progress(&format!(
                "listening for {} s: make a test call from outside now",
                listen.as_secs()
            ));
        }
        let mut pbx_probes = JoinSet::new();
        for (index, pbx) in config.pbxs.iter().cloned().enumerate() {
            pbx_probes.spawn(async move { (index, probe_pbx(&pbx, limits).await) });
        }
        let mut target_probes = JoinSet::new();
        for (index, target) in config.targets.iter().cloned().enumerate() {
            target_probes.spawn(async move { (index, probe_target(&target, limits.step_timeout).await) });
        }
        pbxs = in_order(pbx_probes).await;
        targets = in_order(target_probes).await;
        pbxs.iter_mut().zip(&config.pbxs).for_each(|(probe, pbx)| {
            probe.calls = call_facts(probe, pbx, daemon.diagnosis(), now);
        });
    }
    let system =
        service::query_system(service.as_ref().ok().and_then(|unit| unit.pid), options.step_timeout).await;
    Facts { file: options.file.clone(), config, files, user, service, daemon, pbxs, targets, journal, system }
}

/// The call events: those received by listening, otherwise those that the daemon reports.
fn call_facts(
    probe: &PbxProbe,
    pbx: &Pbx,
    diagnosis: Option<&Diagnosis>,
    now: Timestamp,
) -> Option<CallFacts> {
    let reported =
        diagnosis.and_then(|diagnosis| diagnosis.pbxs.iter().find(|reported| reported.name == pbx.name));
    let channels = probe.channels();
    match (&probe.listened, reported) {
        (Some(listened), _) => Some(CallFacts {
            diagnosis: Ok(listened.diagnosis.clone()),
            source: EventSource::OwnConnection {
                seconds: listened.seconds,
                channels_changed: listened.channels_changed,
            },
            channels,
            now: listened.until,
        }),
        (None, Some(reported)) => {
            Some(CallFacts { diagnosis: Ok(reported.clone()), source: EventSource::Daemon, channels, now })
        }
        (None, None) => None,
    }
}

/// The results of `tasks`, in the order in which they were spawned.
async fn in_order<T: 'static>(mut tasks: JoinSet<(usize, T)>) -> Vec<T> {
    let mut results = Vec::new();
    while let Some(result) = tasks.join_next().await {
        results.extend(result.ok());
    }
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The user that the daemon runs as: the one named, otherwise that of the unit, otherwise that of the packages.
fn daemon_user(options: &DoctorOptions, in_unit: Option<&str>) -> Option<SystemUser> {
    match options.user.as_deref().or(in_unit) {
        Some(name) => files::find_user(name),
        None => files::find_user("ringwire"),
    }
}
