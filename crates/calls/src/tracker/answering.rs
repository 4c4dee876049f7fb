//! Who answers: the first party, and each new one, that talks with the caller.

use ringwire_event::explanation::AnnounceReason;
use ringwire_event::{AnsweredBy, CallFacts, Direction, EventKind, Leg};

use super::Tracker;
use crate::model::{CallKey, ChannelKey, ChannelKind, PendingEvent};

impl Tracker {
    /// Publishes an answer if somebody new talks with the caller.
    pub(super) fn detect_answer(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key).filter(|call| !call.is_over()) else { return };
        let Some(originator) = call.originator else { return self.detect_takeover(key) };
        let partners: Vec<_> =
            self.partners(originator).into_iter().filter(|ch| !self.is_callers_own(call, *ch)).collect();
        let endpoint = |ch: &ChannelKey| self.channels.get(*ch).map(|channel| channel.endpoint.as_str());
        // A party that joins in does not take the call over.
        if call.answered_by_endpoint.is_some()
            && partners.iter().any(|ch| endpoint(ch) == call.answered_by_endpoint.as_deref())
        {
            return self.explain_joined_in(key, &partners);
        }
        let Some(partner) = partners.first().copied() else { return };
        let Some(channel) = self.channels.get(partner) else { return };
        let endpoint = channel.endpoint.clone();
        let external = channel.kind == ChannelKind::External;
        let answered_by = if external {
            let number = match (&channel.number, &channel.caller_number) {
                (Some(dialled), _) => self.rules.numbers.normalise_dialled(dialled),
                (None, Some(own)) => self.rules.numbers.normalise(own),
                (None, None) => return,
            };
            AnsweredBy::Number { number }
        } else {
            let Some(party) = self.party(partner) else { return };
            AnsweredBy::User(party)
        };
        if let Some(call) = self.calls.get_mut(key)
            && external
            && call.far_party.is_none()
        {
            call.far_party = Some(partner);
        }
        let leg = self.leg(partner);
        self.publish_answer(key, answered_by, &endpoint, leg);
    }

    /// The parties that a channel talks with, through Local pairs, in the order in which they are reached.
    pub(super) fn partners(&self, from: ChannelKey) -> Vec<ChannelKey> {
        let mut reached = vec![from];
        let mut parties = Vec::new();
        let mut next = 0;
        while let Some(ch) = reached.get(next).copied() {
            next += 1;
            let Some(channel) = self.channels.get(ch) else { continue };
            let together =
                channel.talks_in().and_then(|id| self.bridges.get(id)).map(Vec::as_slice).unwrap_or_default();
            let other_half = channel.pair.filter(|_| channel.kind == ChannelKind::Auxiliary);
            for other in together.iter().copied().chain(other_half) {
                if !reached.contains(&other) {
                    reached.push(other);
                    if self.channels.get(other).is_some_and(|channel| channel.is_party()) {
                        parties.push(other);
                    }
                }
            }
        }
        parties
    }

    /// Publishes that a party answered, unless it was the last one to do so.
    pub(super) fn publish_answer(
        &mut self,
        key: CallKey,
        answered_by: AnsweredBy,
        endpoint: &str,
        leg: Option<Leg>,
    ) {
        let Some(call) = self.calls.get(key) else { return };
        if call.is_over() || call.answered_by_endpoint.as_deref() == Some(endpoint) {
            return;
        }
        self.announce(key, AnnounceReason::Answered);
        self.publish_redirect(key);
        let Some(call) = self.calls.get_mut(key) else { return };
        if call.answered_by_endpoint.is_none() && call.answered_by.as_ref() == Some(&answered_by) {
            // An earlier process published it.
            call.answered_by_endpoint = Some(endpoint.to_owned());
            call.answered_leg = leg.or(call.answered_leg.take());
            return;
        }
        let again = call.is_answered();
        call.round.legs.iter_mut().for_each(|leg| leg.open = false);
        call.answered_by_endpoint = Some(endpoint.to_owned());
        self.forget_answering_phone(key, endpoint);
        self.note_answer(key, leg);
        self.explain_answered(key, &answered_by, again);
        let Some(call) = self.calls.get_mut(key) else { return };
        // On an outbound call the party that was called is what the call is about; a later one is a transfer.
        if !(again && call.direction == Direction::Out) {
            call.answered_by = Some(answered_by.clone());
            let (kind, facts) = (EventKind::Answer { answered_by }, CallFacts::default());
            self.push_event(key, PendingEvent { kind, time: self.now, facts });
        }
    }
}
