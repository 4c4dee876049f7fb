//! Who is at a channel.

use ringwire_event::Party;

use super::Tracker;
use crate::model::{Call, CallKey, ChannelKey, ChannelKind, ChannelState};

impl Tracker {
    /// The user at a device; `None` for trunks and auxiliary channels.
    pub(super) fn party(&self, ch: ChannelKey) -> Option<Party> {
        let channel = self.channels.get(ch).filter(|channel| channel.kind == ChannelKind::Device)?;
        Some(self.rules.directory.party(
            &channel.endpoint,
            channel.own_extension(),
            channel.own_name.as_deref(),
        ))
    }

    pub(super) fn party_of_caller(&self, ch: Option<ChannelKey>) -> Option<Party> {
        self.party(ch?)
    }

    /// The user who calls out.
    pub(super) fn caller(&self, key: CallKey) -> Option<Party> {
        self.party(self.caller_channel(key)?)
    }

    /// The phone that calls: the originator, or the one that Originate reached through Local channels. Of several that it
    /// rang, the one that picked up.
    pub(super) fn caller_channel(&self, key: CallKey) -> Option<ChannelKey> {
        let call = self.calls.get(key)?;
        let device = |ch: &ChannelKey| {
            self.channels.get(*ch).is_some_and(|channel| channel.kind == ChannelKind::Device)
        };
        let picked_up =
            |ch: &ChannelKey| self.channels.get(*ch).is_some_and(|channel| channel.state == ChannelState::Up);
        let own = || call.members.iter().copied().filter(|ch| device(ch) && self.is_callers_own(call, *ch));
        call.originator.filter(device).or_else(|| own().find(picked_up)).or_else(|| own().next()).or_else(
            || call.members.iter().copied().find(device).filter(|_| self.first_outside(call).is_none()),
        )
    }

    /// Whether a phone is the caller's own, reached by Originate through Local channels, however many, rather than one
    /// called (call rules 2.3).
    pub(super) fn is_callers_own(&self, call: &Call, ch: ChannelKey) -> bool {
        call.originator.is_some()
            && self.channels.get(ch).is_some_and(|channel| channel.reached_through == call.originator)
    }

    /// The call that Originate began and that is made from this phone.
    pub(super) fn call_made_from(&self, ch: ChannelKey) -> Option<CallKey> {
        let key = self.living_call(ch)?;
        let call = self.calls.get(key)?;
        (call.is_originated && call.dialled && self.caller_channel(key) == Some(ch)).then_some(key)
    }
}
