//! Who talks with the caller.

use ringwire_event::AnsweredBy;

use super::Tracker;
use crate::model::{CallKey, Ch, Kind};

impl Tracker {
    /// Says an answer if somebody new talks with the caller of the call.
    pub(super) fn note_talk(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key).filter(|call| !call.is_over()) else { return };
        let Some(beginner) = call.beginner else { return };
        let partners: Vec<_> =
            self.partners(beginner).into_iter().filter(|ch| !self.is_callers_own(call, *ch)).collect();
        let endpoint = |ch: &Ch| self.channels.get(*ch).map(|channel| channel.endpoint.as_str());
        // A party that joins in has not taken the call over.
        if call.answered_by_endpoint.is_some()
            && partners.iter().any(|ch| endpoint(ch) == call.answered_by_endpoint.as_deref())
        {
            return self.explain_joined_in(key, &partners);
        }
        let Some(partner) = partners.first().copied() else { return };
        let Some(channel) = self.channels.get(partner) else { return };
        let endpoint = channel.endpoint.clone();
        let external = channel.kind == Kind::External;
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
            && call.far.is_none()
        {
            call.far = Some(partner);
        }
        self.answered(key, answered_by, &endpoint);
    }

    /// The parties that a channel talks with, through Local pairs, in the order in which they are reached.
    pub(super) fn partners(&self, from: Ch) -> Vec<Ch> {
        let mut reached = vec![from];
        let mut parties = Vec::new();
        let mut next = 0;
        while let Some(ch) = reached.get(next).copied() {
            next += 1;
            let Some(channel) = self.channels.get(ch) else { continue };
            let together =
                channel.talks_in().and_then(|id| self.bridges.get(id)).map(Vec::as_slice).unwrap_or_default();
            let other_half = channel.pair.filter(|_| channel.kind == Kind::Plumbing);
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
}
