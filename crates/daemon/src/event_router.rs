//! Which targets receive the events of a call.
//!
//! Some facts of a call are known only later: the queue it enters, the user who takes it. So each event of a call
//! is matched against the routes until a target matches; from then on that target receives every event of the
//! call, to its hangup. A target that matches after the newCall gets the newCall first, since nothing else
//! makes sense to it without. That it is not configured meanwhile changes nothing: the events wait for it.

use std::{collections::BTreeMap, sync::Arc};

use ringwire_config::Routes;
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

    /// The events to send, each with the names of its targets: `event`, and before it the newCall for targets that match
    /// only now.
    ///
    /// Events of one call come in their order. A late newCall has the id, the place and the time of the first
    /// one, the facts as they are known now, and as users all who were seen in the call so far.
    pub(crate) fn route(&mut self, event: &Arc<CallEvent>) -> Vec<(Arc<CallEvent>, Vec<TargetName>)> {
        let mut routed = Vec::new();
        if let EventKind::NewCall { .. } = event.kind {
            self.calls.entry(event.call.clone()).or_insert_with(|| RoutedCall::new(event));
        }
        let Some(call) = self.calls.get_mut(&event.call) else {
            // Its beginning was never seen here, so there is nothing to keep: the event speaks for itself.
            let matching = matching(&self.routes, event, &users(event));
            return add_routed(routed, Arc::clone(event), matching);
        };
        call.see(event);
        let mut late = matching(&self.routes, event, &call.users);
        late.retain(|target| !call.notified.contains(target));
        call.notified.extend(late.iter().cloned());
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
            if let Some(call) = self.calls.get_mut(call)
                && !call.notified.contains(target)
            {
                call.notified.push(target.clone());
            }
        }
    }

    /// Uses other routes from here on. A target that received a call receives it to its end, also one that is no longer
    /// configured: it gets the rest once it is configured again.
    pub(crate) fn set_routes(&mut self, routes: Routes) {
        self.routes = routes;
    }
}

/// The targets that `routes` lead to at `event`, in the order of the configuration.
fn matching(routes: &Routes, event: &CallEvent, users: &[Party]) -> Vec<TargetName> {
    let matching = routes.matching(event, users);
    matching.into_iter().filter_map(|index| routes.target(index)).map(TargetName::from).collect()
}

/// Adds `event` for `targets`, if there are any.
fn add_routed(
    mut routed: Vec<(Arc<CallEvent>, Vec<TargetName>)>,
    event: Arc<CallEvent>,
    targets: Vec<TargetName>,
) -> Vec<(Arc<CallEvent>, Vec<TargetName>)> {
    if !targets.is_empty() {
        routed.push((event, targets));
    }
    routed
}

/// What is kept of a call while it lives.
#[derive(Debug)]
struct RoutedCall {
    new_call: Arc<CallEvent>,
    /// The users seen in it, in the order in which they were.
    users: Vec<Party>,
    /// The targets that receive its events, in the order in which they matched.
    notified: Vec<TargetName>,
}

impl RoutedCall {
    fn new(new_call: &Arc<CallEvent>) -> Self {
        Self { new_call: Arc::clone(new_call), users: Vec::new(), notified: Vec::new() }
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
        EventKind::Answer { answered_by: AnsweredBy::User(user) } => vec![user.clone()],
        kind => kind.user().cloned().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests;
