//! Channels: how they come, change and go.

use ringwire_event::AnsweredBy;

use super::Tracker;
use crate::event_headers::EventHeaders;
use crate::model::{Channel, ChannelKey, ChannelKind, ChannelState, local_stem, withheld_by_step};

impl Tracker {
    pub(super) fn on_newchannel(&mut self, packet: &EventHeaders<'_>) {
        let (Some(uniqueid), Some(name)) = (packet.text("Uniqueid"), packet.text("Channel")) else { return };
        if let Some(known) = self.by_uniqueid.get(&*uniqueid).copied() {
            if self.channels.get(known).is_some_and(|channel| channel.connection == self.connection) {
                return; // sent twice, or a list ran ahead of it
            }
            // A channel is created once, so this is another one: the PBX counts Uniqueids anew.
            self.recovering = true;
            self.explain_restart(known);
            self.end_channel(known, None);
            self.recovering = false;
        }
        if !self.has_room() {
            return;
        }
        let ch = self.add_channel(&uniqueid, &name, packet, "Exten");
        let linkedid = packet.text("Linkedid");
        self.place_new(ch, linkedid.as_deref());
    }

    /// Adds a channel from a Newchannel or a list item; `exten` names the header with the number that was dialled.
    pub(super) fn add_channel(
        &mut self,
        uniqueid: &str,
        name: &str,
        packet: &EventHeaders<'_>,
        exten: &str,
    ) -> ChannelKey {
        let mut channel = Channel::new(uniqueid, name, self.next_sequence());
        let own = |key: &str| packet.text(key).map(|text| text.into_owned());
        channel.created = self.now;
        channel.connection = self.connection;
        channel.seen_in = self.list_epoch;
        channel.state = packet.channel_state().unwrap_or(ChannelState::Down);
        channel.exten = own(exten).unwrap_or_default();
        channel.exten_now.clone_from(&channel.exten);
        channel.context = own("Context").unwrap_or_default();
        channel.own_number = own("CallerIDNum").or_else(|| own("CallerID"));
        channel.own_name = own("CallerIDName");
        channel.caller_number.clone_from(&channel.own_number);
        channel.caller_name.clone_from(&channel.own_name);
        channel.account = own("AccountCode");
        channel.tenant = own("Tenantid");
        if channel.kind == ChannelKind::Device && self.is_outside(&channel) {
            channel.kind = ChannelKind::External;
        }
        let ch = self.channels.insert(channel);
        self.by_uniqueid.insert(uniqueid.to_owned(), ch);
        self.by_name.insert(name.to_owned(), ch);
        self.explain_classified(ch);
        self.pair_local(ch);
        ch
    }

    fn is_outside(&self, channel: &Channel) -> bool {
        self.rules.trunks.iter().any(|pattern| pattern.matches(&channel.endpoint))
            || self.rules.inbound_contexts.iter().any(|pattern| pattern.matches(&channel.context))
    }

    /// Finds the other half of a Local channel by its name: releases before 11 send it nowhere else.
    fn pair_local(&mut self, ch: ChannelKey) {
        let Some((stem, half)) = self.channels.get(ch).and_then(|channel| local_stem(&channel.name)) else {
            return;
        };
        let other = format!("Local/{stem};{}", 3 - half.clamp(1, 2));
        let single =
            |other: &ChannelKey| self.channels.get(*other).is_some_and(|channel| !channel.was_paired);
        if let Some(other) = self.by_name.get(&other).copied().filter(single) {
            self.set_pair(ch, other);
        }
    }

    /// Two channels are the halves of a Local pair, whatever either was paired with before.
    pub(super) fn set_pair(&mut self, one: ChannelKey, two: ChannelKey) {
        if one == two {
            return;
        }
        for (ch, other) in [(one, two), (two, one)] {
            if self.channels.get(ch).is_some_and(|channel| channel.pair != Some(other)) {
                self.unpair(ch);
            }
            if let Some(channel) = self.channels.get_mut(ch) {
                channel.pair = Some(other);
                channel.was_paired = true;
            }
        }
        self.join(one, two);
    }

    /// Parts a channel from the other half of its Local pair: neither may be left with a partner that is not its own.
    pub(super) fn unpair(&mut self, ch: ChannelKey) {
        let former = self.channels.get_mut(ch).and_then(|channel| channel.pair.take());
        if let Some(former) = former.and_then(|former| self.channels.get_mut(former)) {
            former.pair = None;
        }
    }

    pub(super) fn on_newstate(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        if let Some(state) = packet.channel_state() {
            self.set_state(ch, state);
        }
        self.take_caller_id(ch, packet);
        match self.channels.get(ch).map(|channel| channel.state) {
            Some(ChannelState::Ringing) => {
                self.join_queue_leg(ch, packet);
                self.publish_ringing(ch);
            }
            Some(ChannelState::Ring) => self.start_call_if_calling(ch, packet),
            Some(ChannelState::Up) => {
                self.detect_voicemail(ch);
                self.explain_pbx_answer(ch);
            }
            Some(ChannelState::Busy) => self.detect_busy_played(ch),
            _ => {}
        }
    }

    /// The PBX plays Busy() or Congestion() to a caller: the request to hang up that came before, as it may on Asterisk
    /// 16, was the PBX's own.
    fn detect_busy_played(&mut self, ch: ChannelKey) {
        if let Some(key) = self.originated_call(ch)
            && let Some(call) = self.calls.get_mut(key)
        {
            call.gave_up = false;
            self.explain_hangup_request(key, true);
        }
    }

    /// A channel that calls in may do so only after it was created or listed; `Dialing` is one that calls out.
    fn start_call_if_calling(&mut self, ch: ChannelKey, packet: &EventHeaders<'_>) {
        let begins =
            self.channels.get(ch).is_some_and(|channel| channel.call.is_none() && channel.starts_call());
        if begins
            && packet
                .text("ChannelState")
                .or_else(|| packet.text("State"))
                .is_some_and(|state| state == "4" || state == "Ring")
        {
            let linkedid = packet.text("Linkedid");
            self.place_new(ch, linkedid.as_deref());
        }
    }

    /// Moves a channel on; never from Up back to Ringing, which only an event older than a list could claim.
    pub(super) fn set_state(&mut self, ch: ChannelKey, state: ChannelState) {
        if let Some(channel) = self.channels.get_mut(ch)
            && !(channel.state == ChannelState::Up && state < ChannelState::Up)
        {
            channel.state = state;
        }
    }

    pub(super) fn on_new_caller_id(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        self.take_caller_id(ch, packet);
        let presentation = packet.text("CID-CallingPres").and_then(|text| {
            text.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse::<u32>().ok())
        });
        if let Some(presentation) = presentation {
            self.set_withheld(ch, presentation & 0x60 == 0x20);
        }
    }

    fn set_withheld(&mut self, ch: ChannelKey, withheld: bool) {
        let Some(channel) = self.channels.get_mut(ch) else { return };
        channel.withheld = withheld;
        if withheld {
            self.explain_withheld(ch);
        }
    }

    pub(super) fn take_caller_id(&mut self, ch: ChannelKey, packet: &EventHeaders<'_>) {
        let Some(channel) = self.channels.get_mut(ch) else { return };
        for (key, slot) in
            [("CallerIDNum", &mut channel.caller_number), ("CallerIDName", &mut channel.caller_name)]
        {
            if let Some(value) = packet.text(key) {
                if slot.as_deref() != Some(&*value) {
                    *slot = Some(value.into_owned());
                }
            } else if packet.get(key).is_some() {
                *slot = None;
            }
        }
    }

    pub(super) fn on_newexten(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        let application = packet.text("Application");
        let application = application.as_deref().unwrap_or_default();
        if let Some(channel) = self.channels.get_mut(ch) {
            channel.in_voicemail = application.eq_ignore_ascii_case("VoiceMail");
        }
        self.note_application(ch, application, packet.text("AppData").as_deref().unwrap_or_default());
        self.detect_voicemail(ch);
        if let Some(withheld) = packet.text("AppData").and_then(|data| withheld_by_step(application, &data)) {
            self.set_withheld(ch, withheld);
        }
        let exten = packet.text("Extension").or_else(|| packet.text("Exten"));
        // `h` runs when the call is over: what it does changes nothing about how.
        if exten.as_deref() != Some("h")
            && let Some(key) = self.originated_call(ch)
            && let Some(call) = self.calls.get_mut(key)
        {
            call.went_from_queue = false;
            let before = call.deflected;
            if application.eq_ignore_ascii_case("Transfer") {
                call.deflected = !call.is_answered();
            } else if goes_on(application) {
                call.deflected = false;
            }
            self.explain_deflected(key, before);
        }
    }

    fn detect_voicemail(&mut self, ch: ChannelKey) {
        let taken = self
            .channels
            .get(ch)
            .is_some_and(|channel| channel.in_voicemail && channel.state == ChannelState::Up);
        if taken && let Some(key) = self.originated_call(ch) {
            self.publish_answer(key, AnsweredBy::Voicemail, "voicemail", None);
        }
    }

    /// The channel that a live event names, which the next list can then not miss.
    pub(super) fn resolve_channel(&mut self, packet: &EventHeaders<'_>, key: &str) -> Option<ChannelKey> {
        let ch = self.channel_of(packet, key)?;
        let epoch = self.list_epoch;
        if let Some(channel) = self.channels.get_mut(ch) {
            channel.seen_in = epoch;
            channel.missed = false;
        }
        Some(ch)
    }
}

/// Whether a step of the dialplan shows that the call was not deflected after all: it offers it to somebody, or plays
/// the caller something. What only notes something, a PBX may have been asked to keep to itself.
fn goes_on(application: &str) -> bool {
    const STEPS: [&str; 8] =
        ["BackGround", "Busy", "ConfBridge", "Congestion", "Dial", "Playback", "Queue", "VoiceMail"];
    STEPS.iter().any(|step| application.eq_ignore_ascii_case(step))
}
