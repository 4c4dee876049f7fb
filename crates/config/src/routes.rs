//! Which calls go to which targets.

use std::collections::BTreeSet;

use ringwire_directory::Pattern;
use ringwire_event::{CallEvent, Direction, Party};

/// The place of a target in the configuration.
pub type TargetIndex = usize;

/// All routes, and the targets they lead to.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// The names of all targets, in the order of the configuration.
    targets: Vec<String>,
    routes: Vec<Route>,
    /// The targets that no route names: they hear of every call.
    unrouted: BTreeSet<TargetIndex>,
}

impl Routes {
    /// The `routes` to `targets`, whose order gives them their index. A target that no route names gets
    /// every call.
    pub fn new(targets: Vec<String>, routes: Vec<Route>) -> Self {
        let routed: BTreeSet<_> = routes.iter().flat_map(|route| &route.targets).copied().collect();
        let unrouted = (0..targets.len()).filter(|index| !routed.contains(index)).collect();
        Self { targets, routes, unrouted }
    }

    /// The routes, in the order of the configuration.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The name of a target.
    pub fn target(&self, index: TargetIndex) -> Option<&str> {
        self.targets.get(index).map(String::as_str)
    }

    /// The index of the target called `name`.
    pub fn index(&self, name: &str) -> Option<TargetIndex> {
        self.targets.iter().position(|target| target == name)
    }

    /// The names of the targets that hear of every call.
    pub fn unrouted(&self) -> impl Iterator<Item = &str> {
        self.unrouted.iter().filter_map(|&index| self.target(index))
    }

    /// The targets that hear of a call at `event`, in which `users` were seen so far.
    pub fn matching(&self, event: &CallEvent, users: &[Party]) -> BTreeSet<TargetIndex> {
        let routed = self.routes.iter().filter(|route| route.matches(event, users));
        routed.flat_map(|route| &route.targets).chain(&self.unrouted).copied().collect()
    }
}

/// One route: calls that meet all its conditions go to its targets. A condition that is not set is met by
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
    pub targets: Vec<TargetIndex>,
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
