//! The counter itself: routes, who may use them, and how they are served.
//!
//! Each subject has a file with its routes. What role a route needs is decided here, in one place, for the router and
//! for the OpenAPI document at once.

mod access;
mod asked;
mod calls;
mod channels;
mod charts;
mod deliveries;
mod document;
mod events;
mod guard;
mod health;
mod journal;
mod limits;
mod live;
mod origins;
mod parts;
mod problem;
mod serve;
mod session;

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use ringwire_event::StoryNote;
use tokio::time::sleep;

use self::{access::Keys, channels::Channels, health::Owed, journal::Journal, limits::Limits};
pub use self::{
    access::{Access, Role, Token},
    channels::{Channel, ChannelKind},
    serve::Door,
};
use crate::Desk;

/// How often those who listen are told of parts at most.
const HEALTH_EVERY: Duration = Duration::from_secs(1);

/// What the counter asks others for.
#[derive(Clone)]
pub struct Sources {
    /// Where the journal is.
    pub journal: PathBuf,
    /// The one who follows the calls.
    pub switchboard: Arc<dyn Switchboard>,
}

/// The one who follows the calls. It may be gone: each question has a time limit.
pub trait Switchboard: Send + Sync {
    /// The channels as they stand, at all PBXs.
    fn channels(&self) -> BoxFuture<'static, Vec<Channel>>;

    /// What `ringwire doctor` wants to know.
    fn diagnosis(&self) -> BoxFuture<'static, serde_json::Value>;

    /// The story of a call that is going on; `None` where it is not, or nothing is known of it.
    fn story(&self, call: &str) -> BoxFuture<'static, Option<Vec<StoryNote>>>;
}

/// The counter. Clones are the same.
#[derive(Clone)]
pub struct Counter(Arc<Inner>);

struct Inner {
    desk: Desk,
    journal: Journal,
    switchboard: Arc<dyn Switchboard>,
    keys: Keys,
    limits: Limits,
    channels: Channels,
    owed: Owed,
}

impl Counter {
    /// A counter at which `desk` can be asked.
    #[must_use]
    pub fn new(desk: Desk, sources: Sources, access: Access) -> Self {
        let Sources { journal, switchboard } = sources;
        Self(Arc::new(Inner {
            desk,
            journal: Journal::new(&journal),
            switchboard,
            keys: Keys::new(access),
            limits: Limits::default(),
            channels: Channels::default(),
            owed: Owed::default(),
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

    fn desk(&self) -> &Desk {
        &self.0.desk
    }

    fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// What time it is.
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// What `answer` gives within `patience`; `None` where it takes longer.
async fn within<T>(patience: Duration, answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(patience, answer).await.ok()
}
