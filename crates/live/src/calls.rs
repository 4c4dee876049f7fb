//! The calls as they stand, folded from what was said of them.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Mutex, PoisonError},
};

use dashmap::DashMap;
use jiff::Timestamp;
use ringwire_event::{AnsweredBy, CallEvent, CallId, Direction, EventKind, Party, TransferKind};
use serde::Serialize;

/// How many users are remembered who are in no directory.
const USERS: usize = 10_000;

/// A call that is going on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LiveCall {
    /// Its id.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub id: CallId,
    /// The PBX it is at.
    pub pbx: String,
    /// Where it came from and where it went.
    pub direction: Direction,
    /// The caller.
    pub from: String,
    /// The caller's name as the PBX showed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    /// What was called.
    pub to: String,
    /// The queue it waits or waited in last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The endpoint of the trunk that carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trunk: Option<String>,
    /// How far it has come.
    pub state: CallState,
    /// Whose phones were rung; the caller's own for an outbound call.
    pub users: Vec<Party>,
    /// Who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<AnsweredBy>,
    /// When it began.
    pub began: Timestamp,
    /// When it was first answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<Timestamp>,
    /// Since when it is on hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_since: Option<Timestamp>,
    /// How it was passed on last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transferred: Option<Transferred>,
    /// The number of its last event among its own.
    pub seq: u32,
    /// Whether some of it was learnt from a snapshot after a gap.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum CallState {
    /// Phones ring.
    Ringing,
    /// The caller waits in a queue.
    Waiting,
    /// Somebody took it.
    Talking,
    /// Somebody took it, and one of the two has the other on hold.
    Held,
}

/// How a call was passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Transferred {
    /// In which way.
    pub kind: TransferKind,
    /// To where, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// A queue with calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Queue {
    /// The PBX it is at.
    pub pbx: String,
    /// Its name.
    pub name: String,
    /// Who waits in it, longest first.
    pub waiting: Vec<Waiting>,
    /// How many of its calls are being talked.
    pub talking: usize,
}

/// A caller who waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// The call.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub call: CallId,
    /// The caller.
    pub from: String,
    /// The caller's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// A user, and what that user is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The PBX.
    pub pbx: String,
    /// The user's device, and who it is.
    #[serde(flatten)]
    pub party: Party,
    /// What the user is doing, as far as calls tell.
    pub state: UserState,
    /// In which call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub call: Option<CallId>,
}

/// What a user is doing, as far as calls tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum UserState {
    /// In no call.
    Free,
    /// Being rung, or calling.
    Ringing,
    /// In a call that is on hold.
    Held,
    /// Talking.
    Talking,
}

impl LiveCall {
    /// The call that `event` is the first to tell of.
    fn begin(event: &CallEvent, at: Timestamp) -> Self {
        let state = if event.queue.is_some() { CallState::Waiting } else { CallState::Ringing };
        Self {
            id: event.call.clone(),
            pbx: event.pbx.clone(),
            direction: event.direction,
            from: event.from.clone(),
            from_name: event.from_name.clone(),
            to: event.to.clone(),
            queue: event.queue.clone(),
            trunk: event.trunk.clone(),
            state,
            users: Vec::new(),
            answered_by: None,
            began: at,
            answered: None,
            held_since: None,
            transferred: None,
            seq: 0,
            recovered: false,
        }
    }

    /// Takes what happened to it, which it has not heard of before.
    fn apply(&mut self, event: &CallEvent, at: Timestamp) {
        self.seq = event.seq;
        self.recovered |= event.recovered;
        self.queue.clone_from(&event.queue);
        match &event.kind {
            EventKind::NewCall { users } => self.users.clone_from(users),
            EventKind::Ringing { user } => {
                if !self.users.iter().any(|known| known.endpoint == user.endpoint) {
                    self.users.push(user.clone());
                }
            }
            EventKind::Answer { answered_by } => {
                self.answered_by = Some(answered_by.clone());
                self.answered.get_or_insert(at);
                self.held_since = None;
            }
            EventKind::Hold { .. } => self.held_since = Some(at),
            EventKind::Unhold { .. } => self.held_since = None,
            EventKind::Transfer { kind, target, .. } => {
                self.transferred = Some(Transferred { kind: *kind, target: target.clone() });
            }
            EventKind::Hangup { .. } => {}
        }
        self.state = match (self.answered, self.held_since) {
            (None, _) if self.queue.is_some() => CallState::Waiting,
            (None, _) => CallState::Ringing,
            (Some(_), None) => CallState::Talking,
            (Some(_), Some(_)) => CallState::Held,
        };
    }

    /// Who is doing what in it.
    fn engaged(&self) -> impl Iterator<Item = (&Party, UserState)> {
        let doing = match self.state {
            CallState::Ringing | CallState::Waiting => UserState::Ringing,
            CallState::Talking => UserState::Talking,
            CallState::Held => UserState::Held,
        };
        let answered_by = self.answered_by.as_ref().and_then(AnsweredBy::user);
        // Once somebody has it, the others' phones are silent; who calls out stays in it.
        let rung = self.answered_by.is_none() || self.direction == Direction::Out;
        let users = self.users.iter().filter(move |_| rung);
        answered_by.into_iter().chain(users).map(move |party| (party, doing))
    }
}

/// The calls that are going on, by id, and the users who were seen. One task writes, anybody reads.
#[derive(Debug, Default)]
pub struct Live {
    calls: DashMap<CallId, LiveCall>,
    users: Mutex<BTreeMap<(String, String), Party>>,
}

impl Live {
    /// Takes what was said of a call, at the time `recorded` unless it says when it happened. What was heard of before
    /// changes nothing. Gives the call as it was, if it is over.
    pub(crate) fn apply(&self, event: &CallEvent, recorded: Timestamp) -> Option<LiveCall> {
        let at = event.time.unwrap_or(recorded);
        self.remember(event);
        if matches!(event.kind, EventKind::Hangup { .. }) {
            return self.calls.remove(&event.call).map(|(_, call)| call);
        }
        let mut call = self.calls.entry(event.call.clone()).or_insert_with(|| LiveCall::begin(event, at));
        if event.seq > call.seq {
            call.apply(event, at);
        }
        None
    }

    /// The users of `pbx` that the directory names, in place of none.
    pub fn set_directory(&self, pbx: &str, parties: Vec<Party>) {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        for party in parties {
            users.insert((pbx.to_owned(), party.endpoint.clone()), party);
        }
    }

    fn remember(&self, event: &CallEvent) {
        let parties = match &event.kind {
            EventKind::NewCall { users } => users.as_slice(),
            EventKind::Ringing { user } => std::slice::from_ref(user),
            EventKind::Answer { answered_by: AnsweredBy::User(user) } => std::slice::from_ref(user),
            _ => return,
        };
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        for party in parties {
            let room = users.len() < USERS;
            match users.entry((event.pbx.clone(), party.endpoint.clone())) {
                Entry::Occupied(mut known) => {
                    if known.get() != party {
                        known.insert(party.clone());
                    }
                }
                Entry::Vacant(place) if room => {
                    place.insert(party.clone());
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

    /// The calls, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<LiveCall> {
        let mut calls: Vec<_> = self.calls.iter().map(|call| call.value().clone()).collect();
        calls.sort_unstable_by(|left, right| (left.began, &left.id).cmp(&(right.began, &right.id)));
        calls
    }

    /// When a call began, and when it was first answered.
    pub(crate) fn times(&self, id: &str) -> Option<(Timestamp, Option<Timestamp>)> {
        self.calls.get(id).map(|call| (call.began, call.answered))
    }

    /// One call.
    #[must_use]
    pub fn call(&self, id: &str) -> Option<LiveCall> {
        self.calls.get(id).map(|call| call.value().clone())
    }

    /// How many calls are going on at each PBX.
    #[must_use]
    pub fn by_pbx(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in &self.calls {
            *counts.entry(call.pbx.clone()).or_insert(0) += 1;
        }
        counts
    }

    /// What the users are doing who are known, by PBX and device.
    #[must_use]
    pub fn users(&self, calls: &[LiveCall]) -> Vec<User> {
        let mut doing: BTreeMap<(&str, &str), (UserState, &CallId)> = BTreeMap::new();
        for call in calls {
            for (party, state) in call.engaged() {
                let known = doing.entry((&call.pbx, &party.endpoint)).or_insert((state, &call.id));
                if state > known.0 {
                    *known = (state, &call.id);
                }
            }
        }
        let users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        let user = |((pbx, endpoint), party): (&(String, String), &Party)| {
            let (state, call) = doing
                .get(&(pbx.as_str(), endpoint.as_str()))
                .map_or((UserState::Free, None), |(state, call)| (*state, Some((*call).clone())));
            User { pbx: pbx.clone(), party: party.clone(), state, call }
        };
        users.iter().map(user).collect()
    }
}

/// The queues in which `calls`, oldest first, wait or waited, by PBX and name.
#[must_use]
pub fn queues(calls: &[LiveCall]) -> Vec<Queue> {
    let mut queues: BTreeMap<(&str, &str), Queue> = BTreeMap::new();
    for call in calls {
        let Some(name) = &call.queue else { continue };
        let queue = queues.entry((&call.pbx, name)).or_insert_with(|| Queue {
            pbx: call.pbx.clone(),
            name: name.clone(),
            waiting: Vec::new(),
            talking: 0,
        });
        if call.state == CallState::Waiting {
            queue.waiting.push(Waiting {
                call: call.id.clone(),
                from: call.from.clone(),
                from_name: call.from_name.clone(),
                since: call.began,
            });
        } else {
            queue.talking += 1;
        }
    }
    queues.into_values().collect()
}
