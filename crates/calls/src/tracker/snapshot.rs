//! Snapshots: calls that were not watched are learnt from a list of channels.
//!
//! `CoreShowChannels` (and `Status`, where that is not allowed) is asked for after every connect. Its items come in
//! one run, but may be ahead of events that still wait in the PBX.

use ringwire_event::AnsweredBy;
use ringwire_event::explanation::AnnounceReason;

use super::Tracker;
use crate::event_headers::EventHeaders;
use crate::model::{ChannelState, ListedChannel};

impl Tracker {
    /// The answer to CoreStatus has the time when the PBX was started: once that has changed, nothing that it held before
    /// this connection lives.
    pub(super) fn on_response(&mut self, packet: &EventHeaders<'_>) {
        let (Some(date), Some(time)) = (packet.text("CoreStartupDate"), packet.text("CoreStartupTime"))
        else {
            return;
        };
        let started = format!("{date} {time}");
        let before = self.started.replace(started.clone());
        if before.is_some_and(|before| before != started) {
            let connection = self.connection;
            let mut held: Vec<_> = self
                .channels
                .iter()
                .filter(|(_, channel)| channel.connection != connection)
                .map(|(ch, channel)| (channel.sequence, ch))
                .collect();
            held.sort_unstable();
            self.recovering = true;
            for (_, ch) in held {
                self.explain_restart(ch);
                self.end_channel(ch, None);
            }
            self.recovering = false;
        }
    }

    pub(super) fn on_listed(&mut self, packet: &EventHeaders<'_>) {
        self.channel_list.is_core = true;
        self.list(packet);
    }

    pub(super) fn on_status(&mut self, packet: &EventHeaders<'_>) {
        if !self.channel_list.is_core {
            self.list(packet);
        }
    }

    pub(super) fn on_list_complete(&mut self, packet: &EventHeaders<'_>) {
        self.channel_list.is_core = true;
        self.finish_list(packet);
    }

    pub(super) fn on_status_complete(&mut self, packet: &EventHeaders<'_>) {
        if !self.channel_list.is_core {
            self.finish_list(packet);
        }
    }

    fn list(&mut self, packet: &EventHeaders<'_>) {
        let (Some(uniqueid), Some(name)) = (packet.text("Uniqueid"), packet.text("Channel")) else { return };
        let own = |key: &str| packet.text(key).map(|text| text.into_owned());
        let exten = if packet.get("Exten").is_some() { "Exten" } else { "Extension" };
        let known = self.by_uniqueid.get(&*uniqueid).copied();
        let application = own("Application").unwrap_or_default();
        // Up to 11 Status gives channels outside the dialplan no Context.
        let outgoing =
            application.starts_with("App") || application.is_empty() && packet.get("Context").is_none();
        let ch = match known {
            Some(ch) => {
                self.recovering = true;
                self.apply_listed_name(ch, &name);
                self.recovering = false;
                // It may have been changed unseen, and legs are known by it where there are no Linkedids.
                self.take_caller_id(ch, packet);
                ch
            }
            None if !self.has_room() => {
                self.channel_list.skip();
                return;
            }
            None => {
                let ch = self.add_channel(&uniqueid, &name, packet, exten);
                self.explain_listed(ch, &application);
                if let Some(channel) = self.channels.get_mut(ch) {
                    channel.listed = true;
                }
                ch
            }
        };
        if let Some(channel) = self.channels.get_mut(ch).filter(|channel| !channel.placed_call) {
            channel.dialled |= outgoing;
        }
        if let Some(state) = packet.channel_state() {
            self.set_state(ch, state);
        }
        let epoch = self.list_epoch;
        if let Some(channel) = self.channels.get_mut(ch) {
            channel.seen_in = epoch;
            channel.missed = false;
        }
        self.channel_list.push(ListedChannel {
            ch,
            adopted: known.is_none(),
            outgoing,
            linkedid: own("Linkedid"),
            connected: own("ConnectedLineNum"),
            bridge: own("BridgeId"),
            bridged_with: own("BridgedUniqueid"),
            application,
            data: own("ApplicationData").or_else(|| own("Data")),
        });
        self.channel_list.bound(&self.channels);
    }

    fn finish_list(&mut self, packet: &EventHeaders<'_>) {
        let (items, count) = self.channel_list.take();
        let expected = packet
            .text("ListItems")
            .or_else(|| packet.text("Items"))
            .and_then(|text| text.trim().parse().ok());
        self.recovering = true;
        let full = expected.is_none_or(|expected: usize| expected == count);
        if full {
            self.end_missing();
            self.channel_list.complete += 1;
            self.list_epoch = self.list_epoch.wrapping_add(1);
        }
        self.adopt(&items);
        if full {
            self.end_unlisted_resumed_calls();
        }
        self.recovering = false;
    }

    /// Ends the channels that the list does not have: at once if no event named them on this connection,
    /// else when a second list misses them too, for their Hangup may be on its way.
    fn end_missing(&mut self) {
        let first = self.channel_list.complete == 0;
        let epoch = self.list_epoch;
        let mut ended = Vec::new();
        for (ch, channel) in &mut self.channels {
            if channel.seen_in == epoch {
                continue;
            }
            if first || channel.missed {
                ended.push((channel.sequence, ch));
            }
            channel.missed = true;
        }
        ended.sort_unstable();
        for (_, ch) in ended {
            self.explain_missing(ch);
            self.end_channel(ch, None);
        }
    }

    /// Joins the listed channels into calls and publishes what was not published yet.
    fn adopt(&mut self, items: &[ListedChannel]) {
        // Channels that started a call come first, so that their legs find it.
        for item in items.iter().filter(|item| !item.outgoing) {
            if item.adopted || self.call_of(item.ch).is_none() {
                self.place_listed_channel(item);
            }
        }
        for item in items.iter().filter(|item| item.outgoing) {
            if item.adopted || self.call_of(item.ch).is_none() {
                self.place_new(item.ch, item.linkedid.as_deref());
                self.join_by_number(item, items);
            }
        }
        for item in items {
            self.join_bridged(item, items);
        }
        self.link_listed_dials(items);
        for item in items {
            self.take_listed_queue(item);
        }
        for item in items {
            self.gather_listed_phones(item);
        }
        for item in items {
            self.enter_listed_bridge(item);
        }
        for item in items {
            self.apply_listed_state(item);
        }
    }

    fn place_listed_channel(&mut self, item: &ListedChannel) {
        self.place_new(item.ch, item.linkedid.as_deref());
        let Some(channel) = self.channels.get(item.ch).filter(|channel| channel.is_party()) else { return };
        let root = channel.uniqueid.clone();
        // A channel that is about to be called, or was dialled by nobody (Originate), starts no call.
        let calls =
            !matches!(channel.state, ChannelState::Down | ChannelState::Ringing) && !channel.exten.is_empty();
        if calls
            && !channel.dialled
            && channel.call.is_none()
            && item.linkedid.as_ref().is_none_or(|linkedid| *linkedid == root)
        {
            self.start_call(item.ch);
        }
    }

    /// Without Linkedids a ringing leg is known by its caller's number.
    fn join_by_number(&mut self, item: &ListedChannel, items: &[ListedChannel]) {
        if item.linkedid.is_some() || self.call_of(item.ch).is_some() {
            return;
        }
        let Some(connected) = &item.connected else { return };
        let caller = items.iter().filter(|other| !other.outgoing).map(|other| other.ch).find(|ch| {
            self.channels.get(*ch).is_some_and(|channel| channel.caller_number.as_ref() == Some(connected))
        });
        if let Some(caller) = caller {
            self.join(caller, item.ch);
        }
    }

    /// Channels in one bridge are one call, whatever their Linkedids.
    fn join_bridged(&mut self, item: &ListedChannel, items: &[ListedChannel]) {
        let with = match (&item.bridge, &item.bridged_with) {
            (Some(id), _) if !is_conference(&item.application) => {
                items.iter().find(|other| other.bridge.as_ref() == Some(id)).map(|other| other.ch)
            }
            (None, Some(other)) => self.by_uniqueid.get(other).copied(),
            _ => None,
        };
        if let Some(other) = with.filter(|other| *other != item.ch) {
            self.join(item.ch, other);
        }
    }

    fn enter_listed_bridge(&mut self, item: &ListedChannel) {
        if let Some(id) = &item.bridge {
            let known = self.channels.get(item.ch).and_then(|channel| channel.bridge.as_ref());
            if known.is_none_or(|bridge| bridge.id != *id) {
                self.enter_bridge(item.ch, id, !is_conference(&item.application));
            }
        } else if let Some(other) =
            item.bridged_with.as_ref().and_then(|id| self.by_uniqueid.get(id).copied())
        {
            let id = self.old_bridge_id(item.ch, other);
            self.enter_old_bridge(item.ch, other, &id);
        }
    }

    /// The phones of an adopted call were rung for it: they are named when it is announced.
    fn gather_listed_phones(&mut self, item: &ListedChannel) {
        let Some(key) = self.call_of(item.ch) else { return };
        let Some(call) = self.calls.get(key).filter(|call| call.has_originator) else { return };
        let mut phones: Vec<_> = call
            .members
            .iter()
            .copied()
            .filter(|ch| self.channels.get(*ch).is_some_and(|channel| channel.is_party() && channel.dialled))
            .filter(|ch| call.originator != Some(*ch) && !self.is_callers_own(call, *ch))
            .collect();
        phones.sort_by_key(|ch| self.channels.get(*ch).map(|channel| channel.sequence));
        if !phones.is_empty() {
            self.gather(key);
        }
        for ch in phones {
            self.gather_user(key, ch);
        }
    }

    fn apply_listed_state(&mut self, item: &ListedChannel) {
        let Some(key) = self.call_of(item.ch) else { return };
        let Some(channel) = self.channels.get(item.ch) else { return };
        let up = channel.state == ChannelState::Up;
        let rung_by = (item.outgoing && !up && !channel.placed_call).then_some(channel.dialled_by);
        if self.originated_call(item.ch).is_some() {
            if item.application.eq_ignore_ascii_case("Queue") {
                if !self.calls.get(key).is_some_and(|call| call.is_answered()) {
                    self.wait_in_queue(item.ch, item.queue(), None, None);
                }
            } else if is_conference(&item.application) {
                self.publish_answer(key, AnsweredBy::Conference, "conference", None);
            } else if item.application.eq_ignore_ascii_case("VoiceMail") && up {
                self.publish_answer(key, AnsweredBy::Voicemail, "voicemail", None);
            }
        }
        if let Some(dialler) = rung_by {
            self.add_leg(key, dialler, item.ch);
        }
        if self.calls.get(key).is_some_and(|call| call.has_originator && call.is_gathering()) {
            self.announce(key, AnnounceReason::Listed);
        }
    }

    /// Takes a QueueStatus entry: a caller who waits.
    pub(super) fn on_queue_entry(&mut self, packet: &EventHeaders<'_>) {
        let by_name = || self.by_name.get(&*packet.text("Channel")?).copied();
        let Some(ch) = self.channel_of(packet, "Uniqueid").or_else(by_name) else { return };
        if self.waiting.contains(&ch) || self.originated_call(ch).is_none() {
            return;
        }
        self.recovering = true;
        let waited = packet.text("Wait").and_then(|text| text.trim().parse().ok());
        self.enter_queue(ch, packet, waited);
        if let Some(key) = self.call_of(ch) {
            self.announce(key, AnnounceReason::Listed);
        }
        self.recovering = false;
    }
}

fn is_conference(application: &str) -> bool {
    ["ConfBridge", "MeetMe"].iter().any(|name| application.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use ringwire_ami::{AmiVersion, Packet};

    use super::*;
    use crate::rules::Rules;

    #[test]
    fn a_list_that_never_ends_is_kept_within_bounds() {
        let mut tracker = Tracker::new(Rules::new("pbx"));
        let mut apply = |text: String| {
            tracker.apply(&Packet::new(Bytes::from(text), AmiVersion::NEWEST).unwrap(), None);
            assert!(tracker.channel_list.items.len() <= 1_003 + 2 * tracker.channels.len());
        };
        let mut announced = 0;
        for n in 0..3_000 {
            for id in [7, n % 10, n] {
                apply(format!(
                    "Event: CoreShowChannel\r\nChannel: SIP/trunk-{id}\r\nContext: from-trunk\r\nExten: 1\r\nUniqueid: 1.{id}\r\n"
                ));
                announced += 1;
            }
            if n > 10 {
                apply(format!("Event: Hangup\r\nUniqueid: 1.{n}\r\n"));
            }
        }
        // It is whole nevertheless.
        apply(format!("Event: CoreShowChannelsComplete\r\nListItems: {announced}\r\n"));
        assert_eq!((tracker.live_calls(), tracker.channel_list.complete), (11, 1));
    }
}
