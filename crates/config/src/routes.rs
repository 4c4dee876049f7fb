//! Which calls go to which endpoints.

use std::collections::BTreeSet;

use ringwire_calls::Pattern;
use ringwire_event::{CallEvent, Direction, Party};

/// The place of an endpoint in the configuration.
pub type EndpointIndex = usize;

/// All routes, and the endpoints they lead to.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// The names of all endpoints, in the order of the configuration.
    endpoints: Vec<String>,
    routes: Vec<Route>,
    /// The endpoints that no route names: they hear of every call.
    unrouted: BTreeSet<EndpointIndex>,
}

impl Routes {
    /// The `routes` to `endpoints`, whose order gives them their index. An endpoint that no route names gets
    /// every call.
    pub fn new(endpoints: Vec<String>, routes: Vec<Route>) -> Self {
        let routed: BTreeSet<_> = routes.iter().flat_map(|route| &route.endpoints).copied().collect();
        let unrouted = (0..endpoints.len()).filter(|index| !routed.contains(index)).collect();
        Self { endpoints, routes, unrouted }
    }

    /// The routes, in the order of the configuration.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The name of an endpoint.
    pub fn endpoint(&self, index: EndpointIndex) -> Option<&str> {
        self.endpoints.get(index).map(String::as_str)
    }

    /// The index of the endpoint called `name`.
    pub fn index(&self, name: &str) -> Option<EndpointIndex> {
        self.endpoints.iter().position(|endpoint| endpoint == name)
    }

    /// The names of the endpoints that hear of every call.
    pub fn unrouted(&self) -> impl Iterator<Item = &str> {
        self.unrouted.iter().filter_map(|&index| self.endpoint(index))
    }

    /// The endpoints that hear of a call at `event`, in which `users` were seen so far.
    pub fn matching(&self, event: &CallEvent, users: &[Party]) -> BTreeSet<EndpointIndex> {
        let routed = self.routes.iter().filter(|route| route.matches(event, users));
        routed.flat_map(|route| &route.endpoints).chain(&self.unrouted).copied().collect()
    }
}

/// One route: calls that meet all its conditions go to its endpoints. A condition that is not set is met by
/// every call.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// The PBX.
    pub pbx: Option<OneOf>,
    /// The direction.
    pub direction: Option<Vec<Direction>>,
    /// The queue the call waits in, or waited in last.
    pub queue: Option<OneOf>,
    /// The number that was dialled from outside; only inbound calls have one.
    pub did: Option<OneOf>,
    /// The account code of the channel that began the call.
    pub account: Option<OneOf>,
    /// The tenant of the channel that began the call.
    pub tenant: Option<OneOf>,
    /// A user seen in the call: endpoint (with or without its technology), extension, name, login or e-mail.
    pub user: Option<OneOf>,
    /// Where it leads.
    pub endpoints: Vec<EndpointIndex>,
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
pub struct OneOf {
    texts: Vec<String>,
    patterns: Vec<Pattern>,
}

impl OneOf {
    /// The patterns written as `texts`.
    pub fn new(texts: Vec<String>) -> Self {
        let patterns = texts.iter().map(|text| Pattern::new(text)).collect();
        Self { texts, patterns }
    }

    /// The patterns as they were written.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Whether one of the patterns matches `fact`, whole.
    pub fn matches(&self, fact: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(fact))
    }
}
