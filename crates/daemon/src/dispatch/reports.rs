//! What the journal reports: what is on disk may be sent, and what the operator ordered is done.

use std::sync::Arc;

use jiff::Timestamp;
use ringwire_outbox::{
    delivery::{Order, Owed},
    store::{Committed, Report, Requested},
};

use super::Dispatch;

impl Dispatch {
    /// Does what the journal reports.
    pub(super) fn heed(&mut self, report: Report) {
        let now = self.clock.now();
        match report {
            Report::Committed { events, durable } => {
                self.trouble.undurable |= !durable;
                for event in events {
                    self.committed(event, durable, now);
                }
            }
            Report::Repeated { events } => self.uncommitted = self.uncommitted.saturating_sub(events),
            Report::Failing { error } => {
                self.trouble.failing = true;
                self.say.journal_fails(&error);
            }
            Report::Healed { lost } => {
                self.journal.reading().reopen();
                self.tell.desk().metrics().lost(lost);
                self.say.journal_is_well(lost);
                if std::mem::take(&mut self.trouble).unread {
                    self.load_anew(now);
                }
            }
            Report::SetAside { path, found } => {
                self.journal.reading().reopen();
                self.tell.desk().journal_replaced();
                self.say.journal_set_aside(&path, &found);
            }
            Report::Order(wanted) => self.order(wanted, now),
            Report::Swept(swept) => {
                tracing::debug!(?swept, "the journal forgot what is too old");
                if swept.more {
                    self.journal.sweep(&self.clock);
                }
            }
        }
    }

    /// Forgets what is in memory and asks the journal, which has all of it and what was there before. What is on
    /// its way may arrive twice.
    fn load_anew(&mut self, now: Timestamp) {
        let endpoints: Vec<_> = self
            .machine
            .endpoints()
            .map(|status| (status.endpoint.clone(), status.standing.clone()))
            .collect();
        for (name, standing) in endpoints {
            if let Some(terms) = self.terms.get(&name).copied() {
                self.machine.remove_endpoint(&name);
                self.machine.set_endpoint(&name, terms, standing, now);
            }
        }
    }

    fn committed(&mut self, committed: Committed, durable: bool, now: Timestamp) {
        self.uncommitted = self.uncommitted.saturating_sub(1);
        self.tell.desk().committed(&committed, durable, now);
        let Committed { event, owed, recorded, .. } = committed;
        for (name, id) in owed {
            let owed = Owed { id, event: Arc::clone(&event), committed: recorded, failures: 0, due: None };
            self.machine.commit(&name, owed, now);
        }
    }

    fn order(&mut self, wanted: Requested, now: Timestamp) {
        let order = match wanted {
            Requested::Retry(endpoint, owed) => Order::Retry { endpoint, owed },
            Requested::Drop(endpoint, id) => Order::Drop { endpoint, id },
            Requested::Pause(endpoint) => {
                self.say.ordered(&endpoint, "paused by the operator");
                Order::Pause { endpoint, reason: "by the operator".to_owned() }
            }
            Requested::Resume(endpoint) => {
                self.say.ordered(&endpoint, "well");
                Order::Resume { endpoint }
            }
        };
        self.machine.order(order, now);
    }
}
