//! Calls that are parked, and retrieved.

use ringwire_event::{CallFacts, EventKind, Party, UnparkReason};

use super::Tracker;
use crate::event_headers::EventHeaders;
use crate::model::{CallKey, ChannelKey, endpoint_of};

impl Tracker {
    /// ParkedCall. Up to 11 the parked channel has no prefix, and who parks it is named by channel.
    pub(super) fn on_parked(&mut self, packet: &EventHeaders<'_>) {
        let Some(key) = self.parked_call(packet) else { return };
        let user = self.parker(key, packet);
        let parking_lot = packet.text("Parkinglot").map(|text| text.into_owned());
        let space =
            packet.text("ParkingSpace").or_else(|| packet.text("Exten")).map(|text| text.into_owned());
        let timeout = packet.text("ParkingTimeout").or_else(|| packet.text("Timeout"));
        let timeout_seconds = timeout.and_then(|text| text.trim().parse().ok());
        let Some(call) = self.calls.get_mut(key) else { return };
        call.parked = Some((parking_lot.clone(), space.clone()));
        // Who parks a call leaves it, and does not end it.
        call.hung_up_by = None;
        self.publish(key, EventKind::Parked { user, parking_lot, space, timeout_seconds });
    }

    /// UnParkedCall.
    pub(super) fn on_unparked(&mut self, packet: &EventHeaders<'_>) {
        let retriever =
            self.channel_of(packet, "RetrieverUniqueid").or_else(|| self.channel_named(packet, "From"));
        self.unpark(packet, UnparkReason::Retrieved, retriever);
    }

    /// ParkedCallTimeOut: it goes back to who parked it.
    pub(super) fn on_parking_timed_out(&mut self, packet: &EventHeaders<'_>) {
        self.unpark(packet, UnparkReason::TimedOut, None);
    }

    /// ParkedCallGiveUp: the parked party hangs up.
    pub(super) fn on_parking_given_up(&mut self, packet: &EventHeaders<'_>) {
        self.unpark(packet, UnparkReason::GaveUp, None);
    }

    fn unpark(&mut self, packet: &EventHeaders<'_>, reason: UnparkReason, retriever: Option<ChannelKey>) {
        if let Some(key) = self.parked_call(packet) {
            self.publish_unparked(key, reason, retriever);
        }
    }

    /// The call ends while it is parked, and nothing else said so.
    pub(super) fn publish_unparked_at_end(&mut self, key: CallKey) {
        self.publish_unparked(key, UnparkReason::GaveUp, None);
    }

    fn publish_unparked(&mut self, key: CallKey, reason: UnparkReason, retriever: Option<ChannelKey>) {
        let parked = self.calls.get_mut(key).and_then(|call| call.parked.take());
        let Some((parking_lot, space)) = parked else { return };
        let user = retriever.and_then(|ch| self.party(ch));
        let facts = CallFacts { leg: retriever.and_then(|ch| self.leg(ch)), ..CallFacts::default() };
        self.publish_with(key, EventKind::Unparked { reason, user, parking_lot, space }, facts);
    }

    fn parked_call(&self, packet: &EventHeaders<'_>) -> Option<CallKey> {
        let parkee = self
            .channel_of(packet, "ParkeeUniqueid")
            .or_else(|| self.channel_of(packet, "Uniqueid"))
            .or_else(|| self.channel_named(packet, "Channel"))?;
        self.living_call(parkee)
    }

    /// Who parks a call: the user whose phone is named, by its leg in this call where it has one.
    fn parker(&self, key: CallKey, packet: &EventHeaders<'_>) -> Option<Party> {
        if let Some(ch) = self.channel_named(packet, "From") {
            return self.party(ch);
        }
        let dial_string = packet.text("ParkerDialString")?;
        let endpoint = endpoint_of(&dial_string);
        let call = self.calls.get(key)?;
        let is_parker =
            |ch: &&ChannelKey| self.channels.get(**ch).is_some_and(|channel| channel.endpoint == endpoint);
        match call.members.iter().find(is_parker) {
            Some(ch) => self.party(*ch),
            None if endpoint.starts_with("Local/") || !endpoint.contains('/') => None,
            None => Some(self.rules.directory.party(endpoint, None, None)),
        }
    }

    fn channel_named(&self, packet: &EventHeaders<'_>, key: &str) -> Option<ChannelKey> {
        self.by_name.get(&*packet.text(key)?).copied()
    }
}
