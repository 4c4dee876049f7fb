//! The pending deliveries of one call to one target, in order.

use std::{collections::VecDeque, sync::Arc};

use jiff::Timestamp;
use ringwire_event::{CallEvent, EventKind};

use super::replay::CallReplay;
use crate::{
    DeliveryId, DeliveryPolicy, LatePolicy, PendingDelivery, PriorAttempt, RepeatPolicy, schedule::time_after,
};

/// One delivery in a lane.
#[derive(Debug)]
pub(super) struct LaneEntry {
    pub(super) id: DeliveryId,
    pub(super) event: Arc<CallEvent>,
    pub(super) committed_at: Timestamp,
    /// How many attempts have failed.
    pub(super) failures: u32,
    /// How many of them were refusals, since it came into memory.
    pub(super) refusals: u32,
    /// Since when the target fails although it has the call.
    pub(super) failing_since: Option<Timestamp>,
    /// What is done when the outcome of its request is unknown.
    pub(super) repeat: RepeatPolicy,
    /// What is known of earlier attempts.
    pub(super) prior: PriorAttempt,
    /// Whether the operator wants it sent however late it is.
    is_forced: bool,
    /// Whether the operator dropped it while it was in flight.
    pub(super) is_dropped: bool,
}

impl LaneEntry {
    pub(super) fn new(pending: PendingDelivery, is_forced: bool, policy: &DeliveryPolicy) -> Self {
        let PendingDelivery { id, event, committed_at, failures, due_at: _, prior } = pending;
        let repeat = policy.repeats.policy(&event);
        Self {
            id,
            event,
            committed_at,
            failures,
            refusals: 0,
            failing_since: None,
            repeat,
            prior,
            is_forced: is_forced && prior != PriorAttempt::Delivered,
            is_dropped: false,
        }
    }

    /// Whether one of its attempts may have been processed.
    pub(super) fn may_have_arrived(&self) -> bool {
        matches!(self.prior, PriorAttempt::Unknown | PriorAttempt::Delivered)
    }

    fn happened_at(&self) -> Timestamp {
        self.event.time.unwrap_or(self.committed_at)
    }

    /// From when on it is too late to send it.
    pub(super) fn expires_at(&self, policy: &DeliveryPolicy) -> Timestamp {
        if self.is_forced || self.prior == PriorAttempt::Delivered {
            return Timestamp::MAX;
        }
        time_after(self.happened_at(), policy.lifetimes.of(&self.event.kind))
    }
}

/// The pending deliveries of one call to one target. It is removed when there are none.
#[derive(Debug)]
pub(super) struct CallLane {
    pub(super) call: Arc<str>,
    entries: VecDeque<LaneEntry>,
    pub(super) in_flight: bool,
    pub(super) replay: CallReplay,
    /// Whether the target had the call already when its newCall was sent; `None` as long as it was not sent.
    pub(super) has_existed: Option<bool>,
    /// Whether anything of it was delivered.
    pub(super) has_delivered: bool,
    /// When the head may be sent.
    pub(super) due_at: Timestamp,
    /// The target asked not to be sent the head before.
    pub(super) not_before: Option<Timestamp>,
    /// When the head failed last; what was loaded from the store may have failed at any time.
    pub(super) failed_at: Timestamp,
    /// Whether the hangup is here.
    has_ended: bool,
    last_answer: Option<DeliveryId>,
}

impl CallLane {
    pub(super) fn new(call: Arc<str>, now: Timestamp) -> Self {
        Self {
            call,
            entries: VecDeque::new(),
            in_flight: false,
            replay: CallReplay::NotNeeded,
            has_existed: None,
            has_delivered: false,
            due_at: now,
            not_before: None,
            failed_at: Timestamp::MIN,
            has_ended: false,
            last_answer: None,
        }
    }

    /// Appends a delivery.
    pub(super) fn push(&mut self, entry: LaneEntry, due_at: Timestamp) {
        self.observe(&entry);
        if self.entries.is_empty() {
            self.due_at = due_at;
        }
        self.entries.push_back(entry);
    }

    /// Inserts a delivery at its position by id, but not before one that is in flight.
    pub(super) fn insert(&mut self, entry: LaneEntry, now: Timestamp) {
        self.observe(&entry);
        let taken = usize::from(self.in_flight);
        let position =
            self.entries.iter().skip(taken).take_while(|other| other.id < entry.id).count() + taken;
        self.entries.insert(position, entry);
        if position == 0 {
            self.reset_head(now);
        }
    }

    /// The delivery is to be sent however late it is, and now if it is the head; behind the head it waits for it in
    /// any case.
    pub(super) fn force(&mut self, id: DeliveryId, failures: u32, now: Timestamp) {
        if let Some(taken) = self.taken_mut(id) {
            taken.is_dropped = false;
            return;
        }
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.is_forced = true;
            entry.failures = failures;
            entry.refusals = 0;
            entry.failing_since = None;
        }
        if self.head().is_some_and(|head| head.id == id) {
            self.due_at = now;
            self.not_before = None;
        }
    }

    /// Removes a delivery that is not in flight.
    pub(super) fn remove(&mut self, id: DeliveryId, now: Timestamp) -> Option<LaneEntry> {
        let position = self.entries.iter().position(|entry| entry.id == id)?;
        if position == 0 {
            return self.pop(now);
        }
        self.entries.remove(position)
    }

    /// The head is no longer in flight and pending again, behind what came in meanwhile with a lower id.
    pub(super) fn put_back(&mut self, now: Timestamp) {
        self.in_flight = false;
        let precedes = |other: &LaneEntry| self.head().is_some_and(|head| other.id < head.id);
        if self.entries.get(1).is_some_and(precedes)
            && let Some(head) = self.pop(now)
        {
            self.insert(head, now);
        }
    }

    /// The head leaves the lane; what is behind it is due at once.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<LaneEntry> {
        self.in_flight = false;
        self.reset_head(now);
        self.entries.pop_front()
    }

    pub(super) fn head(&self) -> Option<&LaneEntry> {
        self.entries.front()
    }

    pub(super) fn head_mut(&mut self) -> Option<&mut LaneEntry> {
        self.entries.front_mut()
    }

    /// The head, if it is this one and in flight.
    pub(super) fn taken_mut(&mut self, id: DeliveryId) -> Option<&mut LaneEntry> {
        let in_flight = self.in_flight;
        self.head_mut().filter(|head| in_flight && head.id == id)
    }

    pub(super) fn contains(&self, id: DeliveryId) -> bool {
        self.entries.iter().any(|entry| entry.id == id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many deliveries are pending.
    pub(super) fn pending(&self) -> usize {
        self.entries.len().saturating_sub(usize::from(self.in_flight))
    }

    /// When the head may be taken; `None` while it is in flight, and while the newCall is awaited.
    pub(super) fn ready_at(&self) -> Option<Timestamp> {
        let is_busy = self.in_flight || self.entries.is_empty();
        (!is_busy && !matches!(self.replay, CallReplay::Requested { .. })).then_some(self.due_at)
    }

    /// Whether the next request of the lane may not be repeated.
    pub(super) fn is_unrepeatable(&self) -> bool {
        self.replay.next().is_none() && self.head().is_some_and(|head| head.repeat == RepeatPolicy::Never)
    }

    /// Whether the head is sent without what disturbs people: it may have arrived before, or the call is over.
    pub(super) fn is_quiet(&self, policy: &DeliveryPolicy, now: Timestamp) -> bool {
        self.head().is_some_and(|head| {
            head.repeat == RepeatPolicy::Quietly
                && (head.may_have_arrived()
                    || self.has_ended && time_after(head.committed_at, policy.quiet_after) <= now)
        })
    }

    /// Whether the head has arrived before and need not be sent again: nothing before it was sent meanwhile, the target
    /// still has the call, or is not to get the event twice.
    pub(super) fn is_delivered(&self) -> bool {
        self.head().is_some_and(|head| {
            let is_needed =
                self.has_delivered && !self.has_existed.unwrap_or(head.repeat == RepeatPolicy::Never);
            head.prior == PriorAttempt::Delivered && !is_needed
        })
    }

    /// Whether the head waits for a retry.
    pub(super) fn is_retrying(&self) -> bool {
        !self.in_flight && self.head().is_some_and(|head| head.failures > 0)
    }

    /// How many deliveries count towards the window: none while the head waits for a retry, since such a call must
    /// not keep others out.
    pub(super) fn active(&self) -> usize {
        if self.is_retrying() { 0 } else { self.entries.len() }
    }

    /// Why it is too late to send the head.
    pub(super) fn expiry_reason(&self, policy: &DeliveryPolicy, now: Timestamp) -> Option<String> {
        let head = self.head()?;
        let kind = &head.event.kind;
        if head.expires_at(policy) <= now {
            let lifetime = policy.lifetimes.of(kind).as_secs();
            return Some(format!("too late: {} events are sent for up to {lifetime} s", kind.name()));
        }
        let LatePolicy::Final { after } = policy.late else { return None };
        let is_final = match kind {
            EventKind::NewCall { .. } | EventKind::Hangup { .. } => true,
            EventKind::Answer { .. } => self.last_answer == Some(head.id),
            _ => false,
        };
        // Where the target has received what comes after it, the whole call is late.
        let is_forced =
            head.is_forced && !self.entries.iter().any(|entry| entry.prior == PriorAttempt::Delivered);
        let is_skipped =
            self.has_ended && !is_final && !is_forced && time_after(head.happened_at(), after) <= now;
        is_skipped.then(|| "too late: the call had ended before this could be sent".to_owned())
    }

    fn reset_head(&mut self, now: Timestamp) {
        self.replay = CallReplay::NotNeeded;
        self.due_at = self.not_before.unwrap_or(now).max(now);
    }

    fn observe(&mut self, entry: &LaneEntry) {
        match entry.event.kind {
            EventKind::Hangup { .. } => self.has_ended = true,
            EventKind::Answer { .. } => self.last_answer = self.last_answer.max(Some(entry.id)),
            _ => {}
        }
    }
}
