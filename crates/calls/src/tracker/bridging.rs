//! Bridges: who is together with whom, and who holds whom.

use ringwire_event::{CallFacts, EventKind};

use super::Tracker;
use crate::event_headers::EventHeaders;
use crate::model::{CallKey, Channel, ChannelBridge, ChannelKey, ChannelKind};

impl Tracker {
    pub(super) fn on_bridge_enter(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        let Some(id) = packet.text("BridgeUniqueid") else { return };
        if let (Some(channel), Some(exten)) = (self.channels.get_mut(ch), packet.text("Exten")) {
            channel.exten_now = exten.into_owned();
        }
        if let Some(former) = self.channel_of(packet, "SwapUniqueid") {
            self.take_place_of(ch, former);
        }
        self.enter_bridge(ch, &id, is_talk(packet));
    }

    /// A Local channel is optimised away: the phone behind it takes its place, and its part in the call.
    fn take_place_of(&mut self, ch: ChannelKey, former: ChannelKey) {
        let is_auxiliary =
            self.channels.get(former).is_some_and(|channel| channel.kind == ChannelKind::Auxiliary);
        let is_party = self.channels.get(ch).is_some_and(Channel::is_party);
        if is_auxiliary
            && is_party
            && let Some(key) = self.originated_call(former)
            && self.call_of(ch) == Some(key)
            && let Some(call) = self.calls.get_mut(key)
        {
            call.originator = Some(ch);
        }
    }

    pub(super) fn on_bridge_leave(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        let id = packet.text("BridgeUniqueid");
        let left = self
            .channels
            .get(ch)
            .and_then(|channel| channel.bridge.as_ref())
            .map(|bridge| bridge.id.as_str());
        if left.is_some() && left == id.as_deref() {
            self.leave_bridge(ch);
            self.detect_redirect(ch, packet);
        }
    }

    /// `Bridge` (1.6 to 11), `Link` and `Unlink` (1.4, some of 1.6 to 1.8): two channels and no bridge of its own.
    pub(super) fn on_old_bridge(&mut self, packet: &EventHeaders<'_>) {
        let state = packet.text("Bridgestate").unwrap_or_else(|| match packet.name() {
            b"Unlink" => "Unlink".into(),
            _ => "Link".into(),
        });
        let (Some(one), Some(two)) =
            (self.resolve_channel(packet, "Uniqueid1"), self.resolve_channel(packet, "Uniqueid2"))
        else {
            return;
        };
        let id = self.old_bridge_id(one, two);
        if state == "Link" {
            self.enter_old_bridge(one, two, &id);
        } else {
            for ch in [one, two] {
                if self
                    .channels
                    .get(ch)
                    .and_then(|channel| channel.bridge.as_ref())
                    .is_some_and(|bridge| bridge.id == id)
                {
                    self.leave_bridge(ch);
                }
            }
        }
    }

    /// Up to 11 a bridge has no id of its own: it is known by the two who are in it.
    pub(super) fn old_bridge_id(&self, one: ChannelKey, two: ChannelKey) -> String {
        let mut pair: Vec<_> = [one, two]
            .iter()
            .filter_map(|ch| self.channels.get(*ch))
            .map(|channel| channel.uniqueid.as_str())
            .collect();
        pair.sort_unstable();
        pair.join("+")
    }

    pub(super) fn enter_old_bridge(&mut self, one: ChannelKey, two: ChannelKey, id: &str) {
        if one != two {
            self.enter_bridge(one, id, true);
            self.enter_bridge(two, id, true);
        }
    }

    /// A channel joins a bridge; those who talk in one bridge are one call.
    pub(super) fn enter_bridge(&mut self, ch: ChannelKey, id: &str, talk: bool) {
        if self
            .channels
            .get(ch)
            .and_then(|channel| channel.bridge.as_ref())
            .is_some_and(|bridge| bridge.id != id)
        {
            self.leave_bridge(ch);
        }
        let Some(channel) = self.channels.get_mut(ch) else { return };
        channel.bridge = Some(ChannelBridge { id: id.to_owned(), talk });
        let members = self.bridges.entry(id.to_owned()).or_default();
        if !members.contains(&ch) {
            members.push(ch);
        }
        if !talk {
            return self.explain_no_talk(ch);
        }
        for other in members.clone() {
            if other != ch {
                self.join(ch, other);
            }
        }
        if let Some(key) = self.call_of(ch) {
            self.detect_answer(key);
        }
    }

    pub(super) fn leave_bridge(&mut self, ch: ChannelKey) {
        let Some(bridge) = self.channels.get_mut(ch).and_then(|channel| channel.bridge.take()) else {
            return;
        };
        if let Some(members) = self.bridges.get_mut(&bridge.id) {
            members.retain(|member| *member != ch);
            if members.is_empty() {
                self.bridges.remove(&bridge.id);
            }
        }
    }

    pub(super) fn on_local_bridge(&mut self, packet: &EventHeaders<'_>) {
        let one = self
            .resolve_channel(packet, "LocalOneUniqueid")
            .or_else(|| self.resolve_channel(packet, "Uniqueid1"));
        let two = self
            .resolve_channel(packet, "LocalTwoUniqueid")
            .or_else(|| self.resolve_channel(packet, "Uniqueid2"));
        if let (Some(one), Some(two)) = (one, two) {
            self.set_pair(one, two);
        }
    }

    pub(super) fn on_hold(&mut self, packet: &EventHeaders<'_>) {
        self.set_hold(packet, packet.text("Status").is_none_or(|status| status != "Off"));
    }

    pub(super) fn on_unhold(&mut self, packet: &EventHeaders<'_>) {
        self.set_hold(packet, false);
    }

    fn set_hold(&mut self, packet: &EventHeaders<'_>, on: bool) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        let Some(channel) = self.channels.get_mut(ch) else { return };
        if std::mem::replace(&mut channel.on_hold, on) == on {
            return;
        }
        let Some(key) = channel.call else { return };
        let answered = self.calls.get(key).is_some_and(|call| call.is_answered());
        self.explain_hold(key, ch, on, answered);
        self.note_holding(key);
        if answered {
            let user = self.party(ch);
            let facts = CallFacts { leg: self.leg(ch), ..CallFacts::default() };
            let kind = if on { EventKind::Hold { user } } else { EventKind::Unhold { user } };
            self.publish_with(key, kind, facts);
        }
    }

    /// Measures how long a party of the call is on hold.
    fn note_holding(&mut self, key: CallKey) {
        let now = self.now;
        let Some(call) = self.calls.get(key) else { return };
        let holds = |ch: &ChannelKey| self.channels.get(*ch).is_some_and(|channel| channel.on_hold);
        let is_held = call.is_answered() && call.members.iter().any(holds);
        if let Some(call) = self.calls.get_mut(key) {
            match is_held {
                true => call.times.holding.start(now),
                false => call.times.holding.stop(now),
            }
        }
    }
}

/// Whether those in the bridge talk with each other: conferences and holding bridges join nothing
/// (call rules 1).
fn is_talk(packet: &EventHeaders<'_>) -> bool {
    let creator = packet.text("BridgeCreator");
    let conference = match creator.as_deref() {
        Some(creator) => creator.eq_ignore_ascii_case("ConfBridge"),
        // Asterisk 12 does not name creators; only conferences have the bare type.
        None => packet.get("BridgeCreator").is_none() && packet.text("BridgeType").as_deref() == Some("base"),
    };
    !conference && packet.text("BridgeTechnology").is_none_or(|technology| !technology.starts_with("holding"))
}
