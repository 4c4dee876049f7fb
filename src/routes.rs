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

use ringwire_calls::Pattern;
use ringwire_event::{AnsweredBy, CallEvent, CallId, Direction, EventKind, Party};
use ringwire_outbox::EndpointName;

/// The place of an endpoint in the configuration.
pub(crate) type EndpointIndex = usize;

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
    pub(crate) fn route(&mut self, event: &Arc<CallEvent>) -> Vec<(Arc<CallEvent>, Vec<EndpointIndex>)> {
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
    pub(crate) fn resume(&mut self, living: &[CallEvent], told: &[(CallId, EndpointName)]) {
        for event in living {
            if let EventKind::NewCall { .. } = event.kind {
                self.calls.insert(event.call.clone(), Call::new(&Arc::new(event.clone())));
            }
            if let Some(call) = self.calls.get_mut(&event.call) {
                call.see(event);
            }
        }
        for (call, endpoint) in told {
            let index = self.routes.endpoints.iter().position(|name| name == endpoint.as_str());
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
                .filter_map(|&index| before.endpoints.get(index))
                .filter_map(|name| self.routes.endpoints.iter().position(|other| other == name))
                .collect();
        }
    }
}

/// Adds `event` for `endpoints`, if there are any.
fn tell(
    mut to_tell: Vec<(Arc<CallEvent>, Vec<EndpointIndex>)>,
    event: Arc<CallEvent>,
    endpoints: BTreeSet<EndpointIndex>,
) -> Vec<(Arc<CallEvent>, Vec<EndpointIndex>)> {
    if !endpoints.is_empty() {
        to_tell.push((event, endpoints.into_iter().collect()));
    }
    to_tell
}

/// All routes, and the endpoints they lead to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    /// The names of all endpoints, in the order of the configuration.
    endpoints: Vec<String>,
    routes: Vec<Route>,
    /// The endpoints that no route names: they hear of every call.
    unrouted: BTreeSet<EndpointIndex>,
}

impl Routes {
    /// The `routes` to `endpoints`, whose order gives them their index. An endpoint that no route names gets
    /// every call.
    pub(crate) fn new(endpoints: Vec<String>, routes: Vec<Route>) -> Self {
        let routed: BTreeSet<_> = routes.iter().flat_map(|route| &route.endpoints).copied().collect();
        let unrouted = (0..endpoints.len()).filter(|index| !routed.contains(index)).collect();
        Self { endpoints, routes, unrouted }
    }

    /// The routes, in the order of the configuration.
    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The name of an endpoint.
    pub(crate) fn endpoint(&self, index: EndpointIndex) -> Option<&str> {
        self.endpoints.get(index).map(String::as_str)
    }

    /// The names of the endpoints that hear of every call.
    pub(crate) fn unrouted(&self) -> impl Iterator<Item = &str> {
        self.unrouted.iter().filter_map(|&index| self.endpoint(index))
    }

    fn matching(&self, event: &CallEvent, users: &[Party]) -> BTreeSet<EndpointIndex> {
        let routed = self.routes.iter().filter(|route| route.matches(event, users));
        routed.flat_map(|route| &route.endpoints).chain(&self.unrouted).copied().collect()
    }
}

/// One route: calls that meet all its conditions go to its endpoints. A condition that is not set is met by
/// every call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Route {
    /// The PBX.
    pub(crate) pbx: Option<OneOf>,
    /// The direction.
    pub(crate) direction: Option<Vec<Direction>>,
    /// The queue the call waits in, or waited in last.
    pub(crate) queue: Option<OneOf>,
    /// The number that was dialled from outside; only inbound calls have one.
    pub(crate) did: Option<OneOf>,
    /// The account code of the channel that began the call.
    pub(crate) account: Option<OneOf>,
    /// The tenant of the channel that began the call.
    pub(crate) tenant: Option<OneOf>,
    /// A user seen in the call: endpoint (with or without its technology), extension, name, login or e-mail.
    pub(crate) user: Option<OneOf>,
    /// Where it leads.
    pub(crate) endpoints: Vec<EndpointIndex>,
}

impl Route {
    fn matches(&self, event: &CallEvent, users: &[Party]) -> bool {
        let did = (event.direction == Direction::In).then_some(event.to.as_str());
        met(self.pbx.as_ref(), Some(&event.pbx))
            && self.direction.as_ref().is_none_or(|directions| directions.contains(&event.direction))
            && met(self.queue.as_ref(), event.queue.as_deref())
            && met(self.did.as_ref(), did)
            && met(self.account.as_ref(), event.account.as_deref())
            && met(self.tenant.as_ref(), event.tenant.as_deref())
            && self.user.as_ref().is_none_or(|wanted| users.iter().any(|user| is_user(wanted, user)))
    }
}

/// Whether `fact` is one of the wanted; a fact that is not known meets no condition.
fn met(wanted: Option<&OneOf>, fact: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| fact.is_some_and(|fact| wanted.matches(fact)))
}

fn is_user(wanted: &OneOf, user: &Party) -> bool {
    let bare = user.endpoint.split_once('/').map(|(_technology, name)| name);
    let names = [&user.extension, &user.name, &user.login, &user.email].map(Option::as_deref);
    std::iter::once(Some(user.endpoint.as_str()))
        .chain([bare])
        .chain(names)
        .flatten()
        .any(|name| wanted.matches(name))
}

/// Patterns of which one has to match, with `*` for any run of characters and `?` for one; case does not count.
#[derive(Clone, Debug)]
pub(crate) struct OneOf {
    texts: Vec<String>,
    patterns: Vec<Pattern>,
}

impl OneOf {
    /// The patterns written as `texts`.
    pub(crate) fn new(texts: Vec<String>) -> Self {
        let patterns = texts.iter().map(|text| Pattern::new(text)).collect();
        Self { texts, patterns }
    }

    /// The patterns as they were written.
    pub(crate) fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Whether one of the patterns matches `fact`, whole.
    pub(crate) fn matches(&self, fact: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(fact))
    }
}

/// What is kept of a call while it lives.
#[derive(Debug)]
struct Call {
    new_call: Arc<CallEvent>,
    /// The users seen in it, in the order in which they were.
    users: Vec<Party>,
    /// The endpoints that hear of it.
    told: BTreeSet<EndpointIndex>,
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
