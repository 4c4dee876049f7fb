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
use ringwire_live::{DaemonEvent, EventEmitter, LiveState, PbxEvent};
use ringwire_outbox::{CallFilter, RecoveredState};
use ringwire_terminal::{Code, Failure};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    clock::Clock,
    dispatch::{self, Dispatch, Ended},
    follow::{Follow, Left},
    journal::Journal,
    link::Link,
    log::Logging,
    messages::{BACKLOG, DeliveryMessage, PbxName, Recipient, TrackerMessage},
    notify,
    recipients::{recipients, unusable},
    shutdown::Signal,
    switchboard::Asking,
    window::Window,
};

/// How far back the charts go.
const RECENT: SignedDuration = SignedDuration::from_hours(1);

/// How many calls of the past they show at most: the newest.
const RECENT_CALLS: usize = 20_000;

/// Runs the daemon with the configuration in the file at `config` until `signals` tell it to stop, or end.
///
/// It logs to whatever subscriber there is, and reads the file again when it is told to reload.
///
/// # Errors
/// The configuration cannot be used, or a part of the daemon ended by a fault of its own.
pub async fn serve(config: &Path, signals: mpsc::Receiver<Signal>) -> anyhow::Result<()> {
    let config = Config::load(config, Purpose::Run)?;
    run(config, signals, None, LiveState::new(Timestamp::now())).await.map_err(|failure| anyhow!("{failure}"))
}

/// Runs the daemon until `signals` tell it to stop, or end. It keeps `live` up to date: each call event is published once
/// it is in the journal, before it is sent to any target.
///
/// # Errors
/// A client for an endpoint cannot be made, the journal cannot be used, or a part of the daemon ended by a fault of
/// its own.
pub async fn run(
    config: Config,
    mut signals: mpsc::Receiver<Signal>,
    logging: Option<Logging>,
    live: LiveState,
) -> Result<(), Failure> {
    let recipients = recipients(&config.targets).map_err(unusable)?;
    let clock = Clock::new();
    let now = clock.clone();
    let emitter = EventEmitter::new(live.clone(), notify::status, move || now.now());
    let (journal, left) = match &config.journal {
        Some(settings) => Journal::open(settings.clone(), &clock, emitter.clone()).await?,
        None => (Journal::temporary(&clock, emitter.clone()).await?, RecoveredState::default()),
    };
    export_traces(&live, &emitter)?;
    take_up(&journal, &left, &live, &clock).await;
    let path = journal.path().to_owned();
    let mut daemon = Daemon::start(config.file.clone(), logging, (journal, left), clock, (live, emitter));
    for warning in &config.warnings {
        daemon.emitter.emit(DaemonEvent::ConfigurationWarning { warning: &warning.to_string() });
    }
    if let Some(api) = &config.api {
        daemon.open_window(api, path).await;
    }
    daemon.apply(config, recipients).await;
    let tried = async {
        for link in daemon.links.values_mut() {
            link.tried().await;
        }
    };
    let early = tokio::select! {
        () = tried => None,
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
    let exporter = crate::traces::Exporter::from_environment();
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

/// Shows what an earlier process left, and the last hour.
async fn take_up(journal: &Journal, left: &RecoveredState, live: &LiveState, clock: &Clock) {
    let since = clock.now().checked_sub(RECENT).unwrap_or(Timestamp::MIN);
    let reading = journal.reading();
    let recent = reading.read(move |journal| {
        let filter = CallFilter { since: Some(since), limit: RECENT_CALLS, ..CallFilter::default() };
        Ok((journal.calls(&filter)?, journal.last_event()?))
    });
    match recent.await {
        Ok((calls, last)) => live.recover(&left.live_events, &calls, last),
        // What is wrong with the journal was reported when it was opened.
        Err(_) => live.recover(&left.live_events, &[], 0),
    }
}

/// The running parts.
struct Daemon {
    file: Option<PathBuf>,
    logging: Option<Logging>,
    live: LiveState,
    emitter: EventEmitter,
    links: BTreeMap<PbxName, Link>,
    /// The PBXs of the calls that an earlier process left, until they are taken up.
    resumed: BTreeSet<PbxName>,
    /// Where it can be asked what is going on, if anywhere.
    window: Option<Window>,
    packets: mpsc::Sender<TrackerMessage>,
    events: mpsc::Sender<DeliveryMessage>,
    follow: JoinHandle<()>,
    dispatch: JoinHandle<Ended>,
    hurry: CancellationToken,
}

impl Daemon {
    fn start(
        file: Option<PathBuf>,
        logging: Option<Logging>,
        (journal, left): (Journal, RecoveredState),
        clock: Clock,
        (live, emitter): (LiveState, EventEmitter),
    ) -> Self {
        let hurry = CancellationToken::new();
        let (packets, packets_in) = mpsc::channel(BACKLOG);
        let (events, events_in) = mpsc::channel(BACKLOG);
        let resumed = left.live_events.iter().map(|event| PbxName::from(event.pbx.as_str())).collect();
        let taken_up = Left { living: left.live_events.clone(), used: left.recent_calls.clone() };
        let follow =
            Follow::new(clock.clone(), events.clone(), (emitter.clone(), live.started_at()), taken_up);
        let follow = tokio::spawn(follow.run(packets_in));
        let seed = RandomState::new().hash_one(());
        let dispatch = Dispatch::new(clock, emitter.clone(), (journal, left), seed);
        let dispatch = tokio::spawn(dispatch.run(events_in, hurry.clone()));
        let links = BTreeMap::new();
        let window = None;
        Self {
            file,
            logging,
            live,
            emitter,
            links,
            resumed,
            window,
            packets,
            events,
            follow,
            dispatch,
            hurry,
        }
    }

    /// Lets itself be asked what is going on, and what is in the journal at `path`.
    async fn open_window(&mut self, api: &Api, path: PathBuf) {
        let queries = Arc::new(Asking::new(&self.packets));
        let sources = ApiSources { journal: path, queries };
        let (live, emitter) = (self.live.clone(), self.emitter.clone());
        self.window = Some(Window::open(api, live, emitter, sources).await);
    }

    /// Makes `config` hold from here on. Calls that are being followed are kept.
    async fn apply(&mut self, config: Config, endpoints: Vec<Recipient>) {
        let Config { routes, journal, api, .. } = config;
        if let (Some(window), Some(api)) = (&self.window, &api) {
            window.change(api);
        }
        let (done, holds) = oneshot::channel();
        let configure = DeliveryMessage::Configure { routes, endpoints, journal, done: Some(done) };
        // If a task is gone, so is the daemon in a moment: Daemon::failed says why.
        let _ = self.events.send(configure).await;
        let _ = holds.await;
        let mut before = std::mem::take(&mut self.links);
        for pbx in config.pbxs {
            let name = PbxName::from(pbx.name.as_str());
            let before = before.remove(&name);
            self.resumed.remove(&name);
            self.follow(name, pbx, before).await;
        }
        for pbx in std::mem::take(&mut self.resumed) {
            self.emitter.emit(PbxEvent::Removed { pbx: &pbx });
            let (rules, wish) = (Box::new(Rules::new(&*pbx)), Arc::default());
            let _ = self.packets.send(TrackerMessage::Follow { pbx: Arc::clone(&pbx), rules, wish }).await;
            let _ = self.packets.send(TrackerMessage::Forget { pbx }).await;
        }
        for (name, link) in before {
            link.stop().await;
            self.emitter.emit(PbxEvent::Removed { pbx: &name });
            let _ = self.packets.send(TrackerMessage::Forget { pbx: name }).await;
        }
    }

    async fn follow(&mut self, name: PbxName, pbx: Pbx, before: Option<Link>) {
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
        let wish = kept.as_ref().map_or_else(Arc::default, |link| Arc::clone(&link.wish));
        let (rules, pbx) = (Box::new(pbx.rules), name.clone());
        let _ = self.packets.send(TrackerMessage::Follow { pbx, rules, wish: Arc::clone(&wish) }).await;
        let link = kept.unwrap_or_else(|| {
            Link::start(name.clone(), settings, wish, self.packets.clone(), self.emitter.clone())
        });
        self.links.insert(name, link);
    }

    /// Reads the configuration again, and takes it if it can be used.
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
            Ok(Ok(config)) => recipients(&config.targets).map(|recipients| (config, recipients)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match usable {
            Ok((config, recipients)) => {
                for warning in &config.warnings {
                    let warning = warning.to_string();
                    self.emitter.emit(DaemonEvent::ConfigurationWarning { warning: &warning });
                }
                if let Some(logging) = &self.logging {
                    logging.change(config.log, &self.emitter);
                }
                self.apply(config, recipients).await;
                let file = file.display().to_string();
                self.emitter.emit(DaemonEvent::ConfigurationReloaded { file: &file });
            }
            Err(error) => {
                self.emitter.emit(DaemonEvent::ConfigurationRejected { error: &error });
            }
        }
        notify::ready();
    }

    /// Stops hearing from the PBXs, then finishes what is on its way; another stop cuts that short.
    async fn stop(self, mut signals: mpsc::Receiver<Signal>) -> Result<(), Failure> {
        let Self { emitter, links, window, packets, events, follow, dispatch, hurry, .. } = self;
        emitter.emit(DaemonEvent::Stopping);
        notify::stopping(dispatch::DRAIN * 2);
        let stopping = async {
            let links: Vec<_> = links.into_values().map(|link| tokio::spawn(link.stop())).collect();
            for link in links {
                ended(link.await)?;
            }
            drop(packets);
            ended(follow.await)?;
            drop(events);
            ended(dispatch.await.map(drop))?;
            if let Some(window) = window {
                window.close().await;
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

    /// Returns when a part of the daemon has ended although nobody told it to.
    async fn failed(&mut self) -> Failure {
        let ended = tokio::select! {
            ended = &mut self.follow => ended,
            ended = &mut self.dispatch => ended.map(drop),
        };
        match ended {
            Ok(()) => Failure::new(Code::Software, anyhow!("a part of the daemon has ended by itself")),
            Err(error) => Failure::new(Code::Software, error),
        }
    }
}

fn ended(ended: Result<(), tokio::task::JoinError>) -> Result<(), Failure> {
    ended.map_err(|error| Failure::new(Code::Software, error))
}
