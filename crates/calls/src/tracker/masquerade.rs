//! Masquerade (Asterisk 1.8 to 11): an endpoint and its part in a call move to another channel.
//!
//! What is seen is three renames: the clone `X` to `X<MASQ>`, the original `Y` to `X`, the clone to `Y<ZOMBIE>`
//! (AMI notes 3.12). From 12 on nothing of it is shown.

use super::Tracker;
use crate::event_headers::EventHeaders;
use crate::model::{ChannelKey, ChannelKind, endpoint_of};

impl Tracker {
    pub(super) fn on_rename(&mut self, packet: &EventHeaders<'_>) {
        let Some(ch) = self.resolve_channel(packet, "Uniqueid") else { return };
        let Some(name) = packet.text("Newname") else { return };
        let clone = self.by_name.get(&format!("{name}<MASQ>")).copied().filter(|clone| *clone != ch);
        self.rename_channel(ch, &name);
        if let Some(clone) = clone {
            self.masquerade(clone, ch);
        }
    }

    /// A list gives a channel the name that another one had: a masquerade was missed.
    pub(super) fn apply_listed_name(&mut self, ch: ChannelKey, name: &str) {
        let is_known = self.channels.get(ch).is_some_and(|channel| channel.name == name);
        if is_known || name.ends_with("<MASQ>") || name.ends_with("<ZOMBIE>") {
            return;
        }
        let clone = self.by_name.get(name).copied();
        self.rename_channel(ch, name);
        if let Some(clone) = clone {
            self.masquerade(clone, ch);
        }
    }

    fn rename_channel(&mut self, ch: ChannelKey, name: &str) {
        let Some(channel) = self.channels.get_mut(ch) else { return };
        let old = std::mem::replace(&mut channel.name, name.to_owned());
        if self.by_name.get(&old) == Some(&ch) {
            self.by_name.remove(&old);
        }
        self.by_name.insert(name.to_owned(), ch);
    }

    /// The endpoint of `clone`, and its part in its call, move to `original`; what is left is a zombie, whose end
    /// means nothing.
    fn masquerade(&mut self, clone: ChannelKey, original: ChannelKey) {
        let Some([from, to]) = self.channels.get_disjoint_mut([clone, original]) else { return };
        to.endpoint = endpoint_of(&to.name).to_owned();
        to.kind = if from.kind == ChannelKind::Auxiliary { to.kind } else { from.kind };
        to.dialled |= from.dialled;
        to.own_number.clone_from(&from.own_number);
        to.own_name.clone_from(&from.own_name);
        to.caller_number.clone_from(&from.caller_number);
        to.caller_name.clone_from(&from.caller_name);
        to.number.clone_from(&from.number);
        to.withheld = from.withheld;
        to.exten.clone_from(&from.exten);
        to.context.clone_from(&from.context);
        to.account.clone_from(&from.account);
        to.on_hold = false;
        from.kind = ChannelKind::Auxiliary;
        self.unpair(original);
        self.join(clone, original);
        self.explain_masquerade(clone, original);
        if let Some(call) = self.call_of(original).and_then(|key| self.calls.get_mut(key)) {
            for role in [&mut call.originator, &mut call.far_party] {
                if *role == Some(clone) {
                    *role = Some(original);
                }
            }
        }
        for waiting in self.waiting.iter_mut().filter(|waiting| **waiting == clone) {
            *waiting = original;
        }
        self.detach(clone);
        if let Some(key) = self.call_of(original) {
            self.detect_answer(key);
        }
    }
}
