//! Which targets receive the events of a call.
//!
//! Some facts of a call are known only later: the queue it enters, the user who takes it. So each event of a call
//! is matched against the routes until a target matches; from then on that target receives every event of the
//! call, to its hangup. A target that matches after the newCall gets the newCall first, since nothing else
//! makes sense to it without.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ringwire_config::{Routes, TargetIndex};
use ringwire_delivery::TargetName;
use ringwire_event::{AnsweredBy, CallEvent, CallId, EventKind, Party};

/// Follows the calls and decides for each event which targets receive it.
#[derive(Debug)]
pub(crate) struct EventRouter {
    routes: Routes,
    calls: BTreeMap<CallId, RoutedCall>,
}

impl EventRouter {
    /// A router that has seen no call yet.
    pub(crate) fn new(routes: Routes) -> Self {
        Self { routes, calls: BTreeMap::new() }
    }

    /// The events to send, each with its targets: `event`, and before it the newCall for targets that match only now.
    ///
    /// Events of one call come in their order. A late newCall has the id, the place and the time of the first
    /// one, the facts as they are known now, and as users all who were seen in the call so far.
    pub(crate) fn route(&mut self, event: &Arc<CallEvent>) -> Vec<(Arc<CallEvent>, Vec<TargetIndex>)> {
        let mut routed = Vec::new();
        if let EventKind::NewCall { .. } = event.kind {
            self.calls.entry(event.call.clone()).or_insert_with(|| RoutedCall::new(event));
        }
        let Some(call) = self.calls.get_mut(&event.call) else {
            // Its beginning was never seen here, so there is nothing to keep: the event speaks for itself.
            let matching = self.routes.matching(event, &users(event));
            return add_routed(routed, Arc::clone(event), matching);
        };
        call.see(event);
        let late: BTreeSet<_> =
            self.routes.matching(event, &call.users).difference(&call.notified).copied().collect();
        call.notified.extend(&late);
        if !matches!(event.kind, EventKind::NewCall { .. }) {
            routed = add_routed(routed, call.announcement(event), late);
        }
        let notified = call.notified.clone();
        if let EventKind::Hangup { .. } = event.kind {
            self.calls.remove(&event.call);
        }
        add_routed(routed, Arc::clone(event), notified)
    }

    /// Resumes the calls of `living`, whose events come in their order, as an earlier process routed them: the
    /// targets in `notified` receive them to their end.
    pub(crate) fn resume(&mut self, living: &[CallEvent], notified: &[(CallId, TargetName)]) {
        for event in living {
            if let EventKind::NewCall { .. } = event.kind {
                self.calls.insert(event.call.clone(), RoutedCall::new(&Arc::new(event.clone())));
            }
            if let Some(call) = self.calls.get_mut(&event.call) {
                call.see(event);
            }
        }
        for (call, target) in notified {
            let index = self.routes.index(target.as_str());
            if let (Some(call), Some(index)) = (self.calls.get_mut(call), index) {
                call.notified.insert(index);
            }
        }
    }

    /// Uses other routes from here on. A target that received a call receives it to its end, if it is still configured
    /// under its name.
    pub(crate) fn set_routes(&mut self, routes: Routes) {
        let before = std::mem::replace(&mut self.routes, routes);
        for call in self.calls.values_mut() {
            call.notified = call
                .notified
                .iter()
                .filter_map(|&index| before.target(index))
                .filter_map(|name| self.routes.index(name))
                .collect();
        }
    }
}

/// Adds `event` for `targets`, if there are any.
fn add_routed(
    mut routed: Vec<(Arc<CallEvent>, Vec<TargetIndex>)>,
    event: Arc<CallEvent>,
    targets: BTreeSet<TargetIndex>,
) -> Vec<(Arc<CallEvent>, Vec<TargetIndex>)> {
    if !targets.is_empty() {
        routed.push((event, targets.into_iter().collect()));
    }
    routed
}

/// What is kept of a call while it lives.
#[derive(Debug)]
struct RoutedCall {
    new_call: Arc<CallEvent>,
    /// The users seen in it, in the order in which they were.
    users: Vec<Party>,
    /// The targets that receive its events.
    notified: BTreeSet<TargetIndex>,
}

impl RoutedCall {
    fn new(new_call: &Arc<CallEvent>) -> Self {
        Self { new_call: Arc::clone(new_call), users: Vec::new(), notified: BTreeSet::new() }
    }

    fn see(&mut self, event: &CallEvent) {
        for user in users(event) {
            if !self.users.iter().any(|seen| seen.endpoint == user.endpoint) {
                self.users.push(user);
            }
        }
    }

    /// The newCall with what is known at `event`.
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
