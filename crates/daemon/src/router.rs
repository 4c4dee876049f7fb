//! Which endpoints hear of a call.
//!
//! Some facts of a call are known only later: the queue it enters, the user who takes it. So each event of a call
//! is held against the routes until an endpoint has matched; from then on that endpoint hears everything of the
//! call, to its hangup. An endpoint that matches after the newCall is told the newCall first, since nothing else
//! makes sense to it without.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ringwire_config::{Routes, TargetIndex};
use ringwire_delivery::TargetName;
use ringwire_event::{AnsweredBy, CallEvent, CallId, EventKind, Party};

/// Follows the calls and says, for each event, who is told what.
#[derive(Debug)]
pub(crate) struct Router {
    routes: Routes,
    calls: BTreeMap<CallId, Call>,
}

impl Router {
    /// A router that has seen no call yet.
    pub(crate) fn new(routes: Routes) -> Self {
        Self { routes, calls: BTreeMap::new() }
    }

    /// What to tell whom of `event`: nothing, the event, or for some endpoints the newCall of its call before it.
    ///
    /// Events of one call come in their order. A newCall told late has the id, the place and the time of the first
    /// one, the facts as they are known now, and as users all who were seen in the call so far.
    pub(crate) fn route(&mut self, event: &Arc<CallEvent>) -> Vec<(Arc<CallEvent>, Vec<TargetIndex>)> {
        let mut to_tell = Vec::new();
        if let EventKind::NewCall { .. } = event.kind {
            self.calls.entry(event.call.clone()).or_insert_with(|| Call::new(event));
        }
        let Some(call) = self.calls.get_mut(&event.call) else {
            // Its beginning was never seen here, so there is nothing to keep: the event speaks for itself.
            let matching = self.routes.matching(event, &users(event));
            return tell(to_tell, Arc::clone(event), matching);
        };
        call.see(event);
        let late: BTreeSet<_> =
            self.routes.matching(event, &call.users).difference(&call.told).copied().collect();
        call.told.extend(&late);
        if !matches!(event.kind, EventKind::NewCall { .. }) {
            to_tell = tell(to_tell, call.announcement(event), late);
        }
        let told = call.told.clone();
        if let EventKind::Hangup { .. } = event.kind {
            self.calls.remove(&event.call);
        }
        tell(to_tell, Arc::clone(event), told)
    }

    /// Takes up the calls of `living`, whose events come in their order, as an earlier process routed them: the
    /// endpoints in `told` hear them to their end.
    pub(crate) fn resume(&mut self, living: &[CallEvent], told: &[(CallId, TargetName)]) {
        for event in living {
            if let EventKind::NewCall { .. } = event.kind {
                self.calls.insert(event.call.clone(), Call::new(&Arc::new(event.clone())));
            }
            if let Some(call) = self.calls.get_mut(&event.call) {
                call.see(event);
            }
        }
        for (call, endpoint) in told {
            let index = self.routes.index(endpoint.as_str());
            if let (Some(call), Some(index)) = (self.calls.get_mut(call), index) {
                call.told.insert(index);
            }
        }
    }

    /// Takes other routes from here on. Whoever was told of a call hears it to its end, if it is still configured
    /// under its name.
    pub(crate) fn set_routes(&mut self, routes: Routes) {
        let before = std::mem::replace(&mut self.routes, routes);
        for call in self.calls.values_mut() {
            call.told = call
                .told
                .iter()
                .filter_map(|&index| before.target(index))
                .filter_map(|name| self.routes.index(name))
                .collect();
        }
    }
}

/// Adds `event` for `endpoints`, if there are any.
fn tell(
    mut to_tell: Vec<(Arc<CallEvent>, Vec<TargetIndex>)>,
    event: Arc<CallEvent>,
    endpoints: BTreeSet<TargetIndex>,
) -> Vec<(Arc<CallEvent>, Vec<TargetIndex>)> {
    if !endpoints.is_empty() {
        to_tell.push((event, endpoints.into_iter().collect()));
    }
    to_tell
}

/// What is kept of a call while it lives.
#[derive(Debug)]
struct Call {
    new_call: Arc<CallEvent>,
    /// The users seen in it, in the order in which they were.
    users: Vec<Party>,
    /// The endpoints that hear of it.
    told: BTreeSet<TargetIndex>,
}

impl Call {
    fn new(new_call: &Arc<CallEvent>) -> Self {
        Self { new_call: Arc::clone(new_call), users: Vec::new(), told: BTreeSet::new() }
    }

    fn see(&mut self, event: &CallEvent) {
        for user in users(event) {
            if !self.users.iter().any(|seen| seen.endpoint == user.endpoint) {
                self.users.push(user);
            }
        }
    }

    /// The newCall as it is told with what is known at `event`.
    fn announcement(&self, event: &CallEvent) -> Arc<CallEvent> {
        let CallEvent { id, seq, time, recovered, .. } = &*self.new_call;
        Arc::new(CallEvent {
            id: id.clone(),
            seq: *seq,
            time: *time,
            recovered: *recovered,
            kind: EventKind::NewCall { users: self.users.clone() },
            ..event.clone()
        })
    }
}

/// The users that `event` names.
fn users(event: &CallEvent) -> Vec<Party> {
    match &event.kind {
        EventKind::NewCall { users } => users.clone(),
        EventKind::Ringing { user } => vec![user.clone()],
        EventKind::Answer { answered_by: AnsweredBy::User(user) } => vec![user.clone()],
        EventKind::Hold { user } | EventKind::Unhold { user } | EventKind::Transfer { user, .. } => {
            user.iter().cloned().collect()
        }
        EventKind::Answer { .. } | EventKind::Hangup { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
