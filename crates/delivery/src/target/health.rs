//! What a reply means for the target.

use jiff::Timestamp;

use super::{context::CompletionContext, probe::ProbeSchedule, queue::TargetQueue};
use crate::{
    BreakerState, DeliveryId, OperatorNotice, StateChange, TargetState, changes::MachineOutput,
    schedule::time_after,
};

impl TargetQueue {
    /// The target is up and configured.
    pub(super) fn on_answer(&mut self, id: DeliveryId, context: &mut CompletionContext<'_>) {
        let now = context.now;
        if self.state.is_stopped() {
            return;
        }
        if let Some(probe) = self.probe {
            if probe.is_probe(id) {
                self.has_answered = true;
                self.resume(now, context.output);
                context.output.notices.push_back(OperatorNotice::Resumed { target: self.name.clone() });
            }
            return;
        }
        let ended_outage = self.breaker.on_answer(id, now);
        if ended_outage.is_some() {
            self.concurrency.restart();
            let (target, pending) = (self.name.clone(), self.counts.pending);
            context.output.notices.push_back(OperatorNotice::Recovered { target, pending });
        }
        if !self.has_answered {
            // Retries from before the start may wait for an outage that is over.
            self.bring_forward(Timestamp::MIN, now);
        } else if let Some(since) = ended_outage {
            self.bring_forward(since, now);
        }
        self.has_answered = true;
        self.failure = None;
    }

    pub(super) fn on_failure(&mut self, id: DeliveryId, reason: &str, context: &mut CompletionContext<'_>) {
        let now = context.now;
        if self.state.is_stopped() {
            return;
        }
        self.failure = Some(reason.to_owned());
        if let Some(probe) = &mut self.probe {
            if probe.is_probe(id) {
                *probe = ProbeSchedule::at(time_after(now, context.probe_interval));
            }
        } else if self.breaker.on_failure(id, now, context.jitter) {
            context.output.notices.push_back(OperatorNotice::Failing {
                target: self.name.clone(),
                reason: reason.to_owned(),
                pending: self.in_memory(),
            });
        }
    }

    pub(super) fn on_misconfigured(
        &mut self,
        id: DeliveryId,
        reason: &str,
        context: &mut CompletionContext<'_>,
    ) {
        if self.state.is_stopped() {
            return;
        }
        if self.probe.is_some_and(|probe| !probe.is_probe(id)) {
            // It was sent before the target was found misconfigured and says nothing new.
            return;
        }
        let was_known = self.probe.is_some();
        self.probe = Some(ProbeSchedule::at(time_after(context.now, context.probe_interval)));
        self.breaker.close();
        self.failure = Some(reason.to_owned());
        self.set_state(TargetState::Misconfigured { reason: reason.to_owned() }, context.output);
        if !was_known {
            let (target, reason) = (self.name.clone(), reason.to_owned());
            context.output.notices.push_back(OperatorNotice::Misconfigured { target, reason });
        }
    }

    pub(super) fn on_gone(&mut self, reason: &str, context: &mut CompletionContext<'_>) {
        if matches!(self.state, TargetState::Disabled { .. }) {
            return;
        }
        self.probe = None;
        self.breaker.close();
        self.failure = Some(reason.to_owned());
        self.set_state(TargetState::Disabled { reason: reason.to_owned() }, context.output);
        let (target, reason) = (self.name.clone(), reason.to_owned());
        context.output.notices.push_back(OperatorNotice::Disabled { target, reason });
    }

    /// Whether one delivery at a time is sent to find out whether the target takes events.
    pub(super) fn is_probing(&self) -> bool {
        self.probe.is_some() || self.breaker.state() != BreakerState::Closed
    }

    /// Sets the state, and has it stored if it is another.
    pub(super) fn set_state(&mut self, state: TargetState, output: &mut MachineOutput) {
        if self.state != state {
            self.state = state.clone();
            output.changes.push_back(StateChange::Target { target: self.name.clone(), state });
        }
    }
}
