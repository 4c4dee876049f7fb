//! The configured targets, and which calls go to them.

use std::collections::BTreeMap;

use ringwire_config::Routes;

use ringwire_live::TargetEvent;

use super::{DeliveryTask, stored};
use crate::messages::TargetClient;

impl DeliveryTask {
    /// Uses these routes and targets from here on.
    pub(super) fn configure(&mut self, routes: Routes, targets: Vec<TargetClient>) {
        let now = self.clock.now();
        self.router.set_routes(routes);
        let recovered = self.recovered.take();
        let first = recovered.is_some();
        let recovered = recovered.unwrap_or_default();
        if first {
            self.router.resume(&recovered.live_events, &recovered.live_targets);
        }
        let mut senders = BTreeMap::new();
        self.policies.clear();
        self.dialects.clear();
        self.longest_request = self.drain;
        for TargetClient { name, policy, dialect, sender, hangup_timeout } in targets {
            self.longest_request = self.longest_request.max(hangup_timeout);
            self.dialects.insert(name.clone(), dialect);
            let known = self.machine.targets().find(|status| *status.target == name);
            let state =
                known.map_or_else(|| stored::target_state(&recovered, &name), |status| status.state.clone());
            self.machine.set_target(&name, policy, state, now);
            self.policies.insert(name.clone(), policy);
            senders.insert(name, sender);
        }
        self.machine.targets().for_each(|status| self.reporter.report_start(status.target, status.state));
        let before = std::mem::take(&mut self.senders);
        for name in
            before.into_keys().chain(recovered.pending_targets).filter(|name| !senders.contains_key(name))
        {
            self.machine.remove_target(&name);
            self.reporter.emitter().emit(TargetEvent::Removed { target: name.as_str() });
        }
        self.senders = senders;
        self.report_statuses();
    }

    /// Reports the states of all targets.
    pub(super) fn report_statuses(&self) {
        let statuses = self.machine.targets().filter_map(|status| {
            let dialect = self.dialects.get(status.target)?;
            Some((status, &**dialect))
        });
        self.reporter.report_statuses(statuses, self.clock.now());
    }
}
