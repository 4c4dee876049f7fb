//! Queues: callers who wait, and the phones rung for them.

use jiff::SignedDuration;
use ringwire_event::explanation::AnnounceReason;
use ringwire_event::{CallFacts, EventKind, HungUpBy, QueueLeaveReason};

use super::Tracker;
use crate::event_headers::EventHeaders;
use crate::model::{CallKey, ChannelKey, ChannelState, QueueStay, local_stem, seconds_between};

impl Tracker {
    pub(super) fn on_queue_join(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        self.take_caller_id_if_known(ch, packet);
        self.enter_queue(ch, packet, None);
    }

    /// A caller waits in a queue, according to an event or a list.
    pub(super) fn enter_queue(&mut self, ch: ChannelKey, packet: &EventHeaders<'_>, waited: Option<u32>) {
        let position = packet.text("Position").and_then(|text| text.trim().parse().ok());
        self.wait_in_queue(ch, packet.text("Queue").as_deref(), position, waited);
    }

    /// A caller waits in a queue, and has for so many seconds.
    pub(super) fn wait_in_queue(
        &mut self,
        ch: ChannelKey,
        queue: Option<&str>,
        position: Option<u32>,
        waited: Option<u32>,
    ) {
        let waited = SignedDuration::from_secs(i64::from(waited.unwrap_or(0)));
        let since = self.now.map(|now| now.checked_sub(waited).unwrap_or(now));
        let key = match self.call_of(ch) {
            Some(key) => key,
            None => self.start_call(ch),
        };
        let Some(call) = self.calls.get_mut(key).filter(|call| !call.is_over()) else { return };
        if !call.round.is_open() {
            call.round = call.round.next();
        }
        call.queued = true;
        call.times.waiting.start(since);
        call.went_from_queue = false;
        if let Some(queue) = queue {
            call.queue = Some(queue.to_owned());
        }
        if !self.waiting.contains(&ch) {
            self.waiting.push(ch);
            self.explain_queued(key);
        }
        self.gather(key);
        let Some(call) = self.calls.get_mut(key) else { return };
        if call.queue_stay.is_none() {
            call.queue_stay = Some(QueueStay { since, position });
            self.publish(key, EventKind::QueueEntered { position });
        }
    }

    /// Publishes that the caller no longer waits, unless that was published.
    pub(super) fn publish_queue_left(&mut self, key: CallKey, position: Option<u32>) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let Some(stay) = call.queue_stay.take() else { return };
        let is_up =
            |ch: ChannelKey| self.channels.get(ch).is_some_and(|channel| channel.state == ChannelState::Up);
        let reason = if call.round.legs.iter().any(|leg| !leg.own && is_up(leg.channel)) {
            QueueLeaveReason::Answered
        } else if call.gave_up || call.hung_up_by == Some(HungUpBy::Caller) {
            QueueLeaveReason::GaveUp
        } else {
            QueueLeaveReason::Unanswered
        };
        let wait_seconds = stay.since.zip(self.now).map(|(since, now)| seconds_between(since, now));
        let facts = CallFacts { wait_seconds, ..CallFacts::default() };
        let position = position.or(stay.position);
        self.publish_with(key, EventKind::QueueLeft { reason, position }, facts);
    }

    /// A caller leaves a queue: to an agent, or because the queue or the caller gave up.
    pub(super) fn on_queue_leave(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        self.unqueue(ch);
        let Some(key) = self.call_of(ch) else { return };
        let position = packet.text("Position").and_then(|text| text.trim().parse().ok());
        self.publish_queue_left(key, position);
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
