//! The deliveries of one target, as far as they are in memory.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    breaker::CircuitBreaker,
    concurrency::ConcurrencyLimit,
    lane::{CallLane, LaneEntry},
    probe::{ProbeSchedule, SendGate},
    replay::CallReplay,
    window::PendingWindow,
};
use crate::{
    Delivery, DeliveryCounts, DeliveryId, DeliveryPolicy, DeliveryState, LoadRequest, MachineLimits,
    PendingDelivery, PendingRange, PriorAttempt, StateChange, TargetName, TargetState, TargetStatus,
    changes::MachineOutput,
};

/// How many requests that may not be repeated are in flight at most. They may take minutes, so they have places of
/// their own.
const UNREPEATABLE: usize = 32;

/// The deliveries of one target, as far as they are in memory, and how the target is doing.
#[derive(Debug)]
pub(crate) struct TargetQueue {
    pub(super) name: TargetName,
    pub(super) policy: DeliveryPolicy,
    pub(super) state: TargetState,
    /// Set as long as the target is misconfigured.
    pub(super) probe: Option<ProbeSchedule>,
    pub(super) breaker: CircuitBreaker,
    pub(super) concurrency: ConcurrencyLimit,
    pub(super) window: PendingWindow,
    pub(super) lanes: BTreeMap<u64, CallLane>,
    /// Never iterated, so its order does not matter.
    pub(super) by_call: HashMap<Arc<str>, u64>,
    next_lane: u64,
    due: BTreeSet<(Timestamp, u64)>,
    /// Those of `due` whose request may not be repeated.
    due_unrepeatable: BTreeSet<(Timestamp, u64)>,
    /// How many of those are in flight.
    unrepeatable: usize,
    /// The lane whose newCall was requested as a probe.
    probed_lane: Option<u64>,
    /// Deliveries in lanes that do not wait for a retry: they fill the window.
    active: usize,
    pub(super) counts: DeliveryCounts,
    /// The last failure, unless the target has answered since.
    pub(super) failure: Option<String>,
    /// Whether the target has answered since it was added or changed.
    pub(super) has_answered: bool,
}

impl TargetQueue {
    pub(crate) fn new(name: TargetName, policy: DeliveryPolicy, state: TargetState, now: Timestamp) -> Self {
        let probe = state.is_misconfigured().then(|| ProbeSchedule::at(now));
        Self {
            name,
            concurrency: ConcurrencyLimit::new(policy.in_flight),
            policy,
            state,
            probe,
            breaker: CircuitBreaker::default(),
            window: PendingWindow::new(),
            lanes: BTreeMap::new(),
            by_call: HashMap::new(),
            next_lane: 0,
            due: BTreeSet::new(),
            due_unrepeatable: BTreeSet::new(),
            unrepeatable: 0,
            probed_lane: None,
            active: 0,
            counts: DeliveryCounts::default(),
            failure: None,
            has_answered: false,
        }
    }

    pub(crate) fn counts(&self) -> DeliveryCounts {
        self.counts
    }

    pub(crate) fn status(&self) -> TargetStatus<'_> {
        TargetStatus {
            target: &self.name,
            counts: self.counts,
            state: &self.state,
            breaker: self.breaker.state(),
            concurrency: self.concurrency.get(),
            failure: self.failure.as_deref(),
            more_in_store: self.window.has_more(),
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.lanes.is_empty() && !self.window.has_more()
    }

    pub(crate) fn commit(&mut self, pending: PendingDelivery, limits: &MachineLimits, now: Timestamp) {
        let has_room = self.active < limits.window && self.in_memory() < limits.cap();
        if self.window.commit(pending.id, has_room) {
            self.push(pending, false, now);
        }
    }

    /// The request for more rows, when the window is less than half full and no request is open.
    pub(crate) fn request_pending(
        &mut self,
        limits: &MachineLimits,
        tickets: &mut u64,
    ) -> Option<PendingRange> {
        if self.state.is_stopped() || self.active.saturating_mul(2) >= limits.window {
            return None;
        }
        let room = limits.window.saturating_sub(self.active);
        let room = room.min(limits.cap().saturating_sub(self.in_memory()));
        self.window.request(&self.name, room, tickets)
    }

    pub(crate) fn load(
        &mut self,
        range: &PendingRange,
        rows: Vec<PendingDelivery>,
        is_complete: bool,
        now: Timestamp,
        output: &mut MachineOutput,
    ) {
        if !self.window.close_request(range) {
            return;
        }
        let is_complete = is_complete || rows.is_empty();
        for pending in rows {
            match self.window.load(pending.id) {
                Some(_) if pending.prior == PriorAttempt::Open => {
                    let reason = "ringwire ended while the request was on its way".to_owned();
                    self.record_unknown(pending.id, pending.event, reason, output);
                }
                Some(is_forced) => self.push(pending, is_forced, now),
                None => {}
            }
        }
        self.window.finish_load(is_complete);
    }

    /// When [`TargetQueue::take`] is next worth calling; `None` as long as only another call can change that.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.next_lane_due().map(|(due_at, _)| due_at)
    }

    /// The lane whose request may go out next, and when.
    fn next_lane_due(&self) -> Option<(Timestamp, u64)> {
        let from = match self.gate() {
            SendGate::Open => Timestamp::MIN,
            SendGate::OneAt(from) => from,
            SendGate::Shut => return None,
        };
        let has_place = self.shared_in_flight() < self.concurrency.get();
        let repeatable = self.due.first().filter(|_| has_place);
        let may_go = self.unrepeatable < UNREPEATABLE && !self.awaits_probe();
        let unrepeatable = self.due_unrepeatable.first().filter(|_| may_go);
        // As a probe, what may be repeated comes first.
        let due = |next: Option<&(Timestamp, u64)>, is_last| {
            next.map(|(due_at, number)| (from.max(*due_at), is_last, *number))
        };
        let next = due(repeatable, false).into_iter().chain(due(unrepeatable, true)).min();
        next.map(|(due_at, _, number)| (due_at, number))
    }

    /// How many requests are in flight that count towards the limit of concurrent requests.
    pub(super) fn shared_in_flight(&self) -> usize {
        self.counts.in_flight.saturating_sub(self.unrepeatable)
    }

    /// The next delivery that is due, with the number of its lane. What is not to be sent leaves.
    pub(crate) fn take(&mut self, now: Timestamp, output: &mut MachineOutput) -> Option<(Delivery, u64)> {
        loop {
            let (_, number) = self.next_lane_due().filter(|(due_at, _)| *due_at <= now)?;
            if self.settle_unsent(number, now, output) || self.probe_with_new_call(number, output) {
                continue;
            }
            let (target, policy) = (self.name.clone(), self.policy);
            let delivery = self.update_lane(number, |lane| {
                let is_unrepeatable = lane.is_unrepeatable();
                let is_late = lane.is_quiet(&policy, now);
                let replayed = lane.replay.next().cloned();
                lane.in_flight = true;
                let head = lane.head()?;
                let is_replay = replayed.is_some();
                Some(Delivery {
                    id: head.id,
                    target,
                    event: replayed.unwrap_or_else(|| Arc::clone(&head.event)),
                    committed_at: head.committed_at,
                    failures: head.failures,
                    is_replay,
                    is_quiet: is_replay || is_late,
                    is_unrepeatable,
                })
            })??;
            match &mut self.probe {
                Some(probe) => probe.in_flight = Some(delivery.id),
                None => self.breaker.on_sent(delivery.id),
            }
            return Some((delivery, number));
        }
    }

    /// Ends the head of a lane if it is not to be sent; says whether it did.
    fn settle_unsent(&mut self, number: u64, now: Timestamp, output: &mut MachineOutput) -> bool {
        let Some(lane) = self.lanes.get(&number) else { return false };
        let Some(head) = lane.head() else { return false };
        let state = match lane.expiry_reason(&self.policy, now) {
            _ if lane.is_delivered() => DeliveryState::Delivered,
            Some(_) if head.prior == PriorAttempt::Delivered => DeliveryState::Delivered,
            Some(reason) => DeliveryState::Expired { reason },
            None => return false,
        };
        self.finish(number, state, now, output);
        true
    }

    /// Whether the newCall that was requested as a probe has not come yet.
    fn awaits_probe(&self) -> bool {
        let lane = self.probed_lane.and_then(|number| self.lanes.get(&number));
        lane.is_some_and(|lane| matches!(lane.replay, CallReplay::Requested { is_probe: true }))
    }

    /// While the target is probed, sends the newCall again before a request that may not be repeated: that shows
    /// whether the target takes events, and harms nothing. Says whether it is requested.
    fn probe_with_new_call(&mut self, number: u64, output: &mut MachineOutput) -> bool {
        if !matches!(self.gate(), SendGate::OneAt(_)) {
            return false;
        }
        self.probed_lane = Some(number);
        let call = self.update_lane(number, |lane| {
            let is_first = lane.is_unrepeatable() && matches!(lane.replay, CallReplay::NotNeeded);
            is_first.then(|| {
                lane.replay = CallReplay::Requested { is_probe: true };
                lane.call.to_string()
            })
        });
        let Some(call) = call.flatten() else { return false };
        output.load_requests.push_back(LoadRequest::Opening { target: self.name.clone(), call });
        true
    }

    fn gate(&self) -> SendGate {
        match &self.probe {
            _ if self.state.is_stopped() => SendGate::Shut,
            Some(probe) => probe.gate(),
            None => self.breaker.gate(),
        }
    }

    /// How many deliveries are in memory.
    pub(super) fn in_memory(&self) -> usize {
        self.counts.pending + self.counts.in_flight
    }

    fn push(&mut self, pending: PendingDelivery, is_forced: bool, now: Timestamp) {
        let number = self.lane_of(&pending.event.call, now);
        let due_at = pending.due_at.unwrap_or(now);
        let entry = LaneEntry::new(pending, is_forced, &self.policy);
        let due_at = due_at.min(entry.expires_at(&self.policy));
        self.update_lane(number, |lane| lane.push(entry, due_at));
    }

    /// The number of the lane of a call, made where there is none.
    pub(super) fn lane_of(&mut self, call: &str, now: Timestamp) -> u64 {
        if let Some(number) = self.by_call.get(call) {
            return *number;
        }
        self.next_lane += 1;
        let call: Arc<str> = call.into();
        self.by_call.insert(call.clone(), self.next_lane);
        self.lanes.insert(self.next_lane, CallLane::new(call, now));
        self.next_lane
    }

    /// The head of a lane leaves it in a final state.
    pub(super) fn finish(
        &mut self,
        number: u64,
        state: DeliveryState,
        now: Timestamp,
        output: &mut MachineOutput,
    ) -> Option<LaneEntry> {
        let entry = self.update_lane(number, |lane| lane.pop(now))??;
        self.record_state(entry.id, state, output);
        Some(entry)
    }

    /// Counts the new state of a delivery, and has it stored.
    pub(super) fn record_state(&mut self, id: DeliveryId, state: DeliveryState, output: &mut MachineOutput) {
        match &state {
            DeliveryState::Delivered => self.counts.delivered += 1,
            DeliveryState::Dead { .. } => self.counts.dead += 1,
            DeliveryState::Expired { .. } => self.counts.expired += 1,
            DeliveryState::Dropped => self.counts.dropped += 1,
            DeliveryState::Unknown { .. } => self.counts.unknown += 1,
            DeliveryState::Retry { .. } => {}
        }
        output.changes.push_back(StateChange::Delivery { id, target: self.name.clone(), state });
    }

    /// What failed at `since` or later is due now, or as early as the target asked for.
    pub(super) fn bring_forward(&mut self, since: Timestamp, now: Timestamp) {
        let later = [&self.due, &self.due_unrepeatable].map(|due| due.range((now, u64::MAX)..));
        let later: Vec<u64> = later.into_iter().flatten().map(|(_, number)| *number).collect();
        for number in later {
            self.update_lane(number, |lane| {
                if lane.failed_at >= since {
                    lane.due_at = lane.due_at.min(lane.not_before.unwrap_or(now).max(now));
                }
            });
        }
    }

    /// Updates a lane. Every update goes through here, so that the indexes and the counts follow.
    pub(super) fn update_lane<R>(
        &mut self,
        number: u64,
        update: impl FnOnce(&mut CallLane) -> R,
    ) -> Option<R> {
        let lane = self.lanes.get_mut(&number)?;
        if let Some(ready_at) = lane.ready_at() {
            self.due.remove(&(ready_at, number));
            self.due_unrepeatable.remove(&(ready_at, number));
        }
        self.unrepeatable -= usize::from(lane.in_flight && lane.is_unrepeatable());
        self.counts.pending -= lane.pending();
        self.counts.in_flight -= usize::from(lane.in_flight);
        self.counts.retrying -= usize::from(lane.is_retrying());
        self.active -= lane.active();

        let result = update(lane);

        if let Some(ready_at) = lane.ready_at() {
            let due = if lane.is_unrepeatable() { &mut self.due_unrepeatable } else { &mut self.due };
            due.insert((ready_at, number));
        }
        self.unrepeatable += usize::from(lane.in_flight && lane.is_unrepeatable());
        self.counts.pending += lane.pending();
        self.counts.in_flight += usize::from(lane.in_flight);
        self.counts.retrying += usize::from(lane.is_retrying());
        self.active += lane.active();
        if lane.is_empty() {
            self.by_call.remove(&lane.call);
            self.lanes.remove(&number);
        }
        Some(result)
    }
}
