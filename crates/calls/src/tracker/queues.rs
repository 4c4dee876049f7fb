//! Queues: callers who wait, and the phones rung for them.

use ringwire_event::explanation::AnnounceReason;

use super::Tracker;
use crate::event_headers::EventHeaders;
use crate::model::{ChannelKey, ChannelState, local_stem};

impl Tracker {
    pub(super) fn on_queue_join(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        self.take_caller_id_if_known(ch, packet);
        self.enter_queue(ch, packet.text("Queue").as_deref());
    }

    /// A caller waits in a queue.
    pub(super) fn enter_queue(&mut self, ch: ChannelKey, queue: Option<&str>) {
        let now = self.now;
        let key = match self.call_of(ch) {
            Some(key) => key,
            None => self.start_call(ch),
        };
        let Some(call) = self.calls.get_mut(key).filter(|call| !call.is_over()) else { return };
        if !call.round.is_open() {
            call.round = call.round.next();
        }
        call.queued = true;
        call.times.waiting.start(now);
        call.went_from_queue = false;
        if let Some(queue) = queue {
            call.queue = Some(queue.to_owned());
        }
        if !self.waiting.contains(&ch) {
            self.waiting.push(ch);
            self.explain_queued(key);
        }
        self.gather(key);
    }

    /// A caller leaves a queue: to an agent, or because the queue or the caller gave up.
    pub(super) fn on_queue_leave(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        self.unqueue(ch);
        let Some(key) = self.call_of(ch) else { return };
        let Some(call) = self.calls.get_mut(key).filter(|call| !call.is_over()) else { return };
        // An answer that follows outweighs it.
        call.round.queue_gave_up = true;
        self.explain_left_queue(key);
        self.announce(key, AnnounceReason::LeftQueue);
    }

    /// A caller leaves a queue unanswered: because one of the two gave up, which does not say who.
    pub(super) fn on_queue_abandon(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        if let Some(call) = self.originated_call(ch).and_then(|key| self.calls.get_mut(key)) {
            call.went_from_queue = true;
        }
    }

    pub(super) fn unqueue(&mut self, ch: ChannelKey) {
        let now = self.now;
        self.waiting.retain(|waiting| *waiting != ch);
        if let Some(key) = self.originated_call(ch)
            && let Some(call) = self.calls.get_mut(key)
        {
            call.queued = false;
            call.times.waiting.stop(now);
        }
    }

    /// AgentCalled names both legs: always from 12 on, up to 11 with `eventwhencalled=yes`.
    pub(super) fn on_agent_called(&mut self, packet: &EventHeaders<'_>) {
        let Some(caller) = self.resolve_channel(packet, "Uniqueid") else { return };
        let agent = self
            .resolve_channel(packet, "DestUniqueid")
            .or_else(|| self.by_name.get(&*packet.text("DestinationChannel")?).copied());
        if let Some(agent) = agent {
            self.add_dialled_channel(Some(caller), agent, None);
        }
    }

    /// AgentConnect names both legs; up to 11 `BridgedChannel` is the agent's Uniqueid.
    pub(super) fn on_agent_connect(&mut self, packet: &EventHeaders<'_>) {
        let agent = self
            .resolve_channel(packet, "DestUniqueid")
            .or_else(|| self.resolve_channel(packet, "BridgedChannel"));
        if let (Some(caller), Some(agent)) = (self.resolve_channel(packet, "Uniqueid"), agent) {
            self.join(caller, agent);
        }
    }

    /// AgentComplete says who hung up; always from 12 on, up to 11 with `eventwhencalled=yes`.
    pub(super) fn on_agent_complete(&mut self, packet: &EventHeaders<'_>) {
        let Some(caller) = self.channel_of(packet, "Uniqueid") else { return };
        if let Some(reason) = packet.text("Reason") {
            self.note_agent_complete(caller, &reason.to_ascii_lowercase());
        }
    }

    /// Up to 11 nothing names the leg that a queue rings: it is one dialled by nobody, which starts to ring with the
    /// number of a caller who waits, longest first (call rules 1).
    pub(super) fn join_queue_leg(&mut self, ch: ChannelKey, packet: &EventHeaders<'_>) {
        if self.version.has_channel_snapshots() || self.waiting.is_empty() {
            return;
        }
        let Some(channel) = self.channels.get(ch) else { return };
        let first_half = local_stem(&channel.name).is_some_and(|(_, half)| half == 1);
        let dialled_by_nobody =
            !channel.dialled && (channel.exten.is_empty() && channel.is_party() || first_half);
        if channel.state != ChannelState::Ringing || !dialled_by_nobody {
            return;
        }
        let Some(connected) = packet.text("ConnectedLineNum") else { return };
        let caller = self.waiting.iter().copied().find(|waiting| {
            self.channels
                .get(*waiting)
                .is_some_and(|caller| caller.caller_number.as_deref() == Some(&*connected))
        });
        if let Some(caller) = caller {
            self.add_dialled_channel(Some(caller), ch, None);
        }
    }

    fn take_caller_id_if_known(&mut self, ch: ChannelKey, packet: &EventHeaders<'_>) {
        // Up to 11 the queue's own words for an unknown name would replace a known one.
        if self.version.has_channel_snapshots() {
            self.take_caller_id(ch, packet);
        }
    }
}
