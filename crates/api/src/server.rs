//! What all requests share.

use std::{future::pending, net::IpAddr, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use ringwire_live::{ApiEvent, EventEmitter, LiveState};
use ringwire_outbox::PendingCount;
use tokio::time::sleep;

use crate::{
    access::{Access, AccessControl, AccessTable, Principal},
    cache::Cached,
    journal::Journal,
    limits::RateLimits,
    problem::Problem,
    sessions::Sessions,
    sources::{ApiQueries, ApiSources, Channel},
    unknown_tokens::UnknownTokens,
};

/// How often the health of components is published at most.
const HEALTH_EVERY: Duration = Duration::from_secs(1);

/// The API server. Clones share its state.
#[derive(Clone)]
pub struct ApiServer(Arc<Inner>);

struct Inner {
    live: LiveState,
    emitter: EventEmitter,
    journal: Journal,
    queries: Arc<dyn ApiQueries>,
    access: AccessControl,
    sessions: Sessions,
    limits: RateLimits,
    unknown_tokens: UnknownTokens,
    channels: Cached<ChannelSnapshot>,
    pending: Cached<Vec<PendingCount>>,
}

/// The channels of all PBXs at a moment.
#[derive(Clone)]
pub(crate) struct ChannelSnapshot {
    /// That moment.
    pub(crate) at: Timestamp,
    pub(crate) channels: Arc<Vec<Channel>>,
}

impl ApiServer {
    /// A server that answers from `live` and `sources`, and emits what an operator may learn through `emitter`.
    #[must_use]
    pub fn new(live: LiveState, emitter: EventEmitter, sources: ApiSources, access: Access) -> Self {
        let ApiSources { journal, queries } = sources;
        Self(Arc::new(Inner {
            live,
            emitter,
            sessions: Sessions::open(journal.path()),
            journal: Journal::new(journal),
            queries,
            access: AccessControl::new(access),
            limits: RateLimits::default(),
            unknown_tokens: UnknownTokens::default(),
            channels: Cached::default(),
            pending: Cached::default(),
        }))
    }

    /// Sets who has access. Streams that are open over the network end; their clients may connect again or not.
    pub fn set_access(&self, access: Access) {
        self.0.access.set(access);
    }

    /// Publishes the health of components when one changes, at most once a second. Never returns.
    pub async fn publish_health(&self) {
        let mut changes = self.0.live.components().changes();
        while changes.changed().await.is_ok() {
            self.0.live.publish_health();
            sleep(HEALTH_EVERY).await;
        }
    }

    pub(crate) fn live(&self) -> &LiveState {
        &self.0.live
    }

    pub(crate) fn emitter(&self) -> &EventEmitter {
        &self.0.emitter
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.0.journal
    }

    pub(crate) fn queries(&self) -> &dyn ApiQueries {
        &*self.0.queries
    }

    pub(crate) fn limits(&self) -> &RateLimits {
        &self.0.limits
    }

    /// The answer to a client at `address` that has shown an unknown token.
    pub(crate) async fn refuse_token(&self, address: Option<IpAddr>) -> Problem {
        self.0.unknown_tokens.refuse(address, &self.0.limits, &self.0.emitter).await
    }

    /// Who has access now.
    pub(crate) fn access(&self) -> Arc<AccessTable> {
        self.0.access.table()
    }

    /// Who has signed in at the desk.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Stores the sessions for the next process.
    pub(crate) async fn save_sessions(&self) {
        if let Err(error) = self.0.sessions.save().await {
            self.0.emitter.emit(ApiEvent::SessionsNotStored { error: &error.to_string() });
        }
    }

    /// Returns when `client` may no longer have its access: others have access, or its session has ended.
    pub(crate) fn access_end(&self, client: &Principal) -> BoxFuture<'static, ()> {
        if client.local {
            return Box::pin(pending());
        }
        let (mut changes, sessions, session) =
            (self.0.access.changes(), self.0.sessions.clone(), client.session.clone());
        Box::pin(async move {
            let ended = async {
                match session {
                    Some(session) => sessions.ended(session).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                _ = changes.changed() => {}
                () = ended => {}
            }
        })
    }

    /// The channels, not older than `max_age`; otherwise those that `query` gives.
    pub(crate) async fn channels(
        &self,
        max_age: Duration,
        query: impl Future<Output = Result<ChannelSnapshot, Problem>>,
    ) -> Result<ChannelSnapshot, Problem> {
        self.0.channels.get(max_age, query).await
    }

    /// How many deliveries are pending for each target, not older than `max_age`.
    pub(crate) async fn pending(&self, max_age: Duration) -> Vec<PendingCount> {
        // An unreadable journal is visible in `ringwire_journal_writable` and `/readyz`; it is not read again at once.
        let read = async {
            Ok::<_, Problem>(self.journal().read(|reader| reader.pending_counts()).await.unwrap_or_default())
        };
        self.0.pending.get(max_age, read).await.unwrap_or_default()
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// What `answer` gives within `limit`; `None` if it takes longer.
pub(crate) async fn with_timeout<T>(limit: Duration, answer: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, answer).await.ok()
}
