//! Handles what the journal reports: committed events may be sent, and applied commands are carried out.

use std::sync::Arc;

use jiff::Timestamp;
use ringwire_delivery::{DeliveryCommand, PendingDelivery, PriorAttempt};
use ringwire_live::{JournalEvent, TargetEvent};
use ringwire_outbox::{AppliedCommand, CommittedEvent, StoreReport};

use super::DeliveryTask;

impl DeliveryTask {
    /// Handles a report of the journal.
    pub(super) fn on_report(&mut self, report: StoreReport) {
        let now = self.clock.now();
        match report {
            StoreReport::Committed { events, durable } => {
                self.trouble.undurable |= !durable;
                for event in events {
                    self.committed(event, durable, now);
                }
            }
            StoreReport::AttemptsOpened(deliveries) => {
                for delivery in deliveries {
                    self.send_opened(delivery);
                }
            }
            StoreReport::ProgressSaved(deliveries) => {
                for delivery in deliveries {
                    self.on_saved(delivery);
                }
            }
            StoreReport::Repeated { events } => self.uncommitted = self.uncommitted.saturating_sub(events),
            StoreReport::Failing { error } => {
                self.trouble.failing = true;
                let hint = error.hint();
                self.reporter.emitter().emit(JournalEvent::Failing { error: &error.to_string(), hint });
            }
            StoreReport::Recovered { lost } => {
                self.journal.reader().reopen();
                self.reporter.emitter().emit(match lost {
                    0 => JournalEvent::Recovered,
                    lost => JournalEvent::RecoveredWithLoss { lost },
                });
                if std::mem::take(&mut self.trouble).unread {
                    self.reload(now);
                }
            }
            StoreReport::SetAside { path, found } => {
                self.journal.reader().reopen();
                let aside = path.display().to_string();
                self.reporter.emitter().emit(JournalEvent::SetAside { aside: &aside, found: &found });
            }
            StoreReport::Lost { loss, aside } => {
                self.journal.reader().reopen();
                let aside = aside.map(|path| path.display().to_string());
                let loss = loss.to_string();
                self.reporter.emitter().emit(JournalEvent::Lost { loss: &loss, aside: aside.as_deref() });
            }
            StoreReport::CommandApplied(command) => self.execute(command, now),
            StoreReport::Swept(swept) => {
                if swept.removed + swept.erased > 0 || !swept.more {
                    self.reporter.emitter().emit(JournalEvent::Swept { removed: &format!("{swept:?}") });
                }
                if swept.damaged > 0 {
                    self.reporter.emitter().emit(JournalEvent::DamagedRemoved { count: swept.damaged });
                }
                if swept.more {
                    self.journal.sweep(&self.clock);
                }
            }
        }
    }

    /// Discards what is in memory and loads it again from the journal, which has all of it and more. What is on
    /// its way may arrive twice.
    fn reload(&mut self, now: Timestamp) {
        let targets: Vec<_> =
            self.machine.targets().map(|status| (status.target.clone(), status.state.clone())).collect();
        for (name, state) in targets {
            if let Some(policy) = self.policies.get(&name).copied() {
                self.machine.remove_target(&name);
                self.machine.set_target(&name, policy, state, now);
            }
        }
    }

    fn committed(&mut self, committed: CommittedEvent, durable: bool, now: Timestamp) {
        self.uncommitted = self.uncommitted.saturating_sub(1);
        self.reporter.emitter().emit(JournalEvent::EventCommitted { committed: &committed, durable });
        let CommittedEvent { event, deliveries, recorded_at, .. } = committed;
        for (name, id) in deliveries {
            let pending = PendingDelivery {
                id,
                event: Arc::clone(&event),
                committed_at: recorded_at,
                failures: 0,
                due_at: None,
                prior: PriorAttempt::None,
            };
            self.machine.commit(&name, pending, now);
        }
    }

    fn execute(&mut self, command: AppliedCommand, now: Timestamp) {
        let command = match command {
            AppliedCommand::Retry(target, pending) => {
                self.memories.retry(pending.id);
                DeliveryCommand::Retry { target, pending }
            }
            AppliedCommand::Drop(target, id) => DeliveryCommand::Drop { target, id },
            AppliedCommand::Pause(target) => {
                self.reporter.emitter().emit(TargetEvent::Paused { target: target.as_str() });
                DeliveryCommand::Pause { target, reason: "by the operator".to_owned() }
            }
            AppliedCommand::Resume(target) => {
                self.reporter.emitter().emit(TargetEvent::Resumed { target: target.as_str() });
                DeliveryCommand::Resume { target }
            }
        };
        self.machine.execute(command, now);
    }
}
