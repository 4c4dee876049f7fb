//! What a reply means for the delivery.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ringwire_event::CallEvent;

use super::{
    context::CompletionContext,
    queue::TargetQueue,
    replay::{CallReplay, is_new_call},
};
use crate::{
    DeliveryId, DeliveryOutcome, DeliveryState, LoadRequest, OperatorNotice, PriorAttempt, RepeatPolicy,
    StateChange, changes::MachineOutput, schedule::time_after,
};

/// How long an event is retried that fails although the target has its call. The next one of the call waits meanwhile.
const KNOWN_CALL_PATIENCE: Duration = Duration::from_secs(600);

impl TargetQueue {
    pub(crate) fn complete(
        &mut self,
        id: DeliveryId,
        number: u64,
        outcome: DeliveryOutcome,
        elapsed: Duration,
        context: &mut CompletionContext<'_>,
    ) {
        let outcome = self.reinterpret(number, outcome, context.now);
        let is_probe = self.probe.is_some_and(|probe| probe.is_probe(id));
        let is_unrepeatable = self.lanes.get(&number).is_some_and(|lane| lane.is_unrepeatable());
        let in_flight = self.shared_in_flight();
        if outcome.is_answer() {
            if !is_unrepeatable {
                self.concurrency.on_reply(elapsed, in_flight);
            }
            self.on_answer(id, context);
        }
        match &outcome {
            // Its time-out is long, and says nothing of how the target is doing now.
            DeliveryOutcome::Unknown { .. } if is_unrepeatable && !self.is_probing() => {}
            DeliveryOutcome::UnknownForGood { .. } if !self.is_probing() => {}
            DeliveryOutcome::Retry { reason, .. }
            | DeliveryOutcome::Unknown { reason }
            | DeliveryOutcome::UnknownForGood { reason } => {
                if !is_unrepeatable {
                    self.concurrency.on_failure(in_flight);
                }
                self.on_failure(id, reason, context);
            }
            DeliveryOutcome::Misconfigured { reason } => self.on_misconfigured(id, reason, context),
            DeliveryOutcome::Gone { reason } => self.on_gone(reason, context),
            _ => {}
        }
        self.complete_head(number, outcome, is_probe, context);
    }

    /// Sends the `opening` that was requested for a lane before its head.
    pub(crate) fn resend_opening(
        &mut self,
        call: &str,
        opening: Vec<Arc<CallEvent>>,
        now: Timestamp,
        output: &mut MachineOutput,
    ) {
        let Some(&number) = self.by_call.get(call) else { return };
        let Some(lane) = self.lanes.get(&number) else { return };
        let (CallReplay::Requested { is_probe }, Some(head)) = (&lane.replay, lane.head()) else { return };
        let (is_probe, replay) = (*is_probe, CallReplay::new(opening, &head.event));
        let replay = match replay {
            Some(replay) => replay,
            // The head itself has to be the probe.
            None if is_probe => CallReplay::Confirmed,
            None => {
                let reason =
                    "the target does not know the call, and the journal has no newCall of it".to_owned();
                return self.fail(number, reason, now, output);
            }
        };
        self.update_lane(number, |lane| {
            lane.replay = replay;
            lane.due_at = if is_probe { lane.due_at } else { now };
        });
    }

    /// Reads the reply of a target that does not know the call, although it has just confirmed that it has it: it fails
    /// in a way that may pass.
    fn reinterpret(&mut self, number: u64, outcome: DeliveryOutcome, now: Timestamp) -> DeliveryOutcome {
        if let DeliveryOutcome::Retry { .. } | DeliveryOutcome::Unknown { .. } = outcome {
            self.update_lane(number, |lane| lane.head_mut().map(|head| head.failing_since = None));
        }
        let DeliveryOutcome::UnknownCall { reason } = outcome else { return outcome };
        let is_confirmed = self.update_lane(number, |lane| {
            let is_confirmed = lane.replay.is_confirmed();
            if is_confirmed {
                lane.replay = CallReplay::NotNeeded;
                lane.head_mut().map(|head| head.failing_since.get_or_insert(now));
            }
            is_confirmed
        });
        if is_confirmed == Some(true) {
            DeliveryOutcome::Retry { reason, after: None }
        } else {
            DeliveryOutcome::UnknownCall { reason }
        }
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
        let replayed = lane.replay.next().cloned();
        let is_replay = replayed.is_some();
        let has_succeeded = matches!(outcome, DeliveryOutcome::Delivered | DeliveryOutcome::AlreadyExists);
        let Some(head) = lane.head() else { return };
        if head.is_dropped && (is_replay || !has_succeeded) {
            self.finish(number, DeliveryState::Dropped, now, context.output);
            return;
        }
        let repeat = if is_replay { RepeatPolicy::AsIs } else { head.repeat };
        let sent_new_call = is_new_call(replayed.as_ref().unwrap_or(&head.event));
        match outcome {
            DeliveryOutcome::Delivered | DeliveryOutcome::AlreadyExists => {
                let existed = outcome == DeliveryOutcome::AlreadyExists;
                self.update_lane(number, |lane| {
                    lane.has_delivered = true;
                    if sent_new_call {
                        lane.has_existed = Some(existed);
                    }
                    lane.replay.advance(existed);
                });
                if is_replay {
                    self.put_back(number, false, now, context.output);
                } else {
                    self.finish(number, DeliveryState::Delivered, now, context.output);
                }
            }
            DeliveryOutcome::Unknown { reason } if repeat == RepeatPolicy::Never => {
                self.leave_unknown(number, reason, now, context.output);
            }
            DeliveryOutcome::UnknownForGood { reason } => {
                self.leave_unknown(number, reason, now, context.output);
            }
            DeliveryOutcome::Retry { .. } if is_probe => {
                self.put_back(number, !is_replay, now, context.output);
            }
            DeliveryOutcome::Retry { reason, after } => self.retry(number, reason, after, context),
            DeliveryOutcome::Unknown { reason } => {
                self.update_lane(number, |lane| {
                    if let Some(head) = lane.head_mut().filter(|_| !is_replay) {
                        head.prior = PriorAttempt::Unknown;
                    }
                });
                match is_probe {
                    true => self.put_back(number, !is_replay, now, context.output),
                    false => self.retry(number, reason, None, context),
                }
            }
            DeliveryOutcome::Refused { reason } => self.refuse(number, reason, context),
            DeliveryOutcome::Dead { reason } => self.fail(number, reason, now, context.output),
            DeliveryOutcome::UnknownCall { reason } => self.request_opening(number, reason, context),
            DeliveryOutcome::Misconfigured { .. } | DeliveryOutcome::Gone { .. } => {
                self.put_back(number, !is_replay, now, context.output);
            }
        }
    }

    /// Nobody knows whether the target has processed the head of a lane, and it is not sent again.
    fn leave_unknown(&mut self, number: u64, reason: String, now: Timestamp, output: &mut MachineOutput) {
        if let Some(Some(entry)) = self.update_lane(number, |lane| lane.pop(now)) {
            self.record_unknown(entry.id, entry.event, reason, output);
        }
    }

    /// Records that nobody knows whether the target has processed a delivery.
    pub(super) fn record_unknown(
        &mut self,
        id: DeliveryId,
        event: Arc<CallEvent>,
        reason: String,
        output: &mut MachineOutput,
    ) {
        self.record_state(id, DeliveryState::Unknown { reason: reason.clone() }, output);
        let target = self.name.clone();
        output.notices.push_back(OperatorNotice::Unknown { id, target, event, reason });
    }

    /// The head of a lane has permanently failed. What is behind it goes on: the target may accept it, and if it
    /// replies that it does not know the call, the newCall is sent again before it.
    fn fail(&mut self, number: u64, reason: String, now: Timestamp, output: &mut MachineOutput) {
        let is_replay = self.lanes.get(&number).is_some_and(|lane| lane.replay.next().is_some());
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

    /// Requests what the call began with, for a target that does not know the call of the head.
    fn request_opening(&mut self, number: u64, reason: String, context: &mut CompletionContext<'_>) {
        let call = self.update_lane(number, |lane| {
            let is_new_call = lane.head().is_some_and(|head| is_new_call(&head.event));
            if is_new_call || !matches!(lane.replay, CallReplay::NotNeeded) {
                return None;
            }
            lane.replay = CallReplay::Requested { is_probe: false };
            Some(lane.call.to_string())
        });
        match call.flatten() {
            Some(call) => {
                self.put_back(number, true, context.now, context.output);
                let target = self.name.clone();
                context.output.load_requests.push_back(LoadRequest::Opening { target, call });
            }
            None => self.fail(number, reason, context.now, context.output),
        }
    }

    fn refuse(&mut self, number: u64, reason: String, context: &mut CompletionContext<'_>) {
        let refusals = self.update_lane(number, |lane| {
            let head = lane.head_mut()?;
            head.refusals = head.refusals.saturating_add(1);
            Some(head.refusals)
        });
        let refusals = refusals.flatten().unwrap_or_default();
        match context.schedule.wait_after_refusal(refusals, context.jitter) {
            Some(wait) => {
                let due_at = time_after(context.now, wait);
                self.retry_at(number, reason, due_at, None, context);
            }
            None => self.fail(number, reason, context.now, context.output),
        }
    }

    /// Retries the head of a lane by the schedule.
    fn retry(
        &mut self,
        number: u64,
        reason: String,
        retry_after: Option<Duration>,
        context: &mut CompletionContext<'_>,
    ) {
        let now = context.now;
        let Some(head) = self.lanes.get(&number).and_then(|lane| lane.head()) else { return };
        let give_up_at = head.failing_since.map(|since| time_after(since, KNOWN_CALL_PATIENCE));
        if give_up_at.is_some_and(|give_up_at| give_up_at <= now) {
            let minutes = KNOWN_CALL_PATIENCE.as_secs() / 60;
            let reason = format!("the target has the call, but failed for {minutes} minutes: {reason}");
            return self.fail(number, reason, now, context.output);
        }
        let failures = head.failures.saturating_add(1);
        let Some(wait) = context.schedule.wait(failures, context.jitter) else {
            let reason = format!("all {failures} attempts failed, the last one with: {reason}");
            return self.fail(number, reason, now, context.output);
        };
        let not_before = retry_after.map(|wait| time_after(now, context.schedule.honoured(wait)));
        let due_at = time_after(now, wait).max(not_before.unwrap_or(now));
        let due_at = due_at.min(give_up_at.unwrap_or(Timestamp::MAX));
        self.retry_at(number, reason, due_at, not_before, context);
    }

    /// Retries the head of a lane at `due_at`.
    fn retry_at(
        &mut self,
        number: u64,
        reason: String,
        due_at: Timestamp,
        not_before: Option<Timestamp>,
        context: &mut CompletionContext<'_>,
    ) {
        let now = context.now;
        let Some(head) = self.lanes.get(&number).and_then(|lane| lane.head()) else { return };
        let (id, failures) = (head.id, head.failures.saturating_add(1));
        let may_have_arrived = head.may_have_arrived();
        // Once it has expired there is no other attempt, and what is behind it need not wait for one.
        let due_at = due_at.min(head.expires_at(&self.policy));
        self.update_lane(number, |lane| {
            lane.not_before = not_before;
            lane.failed_at = now;
            lane.due_at = due_at;
            if let Some(head) = lane.head_mut() {
                head.failures = failures;
            }
            lane.put_back(now);
        });
        let state = DeliveryState::Retry { failures, due_at, reason, may_have_arrived };
        self.record_state(id, state, context.output);
    }

    /// The head is pending again, and this does not count as a failed attempt; `was_sent` says whether it was sent
    /// itself.
    fn put_back(&mut self, number: u64, was_sent: bool, now: Timestamp, output: &mut MachineOutput) {
        let ended = self.update_lane(number, |lane| {
            let head = lane.head().filter(|head| was_sent && head.repeat != RepeatPolicy::AsIs);
            let ended = head.map(|head| (head.id, head.may_have_arrived()));
            lane.due_at = now;
            lane.put_back(now);
            ended
        });
        if let Some((id, may_have_arrived)) = ended.flatten() {
            output.changes.push_back(StateChange::AttemptEnded { id, may_have_arrived });
        }
    }
}
