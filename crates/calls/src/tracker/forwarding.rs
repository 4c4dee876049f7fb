//! Phones that send a call elsewhere (SIP 3xx).

use ringwire_event::{CallFacts, EventKind};

use super::Tracker;
use crate::model::{ChannelKey, local_stem};

impl Tracker {
    /// A phone that is rung sends the call to `forward`: an extension, with or without its context, or a dial string.
    pub(super) fn publish_forwarded(&mut self, phone: ChannelKey, forward: &str) {
        let Some(key) = self.living_call(phone) else { return };
        let Some(user) = self.party(phone) else { return };
        let target = forward.split_once('/').map_or(forward, |(_, name)| name);
        let target = target.split('@').next().filter(|target| !target.is_empty());
        let forwarded_to = target.map(str::to_owned);
        let facts = CallFacts { leg: self.leg(phone), ..CallFacts::default() };
        self.publish_with(key, EventKind::Forwarded { user, forwarded_to }, facts);
    }

    /// Up to 11 nothing says that a phone forwards the call. What is seen is that its dialler dials a Local channel as well,
    /// and then hangs the phone up, with nothing of the call between, neither a phone that rings nor one that declines.
    pub(super) fn detect_forwarding(&mut self, phone: ChannelKey) {
        if self.version.has_channel_snapshots() {
            return;
        }
        let Some(call) = self.living_call(phone).and_then(|key| self.calls.get(key)) else { return };
        let leg_of = |ch: ChannelKey| call.round.legs.iter().find(|leg| leg.channel == ch);
        let Some(local) = call.dialled_last.filter(|local| *local != phone) else { return };
        let is_forwarded = match (leg_of(phone), leg_of(local)) {
            (Some(own), Some(other)) => {
                own.open
                    && !own.refused
                    && other.open
                    && own.dialler.is_some()
                    && own.dialler == other.dialler
            }
            _ => false,
        };
        if !is_forwarded || call.gave_up || call.is_answered() {
            return;
        }
        let Some(stem) = self.channels.get(local).and_then(|channel| local_stem(&channel.name)) else {
            return;
        };
        let target = stem.0.to_owned();
        if let Some(leg) = self.leg_of(phone) {
            leg.forwarded = true;
        }
        self.publish_forwarded(phone, &target);
    }
}
