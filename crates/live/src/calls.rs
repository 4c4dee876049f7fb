//! The live calls, and the users that were seen in calls.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Mutex, PoisonError},
};

use dashmap::DashMap;
use jiff::Timestamp;
use ringwire_event::{AnsweredBy, CallEvent, CallId, EventKind, Party};

use crate::{
    call::LiveCall,
    users::{LiveUser, users_in},
};

/// How many users are remembered. Those of the directory come first; others are seen in calls.
const MAX_USERS: usize = 10_000;

/// The calls that are going on, by id, and the users that are known. One task writes, anybody reads.
#[derive(Debug, Default)]
pub struct LiveCalls {
    calls: DashMap<CallId, LiveCall>,
    users: Mutex<BTreeMap<(String, String), Party>>,
}

impl LiveCalls {
    /// Applies `event`, which was recorded at `recorded_at`; that counts as its time if it has none. An event that was
    /// applied before changes nothing.
    pub(crate) fn apply(&self, event: &CallEvent, recorded_at: Timestamp) {
        let at = event.time.unwrap_or(recorded_at);
        self.remember_users(event);
        if matches!(event.kind, EventKind::Hangup { .. }) {
            self.calls.remove(&event.call);
            return;
        }
        let mut call = self.calls.entry(event.call.clone()).or_insert_with(|| LiveCall::start(event, at));
        if event.seq > call.seq {
            call.apply(event, at);
        }
    }

    /// Adds the users of `pbx` that the directory names.
    pub fn add_directory(&self, pbx: &str, parties: Vec<Party>) {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        for party in parties {
            users.insert((pbx.to_owned(), party.endpoint.clone()), party);
        }
    }

    fn remember_users(&self, event: &CallEvent) {
        let parties = match &event.kind {
            EventKind::NewCall { users } => users.as_slice(),
            EventKind::Ringing { user } => std::slice::from_ref(user),
            EventKind::Answer { answered_by: AnsweredBy::User(user) } => std::slice::from_ref(user),
            _ => return,
        };
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        for party in parties {
            let has_room = users.len() < MAX_USERS;
            match users.entry((event.pbx.clone(), party.endpoint.clone())) {
                Entry::Occupied(mut known) => {
                    if known.get() != party {
                        known.insert(party.clone());
                    }
                }
                Entry::Vacant(entry) if has_room => {
                    entry.insert(party.clone());
                }
                Entry::Vacant(_) => {}
            }
        }
    }

    /// How many calls are going on.
    #[must_use]
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether there is no call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// All calls, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<LiveCall> {
        let mut calls: Vec<_> = self.calls.iter().map(|call| call.value().clone()).collect();
        calls.sort_unstable_by(|left, right| (left.started_at, &left.id).cmp(&(right.started_at, &right.id)));
        calls
    }

    /// The call with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<LiveCall> {
        self.calls.get(id).map(|call| call.value().clone())
    }

    /// When the call with this id started, and when it was first answered.
    pub(crate) fn times(&self, id: &str) -> Option<(Timestamp, Option<Timestamp>)> {
        self.calls.get(id).map(|call| (call.started_at, call.answered_at))
    }

    /// How many calls are going on at each PBX.
    #[must_use]
    pub fn count_by_pbx(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in &self.calls {
            *counts.entry(call.pbx.clone()).or_insert(0) += 1;
        }
        counts
    }

    /// The known users, by PBX and endpoint, with what they are doing in `calls`.
    #[must_use]
    pub fn users(&self, calls: &[LiveCall]) -> Vec<LiveUser> {
        users_in(&self.users.lock().unwrap_or_else(PoisonError::into_inner), calls)
    }
}
