//! The connection to one PBX: made, kept, lost and made again.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use ringwire_ami::{
    AmiClient, AmiOptions, AmiVersion, ConnectError, ConnectionErrorKind, DisconnectError, IncomingPackets,
    ReconnectBackoff, SendActionError, StreamErrors, WantedEvents, event_filter_actions, resync_actions,
};
use ringwire_calls::TrackerLimit;
use ringwire_config::ConnectionSettings;
use ringwire_live::{EventEmitter, PbxEvent};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::messages::{LinkRequests, PbxName, TrackerMessage};

/// How often a resync is requested without a reason: it corrects
/// what was missed unnoticed.
const RESYNC_INTERVAL: Duration = Duration::from_secs(300);

/// The least time between two resyncs.
const MIN_RESYNC_INTERVAL: Duration = Duration::from_secs(10);

/// After how many connections in a row that ended soon after the login the next ones are not logged.
const UNSTABLE_AFTER: u32 = 2;

/// How long a logoff may take.
const LOGOFF_TIMEOUT: Duration = Duration::from_secs(2);

/// A link that runs until it is stopped.
#[derive(Debug)]
pub(crate) struct PbxLink {
    pub(crate) settings: ConnectionSettings,
    /// What the tracker requests of it.
    pub(crate) requests: Arc<LinkRequests>,
    attempted: watch::Receiver<bool>,
    retry: watch::Sender<()>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl PbxLink {
    /// Starts connecting to the PBX called `name`; its packets go to `packets`, and it does what is
    /// requested through `requests`.
    pub(crate) fn start(
        name: PbxName,
        settings: ConnectionSettings,
        requests: Arc<LinkRequests>,
        packets: mpsc::Sender<TrackerMessage>,
        emitter: EventEmitter,
    ) -> Self {
        let stop = CancellationToken::new();
        let (attempted, has_attempted) = watch::channel(false);
        let (retry, retries) = watch::channel(());
        let options = settings.options();
        let task = LinkTask {
            name,
            options,
            filter_events: settings.filter_events,
            wanted: settings.wanted.clone(),
            packets,
            emitter,
            requests: Arc::clone(&requests),
            stop: stop.clone(),
            attempted,
            retry: retries,
            backoff: ReconnectBackoff::default(),
            short_connections: 0,
            reported: None,
            refused: BTreeSet::new(),
        };
        Self { settings, requests, attempted: has_attempted, retry, stop, task: tokio::spawn(task.run()) }
    }

    /// Returns once the first attempt to connect has ended, either way.
    pub(crate) async fn first_attempt(&mut self) {
        // If the link is gone there is nothing to wait for.
        let _ = self.attempted.wait_for(|attempted| *attempted).await;
    }

    /// Connects again at once if there is no connection: what was in the way may have been set right.
    pub(crate) fn retry_now(&self) {
        self.retry.send_replace(());
    }

    /// Logs off from the PBX, and returns when all its packets have been sent on.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

struct LinkTask {
    name: PbxName,
    options: AmiOptions,
    filter_events: bool,
    /// What it sends nevertheless.
    wanted: WantedEvents,
    packets: mpsc::Sender<TrackerMessage>,
    emitter: EventEmitter,
    requests: Arc<LinkRequests>,
    stop: CancellationToken,
    attempted: watch::Sender<bool>,
    retry: watch::Receiver<()>,
    backoff: ReconnectBackoff,
    /// How many connections in a row ended soon after the login.
    short_connections: u32,
    /// Why there is no connection, as it was reported last: it is reported again only when it changes.
    reported: Option<String>,
    /// The actions that the PBX has refused.
    refused: BTreeSet<String>,
}

impl LinkTask {
    async fn run(mut self) {
        loop {
            let connected = tokio::select! {
                () = self.stop.cancelled() => return,
                connected = AmiClient::connect(&self.options) => connected,
            };
            let kind = match connected {
                Ok((client, incoming)) => {
                    let since = Instant::now();
                    self.connected(&incoming);
                    let Some(error) = self.serve(&client, incoming).await else { return };
                    let uptime = since.elapsed();
                    self.backoff.reset_after_uptime(uptime);
                    self.lost(&error, uptime);
                    error.kind()
                }
                Err(error) => {
                    self.failed(&error);
                    error.kind()
                }
            };
            self.attempted.send_replace(true);
            let delay = self.backoff.next_delay(kind, random());
            self.emitter.emit(PbxEvent::ReconnectScheduled { pbx: &self.name, delay });
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = sleep(delay) => {}
                Ok(()) = self.retry.changed() => self.reported = None,
            }
        }
    }

    fn connected(&mut self, incoming: &IncomingPackets) {
        let AmiOptions { host, port, .. } = &self.options;
        let (pbx, ami) = (&*self.name, incoming.version().to_string());
        self.emitter.emit(if self.is_unstable() {
            PbxEvent::ConnectedAgain { pbx, ami: &ami }
        } else {
            PbxEvent::Connected { pbx, host, port: *port, ami: &ami }
        });
        self.reported = None;
        self.attempted.send_replace(true);
    }

    fn failed(&mut self, error: &ConnectError) {
        let is_unreachable = is_unreachable(error.kind());
        let (pbx, hint, reason) = (&*self.name, error.hint(), error.to_string());
        let error = reason.as_str();
        self.emitter.emit(if self.reported.as_deref() == Some(error) {
            PbxEvent::StillDisconnected { pbx, error }
        } else if is_unreachable {
            PbxEvent::Unreachable { pbx, error, hint }
        } else {
            PbxEvent::Refused { pbx, error, hint }
        });
        self.reported = Some(reason);
    }

    fn lost(&mut self, error: &DisconnectError, uptime: Duration) {
        // A retry requested while there was a connection is done.
        self.retry.mark_unchanged();
        let is_short = uptime < ReconnectBackoff::STABLE_AFTER;
        self.short_connections = if is_short { self.short_connections.saturating_add(1) } else { 0 };
        let (pbx, hint, reason) = (&*self.name, error.hint(), error.to_string());
        let error_text = reason.as_str();
        self.emitter.emit(match self.short_connections {
            _ if !is_unreachable(error.kind()) => PbxEvent::ConnectionClosed { pbx, error: error_text, hint },
            0 | 1 => PbxEvent::ConnectionLost { pbx, error: error_text, hint },
            UNSTABLE_AFTER => PbxEvent::ConnectionUnstable { pbx, error: error_text, hint },
            _ => PbxEvent::ConnectionLostAgain { pbx, error: error_text, hint },
        });
    }

    /// Whether the last connections ended so soon that another one is no news.
    fn is_unstable(&self) -> bool {
        self.short_connections >= UNSTABLE_AFTER
    }

    /// Sends packets on until the connection ends; gives the error, or `None` after a stop.
    async fn serve(&mut self, client: &AmiClient, mut incoming: IncomingPackets) -> Option<DisconnectError> {
        self.requests.too_much.send_replace(None);
        let mut too_much = self.requests.too_much.subscribe();
        let connected = TrackerMessage::Connected { pbx: self.name.clone(), version: incoming.version() };
        self.packets.send(connected).await.ok()?;
        let (name, packets, stop) = (self.name.clone(), self.packets.clone(), self.stop.clone());
        let (requests, emitter) = (Arc::clone(&self.requests), self.emitter.clone());
        let mut is_unstable = self.is_unstable();
        let mut stable = std::pin::pin!(sleep(ReconnectBackoff::STABLE_AFTER));
        let mut sync = std::pin::pin!(self.keep_in_sync(client, incoming.version()));
        let (mut lost, mut counted) = (0, StreamErrors::default());
        loop {
            let batch = tokio::select! {
                () = stop.cancelled() => break,
                () = &mut sync => continue,
                limit = exceeded(&mut too_much) => return Some(DisconnectError::TooMuch(limit)),
                () = &mut stable, if is_unstable => {
                    is_unstable = false;
                    emitter.emit(PbxEvent::ConnectionStable { pbx: &name });
                    continue;
                }
                batch = incoming.next_batch() => batch,
            };
            match batch {
                Some(Ok(batch)) => {
                    let stream_errors = incoming.stream_errors();
                    let message =
                        TrackerMessage::Packets { pbx: name.clone(), packets: batch, stream_errors };
                    packets.send(message).await.ok()?;
                }
                Some(Err(error)) => return Some(error),
                None => return Some(DisconnectError::Closed),
            }
            let stream_errors = incoming.stream_errors();
            count_stream_errors(&emitter, &name, counted, stream_errors);
            counted = stream_errors;
            if stream_errors.lost_packets() > lost {
                lost = stream_errors.lost_packets();
                emitter.emit(PbxEvent::StreamDamaged { pbx: &name, errors: &describe(stream_errors) });
                requests.resync.notify_one();
            }
        }
        // Packets that take longer are not needed any more.
        let _ = timeout(LOGOFF_TIMEOUT, client.logoff()).await;
        while let Ok(Some(Ok(batch))) = timeout(LOGOFF_TIMEOUT, incoming.next_batch()).await {
            let stream_errors = incoming.stream_errors();
            packets
                .send(TrackerMessage::Packets { pbx: name.clone(), packets: batch, stream_errors })
                .await
                .ok()?;
        }
        None
    }

    /// Requests the lists now, when a resync is requested, and at intervals. Their items come among the other packets.
    /// Never returns.
    async fn keep_in_sync(&mut self, client: &AmiClient, version: AmiVersion) {
        if self.filter_events {
            self.filter_events(client, version).await;
        }
        loop {
            self.resync(client).await;
            sleep(MIN_RESYNC_INTERVAL).await;
            // A request from before the connection is fulfilled by the first lists.
            let _ =
                timeout(RESYNC_INTERVAL.saturating_sub(MIN_RESYNC_INTERVAL), self.requests.resync.notified())
                    .await;
        }
    }

    /// Requests that the PBX does not send events that nobody reads. A refusal costs only work.
    async fn filter_events(&self, client: &AmiClient, version: AmiVersion) {
        for action in event_filter_actions(version, &self.wanted) {
            match client.send(&action).await {
                Ok(response) if response.is_permission_denied() => {
                    self.emitter.emit(PbxEvent::EventFiltersRefused { pbx: &self.name });
                    return;
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    async fn resync(&mut self, client: &AmiClient) {
        let mut refused = BTreeSet::new();
        for action in resync_actions() {
            match client.send(&action).await {
                Ok(response) if response.is_permission_denied() => {
                    refused.insert(action.name().to_owned());
                }
                Ok(_) => {}
                // The link ends, and reports that itself.
                Err(SendActionError::Closed) => return,
                Err(SendActionError::Timeout) => {
                    self.emitter.emit(PbxEvent::ListTimedOut { pbx: &self.name, action: action.name() });
                }
            }
        }
        let lists = ["CoreShowChannels", "Status"];
        if lists.iter().all(|list| refused.contains(*list)) && refused != self.refused {
            self.emitter.emit(PbxEvent::ChannelListRefused { pbx: &self.name });
        }
        self.refused = refused;
    }
}

/// The limit that the PBX exceeds, once it does.
async fn exceeded(too_much: &mut watch::Receiver<Option<TrackerLimit>>) -> String {
    let limit = too_much.wait_for(Option::is_some).await.ok().and_then(|limit| *limit);
    match limit {
        Some(limit) => limit.to_string(),
        None => std::future::pending().await,
    }
}

fn is_unreachable(kind: ConnectionErrorKind) -> bool {
    matches!(kind, ConnectionErrorKind::Network | ConnectionErrorKind::Overrun)
}

/// Reports by how much the errors of each kind have grown.
fn count_stream_errors(emitter: &EventEmitter, pbx: &str, before: StreamErrors, now: StreamErrors) {
    if before == now {
        return;
    }
    for ((kind, now), (_, before)) in kinds(now).into_iter().zip(kinds(before)) {
        let count = now.saturating_sub(before);
        if count > 0 {
            emitter.emit(PbxEvent::StreamErrors { pbx, kind, count });
        }
    }
}

/// The kinds of errors that were found, with their numbers.
fn describe(errors: StreamErrors) -> String {
    let found = kinds(errors).into_iter().filter(|(_, count)| *count > 0);
    found.map(|(kind, count)| format!("{kind}: {count}")).collect::<Vec<_>>().join(", ")
}

fn kinds(errors: StreamErrors) -> [(&'static str, u64); 5] {
    let StreamErrors { stray_data, over_limit, truncated, unterminated, forged } = errors;
    [
        ("stray_data", stray_data),
        ("over_limit", over_limit),
        ("truncated", truncated),
        ("unterminated", unterminated),
        ("forged", forged),
    ]
}

/// A number from 0 to 1, another one each time.
fn random() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}
