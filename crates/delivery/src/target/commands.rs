//! The operator's commands for a target and its deliveries.

use jiff::Timestamp;

use super::{lane::LaneEntry, probe::ProbeSchedule, queue::TargetQueue, window::QueuedCommand};
use crate::{
    DeliveryId, DeliveryPolicy, DeliveryState, PendingDelivery, TargetState, changes::MachineOutput,
};

impl TargetQueue {
    /// The target has changed: what was known about its health is void, and everything is due.
    pub(crate) fn reconfigure(
        &mut self,
        policy: DeliveryPolicy,
        state: TargetState,
        now: Timestamp,
        output: &mut MachineOutput,
    ) {
        self.policy = policy;
        self.concurrency.set_max(policy.in_flight);
        if !self.state.is_paused() {
            self.probe = state.is_misconfigured().then(|| ProbeSchedule::at(now));
            self.set_state(state, output);
        }
        self.start_over(now);
    }

    pub(crate) fn pause(&mut self, reason: String, output: &mut MachineOutput) {
        self.probe = None;
        self.breaker.close();
        self.set_state(TargetState::Paused { reason }, output);
    }

    /// Sends to the target from now on, as if nothing had been wrong with it.
    pub(crate) fn resume(&mut self, now: Timestamp, output: &mut MachineOutput) {
        self.probe = None;
        self.set_state(TargetState::Running, output);
        self.start_over(now);
    }

    pub(crate) fn retry_now(&mut self, pending: PendingDelivery, now: Timestamp) {
        let id = pending.id;
        if self.window.is_beyond(id) {
            return self.window.queue_command(id, QueuedCommand::Retry);
        }
        self.window.take_back(id);
        let policy = self.policy;
        let number = self.lane_of(&pending.event.call, now);
        self.update_lane(number, |lane| {
            if lane.contains(id) {
                lane.force(id, pending.failures, now);
            } else {
                lane.insert(LaneEntry::new(pending, true, &policy), now);
            }
        });
    }

    pub(crate) fn drop_delivery(&mut self, id: DeliveryId, now: Timestamp, output: &mut MachineOutput) {
        let number = self.lanes.iter().find(|(_, lane)| lane.contains(id)).map(|(number, _)| *number);
        let Some(number) = number else {
            if self.window.is_beyond(id) {
                self.window.queue_command(id, QueuedCommand::Drop);
            }
            return self.record_state(id, DeliveryState::Dropped, output);
        };
        let removed = self.update_lane(number, |lane| {
            if let Some(head) = lane.taken_mut(id) {
                head.is_dropped = true;
                return false;
            }
            lane.remove(id, now).is_some()
        });
        if removed == Some(true) {
            self.record_state(id, DeliveryState::Dropped, output);
        }
    }

    fn start_over(&mut self, now: Timestamp) {
        self.breaker.close();
        self.failure = None;
        self.concurrency.restart();
        self.bring_forward(Timestamp::MIN, now);
    }
}
