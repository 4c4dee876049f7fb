//! Channels that go, and the calls that end with them.

use ringwire_event::Direction;

use super::Tracker;
use crate::event_headers::EventHeaders;
use crate::model::{Call, CallKey, Channel, ChannelKey, ChannelState};

impl Tracker {
    pub(super) fn on_hangup_request(&mut self, packet: &EventHeaders<'_>) {
        self.has_hangup_requests = true;
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        let cause = cause_of(packet);
        let busy = self.channels.get(ch).is_some_and(|channel| channel.state == ChannelState::Busy);
        // Whom Originate calls first declines, and gives nothing up, until the phone is picked up.
        let is_called =
            self.channels.get(ch).is_some_and(|channel| channel.dialled && channel.state < ChannelState::Up);
        let redirected = self.channels.get(ch).is_some_and(|channel| is_redirection(channel, cause));
        if let Some(key) = self.originated_call(ch).or_else(|| self.call_made_from(ch))
            && let Some(call) = self.calls.get_mut(key)
        {
            let before = call.deflected;
            call.deflected |= redirected && !call.is_answered() && !call.queued && !call.round.is_open();
            call.gave_up |= !busy && !is_called && !call.deflected && call.can_be_given_up();
            match call.deflected {
                true => self.explain_deflected(key, before),
                false => self.explain_hangup_request(key, busy),
            }
        }
        self.note_hangup(ch, false);
        if let Some(cause) = cause {
            self.leg_cause(ch, cause);
        }
        if let Some(leg) = self.leg_of(ch) {
            leg.refused |= leg.open;
        }
        self.stop_leg(ch);
    }

    /// The PBX hangs a channel up. Who gives up has asked for it before, and what was rung is cancelled by then.
    pub(super) fn on_soft_hangup_request(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        self.note_hangup(ch, true);
        if let Some(call) = self.originated_call(ch).and_then(|key| self.calls.get_mut(key)) {
            call.hung_up_by_pbx |= !call.gave_up && call.round.is_open();
        }
    }

    pub(super) fn on_hangup(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.channel_of(packet, "Uniqueid") else { return };
        self.end_channel(ch, cause_of(packet));
    }

    /// A channel is gone; `cause` is the Cause of its Hangup.
    pub(super) fn end_channel(&mut self, ch: ChannelKey, cause: Option<u16>) {
        if let Some(cause) = cause {
            self.leg_cause(ch, cause);
        }
        self.detect_forwarding(ch);
        self.close_leg(ch);
        self.stop_ringing(ch);
        let key = self.call_of(ch);
        self.unqueue(ch);
        if let Some(key) = key {
            self.end_if_over(key, ch, cause);
        }
        self.explain_left(ch);
        self.explain_unused_channel(ch);
        self.leave_bridge(ch);
        self.detach(ch);
        self.unpair(ch);
        if let Some(channel) = self.channels.remove(ch) {
            if self.by_uniqueid.get(&channel.uniqueid) == Some(&ch) {
                self.by_uniqueid.remove(&channel.uniqueid);
            }
            if self.by_name.get(&channel.name) == Some(&ch) {
                self.by_name.remove(&channel.name);
            }
        }
        if let Some(key) = key {
            if self.calls.get(key).is_some_and(|call| call.redirected.is_some() && call.round.is_open()) {
                self.publish_redirect_if_left(key);
            }
            self.detect_takeover(key);
            self.end_if_empty(key, cause);
        }
    }

    /// Publishes the hangup if the call is over for its external party, or for both (call rules 3).
    fn end_if_over(&mut self, key: CallKey, ch: ChannelKey, cause: Option<u16>) {
        let Some(call) = self.calls.get(key) else { return };
        let is_originator = call.originator == Some(ch);
        let over = if !call.is_answered() {
            is_originator
        } else {
            match call.direction {
                Direction::In => is_originator,
                Direction::Out => call.far_party == Some(ch),
                Direction::Internal => false,
            }
        };
        if over {
            self.detect_abandoned(key, ch, cause);
            self.publish_hangup(key, |call| call.cause(cause));
        }
        if is_originator && let Some(call) = self.calls.get_mut(key) {
            call.originator = None;
        }
    }

    /// Where no HangupRequest comes at all (a filter, a proxy), a caller who goes first and leaves phones that were rung
    /// until then has given up (call rules 4.2). So has one who goes from a queue without a Cause: one that the PBX hangs
    /// up after it has one.
    fn detect_abandoned(&mut self, key: CallKey, caller: ChannelKey, cause: Option<u16>) {
        let busy = self.channels.get(caller).is_some_and(|channel| channel.state == ChannelState::Busy);
        if self.has_hangup_requests || self.recovering || busy {
            return;
        }
        let Some(call) = self.calls.get_mut(key).filter(|call| !call.is_answered()) else { return };
        let is_sign = call.round.is_left_by_caller() || call.went_from_queue && cause == Some(0);
        if is_sign && !call.gave_up && !call.hung_up_by_pbx {
            call.gave_up = true;
            self.explain_hangup_request(key, false);
        }
    }

    /// Ends a call with nobody left in it: it may not stay open, whatever was missed.
    fn end_if_empty(&mut self, key: CallKey, cause: Option<u16>) {
        let parties_left = |call: &Call| {
            call.members.iter().filter_map(|member| self.channels.get(*member)).any(Channel::is_party)
        };
        if self.calls.get(key).is_some_and(|call| !call.is_over() && !parties_left(call)) {
            self.publish_hangup(key, |call| call.cause(cause));
        }
        if self.calls.get(key).is_some_and(|call| call.is_over() && call.members.is_empty()) {
            self.forget_call(key);
        }
    }
}

/// Whether a hangup request says that the PBX itself ended the call that came in on this channel, with a redirection
/// (SIP 3xx). Asterisk has a cause of its own for it since 22; before, PJSIP gives 16, which an unanswered call that is
/// cancelled or refused never has there (call rules 4.5).
fn is_redirection(channel: &Channel, cause: Option<u16>) -> bool {
    let unanswered_pjsip = channel.state == ChannelState::Ring && channel.name.starts_with("PJSIP/");
    cause == Some(23) || cause == Some(16) && unanswered_pjsip
}

fn cause_of(packet: &EventHeaders<'_>) -> Option<u16> {
    packet.text("Cause")?.trim().parse().ok()
}
