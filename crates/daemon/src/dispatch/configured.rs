//! Which endpoints there are, and which calls go to them.

use std::collections::BTreeMap;

use ringwire_config::Routes;

use ringwire_live::TargetEvent;

use super::{Dispatch, stored};
use crate::messages::Recipient;

impl Dispatch {
    /// Sends by these routes to these endpoints from here on.
    pub(super) fn configure(&mut self, routes: Routes, endpoints: Vec<Recipient>) {
        let now = self.clock.now();
        self.router.set_routes(routes);
        let left = self.left.take();
        let first = left.is_some();
        let left = left.unwrap_or_default();
        if first {
            self.router.resume(&left.live_events, &left.live_targets);
        }
        self.recipients = endpoints.iter().map(|endpoint| endpoint.name.clone()).collect();
        let mut senders = BTreeMap::new();
        self.terms.clear();
        self.dialects.clear();
        for Recipient { name, terms, dialect, sender } in endpoints {
            self.dialects.insert(name.clone(), dialect);
            let known = self.machine.targets().find(|status| *status.target == name);
            let standing =
                known.map_or_else(|| stored::target_state(&left, &name), |status| status.state.clone());
            self.machine.set_target(&name, terms, standing, now);
            self.terms.insert(name.clone(), terms);
            senders.insert(name, sender);
        }
        self.machine.targets().for_each(|status| self.reporter.report_start(status.target, status.state));
        let before = std::mem::replace(&mut self.senders, senders);
        for name in
            before.into_keys().chain(left.pending_targets).filter(|name| !self.recipients.contains(name))
        {
            self.machine.remove_target(&name);
            self.reporter.emitter().emit(TargetEvent::Removed { target: name.as_str() });
        }
        self.report_statuses();
    }

    /// Reports the states of all targets.
    pub(super) fn report_statuses(&self) {
        let statuses = self.machine.targets().filter_map(|status| {
            let dialect = self.dialects.get(status.target)?;
            Some((status, *dialect))
        });
        self.reporter.report_statuses(statuses, self.clock.now());
    }
}
