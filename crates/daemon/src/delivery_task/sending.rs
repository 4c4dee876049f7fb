//! Sends what is due, one request after the other, and handles what becomes of it.

use std::time::Duration;

use jiff::Timestamp;
use ringwire_delivery::{Delivery, DeliveryId, DeliveryOutcome, RepeatPolicy};
use ringwire_dialects::{CallMemory, DeliveryStep};
use ringwire_event::EventKind;
use ringwire_live::DeliveryEvent;
use ringwire_outbox::{
    DeliveryAttempt, DeliverySteps, DeliveryUpdate, MemoryChange, MemoryUpdate, ProgressUpdate, StoreWrite,
    StoredDeliveryState,
};
use ringwire_sender::SendResult;

use super::{
    DRAIN, DeliveryTask,
    journey::{Journey, NextMove},
    requests::{EndedTask, SentRequest, TaskEnd},
    stored,
};
use crate::notify;

impl DeliveryTask {
    /// Sends what is due.
    pub(super) fn send_due(&mut self) {
        while let Some(delivery) = self.machine.take(self.clock.now()) {
            let Some(sender) = self.senders.get(&delivery.target).cloned() else {
                let reason = "the target is not configured".to_owned();
                let (outcome, now) = (DeliveryOutcome::Dead { reason }, self.clock.now());
                self.machine.complete(delivery.id, outcome, Duration::ZERO, now);
                continue;
            };
            let journey = Journey::new(delivery, sender);
            let delivery = &journey.delivery;
            let is_interrupted = delivery.id <= self.interrupted_to;
            if !journey.sender.takes_steps() {
                self.go_on(journey);
            } else if self.memories.must_ask(delivery, is_interrupted, journey.sender.needs_memory()) {
                self.request_steps(journey);
            } else {
                self.start(journey);
            }
        }
    }

    /// The journal has this of a delivery and its call.
    pub(super) fn resume(&mut self, journey: Journey, steps: &DeliverySteps) {
        self.memories.add(&journey.delivery, steps, self.clock.now());
        self.start(journey);
    }

    /// What is known of a delivery and its call is in memory.
    fn start(&mut self, mut journey: Journey) {
        // An earlier event that is sent again begins anew.
        if !journey.delivery.is_replay {
            journey.progress = self.memories.progress(journey.delivery.id);
        }
        if journey.sender.is_unprepared() {
            self.requests.prepare(journey);
        } else {
            self.go_on(journey);
        }
    }

    /// Sends the next request of a delivery, or completes it.
    fn go_on(&mut self, journey: Journey) {
        let planned = match journey.sender.needs_memory() {
            true => journey.next_step(self.memories.of_call(&journey, self.clock.now())),
            false => journey.next_step(&CallMemory::default()),
        };
        match planned {
            Ok(Some(step)) => match self.obstacle(&journey, &step) {
                Some(reason) => self.complete(&journey, DeliveryOutcome::Dead { reason }, Duration::ZERO),
                None => self.send(journey, step),
            },
            // Also where the settings have changed since the delivery was stored.
            Ok(None) => self.complete(&journey, DeliveryOutcome::Delivered, Duration::ZERO),
            Err(error) => {
                let reason = error.to_string();
                self.complete(&journey, DeliveryOutcome::Dead { reason }, Duration::ZERO);
            }
        }
    }

    /// Why a request may not be sent.
    fn obstacle(&mut self, journey: &Journey, step: &DeliveryStep) -> Option<String> {
        let needs_memory = journey.sender.needs_memory();
        let memory = needs_memory.then(|| self.memories.of_call(journey, self.clock.now()));
        memory.and_then(|memory| journey.obstacle(step, memory))
    }

    /// Sends a request; one that may not be repeated once its attempt is on disk.
    fn send(&mut self, journey: Journey, step: DeliveryStep) {
        let id = journey.delivery.id;
        if step.repeat == RepeatPolicy::Never {
            self.journal.write(StoreWrite::OpenAttempt(id));
            self.opening.insert(id, (journey, step));
        } else {
            self.requests.send(journey, step, self.clock.now());
        }
    }

    /// Sends a request whose attempt is on disk.
    pub(super) fn send_opened(&mut self, delivery: DeliveryId) {
        if let Some((journey, step)) = self.opening.remove(&delivery) {
            self.requests.send(journey, step, self.clock.now());
        }
    }

    /// Goes on with a delivery whose progress is on disk.
    pub(super) fn on_saved(&mut self, delivery: DeliveryId) {
        let Some((journey, next)) = self.saving.remove(&delivery) else { return };
        // A target that was removed meanwhile may come back.
        let is_removed = !self.senders.contains_key(&journey.delivery.target);
        if !is_removed || matches!(next, NextMove::Complete(..)) {
            self.make(journey, next);
        }
    }

    /// Goes on waiting for requests that may not be repeated, and for nothing else; says whether there are any, and
    /// they were not waited for before.
    pub(super) fn linger(&mut self) -> bool {
        if self.is_lingering {
            return false;
        }
        for delivery in std::mem::take(&mut self.opening).into_keys() {
            self.journal.write(StoreWrite::EndAttempt { delivery, may_have_arrived: false });
        }
        self.saving.clear();
        self.is_lingering = self.requests.abort_repeatable();
        if self.is_lingering {
            notify::stopping(self.longest_request + DRAIN);
        }
        self.is_lingering
    }

    pub(super) fn on_ended(&mut self, ended: EndedTask) {
        match ended {
            Ok((task, end)) => {
                self.requests.ended(task);
                match end {
                    TaskEnd::Sent(sent) => self.on_sent(*sent),
                    TaskEnd::Prepared(journey, Ok(())) => self.go_on(*journey),
                    TaskEnd::Prepared(journey, Err(sent)) => {
                        self.reporter.report_attempt(&journey.delivery, &sent.outcome, None);
                        self.complete(&journey, sent.outcome, Duration::ZERO);
                    }
                }
            }
            // The daemon ends, and the request may be repeated.
            Err(error) if error.is_cancelled() => {
                self.requests.ended(error.id());
            }
            Err(error) => {
                self.reporter.emitter().emit(DeliveryEvent::AttemptPanicked { error: &error.to_string() });
                if let Some(request) = self.requests.ended(error.id()) {
                    let reason = "internal error".to_owned();
                    let outcome = match request.is_unrepeatable {
                        true => DeliveryOutcome::UnknownForGood { reason },
                        false => DeliveryOutcome::Unknown { reason },
                    };
                    self.machine.complete(request.delivery, outcome, Duration::ZERO, self.clock.now());
                }
            }
        }
    }

    fn on_sent(&mut self, SentRequest { mut journey, step, sent, at, took }: SentRequest) {
        let SendResult { outcome, directives, captures, forgets, status, reply } = sent;
        let outcome = journey.reinterpret(outcome);
        let delivery = &journey.delivery;
        self.reporter.report_attempt(delivery, &outcome, reply.as_deref());
        self.reporter.report_directives(delivery, &directives);
        let replayed = delivery.is_replay.then(|| delivery.event.kind.name());
        let named = journey.sender.takes_steps().then_some(step.id.as_str());
        let outcome_text = stored::describe(&outcome, replayed, named);
        let attempt = DeliveryAttempt {
            delivery: delivery.id,
            at,
            duration: took,
            outcome: outcome_text,
            status,
            reply,
        };
        self.journal.write(StoreWrite::Attempt(attempt));
        match outcome {
            DeliveryOutcome::Delivered | DeliveryOutcome::AlreadyExists if journey.sender.takes_steps() => {
                let trace = journey.trace(&step, &outcome);
                let memory = self.remember(&journey, captures.into_iter().chain(trace));
                journey.progress.set_done(&step.id);
                self.advance(journey, memory, (outcome, took));
            }
            DeliveryOutcome::UnknownCall { .. } if forgets => {
                journey.has_forgotten = true;
                self.forget(&journey);
                self.go_on(journey);
            }
            outcome => {
                let trace = journey.trace(&step, &outcome);
                let memory = self.remember(&journey, trace.into_iter());
                self.journal_memory(memory);
                self.complete(&journey, outcome, took);
            }
        }
    }

    /// Goes on with a delivery of which a request has arrived. What a reply said, and what has arrived, is on disk before
    /// anything else is sent for the call.
    fn advance(
        &mut self,
        journey: Journey,
        memory: Option<MemoryUpdate>,
        (outcome, took): (DeliveryOutcome, Duration),
    ) {
        let (id, is_replay) = (journey.delivery.id, journey.delivery.is_replay);
        let planned = match journey.sender.needs_memory() {
            true => journey.next_step(self.memories.of_call(&journey, self.clock.now())),
            false => journey.next_step(&CallMemory::default()),
        };
        let next = match planned {
            Ok(Some(step)) => match self.obstacle(&journey, &step) {
                None => NextMove::Send(step),
                Some(reason) => NextMove::Complete(DeliveryOutcome::Dead { reason }, took),
            },
            Ok(None) => NextMove::Complete(outcome, took),
            Err(error) => NextMove::Complete(DeliveryOutcome::Dead { reason: error.to_string() }, took),
        };
        let is_saved = memory.is_some() || matches!(next, NextMove::Send(_));
        if is_replay || !is_saved {
            self.journal_memory(memory);
            return self.make(journey, next);
        }
        self.memories.set_progress(id, journey.progress.clone());
        let progress = serde_json::to_string(&journey.progress).unwrap_or_default();
        self.journal.write(StoreWrite::Progress(ProgressUpdate { delivery: id, progress, memory }));
        self.saving.insert(id, (journey, next));
    }

    fn make(&mut self, journey: Journey, next: NextMove) {
        match next {
            NextMove::Send(step) => self.send(journey, step),
            NextMove::Complete(outcome, took) => self.complete(&journey, outcome, took),
        }
    }

    /// Remembers what a reply said of the call; gives what the journal must record of that.
    fn remember(
        &mut self,
        journey: &Journey,
        captures: impl Iterator<Item = (String, serde_json::Value)>,
    ) -> Option<MemoryUpdate> {
        let mut captures = captures.peekable();
        if !journey.sender.needs_memory() || captures.peek().is_none() {
            return None;
        }
        let memory = self.memories.of_call(journey, self.clock.now());
        for (key, value) in captures {
            memory.set(key, value);
        }
        let change = MemoryChange::Set(serde_json::to_string(memory).unwrap_or_default());
        Some(memory_of(&journey.delivery, change))
    }

    /// What was remembered of the call is wrong.
    fn forget(&mut self, journey: &Journey) {
        self.memories.of_call(journey, self.clock.now()).clear();
        self.journal_memory(Some(memory_of(&journey.delivery, MemoryChange::Forget)));
    }

    fn journal_memory(&self, memory: Option<MemoryUpdate>) {
        memory.into_iter().for_each(|memory| self.journal.write(StoreWrite::Memory(memory)));
    }

    /// An attempt of a delivery has ended so.
    fn complete(&mut self, journey: &Journey, outcome: DeliveryOutcome, took: Duration) {
        let (delivery, now) = (&journey.delivery, self.clock.now());
        if !self.senders.contains_key(&delivery.target) {
            self.record_of_removed(delivery, &outcome, now);
        }
        let has_ended = matches!(
            outcome,
            DeliveryOutcome::Delivered
                | DeliveryOutcome::AlreadyExists
                | DeliveryOutcome::UnknownForGood { .. }
        );
        let is_last = matches!(delivery.event.kind, EventKind::Hangup { .. }) && !delivery.is_replay;
        self.machine.complete(delivery.id, outcome, took, now);
        if has_ended && is_last && journey.sender.needs_memory() {
            self.memories.end_call(&delivery.target, &delivery.event.call);
            self.ended.push(memory_of(delivery, MemoryChange::EndOfCall));
        }
    }

    /// Records what became of a delivery whose target was removed meanwhile, and may come back.
    fn record_of_removed(&self, delivery: &Delivery, outcome: &DeliveryOutcome, at: Timestamp) {
        let may_have_arrived = matches!(outcome, DeliveryOutcome::Unknown { .. });
        let state = match outcome {
            DeliveryOutcome::Delivered | DeliveryOutcome::AlreadyExists if !delivery.is_replay => {
                StoredDeliveryState::Delivered
            }
            DeliveryOutcome::UnknownForGood { .. } => StoredDeliveryState::Unknown,
            _ => {
                let delivery = delivery.id;
                return self.journal.write(StoreWrite::EndAttempt { delivery, may_have_arrived });
            }
        };
        let (delivery, failures, due_at, reason) = (delivery.id, None, None, None);
        let may_have_arrived = false;
        let update = DeliveryUpdate { delivery, state, failures, due_at, reason, may_have_arrived, at };
        self.journal.write(StoreWrite::Delivery(update));
    }
}

fn memory_of(delivery: &Delivery, change: MemoryChange) -> MemoryUpdate {
    MemoryUpdate { target: delivery.target.clone(), call: delivery.event.call.clone(), change }
}
