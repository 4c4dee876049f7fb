//! What all requests share.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ringwire_live::Desk;
use ringwire_outbox::PendingCount;
use tokio::{sync::watch, time::sleep};

use crate::{
    access::{Access, Fitting, Keys},
    cache::Cached,
    journal::Journal,
    limits::Limits,
    problem::Problem,
    sources::{Channel, Sources, Switchboard},
};

/// How often those who listen are told of parts at most.
const HEALTH_EVERY: Duration = Duration::from_secs(1);

/// The API server. Clones are the same.
#[derive(Clone)]
pub struct Counter(Arc<Inner>);

struct Inner {
    desk: Desk,
    journal: Journal,
    switchboard: Arc<dyn Switchboard>,
    keys: Keys,
    limits: Limits,
    channels: Cached<SeenChannels>,
    pending: Cached<Vec<PendingCount>>,
}

/// The channels of all PBXs, as they were a moment ago.
#[derive(Clone)]
pub(crate) struct SeenChannels {
    /// When they were so.
    pub(crate) at: Timestamp,
    pub(crate) channels: Arc<Vec<Channel>>,
}

impl Counter {
    /// A server that answers from `desk` and `sources`.
    #[must_use]
    pub fn new(desk: Desk, sources: Sources, access: Access) -> Self {
        let Sources { journal, switchboard } = sources;
        Self(Arc::new(Inner {
            desk,
            journal: Journal::new(&journal),
            switchboard,
            keys: Keys::new(access),
            limits: Limits::default(),
            channels: Cached::default(),
            pending: Cached::default(),
        }))
    }

    /// Who may ask from here on. Streams that are open over the network end, and are let in anew or not.
    pub fn set_access(&self, access: Access) {
        self.0.keys.set(access);
    }

    /// Tells those who listen when a part does otherwise than before, at most once a second. It never ends.
    pub async fn watch_parts(&self) {
        let mut changes = self.0.desk.parts().changes();
        while changes.changed().await.is_ok() {
            self.0.desk.health_changed();
            sleep(HEALTH_EVERY).await;
        }
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.0.desk
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.0.journal
    }

    pub(crate) fn switchboard(&self) -> &dyn Switchboard {
        &*self.0.switchboard
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The tokens and pages that are let in now.
    pub(crate) fn fitting(&self) -> Arc<Fitting> {
        self.0.keys.fitting()
    }

    /// Sees when others are let in.
    pub(crate) fn access_changes(&self) -> watch::Receiver<Arc<Fitting>> {
        self.0.keys.changes()
    }

    /// The channels as they were not longer than `fresh` ago, or as `ask` finds them.
    pub(crate) async fn seen_channels(
        &self,
        fresh: Duration,
        ask: impl Future<Output = Result<SeenChannels, Problem>>,
    ) -> Result<SeenChannels, Problem> {
        self.0.channels.get(fresh, ask).await
    }

    /// How many deliveries are pending to each endpoint, or were not longer than `fresh` ago.
    pub(crate) async fn pending(&self, fresh: Duration) -> Vec<PendingCount> {
        // A journal that cannot be read is told of by `ringwire_journal_writable` and `/readyz`; it is not read again
        // for a while either.
        let read = async {
            Ok::<_, Problem>(self.journal().read(|reader| reader.pending_counts()).await.unwrap_or_default())
        };
        self.0.pending.get(fresh, read).await.unwrap_or_default()
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// What `answer` gives within `patience`; `None` where it takes longer.
pub(crate) async fn within<T>(patience: Duration, answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(patience, answer).await.ok()
}
