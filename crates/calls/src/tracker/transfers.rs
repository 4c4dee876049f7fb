//! Calls that are passed on or picked up.

use ringwire_directory::is_number;
use ringwire_event::{EventKind, Party, TransferKind};

use super::Tracker;
use crate::event_headers::EventHeaders;
use crate::model::{CallKey, ChannelKey, ChannelKind, ChannelState, PassedOn};

impl Tracker {
    pub(super) fn on_blind_transfer(&mut self, packet: &EventHeaders<'_>) {
        let transferer = self.channel_of(packet, "TransfererUniqueid");
        let transferee = self.channel_of(packet, "TransfereeUniqueid");
        if !succeeded(packet) {
            return self.explain_failed_transfer(transferer);
        }
        let Some(key) = transferee.or(transferer).and_then(|ch| self.call_of(ch)) else { return };
        let target = packet.text("Extension").map(|text| text.into_owned());
        if let Some(call) = self.calls.get_mut(key) {
            // The caller leaves the bridge for the target before or after this.
            if call.redirected.is_some() && call.redirected == target {
                call.redirected = None;
            } else {
                call.passed_to.clone_from(&target);
            }
        }
        self.publish_transfer(key, TransferKind::Blind, transferer, target);
    }

    pub(super) fn on_attended_transfer(&mut self, packet: &EventHeaders<'_>) {
        let transferer = self.channel_of(packet, "OrigTransfererUniqueid");
        if !succeeded(packet) {
            return self.explain_failed_transfer(transferer);
        }
        let second = self.channel_of(packet, "SecondTransfererUniqueid");
        let target = self.channel_of(packet, "TransferTargetUniqueid");
        let transferee = self.channel_of(packet, "TransfereeUniqueid");
        // Without a target the second leg still rings, and what it rings, it rings for the transferee from here on.
        let other = target.or(second);
        if let (Some(transferee), Some(other)) = (transferee, other) {
            self.join(transferee, other);
        }
        let Some(key) = transferee.or(transferer).and_then(|ch| self.call_of(ch)) else { return };
        let extension = target
            .and_then(|ch| self.extension_behind(ch))
            .or_else(|| self.extension_reached(transferee, [transferer, second]))
            .or_else(|| {
                packet
                    .text("SecondTransfererExten")
                    .map(|text| text.into_owned())
                    .filter(|text| is_number(text))
            })
            .or_else(|| self.extension_dialled([second, transferer]))
            .or_else(|| packet.text("SecondTransfererConnectedLineNum").map(|text| text.into_owned()));
        self.publish_transfer(key, TransferKind::Attended, transferer, extension);
    }

    /// Transfer (chan_sip, up to 11).
    pub(super) fn on_old_transfer(&mut self, packet: &EventHeaders<'_>) {
        let Some(transferer) = self.resolve_channel(packet, "Uniqueid") else { return };
        let Some(key) = self.call_of(transferer) else { return };
        let attended = packet.text("TransferType").is_some_and(|kind| kind.eq_ignore_ascii_case("Attended"));
        let kind = if attended { TransferKind::Attended } else { TransferKind::Blind };
        let target = match packet.text("TransferExten") {
            Some(exten) => Some(exten.into_owned()),
            None => self.channel_of(packet, "TargetUniqueid").and_then(|second| {
                let reached = self.extension_reached(Some(second), [Some(transferer), Some(second)]);
                reached.or_else(|| self.extension_dialled([Some(second), None]))
            }),
        };
        let consultation = self.channel_of(packet, "TargetUniqueid").and_then(|ch| self.call_of(ch));
        let consultation = consultation.filter(|other| *other != key).and_then(|other| self.calls.get(other));
        let consultation = consultation.filter(|call| call.is_announced()).map(|call| call.id.clone());
        if let Some(call) = self.calls.get_mut(key) {
            call.absorbed_call = consultation.or(call.absorbed_call.take());
        }
        self.publish_transfer(key, kind, Some(transferer), target);
    }

    fn publish_transfer(
        &mut self,
        key: CallKey,
        kind: TransferKind,
        by: Option<ChannelKey>,
        target: Option<String>,
    ) {
        let user = by.and_then(|ch| self.party(ch));
        if let Some(call) = self.calls.get_mut(key) {
            call.passed_on = Some(PassedOn { kind, by: user.clone(), target: target.clone() });
        }
        self.publish_passed_on(key, kind, user, target);
    }

    pub(super) fn publish_passed_on(
        &mut self,
        key: CallKey,
        kind: TransferKind,
        user: Option<Party>,
        target: Option<String>,
    ) {
        self.explain_transfer(key, kind, user.as_ref(), target.as_deref());
        if let Some(call) = self.calls.get_mut(key) {
            // Who passes a call on leaves it, and does not end it.
            call.hung_up_by = None;
        }
        self.publish(key, EventKind::Transfer { kind, user, transfer_target: target });
    }

    /// The caller leaves a bridge for another place: a redirect, unless a transfer explains it.
    pub(super) fn detect_redirect(&mut self, ch: ChannelKey, packet: &EventHeaders<'_>) {
        let Some(exten) = packet.text("Exten") else { return };
        let key = self.originated_call(ch);
        let Some(channel) = self.channels.get_mut(ch) else { return };
        if channel.exten_now == *exten || exten == "h" {
            return;
        }
        channel.exten_now = exten.clone().into_owned();
        let Some(call) = key.and_then(|key| self.calls.get_mut(key)) else { return };
        if call.passed_to.take().as_deref() != Some(&*exten) && call.is_answered() {
            call.redirected = Some(exten.into_owned());
        }
    }

    /// Publishes a redirect once the party that the caller was with is gone: the transfer that may yet explain it comes
    /// before that.
    pub(super) fn publish_redirect_if_left(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let is_there = call.members.iter().filter_map(|ch| self.channels.get(*ch)).any(|channel| {
            channel.state == ChannelState::Up && Some(&channel.endpoint) == call.answered_by_endpoint.as_ref()
        });
        if !is_there {
            self.publish_redirect(key);
        }
    }

    /// Publishes a redirect that nothing else explained.
    pub(super) fn publish_redirect(&mut self, key: CallKey) {
        let Some(target) = self.calls.get_mut(key).and_then(|call| call.redirected.take()) else { return };
        self.explain_redirect(key, &target);
        self.publish(
            key,
            EventKind::Transfer { kind: TransferKind::Redirect, user: None, transfer_target: Some(target) },
        );
    }

    /// Pickup: a phone takes a call that rings elsewhere. Up to 11 it gives names only.
    pub(super) fn on_pickup(&mut self, packet: &EventHeaders<'_>) {
        let by_name = |key: &str| self.by_name.get(&*packet.text(key)?).copied();
        let picker = self.channel_of(packet, "Uniqueid").or_else(|| by_name("Channel"));
        let target = self.channel_of(packet, "TargetUniqueid").or_else(|| by_name("TargetChannel"));
        if let (Some(picker), Some(target)) = (picker, target) {
            self.join(picker, target);
            if let Some(leg) = self.leg_of(target) {
                leg.taken = true;
            }
        }
    }

    /// The extension of whom a channel talks with, other than those who transfer the call.
    fn extension_reached(
        &self,
        from: Option<ChannelKey>,
        transferers: [Option<ChannelKey>; 2],
    ) -> Option<String> {
        let endpoint = |ch: ChannelKey| self.channels.get(ch).map(|channel| channel.endpoint.as_str());
        let is_transferer =
            |ch: ChannelKey| transferers.iter().flatten().any(|own| endpoint(*own) == endpoint(ch));
        let reached = self.partners(from?).into_iter().find(|ch| !is_transferer(*ch))?;
        self.extension_behind(reached)
    }

    /// The extension that a transferer's second leg dialled, be it through a Local channel in one bridge with it.
    fn extension_dialled(&self, transferers: [Option<ChannelKey>; 2]) -> Option<String> {
        let dialled = |ch: ChannelKey| {
            self.channels.get(ch).map(|channel| &channel.exten).filter(|exten| is_number(exten))
        };
        let through = |ch: ChannelKey| {
            let bridge = self.channels.get(ch)?.talks_in()?;
            let together = self.bridges.get(bridge).map(Vec::as_slice).unwrap_or_default();
            let is_local = |ch: &&ChannelKey| {
                self.channels.get(**ch).is_some_and(|channel| channel.kind == ChannelKind::Auxiliary)
            };
            together.iter().find(is_local).and_then(|local| dialled(*local))
        };
        let [second, first] = transferers;
        let own = second.filter(|_| second != first).and_then(dialled);
        own.or_else(|| transferers.into_iter().flatten().find_map(through)).cloned()
    }

    /// The extension of the phone at a channel, or behind it if it is a Local half.
    pub(super) fn extension_behind(&self, ch: ChannelKey) -> Option<String> {
        let phone = match self.channels.get(ch)?.kind {
            ChannelKind::Device | ChannelKind::External => Some(ch),
            ChannelKind::Auxiliary => {
                let other = self.channels.get(ch)?.pair?;
                self.partners(other).into_iter().find(|partner| {
                    self.channels.get(*partner).is_some_and(|channel| {
                        channel.kind == ChannelKind::Device && channel.dialled_by == Some(other)
                    })
                })
            }
        }?;
        let channel = self.channels.get(phone)?;
        self.party(phone).and_then(|party| party.extension).or_else(|| channel.number.clone())
    }
}

fn succeeded(packet: &EventHeaders<'_>) -> bool {
    packet.text("Result").is_none_or(|result| result.eq_ignore_ascii_case("Success"))
}
