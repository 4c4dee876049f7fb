//! What a list of channels says was dialled: the application of the channel that dials, and its data (call rules 2.7).

use ringwire_directory::{dials, has_technology, is_number};

use super::Tracker;
use crate::model::{CallKey, ChannelKey, ListedChannel};

impl Tracker {
    /// Links each listed channel that was dialled with the one that dials it. What is known of who dialled whom stays.
    pub(super) fn link_listed_dials(&mut self, items: &[ListedChannel]) {
        let mut linked = Vec::new();
        for item in items.iter().filter(|item| item.application.eq_ignore_ascii_case("Dial")) {
            self.link_dialled_by(item, items, &mut linked);
        }
        // Only now is every Local channel linked with the one before it.
        for item in items {
            let dialler = self.channels.get(item.ch).and_then(|channel| channel.dialled_by);
            let through = dialler.and_then(|dialler| self.first_half_before(dialler));
            if let Some(channel) = self.channels.get_mut(item.ch) {
                channel.reached_through = through.or(channel.reached_through);
            }
        }
        for (caller, dest) in linked {
            // What is left of a call whose first channel is gone begins no other.
            if self.living_call(caller).is_none() && self.is_left_over(caller, items) {
                continue;
            }
            let key = self.dialling_call(caller);
            self.join(caller, dest);
            let key = self.call_of(caller).unwrap_or(key);
            self.take_listed_exten(key, caller, dest);
        }
    }

    fn is_left_over(&self, ch: ChannelKey, items: &[ListedChannel]) -> bool {
        let linkedid = items.iter().find(|item| item.ch == ch).and_then(|item| item.linkedid.as_ref());
        linkedid.is_some_and(|linkedid| !self.by_uniqueid.contains_key(linkedid))
    }

    /// A caller who is in a queue, or whom it gave to an agent, came by that queue.
    pub(super) fn take_listed_queue(&mut self, item: &ListedChannel) {
        if let Some(queue) = item.queue()
            && let Some(key) = self.originated_call(item.ch)
            && let Some(call) = self.calls.get_mut(key)
        {
            call.queue.get_or_insert_with(|| queue.to_owned());
        }
    }

    fn link_dialled_by(
        &mut self,
        item: &ListedChannel,
        items: &[ListedChannel],
        linked: &mut Vec<(ChannelKey, ChannelKey)>,
    ) {
        let mut legs: Vec<_> = items.iter().filter(|leg| self.may_have_dialled(item, leg)).collect();
        let mut unnamed = Vec::new();
        let mut link = |tracker: &mut Self, leg: &ListedChannel, dial_string: &str| {
            tracker.take_dial_string(Some(item.ch), leg.ch, Some(dial_string));
            linked.push((item.ch, leg.ch));
        };
        for dial_string in item.dial_strings() {
            match legs.iter().position(|leg| self.is_endpoint(leg, |endpoint| dials(dial_string, endpoint))) {
                Some(place) => link(self, legs.remove(place), dial_string),
                None => unnamed.push(dial_string),
            }
        }
        // A line of a group, say, does not have the group's name.
        for dial_string in unnamed {
            let is_line = |endpoint: &str| {
                has_technology(dial_string, endpoint) && !NAMED.iter().any(|tech| endpoint.starts_with(tech))
            };
            if let Some(place) = legs.iter().position(|leg| self.is_endpoint(leg, is_line)) {
                link(self, legs.remove(place), dial_string);
            }
        }
    }

    /// Whether a listed leg, of which nobody knows who dialled it, belongs to the call that this channel dials for.
    fn may_have_dialled(&self, item: &ListedChannel, leg: &ListedChannel) -> bool {
        let call = self.call_of(item.ch);
        let caller = self.channels.get(item.ch);
        // Without Linkedids a leg is known by its caller's number, or by whom it is bridged with.
        let is_connected = leg.linkedid.is_none()
            && (leg.connected.is_some()
                && leg.connected == caller.and_then(|caller| caller.caller_number.clone())
                || leg.bridged_with.is_some()
                    && leg.bridged_with == caller.map(|caller| caller.uniqueid.clone()));
        let together = is_connected
            || call.is_some() && call == self.call_of(leg.ch)
            || item.linkedid.is_some() && item.linkedid == leg.linkedid
            || item.bridge.is_some() && item.bridge == leg.bridge;
        together
            && leg.outgoing
            && leg.ch != item.ch
            && self
                .channels
                .get(leg.ch)
                .is_some_and(|channel| channel.dialled_by.is_none() && !channel.placed_call)
    }

    fn is_endpoint(&self, leg: &ListedChannel, matches: impl Fn(&str) -> bool) -> bool {
        self.channels.get(leg.ch).is_some_and(|channel| matches(&channel.endpoint))
    }

    /// What a call that Originate began dials, if the dialling channel is still at the extension that it dials from.
    fn take_listed_exten(&mut self, key: CallKey, caller: ChannelKey, dest: ChannelKey) {
        let exten = self.channels.get(caller).map(|channel| channel.exten_now.clone());
        let own = self.calls.get(key).is_none_or(|call| self.is_callers_own(call, dest));
        if let Some(exten) = exten.filter(|exten| is_number(exten))
            && let Some(call) = self.calls.get_mut(key)
            && call.is_originated
            && !own
        {
            call.dialled_exten.get_or_insert(exten);
        }
    }
}

/// Technologies whose channels have the name that was dialled.
const NAMED: [&str; 3] = ["Local/", "PJSIP/", "SIP/"];
