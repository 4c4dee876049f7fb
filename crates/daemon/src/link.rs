//! The connection to one PBX: made, kept, lost and made again.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use ringwire_ami::{
    AmiClient, AmiOptions, AmiVersion, ConnectError, ConnectionErrorKind, DisconnectError, IncomingPackets,
    ReconnectBackoff, SendActionError, StreamErrors, event_filter_actions, resync_actions,
};
use ringwire_config::ConnectionSettings;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    board::Board,
    messages::{PbxName, TrackerMessage},
};

/// How often the lists of channels and queues are asked for while all is well: what was missed unnoticed is made
/// good by then.
const RECONCILE_EVERY: Duration = Duration::from_secs(300);

/// How long lists are not asked for again, whatever happens.
const RECONCILE_PAUSE: Duration = Duration::from_secs(10);

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// A link that runs until it is stopped.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) settings: ConnectionSettings,
    /// Asks for a resync.
    pub(crate) wish: Arc<Notify>,
    tried: watch::Receiver<bool>,
    retry: watch::Sender<()>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Link {
    /// Starts connecting to the PBX called `name`; what it says goes to `packets`, and `wish` asks for its lists.
    pub(crate) fn start(
        name: PbxName,
        settings: ConnectionSettings,
        wish: Arc<Notify>,
        packets: mpsc::Sender<TrackerMessage>,
        board: Board,
    ) -> Self {
        let stop = CancellationToken::new();
        let (tried, has_tried) = watch::channel(false);
        let (retry, retries) = watch::channel(());
        let options = settings.options();
        let task = Task {
            name,
            options,
            filter_events: settings.filter_events,
            packets,
            board,
            wish: Arc::clone(&wish),
            stop: stop.clone(),
            tried,
            retry: retries,
            backoff: ReconnectBackoff::default(),
            said: None,
            refused: BTreeSet::new(),
        };
        Self { settings, wish, tried: has_tried, retry, stop, task: tokio::spawn(task.run()) }
    }

    /// Returns once the first attempt to connect has ended, either way.
    pub(crate) async fn tried(&mut self) {
        // If the link is gone there is nothing to wait for.
        let _ = self.tried.wait_for(|tried| *tried).await;
    }

    /// Connects again at once if there is no connection: what was in the way may have been set right.
    pub(crate) fn retry_now(&self) {
        self.retry.send_replace(());
    }

    /// Says farewell to the PBX, and returns when all it said has been handed on.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

struct Task {
    name: PbxName,
    options: AmiOptions,
    filter_events: bool,
    packets: mpsc::Sender<TrackerMessage>,
    board: Board,
    wish: Arc<Notify>,
    stop: CancellationToken,
    tried: watch::Sender<bool>,
    retry: watch::Receiver<()>,
    backoff: ReconnectBackoff,
    /// What was said last of why there is no connection: it is said again only when it changes.
    said: Option<String>,
    /// The actions that the PBX has refused.
    refused: BTreeSet<String>,
}

impl Task {
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
                    self.backoff.reset_after_uptime(since.elapsed());
                    self.lost(&error);
                    error.kind()
                }
                Err(error) => {
                    self.failed(&error);
                    error.kind()
                }
            };
            self.tried.send_replace(true);
            let delay = self.backoff.next_delay(kind, random());
            tracing::debug!(pbx = %self.name, ?delay, "connecting again after a pause");
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = sleep(delay) => {}
                Ok(()) = self.retry.changed() => self.said = None,
            }
        }
    }

    fn connected(&mut self, incoming: &IncomingPackets) {
        let AmiOptions { host, port, .. } = &self.options;
        tracing::info!(pbx = %self.name, %host, port, ami = %incoming.version(), "connected");
        self.board.pbx_is_connected(&self.name, incoming.version().to_string());
        self.said = None;
        self.tried.send_replace(true);
    }

    fn failed(&mut self, error: &ConnectError) {
        let why = error.to_string();
        if self.said.as_ref() == Some(&why) {
            tracing::debug!(pbx = %self.name, error = why, "still not connected");
            return;
        }
        if matches!(error.kind(), ConnectionErrorKind::Network | ConnectionErrorKind::Overrun) {
            tracing::warn!(pbx = %self.name, error = why, hint = error.hint(), "not connected; it is tried again until it works");
        } else {
            tracing::error!(pbx = %self.name, error = why, hint = error.hint(), "not connected; it is tried again every few minutes");
        }
        self.board.pbx_is_away(&self.name, error.kind(), why.clone(), error.hint());
        self.said = Some(why);
    }

    fn lost(&mut self, error: &DisconnectError) {
        // What was asked for while there was a connection is done.
        self.retry.mark_unchanged();
        tracing::warn!(pbx = %self.name, %error, hint = error.hint(), "the connection was lost");
        self.board.pbx_is_away(&self.name, error.kind(), error.to_string(), error.hint());
    }

    /// Hands on what comes until the connection ends; gives why, or `None` if that was wished.
    async fn serve(&mut self, client: &AmiClient, mut incoming: IncomingPackets) -> Option<DisconnectError> {
        let connected = TrackerMessage::Connected { pbx: self.name.clone(), version: incoming.version() };
        self.packets.send(connected).await.ok()?;
        let (name, packets, stop) = (self.name.clone(), self.packets.clone(), self.stop.clone());
        let (wish, board) = (Arc::clone(&self.wish), self.board.clone());
        let mut asking = std::pin::pin!(self.keep_asking(client, incoming.version()));
        let (mut lost, mut counted) = (0, StreamErrors::default());
        loop {
            let batch = tokio::select! {
                () = stop.cancelled() => break,
                () = &mut asking => continue,
                batch = incoming.next_batch() => batch,
            };
            match batch {
                Some(Ok(batch)) => {
                    let oddities = incoming.stream_errors();
                    let said = TrackerMessage::Packets { pbx: name.clone(), packets: batch, oddities };
                    packets.send(said).await.ok()?;
                }
                Some(Err(error)) => return Some(error),
                None => return Some(DisconnectError::Closed),
            }
            let oddities = incoming.stream_errors();
            board.count_oddities(&name, counted, oddities);
            counted = oddities;
            if oddities.lost_packets() > lost {
                lost = oddities.lost_packets();
                tracing::warn!(pbx = %name, ?oddities, "parts of the stream could not be understood or were forged; the lists are asked for again");
                wish.notify_one();
            }
        }
        // What it takes longer for the server to say is lost to nobody: there is no one left to tell.
        let _ = timeout(FAREWELL, client.logoff()).await;
        while let Ok(Some(Ok(batch))) = timeout(FAREWELL, incoming.next_batch()).await {
            let oddities = incoming.stream_errors();
            packets
                .send(TrackerMessage::Packets { pbx: name.clone(), packets: batch, oddities })
                .await
                .ok()?;
        }
        None
    }

    /// Asks for the lists now, when somebody wishes for them, and from time to time. Their items come with all that
    /// comes. Never returns.
    async fn keep_asking(&mut self, client: &AmiClient, version: AmiVersion) {
        if self.filter_events {
            self.economise(client, version).await;
        }
        loop {
            self.ask(client).await;
            sleep(RECONCILE_PAUSE).await;
            // A wish from before the connection is fulfilled by the first lists.
            let _ = timeout(RECONCILE_EVERY.saturating_sub(RECONCILE_PAUSE), self.wish.notified()).await;
        }
    }

    /// Asks the PBX to keep to itself what nobody reads. A refusal costs nothing but its work.
    async fn economise(&self, client: &AmiClient, version: AmiVersion) {
        for action in event_filter_actions(version) {
            match client.send(&action).await {
                Ok(response) if response.is_permission_denied() => {
                    tracing::debug!(pbx = %self.name, "the PBX does not filter events for this user, who lacks write = system");
                    return;
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    async fn ask(&mut self, client: &AmiClient) {
        let mut refused = BTreeSet::new();
        for action in resync_actions() {
            match client.send(&action).await {
                Ok(response) if response.is_permission_denied() => {
                    refused.insert(action.name().to_owned());
                }
                Ok(_) => {}
                // The link ends, and says so itself.
                Err(SendActionError::Closed) => return,
                Err(SendActionError::Timeout) => {
                    tracing::warn!(pbx = %self.name, action = action.name(), "the list was not given in time");
                }
            }
        }
        let lists = ["CoreShowChannels", "Status"];
        if lists.iter().all(|list| refused.contains(*list)) && refused != self.refused {
            tracing::warn!(
                pbx = %self.name,
                hint = "give its user in manager.conf write = system, or write = reporting",
                "the PBX refuses to list its channels: calls that begin or end while there is no connection are missed"
            );
            self.board.pbx_lists_nothing(&self.name);
        }
        self.refused = refused;
    }
}

/// A number from 0 to 1, another one each time.
fn random() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}
