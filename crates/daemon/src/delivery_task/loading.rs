//! Loads from the journal what is not in memory, also while the journal is failing.

use ringwire_delivery::{LoadRequest, PendingDelivery, PriorAttempt};
use ringwire_live::JournalEvent;
use ringwire_outbox::DeliverySteps;
use tokio::task::JoinError;

use super::{
    DeliveryTask, JournalTrouble,
    journey::Journey,
    stored::{self, JournalAnswer},
};

impl DeliveryTask {
    pub(super) fn request_load(&mut self, request: LoadRequest) {
        self.reads.spawn(stored::read(self.journal.reader(), request));
    }

    /// Asks the journal how far a delivery has come, and what is remembered of its call.
    pub(super) fn request_steps(&mut self, journey: Journey) {
        self.reads.spawn(stored::read_steps(self.journal.reader(), journey));
    }

    pub(super) fn retry_deferred(&mut self) {
        for request in std::mem::take(&mut self.deferred) {
            self.request_load(request);
        }
        for journey in std::mem::take(&mut self.unread) {
            self.request_steps(journey);
        }
    }

    pub(super) fn load(&mut self, answer: Result<JournalAnswer, JoinError>) {
        let now = self.clock.now();
        let JournalTrouble { failing, undurable, .. } = self.trouble;
        match answer {
            // What is not on disk yet comes after what is: it is waited for, so that the order stays.
            Ok(JournalAnswer::Pending(range, Ok(page))) if undurable && page.deliveries.is_empty() => {
                self.defer(LoadRequest::Pending(range));
            }
            Ok(JournalAnswer::Pending(range, Ok(page))) => {
                let mut deliveries = page.deliveries;
                deliveries.iter_mut().for_each(|pending| self.mark_interrupted(pending));
                self.machine.load(&range, deliveries, page.is_complete && !undurable, now);
            }
            Ok(JournalAnswer::Pending(range, Err(error))) if failing && !undurable => {
                self.reporter.emitter().emit(JournalEvent::UnreadableWhileFailing { error: &error });
                self.trouble.unread = true;
                self.machine.load(&range, Vec::new(), true, now);
            }
            Ok(JournalAnswer::Pending(range, Err(error))) => {
                self.reporter.emitter().emit(JournalEvent::Unreadable { error: &error });
                self.defer(LoadRequest::Pending(range));
            }
            Ok(JournalAnswer::Opening(target, call, Ok(opening))) if undurable && opening.is_empty() => {
                self.defer(LoadRequest::Opening { target, call });
            }
            Ok(JournalAnswer::Opening(target, call, Ok(opening))) => {
                self.machine.resend_opening(&target, &call, opening, now);
            }
            Ok(JournalAnswer::Opening(target, call, Err(error))) => {
                self.reporter.emitter().emit(JournalEvent::Unreadable { error: &error });
                self.defer(LoadRequest::Opening { target, call });
            }
            Ok(JournalAnswer::Steps(journey, Ok(steps))) => self.resume(*journey, &steps),
            // What was remembered is lost, and is asked for again where it is needed.
            Ok(JournalAnswer::Steps(journey, Err(_))) if failing => {
                self.resume(*journey, &DeliverySteps::default());
            }
            Ok(JournalAnswer::Steps(journey, Err(error))) => {
                self.reporter.emitter().emit(JournalEvent::Unreadable { error: &error });
                self.unread.push(*journey);
            }
            Err(error) => {
                self.reporter.emitter().emit(JournalEvent::ReadPanicked { error: &error.to_string() });
            }
        }
    }

    /// A delivery from before the start may have been on its way when the process before was killed.
    fn mark_interrupted(&self, pending: &mut PendingDelivery) {
        if pending.id <= self.interrupted_to && pending.prior == PriorAttempt::None {
            pending.prior = PriorAttempt::Unknown;
        }
    }

    /// Requests again a little later what cannot be read now.
    fn defer(&mut self, request: LoadRequest) {
        self.deferred.push(request);
    }
}
