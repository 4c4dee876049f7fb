//! Snapshots: what a list of channels tells of calls that were not watched.
//!
//! `CoreShowChannels` (and `Status`, where that is not allowed) is asked for after every connect. Its items come in
//! one run, but may be ahead of events that still wait in the PBX.

use ringwire_event::AnsweredBy;
use ringwire_event::explanation::AnnounceReason;
use slotmap::SecondaryMap;

use super::channels::state_of;
use super::{Event, Tracker};
use crate::model::{Ch, State};

/// A list of channels that is coming in.
#[derive(Debug, Default)]
pub(super) struct Listing {
    items: Vec<Item>,
    /// How many items have come, with those that are no longer kept.
    count: usize,
    /// How many full lists this connection has given.
    complete: u32,
    /// `CoreShowChannels` is allowed, so `Status` tells nothing more.
    core: bool,
}

#[derive(Debug)]
struct Item {
    ch: Ch,
    /// Not known before this list.
    adopted: bool,
    /// Dialled, rather than running the dialplan.
    outgoing: bool,
    linkedid: Option<String>,
    connected: Option<String>,
    bridge: Option<String>,
    bridged_with: Option<String>,
    application: String,
    data: Option<String>,
}

impl Tracker {
    /// The answer to CoreStatus tells when the PBX was started: once that has changed, nothing that it held before
    /// this connection lives.
    pub(super) fn on_response(&mut self, packet: &Event<'_>) {
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
                .map(|(ch, channel)| (channel.born, ch))
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

    pub(super) fn on_listed(&mut self, packet: &Event<'_>) {
        self.listing.core = true;
        self.list(packet);
    }

    pub(super) fn on_status(&mut self, packet: &Event<'_>) {
        if !self.listing.core {
            self.list(packet);
        }
    }

    pub(super) fn on_list_complete(&mut self, packet: &Event<'_>) {
        self.listing.core = true;
        self.finish_list(packet);
    }

    pub(super) fn on_status_complete(&mut self, packet: &Event<'_>) {
        if !self.listing.core {
            self.finish_list(packet);
        }
    }

    fn list(&mut self, packet: &Event<'_>) {
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
                self.note_name(ch, &name);
                self.recovering = false;
                // It may have been changed unseen, and legs are known by it where there are no Linkedids.
                self.take_caller_id(ch, packet);
                ch
            }
            None => {
                let ch = self.add_channel(&uniqueid, &name, packet, exten);
                self.explain_listed(ch, &application);
                if let Some(channel) = self.channels.get_mut(ch) {
                    channel.dialled = outgoing;
                }
                ch
            }
        };
        if let Some(state) = state_of(packet) {
            self.set_state(ch, state);
        }
        let epoch = self.epoch;
        if let Some(channel) = self.channels.get_mut(ch) {
            channel.heard = epoch;
            channel.missed = false;
        }
        self.prune_list();
        self.listing.count += 1;
        self.listing.items.push(Item {
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
    }

    /// Keeps a list that never ends from growing: of a channel its last item counts, of one that is gone none.
    fn prune_list(&mut self) {
        if self.listing.items.len() > 1_000 + 2 * self.channels.len() {
            let mut places = SecondaryMap::new();
            let mut kept: Vec<Item> = Vec::new();
            for mut item in std::mem::take(&mut self.listing.items) {
                if !self.channels.contains_key(item.ch) {
                    continue;
                }
                match places.get(item.ch).and_then(|place: &usize| kept.get_mut(*place)) {
                    Some(known) => {
                        item.adopted |= known.adopted;
                        *known = item;
                    }
                    None => {
                        places.insert(item.ch, kept.len());
                        kept.push(item);
                    }
                }
            }
            self.listing.items = kept;
        }
    }

    fn finish_list(&mut self, packet: &Event<'_>) {
        let items = std::mem::take(&mut self.listing.items);
        let count = std::mem::take(&mut self.listing.count);
        let told = packet
            .text("ListItems")
            .or_else(|| packet.text("Items"))
            .and_then(|text| text.trim().parse().ok());
        self.recovering = true;
        let full = told.is_none_or(|told: usize| told == count);
        if full {
            self.end_missing();
            self.listing.complete += 1;
            self.epoch = self.epoch.wrapping_add(1);
        }
        self.adopt(&items);
        if full {
            self.end_unclaimed();
        }
        self.recovering = false;
    }

    /// Ends the channels that the list does not have: at once if they were last heard of before this connection,
    /// else when a second list misses them too, for their Hangup may be on its way.
    fn end_missing(&mut self) {
        let first = self.listing.complete == 0;
        let epoch = self.epoch;
        let mut ended = Vec::new();
        for (ch, channel) in &mut self.channels {
            if channel.heard == epoch {
                continue;
            }
            if first || channel.missed {
                ended.push((channel.born, ch));
            }
            channel.missed = true;
        }
        ended.sort_unstable();
        for (_, ch) in ended {
            self.explain_missing(ch);
            self.end_channel(ch, None);
        }
    }

    /// Ties the listed channels into calls and says of them what was not said yet.
    fn adopt(&mut self, items: &[Item]) {
        // Those who began a call come first, so that their legs find it.
        for item in items.iter().filter(|item| item.adopted && !item.outgoing) {
            self.place_listed(item);
        }
        for item in items.iter().filter(|item| item.outgoing) {
            if item.adopted || self.call_of(item.ch).is_none() {
                self.place_new(item.ch, item.linkedid.as_deref());
                self.tie_by_number(item, items);
            }
        }
        for item in items {
            self.tie_bridged(item, items);
        }
        for item in items {
            self.note_own_legs(item);
        }
        for item in items {
            self.enter_listed(item);
        }
        for item in items {
            self.tell_listed(item);
        }
    }

    fn place_listed(&mut self, item: &Item) {
        self.place_new(item.ch, item.linkedid.as_deref());
        let Some(channel) = self.channels.get(item.ch).filter(|channel| channel.is_party()) else { return };
        let root = channel.uniqueid.clone();
        // Who is about to be called, or was called by nobody (Originate), begins no call.
        let calls = !matches!(channel.state, State::Down | State::Ringing) && !channel.exten.is_empty();
        if calls && channel.call.is_none() && item.linkedid.as_ref().is_none_or(|linkedid| *linkedid == root)
        {
            self.begin_call(item.ch);
        }
    }

    /// Without Linkedids a ringing leg is known by its caller's number.
    fn tie_by_number(&mut self, item: &Item, items: &[Item]) {
        if item.linkedid.is_some() || self.call_of(item.ch).is_some() {
            return;
        }
        let Some(connected) = &item.connected else { return };
        let caller = items.iter().filter(|other| !other.outgoing).map(|other| other.ch).find(|ch| {
            self.channels.get(*ch).is_some_and(|channel| channel.caller_number.as_ref() == Some(connected))
        });
        if let Some(caller) = caller {
            self.tie(caller, item.ch);
        }
    }

    /// Those in one bridge are one call, whether or not a Linkedid says so.
    fn tie_bridged(&mut self, item: &Item, items: &[Item]) {
        let with = match (&item.bridge, &item.bridged_with) {
            (Some(id), _) if !is_conference(&item.application) => {
                items.iter().find(|other| other.bridge.as_ref() == Some(id)).map(|other| other.ch)
            }
            (None, Some(other)) => self.by_uniqueid.get(other).copied(),
            _ => None,
        };
        if let Some(other) = with.filter(|other| *other != item.ch) {
            self.tie(item.ch, other);
        }
    }

    fn enter_listed(&mut self, item: &Item) {
        if let Some(id) = &item.bridge {
            let known = self.channels.get(item.ch).and_then(|channel| channel.bridge.as_ref());
            if known.is_none_or(|bridge| bridge.id != *id) {
                self.enter_bridge(item.ch, id, !is_conference(&item.application));
            }
        } else if let Some(other) =
            item.bridged_with.as_ref().and_then(|id| self.by_uniqueid.get(id).copied())
        {
            let id = self.link_id(item.ch, other);
            self.link(item.ch, other, &id);
        }
    }

    /// The phones of an adopted call were rung for it: they are named when it is announced.
    fn note_own_legs(&mut self, item: &Item) {
        let Some(key) = self.call_of(item.ch) else { return };
        let Some(call) = self.calls.get(key).filter(|call| call.begun) else { return };
        let mut phones: Vec<_> = call
            .members
            .iter()
            .copied()
            .filter(|ch| self.channels.get(*ch).is_some_and(|channel| channel.is_party() && channel.dialled))
            .collect();
        phones.sort_by_key(|ch| self.channels.get(*ch).map(|channel| channel.born));
        if !phones.is_empty() {
            self.gather(key);
        }
        for ch in phones {
            self.gather_user(key, ch);
        }
    }

    fn tell_listed(&mut self, item: &Item) {
        let Some(key) = self.call_of(item.ch) else { return };
        let Some(channel) = self.channels.get(item.ch) else { return };
        let up = channel.state == State::Up;
        if self.beginner_call(item.ch).is_some() {
            if item.application.eq_ignore_ascii_case("Queue") {
                let queue = item.data.as_deref().and_then(|data| data.split(',').next());
                if !self.calls.get(key).is_some_and(|call| call.is_answered()) {
                    self.enter_queue(item.ch, queue);
                } else if let (Some(call), Some(queue)) = (self.calls.get_mut(key), queue) {
                    call.queue.get_or_insert_with(|| queue.to_owned());
                }
            } else if is_conference(&item.application) {
                self.answered(key, AnsweredBy::Conference, "conference");
            } else if item.application.eq_ignore_ascii_case("VoiceMail") && up {
                self.answered(key, AnsweredBy::Voicemail, "voicemail");
            }
        }
        if item.outgoing && !up {
            self.add_leg(key, None, item.ch);
        }
        if self.calls.get(key).is_some_and(|call| call.begun && call.is_gathering()) {
            self.announce(key, AnnounceReason::Listed);
        }
    }

    /// Takes a QueueStatus entry: a caller who waits.
    pub(super) fn on_queue_entry(&mut self, packet: &Event<'_>) {
        let by_name = || self.by_name.get(&*packet.text("Channel")?).copied();
        let Some(ch) = self.channel_of(packet, "Uniqueid").or_else(by_name) else { return };
        if self.waiting.contains(&ch) || self.beginner_call(ch).is_none() {
            return;
        }
        self.recovering = true;
        self.enter_queue(ch, packet.text("Queue").as_deref());
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
    use crate::Rules;

    #[test]
    fn a_list_that_never_ends_is_kept_within_bounds() {
        let mut tracker = Tracker::new(Rules::new("pbx"));
        let mut apply = |text: String| {
            tracker.apply(&Packet::new(Bytes::from(text), AmiVersion::NEWEST).unwrap(), None);
            assert!(tracker.listing.items.len() <= 1_003 + 2 * tracker.channels.len());
        };
        let mut told = 0;
        for n in 0..3_000 {
            for id in [7, n % 10, n] {
                apply(format!(
                    "Event: CoreShowChannel\r\nChannel: SIP/trunk-{id}\r\nContext: from-trunk\r\nExten: 1\r\nUniqueid: 1.{id}\r\n"
                ));
                told += 1;
            }
            if n > 10 {
                apply(format!("Event: Hangup\r\nUniqueid: 1.{n}\r\n"));
            }
        }
        // It is whole nevertheless.
        apply(format!("Event: CoreShowChannelsComplete\r\nListItems: {told}\r\n"));
        assert_eq!((tracker.live_calls(), tracker.listing.complete), (11, 1));
    }
}
