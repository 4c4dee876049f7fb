//! Phones that ring, and stop ringing without taking the call.

use ringwire_event::{CallFacts, EventKind, HungUpBy};

use super::Tracker;
use crate::model::{
    CallKey, CallStage, ChannelKey, ChannelKind, ChannelState, RingEnd, RingingPhone, seconds_between,
};

impl Tracker {
    /// Publishes that a phone rings, once it was dialled and does.
    pub(super) fn publish_ringing(&mut self, ch: ChannelKey) {
        let Some(channel) = self.channels.get(ch) else { return };
        if channel.rang
            || channel.state != ChannelState::Ringing
            || channel.kind != ChannelKind::Device
            || !channel.dialled
        {
            return;
        }
        let Some(key) = channel.call else { return };
        let Some(call) = self.calls.get(key) else { return };
        if matches!(call.stage, CallStage::Unannounced | CallStage::Over) || self.is_callers_own(call, ch) {
            return;
        }
        let Some(user) = self.party(ch) else { return };
        if let Some(channel) = self.channels.get_mut(ch) {
            channel.rang = true;
        }
        let (leg, since) = (self.leg(ch), self.now);
        let Some(call) = self.calls.get_mut(key) else { return };
        call.dialled_last = None;
        let answers = call.answers;
        if let Some(place) = call.rung_before_resume.iter().position(|endpoint| *endpoint == user.endpoint) {
            call.rung_before_resume.swap_remove(place);
            let same =
                |phone: &&mut RingingPhone| phone.channel.is_none() && phone.user.endpoint == user.endpoint;
            if let Some(phone) = call.ringing.iter_mut().find(same) {
                (phone.channel, phone.leg) = (Some(ch), leg);
            }
            return self.explain_ringing(key, &user, true);
        }
        call.ringing.push(RingingPhone {
            channel: Some(ch),
            user: user.clone(),
            leg: leg.clone(),
            since,
            answers,
        });
        self.explain_ringing(key, &user, false);
        let facts = CallFacts { leg, ..CallFacts::default() };
        self.publish_with(key, EventKind::Ringing { user }, facts);
    }

    /// A channel is about to be gone: if its phone was ringing, it no longer is.
    pub(super) fn stop_ringing(&mut self, ch: ChannelKey) {
        let Some(key) = self.call_of(ch) else { return };
        let Some(call) = self.calls.get_mut(key) else { return };
        if let Some(place) = call.ringing.iter().position(|phone| phone.channel == Some(ch)) {
            let phone = call.ringing.remove(place);
            self.publish_ringing_stopped(key, phone);
        }
    }

    /// Somebody at `endpoint` answers: of the phones that ring, this one has not stopped without an answer.
    pub(super) fn forget_answering_phone(&mut self, key: CallKey, endpoint: &str) {
        if let Some(call) = self.calls.get_mut(key) {
            call.ringing.retain(|phone| phone.user.endpoint != endpoint);
        }
    }

    /// The call ends: so does what rings for it.
    pub(super) fn stop_all_ringing(&mut self, key: CallKey) {
        let phones =
            self.calls.get_mut(key).map(|call| std::mem::take(&mut call.ringing)).unwrap_or_default();
        for phone in phones {
            self.publish_ringing_stopped(key, phone);
        }
    }

    /// A Local channel rang for as long as it may: so did the phones behind it, whose own dialling is then cancelled.
    pub(super) fn note_rung_out(&mut self, local: ChannelKey) {
        let second_half = |ch: ChannelKey| {
            self.channels.get(ch).filter(|channel| channel.kind == ChannelKind::Auxiliary)?.pair
        };
        let Some(key) = self.call_of(local) else { return };
        let Some(call) = self.calls.get(key) else { return };
        let mut diallers: Vec<_> = second_half(local).into_iter().collect();
        let mut next = 0;
        while let Some(dialler) = diallers.get(next).copied() {
            next += 1;
            let behind = call.round.legs.iter().filter(|leg| leg.dialler == Some(dialler));
            for other in behind.filter_map(|leg| second_half(leg.channel)) {
                if !diallers.contains(&other) {
                    diallers.push(other);
                }
            }
        }
        let Some(call) = self.calls.get_mut(key) else { return };
        for leg in &mut call.round.legs {
            leg.rung_out |= leg.open && leg.dialler.is_some_and(|dialler| diallers.contains(&dialler));
        }
    }

    fn publish_ringing_stopped(&mut self, key: CallKey, phone: RingingPhone) {
        let Some(call) = self.calls.get(key) else { return };
        let leg = phone.channel.and_then(|ch| call.round.legs.iter().rev().find(|leg| leg.channel == ch));
        let (cause, status) = leg.map(|leg| leg.end()).unwrap_or_default();
        let somebody_else = |ch: &ChannelKey| {
            Some(*ch) != phone.channel
                && Some(*ch) != call.originator
                && !self.is_callers_own(call, *ch)
                && self.channels.get(*ch).is_some_and(|channel| {
                    channel.is_party() && channel.dialled && channel.state == ChannelState::Up
                })
        };
        let is_first = phone.answers == 0;
        let end = RingEnd {
            cause,
            status,
            refused: leg.is_some_and(|leg| leg.refused),
            forwarded: leg.is_some_and(|leg| leg.forwarded),
            taken: call.answers > phone.answers
                || leg.is_some_and(|leg| leg.taken)
                || is_first && call.members.iter().any(somebody_else),
            rung_out: leg.is_some_and(|leg| leg.rung_out),
            caller_left: call.gave_up || call.hung_up_by == Some(HungUpBy::Caller),
            has_hangup_requests: self.has_hangup_requests,
        };
        let reason = end.reason();
        let ring_seconds = phone.since.zip(self.now).map(|(since, now)| seconds_between(since, now));
        let facts = CallFacts { leg: phone.leg, ring_seconds, ..CallFacts::default() };
        self.publish_with(key, EventKind::RingingStopped { user: phone.user, reason }, facts);
    }
}
