//! The wiring: tasks and links started, kept, configured anew and stopped.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::anyhow;
use jiff::{SignedDuration, Timestamp};
use ringwire_api::Sources;
use ringwire_calls::Rules;
use ringwire_config::{Api, Config, ConnectionSettings, Pbx, Purpose};
use ringwire_live::Desk;
use ringwire_outbox::{CallFilter, RecoveredState};
use ringwire_terminal::{Code, Failure};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    board::Board,
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

/// What the desk's charts show of the past.
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
    run(config, signals, None, Desk::new(Timestamp::now())).await.map_err(|failure| anyhow!("{failure}"))
}

/// Runs the daemon until `signals` tell it to stop, or end. The `desk` is told what happens: each call event once it is in
/// the journal, whether or not an endpoint hears of it, before any endpoint does.
///
/// # Errors
/// A client for an endpoint cannot be made, the journal cannot be used, or a part of the daemon ended by a fault of
/// its own.
pub async fn run(
    config: Config,
    mut signals: mpsc::Receiver<Signal>,
    logging: Option<Logging>,
    desk: Desk,
) -> Result<(), Failure> {
    let recipients = recipients(&config.targets).map_err(unusable)?;
    let clock = Clock::new();
    let (journal, left) = match &config.journal {
        Some(settings) => Journal::open(settings.clone(), &clock).await?,
        None => (Journal::temporary(&clock).await?, RecoveredState::default()),
    };
    export_traces(&desk)?;
    take_up(&journal, &left, &desk, &clock).await;
    let path = journal.path().to_owned();
    let mut daemon = Daemon::start(config.file.clone(), logging, (journal, left), clock, desk);
    for warning in &config.warnings {
        tracing::warn!("{warning}");
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
fn export_traces(desk: &Desk) -> Result<(), Failure> {
    let exporter = crate::traces::Exporter::from_environment();
    if let Some(exporter) = exporter.map_err(|error| Failure::new(Code::Config, error))? {
        tokio::spawn(exporter.run(desk.clone()));
    }
    Ok(())
}

#[cfg(not(feature = "otel"))]
#[expect(clippy::unnecessary_wraps, reason = "the other one can fail")]
fn export_traces(_: &Desk) -> Result<(), Failure> {
    if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some_and(|place| !place.is_empty()) {
        tracing::warn!(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but this ringwire was built without the feature otel: there are no traces"
        );
    }
    Ok(())
}

/// Shows what an earlier process left, and the last hour.
async fn take_up(journal: &Journal, left: &RecoveredState, desk: &Desk, clock: &Clock) {
    let since = clock.now().checked_sub(RECENT).unwrap_or(Timestamp::MIN);
    let reading = journal.reading();
    let recent = reading.read(move |journal| {
        let filter = CallFilter { since: Some(since), limit: RECENT_CALLS, ..CallFilter::default() };
        Ok((journal.calls(&filter)?, journal.last_event()?))
    });
    match recent.await {
        Ok((calls, last)) => desk.resume(&left.live_events, &calls, last),
        // What is wrong with the journal was said when it was opened.
        Err(_) => desk.resume(&left.live_events, &[], 0),
    }
}

/// The running parts.
struct Daemon {
    file: Option<PathBuf>,
    logging: Option<Logging>,
    desk: Desk,
    board: Board,
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
        desk: Desk,
    ) -> Self {
        let (board, hurry) = (Board::new(desk.clone(), clock.clone()), CancellationToken::new());
        let (packets, packets_in) = mpsc::channel(BACKLOG);
        let (events, events_in) = mpsc::channel(BACKLOG);
        let resumed = left.live_events.iter().map(|event| PbxName::from(event.pbx.as_str())).collect();
        let taken_up = Left { living: left.live_events.clone(), used: left.recent_calls.clone() };
        let follow = Follow::new(clock.clone(), events.clone(), (desk.clone(), board.clone()), taken_up);
        let follow = tokio::spawn(follow.run(packets_in));
        let seed = RandomState::new().hash_one(());
        let dispatch = Dispatch::new(clock, board.clone(), (journal, left), desk.clone(), seed);
        let dispatch = tokio::spawn(dispatch.run(events_in, hurry.clone()));
        let links = BTreeMap::new();
        let window = None;
        Self { file, logging, desk, board, links, resumed, window, packets, events, follow, dispatch, hurry }
    }

    /// Lets itself be asked what is going on, and what is in the journal at `path`.
    async fn open_window(&mut self, api: &Api, path: PathBuf) {
        let switchboard = Arc::new(Asking::new(&self.packets));
        let sources = Sources { journal: path, switchboard };
        self.window = Some(Window::open(api, self.desk.clone(), sources).await);
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
            tracing::info!(%pbx, "is not configured any more; the calls it had end here");
            let (rules, wish) = (Box::new(Rules::new(&*pbx)), Arc::default());
            let _ = self.packets.send(TrackerMessage::Follow { pbx: Arc::clone(&pbx), rules, wish }).await;
            let _ = self.packets.send(TrackerMessage::Forget { pbx }).await;
        }
        for (name, link) in before {
            tracing::info!(pbx = %name, "no longer configured; its calls end here");
            link.stop().await;
            self.board.pbx_is_gone(&name);
            let _ = self.packets.send(TrackerMessage::Forget { pbx: name }).await;
        }
    }

    async fn follow(&mut self, name: PbxName, pbx: Pbx, before: Option<Link>) {
        let Some(settings) = ConnectionSettings::of(&pbx) else { return };
        self.board.pbx_is_configured(&name, format!("{}:{}", pbx.host, pbx.port));
        self.desk.live().set_directory(&name, pbx.rules.directory.at_devices().collect());
        let kept = match before {
            Some(link) if link.settings.same(&settings) => {
                link.retry_now();
                Some(link)
            }
            Some(link) => {
                tracing::info!(pbx = %name, "its connection is configured otherwise: connecting anew");
                link.stop().await;
                None
            }
            None => None,
        };
        let wish = kept.as_ref().map_or_else(Arc::default, |link| Arc::clone(&link.wish));
        let (rules, pbx) = (Box::new(pbx.rules), name.clone());
        let _ = self.packets.send(TrackerMessage::Follow { pbx, rules, wish: Arc::clone(&wish) }).await;
        let link = kept.unwrap_or_else(|| {
            Link::start(name.clone(), settings, wish, self.packets.clone(), self.board.clone())
        });
        self.links.insert(name, link);
    }

    /// Reads the configuration again, and takes it if it can be used.
    async fn reload(&mut self) {
        let Some(file) = self.file.clone() else {
            tracing::warn!("there is no configuration file to read again");
            return;
        };
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
                    tracing::warn!("{warning}");
                }
                if let Some(logging) = &self.logging {
                    logging.change(config.log);
                }
                self.apply(config, recipients).await;
                self.board.configuration_is(None);
                tracing::info!(file = %file.display(), "the configuration was read again");
            }
            Err(error) => {
                let hint = "ringwire check says what is wrong with it".to_owned();
                self.board.configuration_is(Some((error.clone(), Some(hint))));
                tracing::error!(error, "the configuration cannot be used; the one before it still holds");
            }
        }
        notify::ready();
    }

    /// Stops hearing from the PBXs, then finishes what is on its way; another stop cuts that short.
    async fn stop(self, mut signals: mpsc::Receiver<Signal>) -> Result<(), Failure> {
        let Self { links, window, packets, events, follow, dispatch, hurry, .. } = self;
        tracing::info!("stopping");
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
        tracing::info!("stopped");
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
