//! What a reply means for the delivery.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ringwire_event::{CallEvent, EventKind};

use super::{context::CompletionContext, lane::NewCallReplay, queue::TargetQueue};
use crate::{
    DeliveryId, DeliveryOutcome, DeliveryState, LoadRequest, OperatorNotice, changes::MachineOutput,
    schedule::time_after,
};

/// How many times an event is refused before it is dead.
const REFUSALS: u32 = 3;

impl TargetQueue {
    pub(crate) fn complete(
        &mut self,
        id: DeliveryId,
        number: u64,
        outcome: DeliveryOutcome,
        elapsed: Duration,
        context: &mut CompletionContext<'_>,
    ) {
        let is_probe = self.probe.is_some_and(|probe| probe.is_probe(id));
        let in_flight = self.counts.in_flight;
        if outcome.is_answer() {
            self.concurrency.on_reply(elapsed, in_flight);
            self.on_answer(id, context);
        }
        match &outcome {
            DeliveryOutcome::Retry { reason, .. } => {
                self.concurrency.on_failure(in_flight);
                self.on_failure(id, reason, context);
            }
            DeliveryOutcome::Misconfigured { reason } => self.on_misconfigured(id, reason, context),
            DeliveryOutcome::Gone { reason } => self.on_gone(reason, context),
            _ => {}
        }
        self.complete_head(number, outcome, is_probe, context);
    }

    /// Sends the `new_call` that was requested for a lane before its head.
    pub(crate) fn resend_opening(
        &mut self,
        call: &str,
        new_call: Option<Arc<CallEvent>>,
        now: Timestamp,
        output: &mut MachineOutput,
    ) {
        let Some(&number) = self.by_call.get(call) else { return };
        let replay = self.lanes.get(&number).map(|lane| &lane.replay);
        if !matches!(replay, Some(NewCallReplay::Requested)) {
            return;
        }
        let Some(new_call) = new_call else {
            let reason = "the target does not know the call, and the journal has no newCall of it".to_owned();
            return self.fail(number, reason, now, output);
        };
        self.update_lane(number, |lane| {
            lane.replay = NewCallReplay::Ready(new_call);
            lane.due_at = now;
        });
    }

    /// Decides what becomes of the head of a lane. A probe of a misconfigured target is no failed attempt.
    fn complete_head(
        &mut self,
        number: u64,
        outcome: DeliveryOutcome,
        is_probe: bool,
        context: &mut CompletionContext<'_>,
    ) {
        let now = context.now;
        let Some(lane) = self.lanes.get(&number) else { return };
        let is_replay = matches!(lane.replay, NewCallReplay::Ready(_));
        let has_arrived = outcome == DeliveryOutcome::Delivered && !is_replay;
        if lane.head().is_some_and(|head| head.is_dropped) && !has_arrived {
            self.finish(number, DeliveryState::Dropped, now, context.output);
            return;
        }
        match outcome {
            DeliveryOutcome::Delivered if is_replay => {
                self.update_lane(number, |lane| lane.replay = NewCallReplay::Sent);
                self.put_back(number, now);
            }
            DeliveryOutcome::Delivered => {
                self.finish(number, DeliveryState::Delivered, now, context.output);
            }
            DeliveryOutcome::Retry { .. } if is_probe => self.put_back(number, now),
            DeliveryOutcome::Retry { reason, after } => self.retry(number, reason, after, context),
            DeliveryOutcome::Refused { reason } => self.refuse(number, reason, context),
            DeliveryOutcome::Dead { reason } => self.fail(number, reason, now, context.output),
            DeliveryOutcome::UnknownCall { reason } => self.request_new_call(number, reason, context),
            DeliveryOutcome::Misconfigured { .. } | DeliveryOutcome::Gone { .. } => {
                self.put_back(number, now);
            }
        }
    }

    /// The head of a lane has permanently failed. What is behind it goes on: the target may accept it, and if it
    /// replies that it does not know the call, the newCall is sent again before it.
    fn fail(&mut self, number: u64, reason: String, now: Timestamp, output: &mut MachineOutput) {
        let is_replay =
            self.lanes.get(&number).is_some_and(|lane| matches!(lane.replay, NewCallReplay::Ready(_)));
        let reason = if is_replay {
            format!("the target does not know the call, and its newCall could not be sent again: {reason}")
        } else {
            reason
        };
        let Some(entry) = self.finish(number, DeliveryState::Dead { reason: reason.clone() }, now, output)
        else {
            return;
        };
        let target = self.name.clone();
        output.notices.push_back(OperatorNotice::Dead { id: entry.id, target, event: entry.event, reason });
    }

    fn request_new_call(&mut self, number: u64, reason: String, context: &mut CompletionContext<'_>) {
        let call = self.update_lane(number, |lane| {
            let was_replayed = !matches!(lane.replay, NewCallReplay::NotNeeded);
            let is_new_call =
                lane.head().is_some_and(|head| matches!(head.event.kind, EventKind::NewCall { .. }));
            if was_replayed || is_new_call {
                return None;
            }
            lane.replay = NewCallReplay::Requested;
            lane.put_back(context.now);
            Some(lane.call.to_string())
        });
        match call.flatten() {
            Some(call) => {
                let target = self.name.clone();
                context.output.load_requests.push_back(LoadRequest::NewCall { target, call });
            }
            None => self.fail(number, reason, context.now, context.output),
        }
    }

    fn refuse(&mut self, number: u64, reason: String, context: &mut CompletionContext<'_>) {
        let refusals = self.update_lane(number, |lane| {
            lane.head_mut().map_or(REFUSALS, |head| {
                head.refusals += 1;
                head.refusals
            })
        });
        if refusals.is_some_and(|refusals| refusals < REFUSALS) {
            self.retry(number, reason, None, context);
        } else {
            self.fail(number, reason, context.now, context.output);
        }
    }

    fn retry(
        &mut self,
        number: u64,
        reason: String,
        retry_after: Option<Duration>,
        context: &mut CompletionContext<'_>,
    ) {
        let now = context.now;
        let Some(head) = self.lanes.get(&number).and_then(|lane| lane.head()) else { return };
        let (id, failures, expires_at) =
            (head.id, head.failures.saturating_add(1), head.expires_at(&self.policy));
        let Some(wait) = context.schedule.wait(failures, context.jitter) else {
            let reason = format!("all {failures} attempts failed, the last one with: {reason}");
            return self.fail(number, reason, now, context.output);
        };
        let not_before = retry_after.map(|wait| time_after(now, context.schedule.honoured(wait)));
        // Once it has expired there is no other attempt, and what is behind it need not wait for one.
        let due_at = time_after(now, wait).max(not_before.unwrap_or(now)).min(expires_at);
        self.update_lane(number, |lane| {
            lane.not_before = not_before;
            lane.failed_at = now;
            lane.due_at = due_at;
            if let Some(head) = lane.head_mut() {
                head.failures = failures;
            }
            lane.put_back(now);
        });
        self.record_state(id, DeliveryState::Retry { failures, due_at, reason }, context.output);
    }

    /// The head is pending again, and this does not count as a failed attempt.
    fn put_back(&mut self, number: u64, now: Timestamp) {
        self.update_lane(number, |lane| {
            lane.due_at = now;
            lane.put_back(now);
        });
    }
}
