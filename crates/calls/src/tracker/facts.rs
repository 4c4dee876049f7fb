//! What events say of a call beside who calls whom: its legs, its times, who ended it.

use ringwire_event::{AnsweredBy, CallFacts, Direction, EventKind, HungUpBy, Leg};

use super::Tracker;
use crate::model::{Call, CallKey, ChannelKey, ChannelState};

impl Tracker {
    /// A channel as events name it; `None` for one that is no party.
    pub(super) fn leg(&self, ch: ChannelKey) -> Option<Leg> {
        let channel = self.channels.get(ch).filter(|channel| channel.is_party())?;
        Some(Leg { channel: channel.name.clone(), uniqueid: channel.uniqueid.clone() })
    }

    /// Notes which leg is the caller's, while it is there.
    pub(super) fn note_caller_leg(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let party = |ch: &ChannelKey| self.channels.get(*ch).is_some_and(|channel| channel.is_party());
        let Some(caller) = call.originator.filter(party).or_else(|| self.caller_channel(key)) else { return };
        let Some(channel) = self.channels.get(caller) else { return };
        // Once the caller is gone, who takes its place is not the caller; nor is who gets its channel (up to 11).
        let is_known = call
            .caller_leg
            .as_ref()
            .is_some_and(|leg| leg.uniqueid == channel.uniqueid || call.originator.is_none());
        if !is_known {
            let leg = self.leg(caller);
            if let Some(call) = self.calls.get_mut(key) {
                call.caller_leg = leg;
            }
        }
    }

    /// The facts of an event of this kind, with those that are its own.
    pub(super) fn facts(&self, call: &Call, kind: &EventKind, own: CallFacts) -> CallFacts {
        let times = &call.times;
        let now = self.now;
        let mut facts = CallFacts {
            started_at: times.started,
            answered_at: times.answered,
            caller_leg: call.caller_leg.clone(),
            absorbed_call: call.absorbed_call.clone(),
            variables: call.variables.clone(),
            recording: call.recording.as_ref().and_then(|recording| recording.file.clone()),
            ..own
        };
        match kind {
            EventKind::Answer { .. } => {
                facts.ring_seconds = times.ringing.seconds(now);
                facts.wait_seconds = times.waiting.seconds(now);
                facts.leg.clone_from(&call.answered_leg);
            }
            EventKind::Unhold { .. } => facts.hold_seconds = times.holding.seconds(now),
            EventKind::Hangup { .. } => {
                facts.ring_seconds = times.ringing.seconds(now);
                facts.wait_seconds = times.waiting.seconds(now);
                facts.talk_seconds = times.talk_seconds(now);
                facts.hold_seconds = times.holding.seconds(now);
                facts.hung_up_by = call.hung_up_by;
                facts.leg.clone_from(&call.answered_leg);
            }
            _ => {}
        }
        facts
    }

    /// A channel asks for its end, or the PBX does: the first of those who talk decides who ended the call.
    pub(super) fn note_hangup(&mut self, ch: ChannelKey, by_pbx: bool) {
        let Some(key) = self.living_call(ch) else { return };
        let Some(call) = self.calls.get(key) else { return };
        let Some(channel) = self.channels.get(ch).filter(|channel| channel.is_party()) else { return };
        let is_caller =
            call.originator == Some(ch) || call.originator.is_none() && self.caller_channel(key) == Some(ch);
        let is_called = call.is_answered()
            && call.parked.is_none()
            && channel.state == ChannelState::Up
            && (call.answered_by_endpoint.as_ref() == Some(&channel.endpoint) || call.far_party == Some(ch));
        let by = match (is_caller, is_called) {
            _ if by_pbx => HungUpBy::Pbx,
            (true, _) => HungUpBy::Caller,
            (false, true) => HungUpBy::Called,
            (false, false) => return,
        };
        // A dialplan that comes to its end asks for it too, also where the caller is gone.
        let in_application = matches!(call.answered_by, Some(AnsweredBy::Voicemail | AnsweredBy::Conference));
        if by_pbx && in_application {
            return;
        }
        // A caller whom the PBX plays busy to, or whose phone Originate rings, does not end the call.
        let counts = match is_caller {
            true => call.is_answered() || call.gave_up,
            false => is_called,
        };
        if counts && let Some(call) = self.calls.get_mut(key) {
            // The PBX hangs up a caller who has passed the call on, which goes on without.
            let is_first = match call.hung_up_by {
                None => true,
                Some(HungUpBy::Pbx) => call.originator.is_none() && !by_pbx,
                Some(HungUpBy::Caller | HungUpBy::Called) => false,
            };
            if is_first {
                call.hung_up_by = Some(by);
            }
        }
    }

    /// Somebody takes the call: who hung up before did not end it.
    pub(super) fn note_answer(&mut self, key: CallKey, leg: Option<Leg>) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(key) else { return };
        call.hung_up_by = None;
        // Voicemail takes the call after the phones have rung for as long as they may.
        if leg.is_some() {
            call.answers = call.answers.saturating_add(1);
        }
        call.answered_leg = leg;
        call.times.answered = call.times.answered.or(now);
        call.times.ringing.stop(now);
        call.times.waiting.stop(now);
    }

    /// Who hung up, as the agent's queue tells it (`AgentComplete`), where nothing else did.
    pub(super) fn note_agent_complete(&mut self, ch: ChannelKey, reason: &str) {
        let by = match reason {
            "caller" => HungUpBy::Caller,
            "agent" => HungUpBy::Called,
            _ => return,
        };
        if let Some(call) = self.living_call(ch).and_then(|key| self.calls.get_mut(key))
            && matches!(call.answered_by, Some(AnsweredBy::User(_)))
            && call.direction != Direction::Out
        {
            call.hung_up_by.get_or_insert(by);
        }
    }
}
