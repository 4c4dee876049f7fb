//! What the journal reports: what is on disk may be sent, and what the operator ordered is done.

use std::sync::Arc;

use jiff::Timestamp;
use ringwire_delivery::{DeliveryCommand, PendingDelivery};
use ringwire_outbox::{AppliedCommand, CommittedEvent, StoreReport};

use super::Dispatch;

impl Dispatch {
    /// Does what the journal reports.
    pub(super) fn heed(&mut self, report: StoreReport) {
        let now = self.clock.now();
        match report {
            StoreReport::Committed { events, durable } => {
                self.trouble.undurable |= !durable;
                for event in events {
                    self.committed(event, durable, now);
                }
            }
            StoreReport::Repeated { events } => self.uncommitted = self.uncommitted.saturating_sub(events),
            StoreReport::Failing { error } => {
                self.trouble.failing = true;
                self.say.journal_fails(&error);
            }
            StoreReport::Recovered { lost } => {
                self.journal.reading().reopen();
                self.tell.desk().metrics().lost(lost);
                self.say.journal_is_well(lost);
                if std::mem::take(&mut self.trouble).unread {
                    self.load_anew(now);
                }
            }
            StoreReport::SetAside { path, found } => {
                self.journal.reading().reopen();
                self.tell.desk().journal_replaced();
                self.say.journal_set_aside(&path, &found);
            }
            StoreReport::CommandApplied(command) => self.execute(command, now),
            StoreReport::Swept(swept) => {
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
        let endpoints: Vec<_> =
            self.machine.targets().map(|status| (status.target.clone(), status.state.clone())).collect();
        for (name, standing) in endpoints {
            if let Some(terms) = self.terms.get(&name).copied() {
                self.machine.remove_target(&name);
                self.machine.set_target(&name, terms, standing, now);
            }
        }
    }

    fn committed(&mut self, committed: CommittedEvent, durable: bool, now: Timestamp) {
        self.uncommitted = self.uncommitted.saturating_sub(1);
        self.tell.desk().committed(&committed, durable, now);
        let CommittedEvent { event, deliveries, recorded_at, .. } = committed;
        for (name, id) in deliveries {
            let pending = PendingDelivery {
                id,
                event: Arc::clone(&event),
                committed_at: recorded_at,
                failures: 0,
                due_at: None,
            };
            self.machine.commit(&name, pending, now);
        }
    }

    fn execute(&mut self, command: AppliedCommand, now: Timestamp) {
        let command = match command {
            AppliedCommand::Retry(target, pending) => DeliveryCommand::Retry { target, pending },
            AppliedCommand::Drop(target, id) => DeliveryCommand::Drop { target, id },
            AppliedCommand::Pause(target) => {
                self.say.ordered(&target, "paused by the operator");
                DeliveryCommand::Pause { target, reason: "by the operator".to_owned() }
            }
            AppliedCommand::Resume(target) => {
                self.say.ordered(&target, "well");
                DeliveryCommand::Resume { target }
            }
        };
        self.machine.execute(command, now);
    }
}
