//! The wiring: tasks and links started, kept, configured anew and stopped.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::anyhow;
use jiff::{SignedDuration, Timestamp};
use ringwire_api::ApiSources;
use ringwire_calls::Rules;
use ringwire_config::{Api, Config, ConnectionSettings, Pbx, Purpose};
use ringwire_delivery::RetrySchedule;
use ringwire_live::{DaemonEvent, EventEmitter, LiveState, PbxEvent};
use ringwire_outbox::{CallFilter, RecoveredState, StoreReaders};
use ringwire_terminal::{Code, Failure};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    api_listener::ApiListener,
    api_queries::TrackerQueries,
    clock::Clock,
    delivery_task::{self, DeliverySummary, DeliveryTask},
    journal::Journal,
    log::Logging,
    messages::{BACKLOG, DeliveryMessage, PbxName, TargetClient, TrackerMessage},
    notify,
    pbx_link::PbxLink,
    shutdown::Signal,
    target_clients::{target_clients, unusable},
    tracker_task::{RecoveredCalls, TrackerTask},
};

/// How far back the charts go.
const RECENT: SignedDuration = SignedDuration::from_hours(1);

/// How many calls of the past they show at most: the newest.
const RECENT_CALLS: usize = 20_000;

/// Runs the daemon with the configuration in the file at `config` until `signals` request a stop, or end.
///
/// It logs to whatever subscriber there is, and reads the file again at a reload.
///
/// # Errors
/// The configuration cannot be used, or a task of the daemon panicked.
pub async fn serve(config: &Path, signals: mpsc::Receiver<Signal>) -> anyhow::Result<()> {
    let config = Config::load(config, Purpose::Run)?;
    run(config, signals, None, LiveState::new(Timestamp::now())).await.map_err(|failure| anyhow!("{failure}"))
}

/// Runs the daemon until `signals` request a stop, or end. It keeps `live` up to date: each call event is published once
/// it is in the journal, before it is sent to any target.
///
/// # Errors
/// A client for a target cannot be created, the journal cannot be used, or a task of the daemon panicked
pub async fn run(
    config: Config,
    mut signals: mpsc::Receiver<Signal>,
    logging: Option<Logging>,
    live: LiveState,
) -> Result<(), Failure> {
    let clients = target_clients(&config.targets).map_err(unusable)?;
    let clock = Clock::new();
    let now = clock.clone();
    let emitter = EventEmitter::new(live.clone(), notify::status, move || now.now());
    let (journal, recovered) = match &config.journal {
        Some(settings) => Journal::open(settings.clone(), &clock, emitter.clone()).await?,
        None => (Journal::temporary(&clock, emitter.clone()).await?, RecoveredState::default()),
    };
    export_traces(&live, &emitter)?;
    recover(&journal, &recovered, &live, &clock).await;
    let readers = journal.readers();
    let mut daemon =
        Daemon::start(config.file.clone(), logging, (journal, recovered), clock, (live, emitter));
    for warning in &config.warnings {
        daemon.emitter.emit(DaemonEvent::ConfigurationWarning { warning: &warning.to_string() });
    }
    if let Some(api) = &config.api {
        daemon.start_api(api, readers).await;
    }
    daemon.apply(config, clients).await;
    let attempted = async {
        for link in daemon.links.values_mut() {
            link.first_attempt().await;
        }
    };
    let early = tokio::select! {
        () = attempted => None,
        signal = signals.recv() => Some(signal.unwrap_or(Signal::Stop)),
    };
    daemon.emitter.emit(DaemonEvent::Ready);
    notify::ready();
    let mut next = early;
    loop {
        let signal = match next.take() {
            Some(signal) => signal,
            None => tokio::select! {
                signal = signals.recv() => signal.unwrap_or(Signal::Stop),
                failure = daemon.failed() => return Err(failure),
            },
        };
        match signal {
            Signal::Reload => daemon.reload().await,
            Signal::Stop => return daemon.stop(signals).await,
        }
    }
}

/// Sends a trace of each call to a collector, if there is to be one.
#[cfg(feature = "otel")]
fn export_traces(live: &LiveState, emitter: &EventEmitter) -> Result<(), Failure> {
    let exporter = crate::call_traces::TraceExporter::from_environment();
    if let Some(exporter) = exporter.map_err(|error| Failure::new(Code::Config, error))? {
        tokio::spawn(exporter.run(live.clone(), emitter.clone()));
    }
    Ok(())
}

#[cfg(not(feature = "otel"))]
#[expect(clippy::unnecessary_wraps, reason = "the other one can fail")]
fn export_traces(_: &LiveState, emitter: &EventEmitter) -> Result<(), Failure> {
    if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some_and(|place| !place.is_empty()) {
        emitter.emit(DaemonEvent::TracesNotBuilt);
    }
    Ok(())
}

/// Restores the live state: the calls of an earlier process, and the last hour.
async fn recover(journal: &Journal, recovered: &RecoveredState, live: &LiveState, clock: &Clock) {
    let since = clock.now().checked_sub(RECENT).unwrap_or(Timestamp::MIN);
    let reader = journal.reader();
    let recent = reader.read(move |journal| {
        let filter = CallFilter { since: Some(since), limit: RECENT_CALLS, ..CallFilter::default() };
        Ok((journal.calls(&filter)?, journal.last_event()?))
    });
    match recent.await {
        Ok((calls, last)) => live.recover(&recovered.live_events, &calls, last),
        // What is wrong with the journal was reported when it was opened.
        Err(_) => live.recover(&recovered.live_events, &[], 0),
    }
}

/// The running tasks.
struct Daemon {
    file: Option<PathBuf>,
    logging: Option<Logging>,
    live: LiveState,
    emitter: EventEmitter,
    links: BTreeMap<PbxName, PbxLink>,
    /// The PBXs of the recovered calls, until they are resumed.
    resumed: BTreeSet<PbxName>,
    /// The listener of the API, if it is configured.
    api_listener: Option<ApiListener>,
    packets: mpsc::Sender<TrackerMessage>,
    events: mpsc::Sender<DeliveryMessage>,
    tracker_task: JoinHandle<()>,
    delivery_task: JoinHandle<DeliverySummary>,
    hurry: CancellationToken,
}

impl Daemon {
    fn start(
        file: Option<PathBuf>,
        logging: Option<Logging>,
        (journal, recovered): (Journal, RecoveredState),
        clock: Clock,
        (live, emitter): (LiveState, EventEmitter),
    ) -> Self {
        let hurry = CancellationToken::new();
        let (packets, packets_in) = mpsc::channel(BACKLOG);
        let (events, events_in) = mpsc::channel(BACKLOG);
        let resumed = recovered.live_events.iter().map(|event| PbxName::from(event.pbx.as_str())).collect();
        let calls = RecoveredCalls {
            live_events: recovered.live_events.clone(),
            recent_ids: recovered.recent_calls.clone(),
        };
        let tracker_task =
            TrackerTask::new(clock.clone(), events.clone(), (emitter.clone(), live.started_at()), calls);
        let tracker_task = tokio::spawn(tracker_task.run(packets_in));
        let seed = RandomState::new().hash_one(());
        let delivery_task =
            DeliveryTask::new(clock, emitter.clone(), (journal, recovered), RetrySchedule::default(), seed);
        let delivery_task = tokio::spawn(delivery_task.run(events_in, hurry.clone()));
        let links = BTreeMap::new();
        let api_listener = None;
        Self {
            file,
            logging,
            live,
            emitter,
            links,
            resumed,
            api_listener,
            packets,
            events,
            tracker_task,
            delivery_task,
            hurry,
        }
    }

    /// Serves the API, also with what `journal` finds.
    async fn start_api(&mut self, api: &Api, journal: StoreReaders) {
        let queries = Arc::new(TrackerQueries::new(&self.packets));
        let sources = ApiSources { journal, queries };
        let (live, emitter) = (self.live.clone(), self.emitter.clone());
        self.api_listener = Some(ApiListener::open(api, live, emitter, sources).await);
    }

    /// Applies `config`. Calls in progress are kept.
    async fn apply(&mut self, config: Config, targets: Vec<TargetClient>) {
        let Config { routes, journal, api, .. } = config;
        if let (Some(api_listener), Some(api)) = (&self.api_listener, &api) {
            api_listener.set_access(api);
        }
        let (done, is_applied) = oneshot::channel();
        let configure = DeliveryMessage::Configure { routes, targets, journal, done: Some(done) };
        // If a task is gone, so is the daemon in a moment: Daemon::failed says why.
        let _ = self.events.send(configure).await;
        let _ = is_applied.await;
        let mut before = std::mem::take(&mut self.links);
        for pbx in config.pbxs {
            let name = PbxName::from(pbx.name.as_str());
            let before = before.remove(&name);
            self.resumed.remove(&name);
            self.configure_pbx(name, pbx, before).await;
        }
        for pbx in std::mem::take(&mut self.resumed) {
            self.emitter.emit(PbxEvent::Removed { pbx: &pbx });
            let (rules, link) = (Box::new(Rules::new(&*pbx)), Arc::default());
            let _ = self.packets.send(TrackerMessage::AddPbx { pbx: Arc::clone(&pbx), rules, link }).await;
            let _ = self.packets.send(TrackerMessage::RemovePbx { pbx }).await;
        }
        for (name, link) in before {
            link.stop().await;
            self.emitter.emit(PbxEvent::Removed { pbx: &name });
            let _ = self.packets.send(TrackerMessage::RemovePbx { pbx: name }).await;
        }
    }

    async fn configure_pbx(&mut self, name: PbxName, pbx: Pbx, before: Option<PbxLink>) {
        let Some(settings) = ConnectionSettings::of(&pbx) else { return };
        let address = format!("{}:{}", pbx.host, pbx.port);
        self.emitter.emit(PbxEvent::Configured { pbx: &name, address: &address });
        self.live.calls().add_directory(&name, pbx.rules.directory.at_devices().collect());
        let kept = match before {
            Some(link) if link.settings.same(&settings) => {
                link.retry_now();
                Some(link)
            }
            Some(link) => {
                self.emitter.emit(PbxEvent::Reconfigured { pbx: &name });
                link.stop().await;
                None
            }
            None => None,
        };
        let requests = kept.as_ref().map_or_else(Arc::default, |link| Arc::clone(&link.requests));
        let (rules, pbx) = (Box::new(pbx.rules), name.clone());
        let _ = self.packets.send(TrackerMessage::AddPbx { pbx, rules, link: Arc::clone(&requests) }).await;
        let link = kept.unwrap_or_else(|| {
            PbxLink::start(name.clone(), settings, requests, self.packets.clone(), self.emitter.clone())
        });
        self.links.insert(name, link);
    }

    /// Reads the configuration again, and applies it if it is valid.
    async fn reload(&mut self) {
        let Some(file) = self.file.clone() else {
            self.emitter.emit(DaemonEvent::NothingToReload);
            return;
        };
        self.emitter.emit(DaemonEvent::Reloading);
        notify::reloading();
        let path = file.clone();
        let loaded = tokio::task::spawn_blocking(move || Config::load(&path, Purpose::Run)).await;
        let usable = match loaded {
            Ok(Ok(config)) => target_clients(&config.targets).map(|clients| (config, clients)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match usable {
            Ok((config, clients)) => {
                for warning in &config.warnings {
                    let warning = warning.to_string();
                    self.emitter.emit(DaemonEvent::ConfigurationWarning { warning: &warning });
                }
                if let Some(logging) = &self.logging {
                    logging.change(config.log, &self.emitter);
                }
                self.apply(config, clients).await;
                let file = file.display().to_string();
                self.emitter.emit(DaemonEvent::ConfigurationReloaded { file: &file });
            }
            Err(error) => {
                self.emitter.emit(DaemonEvent::ConfigurationRejected { error: &error });
            }
        }
        notify::ready();
    }

    /// Disconnects from the PBXs, then delivers what is pending; another stop cuts that short.
    async fn stop(self, mut signals: mpsc::Receiver<Signal>) -> Result<(), Failure> {
        let Self {
            emitter, links, api_listener, packets, events, tracker_task, delivery_task, hurry, ..
        } = self;
        emitter.emit(DaemonEvent::Stopping);
        notify::stopping(delivery_task::DRAIN * 2);
        let stopping = async {
            let links: Vec<_> = links.into_values().map(|link| tokio::spawn(link.stop())).collect();
            for link in links {
                ended(link.await)?;
            }
            drop(packets);
            ended(tracker_task.await)?;
            drop(events);
            ended(delivery_task.await.map(drop))?;
            if let Some(api_listener) = api_listener {
                api_listener.close().await;
            }
            Ok::<_, Failure>(())
        };
        let hurried = async {
            while let Some(signal) = signals.recv().await {
                if signal == Signal::Stop {
                    hurry.cancel();
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            stopped = stopping => stopped?,
            () = hurried => {}
        }
        emitter.emit(DaemonEvent::Stopped);
        Ok(())
    }

    /// Returns when a task of the daemon has ended although the daemon was not stopped.
    async fn failed(&mut self) -> Failure {
        let ended = tokio::select! {
            ended = &mut self.tracker_task => ended,
            ended = &mut self.delivery_task => ended.map(drop),
        };
        match ended {
            Ok(()) => Failure::new(Code::Software, anyhow!("a task of the daemon ended unexpectedly")),
            Err(error) => Failure::new(Code::Software, error),
        }
    }
}

fn ended(ended: Result<(), tokio::task::JoinError>) -> Result<(), Failure> {
    ended.map_err(|error| Failure::new(Code::Software, error))
}
