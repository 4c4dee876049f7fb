//! Who is at a channel.

use ringwire_event::Party;

use super::Tracker;
use crate::model::{Call, CallKey, ChannelKey, ChannelKind};

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

    /// The phone that calls out: the originator, or the one that Originate reached through a Local channel.
    pub(super) fn caller_channel(&self, key: CallKey) -> Option<ChannelKey> {
        let call = self.calls.get(key)?;
        let device = |ch: &ChannelKey| {
            self.channels.get(*ch).is_some_and(|channel| channel.kind == ChannelKind::Device)
        };
        call.originator.filter(device).or_else(|| call.members.iter().copied().find(device))
    }

    /// Whether a phone is the caller's own, reached by Originate through a Local channel, rather than one called.
    pub(super) fn is_callers_own(&self, call: &Call, ch: ChannelKey) -> bool {
        let is_auxiliary = |ch: &ChannelKey| {
            self.channels.get(*ch).is_some_and(|channel| channel.kind == ChannelKind::Auxiliary)
        };
        call.originator.as_ref().is_some_and(is_auxiliary)
            && self.channels.get(ch).is_some_and(|channel| {
                let behind = channel
                    .dialled_by
                    .and_then(|dialler| self.channels.get(dialler))
                    .and_then(|dialler| dialler.pair);
                behind.is_some() && behind == call.originator
            })
    }
}
