//! The deliveries to all targets.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use ringwire_event::CallEvent;

use crate::{
    Delivery, DeliveryCommand, DeliveryCounts, DeliveryId, DeliveryOutcome, DeliveryPolicy, Jitter,
    LoadRequest, MachineLimits, OperatorNotice, PendingDelivery, PendingRange, RetrySchedule, StateChange,
    TargetName, TargetState, TargetStatus,
    changes::MachineOutput,
    target::{CompletionContext, TargetQueue},
};

/// The deliveries to all targets, as far as they are in memory.
#[derive(Debug)]
pub struct DeliveryMachine {
    limits: MachineLimits,
    schedule: RetrySchedule,
    jitter: Jitter,
    targets: BTreeMap<TargetName, TargetQueue>,
    /// The target and the number of the lane of each delivery in flight.
    in_flight: BTreeMap<DeliveryId, (TargetName, u64)>,
    /// How many ranges of rows were requested.
    tickets: u64,
    /// The counts of targets that were removed.
    removed: DeliveryCounts,
    output: MachineOutput,
}

impl DeliveryMachine {
    /// A machine without targets; `seed` decides how waits are spread.
    #[must_use]
    pub fn new(limits: MachineLimits, schedule: RetrySchedule, seed: u64) -> Self {
        Self {
            limits: MachineLimits { window: limits.window.max(1), ..limits },
            schedule,
            jitter: Jitter::new(seed),
            targets: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            tickets: 0,
            removed: DeliveryCounts::default(),
            output: MachineOutput::default(),
        }
    }

    /// Adds a target, or changes one. The pending deliveries of a new one are requested.
    ///
    /// `state` is as the store has it. A misconfigured target is probed at once, and so is one that was changed,
    /// whatever was wrong with it. A paused one stays paused until [`DeliveryCommand::Resume`], and so does one that
    /// is given as disabled. Where the state of a changed target differs from before, that is a [`StateChange`].
    pub fn set_target(
        &mut self,
        name: &TargetName,
        policy: DeliveryPolicy,
        state: TargetState,
        now: Timestamp,
    ) {
        if let Some(target) = self.targets.get_mut(name) {
            target.reconfigure(policy, state, now, &mut self.output);
        } else {
            self.targets.insert(name.clone(), TargetQueue::new(name.clone(), policy, state, now));
        }
    }

    /// Removes a target. Its rows stay in the store; the outcome of what is in flight to it is ignored.
    pub fn remove_target(&mut self, name: &TargetName) {
        let Some(target) = self.targets.remove(name) else { return };
        self.in_flight.retain(|_, (of, _)| of != name);
        self.removed += DeliveryCounts { pending: 0, retrying: 0, in_flight: 0, ..target.counts() };
    }

    /// Adds a row that was just written, or leaves it in the store if the window is full or older rows are still
    /// only there. One that is not new, and one for an unknown target, is ignored.
    pub fn commit(&mut self, name: &TargetName, pending: PendingDelivery, now: Timestamp) {
        if let Some(target) = self.targets.get_mut(name) {
            target.commit(pending, &self.limits, now);
        }
    }

    /// Adds the rows that [`LoadRequest::Pending`] requested, read after it was requested; `is_complete` says that
    /// there were no others. An answer to a request that is no longer open is ignored.
    pub fn load(
        &mut self,
        range: &PendingRange,
        rows: Vec<PendingDelivery>,
        is_complete: bool,
        now: Timestamp,
    ) {
        if let Some(target) = self.targets.get_mut(&range.target) {
            target.load(range, rows, is_complete, now, &mut self.output);
        }
    }

    /// Takes what [`LoadRequest::Opening`] requested, the newCall and the last answer, and sends it again; empty if the
    /// store has none.
    pub fn resend_opening(
        &mut self,
        name: &TargetName,
        call: &str,
        opening: Vec<Arc<CallEvent>>,
        now: Timestamp,
    ) {
        if let Some(target) = self.targets.get_mut(name) {
            target.resend_opening(call, opening, now, &mut self.output);
        }
    }

    /// A delivery that is due at `now`, which is in flight from here on; `None` when there is none.
    pub fn take(&mut self, now: Timestamp) -> Option<Delivery> {
        let output = &mut self.output;
        let (delivery, lane) = self.targets.values_mut().find_map(|target| target.take(now, output))?;
        self.in_flight.insert(delivery.id, (delivery.target.clone(), lane));
        Some(delivery)
    }

    /// Completes the attempt of a delivery with its outcome, known after `elapsed`. One that is not in flight
    /// (its target was removed) is ignored.
    pub fn complete(&mut self, id: DeliveryId, outcome: DeliveryOutcome, elapsed: Duration, now: Timestamp) {
        let Some((name, lane)) = self.in_flight.remove(&id) else { return };
        let Some(target) = self.targets.get_mut(&name) else { return };
        let mut context = CompletionContext {
            now,
            probe_interval: self.limits.probe_interval,
            schedule: &self.schedule,
            jitter: &mut self.jitter,
            output: &mut self.output,
        };
        target.complete(id, lane, outcome, elapsed, &mut context);
    }

    /// Executes a command of the operator.
    pub fn execute(&mut self, command: DeliveryCommand, now: Timestamp) {
        let (DeliveryCommand::Pause { target: name, .. }
        | DeliveryCommand::Resume { target: name }
        | DeliveryCommand::Retry { target: name, .. }
        | DeliveryCommand::Drop { target: name, .. }) = &command;
        let Some(target) = self.targets.get_mut(name) else { return };
        match command {
            DeliveryCommand::Pause { reason, .. } => target.pause(reason, &mut self.output),
            DeliveryCommand::Resume { .. } => target.resume(now, &mut self.output),
            DeliveryCommand::Retry { pending, .. } => target.retry_now(pending, now),
            DeliveryCommand::Drop { id, .. } => target.drop_delivery(id, now, &mut self.output),
        }
    }

    /// When [`DeliveryMachine::take`] is next worth calling; `None` as long as only another call can change that.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.targets.values().filter_map(TargetQueue::next_due).min()
    }

    /// The next thing to read from the store.
    pub fn poll_load_request(&mut self) -> Option<LoadRequest> {
        self.output.load_requests.pop_front().or_else(|| {
            let mut targets = self.targets.values_mut();
            let range = targets.find_map(|target| target.request_pending(&self.limits, &mut self.tickets));
            range.map(LoadRequest::Pending)
        })
    }

    /// The next change that the store must record, in the order in which they happened.
    pub fn poll_state_change(&mut self) -> Option<StateChange> {
        self.output.changes.pop_front()
    }

    /// The next thing the operator should know.
    pub fn poll_notice(&mut self) -> Option<OperatorNotice> {
        self.output.notices.pop_front()
    }

    /// How each target is doing.
    pub fn targets(&self) -> impl Iterator<Item = TargetStatus<'_>> {
        self.targets.values().map(TargetQueue::status)
    }

    /// How many deliveries there are to all targets together, removed ones included.
    #[must_use]
    pub fn counts(&self) -> DeliveryCounts {
        let mut counts = self.removed;
        self.targets.values().for_each(|target| counts += target.counts());
        counts
    }

    /// Whether nothing is pending, neither in memory nor, as far as is known, in the store.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.targets.values().all(TargetQueue::is_idle)
    }
}
