//! Finding out how things stand. Nothing is changed, nothing is left behind at a PBX or an endpoint.

mod daemon;
mod endpoint;
mod files;
mod journal;
mod limits;
mod listener;
mod network;
mod pbx;
mod service;

use std::{ffi::OsString, path::PathBuf, time::Duration};

use jiff::Timestamp;
use tokio::task::JoinSet;

pub use self::{
    endpoint::look as endpoint,
    journal::place,
    limits::{Limits, STEP},
    pbx::visit,
};
use ringwire_client::ApiClient;
use ringwire_config::{Config, Pbx, Purpose};
use ringwire_live::Diagnosis;

use super::{
    facts::{Facts, Visit},
    judge::{
        self,
        calls::{By, CallsFacts},
        files::User,
    },
};

/// How long is listened where no daemon says what it has heard, unless told otherwise.
const LISTEN: Duration = Duration::from_secs(10);

/// What is to be looked at, and how.
pub struct Asked {
    /// The configuration.
    pub file: PathBuf,
    /// The unit, with `.service`.
    pub unit: String,
    /// Who the daemon runs as, where the unit does not say.
    pub user: Option<String>,
    /// Who asks the daemon.
    pub client: Option<ApiClient>,
    /// For how long to listen; `None`: as is needed.
    pub listen: Option<Duration>,
    /// How long a step may take.
    pub step: Duration,
}

/// Finds out how everything stands; `tell` says what is being waited for.
pub async fn gather(asked: &Asked, tell: fn(&str)) -> Facts {
    let now = Timestamp::now();
    let service = service::unit(&asked.unit, asked.step).await;
    let environment = service::environment(service.as_ref().ok());
    let lookup = |name: &str| std::env::var_os(name).or_else(|| environment.get(name).map(OsString::from));
    let config = Config::load_file(&asked.file, Purpose::Run, &lookup);
    let inspected = match &config {
        Ok(_) => None,
        Err(_) => Config::load_file(&asked.file, Purpose::Inspect, &lookup).ok(),
    };
    let known = config.as_ref().ok().or(inspected.as_ref());
    let user =
        user(asked, service.as_ref().ok().map(|unit| unit.user.as_str()).filter(|user| !user.is_empty()));
    let files = files::look(&asked.file);
    let journal = known.and_then(|config| config.journal.as_ref());
    let journal = journal.map(|journal| journal::look(journal, user.clone(), now));
    let has_api = known
        .and_then(|config| config.api.as_ref())
        .is_none_or(|api| api.socket.is_some() || api.listen.is_some());
    let client = asked.client.as_ref().filter(|_| has_api);
    let what = daemon::Known {
        has_journal: journal.as_ref().is_some_and(judge::journal::JournalFacts::is_taken),
        is_active: service.as_ref().is_ok_and(judge::service::Unit::is_active),
        changed: files::changed(&files),
    };
    let daemon = daemon::ask(client, what, asked.step).await;
    let listen = match (asked.listen, daemon.diagnosis()) {
        (Some(given), _) => Some(given).filter(|given| !given.is_zero()),
        (None, Some(_)) => None,
        (None, None) => Some(LISTEN),
    };
    let limits = Limits { step: asked.step, listen };
    let (mut pbxs, mut endpoints) = (Vec::new(), Vec::new());
    if let Ok(config) = &config {
        if let Some(listen) = listen.filter(|_| !config.pbxs.is_empty()) {
            tell(&format!("listening for {} s: make a test call from outside now", listen.as_secs()));
        }
        let mut visits = JoinSet::new();
        for (index, pbx) in config.pbxs.iter().cloned().enumerate() {
            visits.spawn(async move { (index, visit(&pbx, limits).await) });
        }
        let mut looks = JoinSet::new();
        for (index, endpoint) in config.targets.iter().cloned().enumerate() {
            looks.spawn(async move { (index, self::endpoint(&endpoint, limits.step).await) });
        }
        pbxs = in_order(visits).await;
        endpoints = in_order(looks).await;
        pbxs.iter_mut().zip(&config.pbxs).for_each(|(visit, pbx)| {
            visit.calls = calls(visit, pbx, daemon.diagnosis(), now);
        });
    }
    let system = service::machine(service.as_ref().ok().and_then(|unit| unit.pid), asked.step).await;
    Facts { file: asked.file.clone(), config, files, user, service, daemon, pbxs, endpoints, journal, system }
}

/// What was heard: by the daemon if it says, else by the visit.
fn calls(visit: &Visit, pbx: &Pbx, diagnosis: Option<&Diagnosis>, now: Timestamp) -> Option<CallsFacts> {
    let told = diagnosis.and_then(|diagnosis| diagnosis.pbxs.iter().find(|heard| heard.name == pbx.name));
    let channels = visit.channels();
    match (&visit.heard, told) {
        (Some(heard), _) => Some(CallsFacts {
            heard: Ok(heard.window.clone()),
            by: By::Ourselves { seconds: heard.seconds, changed: heard.changed },
            channels,
            now: heard.until,
        }),
        (None, Some(told)) => Some(CallsFacts { heard: Ok(told.clone()), by: By::Daemon, channels, now }),
        (None, None) => None,
    }
}

/// What tasks give, in the order in which they were begun.
async fn in_order<T: 'static>(mut tasks: JoinSet<(usize, T)>) -> Vec<T> {
    let mut done = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        done.extend(ended.ok());
    }
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, what)| what).collect()
}

/// Who the daemon runs as: who was named, else who is in the unit, else the user that the packages make.
fn user(asked: &Asked, in_unit: Option<&str>) -> Option<User> {
    match asked.user.as_deref().or(in_unit) {
        Some(name) => files::user(name),
        None => files::user("ringwire"),
    }
}
