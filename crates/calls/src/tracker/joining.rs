//! Which channels belong together: how calls form, grow, become one and are forgotten.

use ringwire_event::explanation::HangupReason;
use ringwire_event::{Cause, Direction};

use super::Tracker;
use crate::limits::{self, TrackerLimit};
use crate::model::{Call, CallKey, CallStage, ChannelKey, ChannelKind, PendingAnnouncement, RingLeg};

impl Tracker {
    /// Finds the call of a new channel, or makes one if the channel starts one.
    pub(super) fn place_new(&mut self, ch: ChannelKey, linkedid: Option<&str>) {
        let Some(channel) = self.channels.get(ch) else { return };
        let uniqueid = channel.uniqueid.clone();
        let begins = channel.starts_call();
        match linkedid {
            Some(linkedid) if linkedid != uniqueid => {
                if let Some(key) = self.by_linkedid.get(linkedid).copied() {
                    self.add_to_call(ch, key);
                } else if let Some(originator) = self.by_uniqueid.get(linkedid).copied() {
                    // Dialled by nobody and now acting for itself (Originate): its call forms when it dials.
                    if let Some(key) = self.call_of(originator) {
                        self.add_to_call(ch, key);
                    }
                } else {
                    // A leg of a call that started unseen; a snapshot may yet show its originator.
                    let key = self.new_call(linkedid, None);
                    self.explain_unseen_start(key);
                    self.add_to_call(ch, key);
                }
            }
            _ => {
                // A leg may have named this channel's call before the channel itself was known.
                if let Some(key) = self.by_linkedid.get(&uniqueid).copied() {
                    let key = self.add_to_call(ch, key);
                    if let Some(channel) = self.channels.get_mut(ch) {
                        channel.placed_call |= begins;
                    }
                    self.set_originator(key, ch);
                } else if begins {
                    self.start_call(ch);
                }
            }
        }
    }

    pub(super) fn new_call(&mut self, root: &str, originator: Option<ChannelKey>) -> CallKey {
        let mut call = Call::new(root.to_owned(), self.next_sequence(), originator);
        call.taken_up_after = self.taken_up_after(originator);
        let key = self.calls.insert(call);
        self.by_linkedid.insert(root.to_owned(), key);
        self.note_start(key, originator);
        key
    }

    /// The call started when the channel was created that started it, unless that was not seen.
    fn note_start(&mut self, key: CallKey, originator: Option<ChannelKey>) {
        let created = originator.and_then(|ch| self.channels.get(ch)).filter(|channel| !channel.listed);
        let created = created.and_then(|channel| channel.created);
        if let Some(call) = self.calls.get_mut(key) {
            call.times.started = call.times.started.or(created);
        }
    }

    /// A channel starts a call.
    pub(super) fn start_call(&mut self, originator: ChannelKey) -> CallKey {
        let mut root = String::new();
        if let Some(channel) = self.channels.get_mut(originator) {
            channel.placed_call = true;
            root.clone_from(&channel.uniqueid);
        }
        let key = self.new_call(&root, Some(originator));
        self.explain_start(key, originator);
        self.add_to_call(originator, key)
    }

    /// A call whose first channel was not seen to begin may have been announced before, of which this process knows
    /// nothing: no event of it has happened here, and its ids carry the mark of the start.
    fn taken_up_after(&self, originator: Option<ChannelKey>) -> Option<u32> {
        let originator = originator.and_then(|ch| self.channels.get(ch));
        originator.is_none_or(|channel| channel.listed).then_some(0)
    }

    pub(super) fn set_originator(&mut self, key: CallKey, ch: ChannelKey) {
        let taken_up_after = self.taken_up_after(Some(ch));
        let Some(call) = self.calls.get_mut(key).filter(|call| call.originator.is_none()) else { return };
        call.originator = Some(ch);
        if !call.has_originator {
            call.has_originator = true;
            call.taken_up_after = taken_up_after;
        }
        self.note_start(key, Some(ch));
        self.explain_originator(key, ch);
        let Some(call) = self.calls.get(key) else { return };
        let ringing: Vec<_> =
            call.round.legs.iter().filter(|leg| leg.open && leg.party).map(|leg| leg.channel).collect();
        if !ringing.is_empty() {
            self.gather(key);
        }
        for ch in ringing {
            self.gather_user(key, ch);
            self.publish_ringing(ch);
        }
    }

    /// The call that this channel started, while it is not over.
    pub(super) fn originated_call(&self, ch: ChannelKey) -> Option<CallKey> {
        let key = self.call_of(ch)?;
        let call = self.calls.get(key)?;
        (call.originator == Some(ch) && !call.is_over()).then_some(key)
    }

    /// The call that a channel is a member of, while it is not over.
    pub(super) fn living_call(&self, ch: ChannelKey) -> Option<CallKey> {
        self.call_of(ch).filter(|key| self.calls.get(*key).is_some_and(|call| !call.is_over()))
    }

    /// Adds a channel to a call, and the other half of its Local pair with it. A member of another living
    /// call joins the two: nobody is taken out of a call, which might be left with nobody to end it. Returns the call
    /// that the channel is then a member of.
    pub(super) fn add_to_call(&mut self, ch: ChannelKey, key: CallKey) -> CallKey {
        let former = self.call_of(ch);
        if former == Some(key) {
            return key;
        }
        if let Some(living) = self.living_call(ch) {
            return self.merge(key, living);
        }
        self.detach(ch);
        self.explain_joined(ch, key);
        let (Some(channel), Some(call)) = (self.channels.get_mut(ch), self.calls.get_mut(key)) else {
            return key;
        };
        channel.call = Some(key);
        call.members.push(ch);
        let other_half = channel.pair;
        if let Some(former) = former
            && self.calls.get(former).is_some_and(|call| call.members.is_empty())
        {
            self.forget_call(former);
        }
        other_half.map_or(key, |other| self.add_to_call(other, key))
    }

    pub(super) fn detach(&mut self, ch: ChannelKey) {
        let Some(channel) = self.channels.get_mut(ch) else { return };
        if let Some(call) = channel.call.take().and_then(|key| self.calls.get_mut(key)) {
            call.members.retain(|member| *member != ch);
        }
    }

    /// Two channels belong to one call from now on.
    pub(super) fn join(&mut self, one: ChannelKey, two: ChannelKey) {
        match (self.call_of(one), self.call_of(two)) {
            (Some(left), Some(right)) if left != right => {
                self.merge(left, right);
            }
            (Some(key), None) => {
                self.add_to_call(two, key);
            }
            (None, Some(key)) => {
                self.add_to_call(one, key);
            }
            _ => {}
        }
    }

    /// Two calls become one: the older external call keeps its id and its history, the other is absorbed
    /// (call rules 1).
    pub(super) fn merge(&mut self, left: CallKey, right: CallKey) -> CallKey {
        let rank = |key: CallKey| {
            let Some(call) = self.calls.get(key) else { return (true, true, true, u64::MAX) };
            (call.is_over(), !self.is_external(call), !call.has_originator, call.sequence)
        };
        let (keep, absorb) = if rank(left) <= rank(right) { (left, right) } else { (right, left) };
        if self.calls.get(absorb).is_some_and(|call| !call.is_over()) {
            self.forget_unpublished_ringing(absorb);
            self.absorb(absorb, keep);
        }
        let Some(absorbed) = self.calls.remove(absorb) else { return keep };
        self.explain_merged(keep, &absorbed.root, absorbed.explanation);
        for member in &absorbed.members {
            if let Some(channel) = self.channels.get_mut(*member) {
                channel.call = Some(keep);
            }
        }
        if let Some(call) = self.calls.get_mut(keep) {
            for (name, value) in absorbed.variables {
                call.variables.entry(name).or_insert(value);
            }
            call.members.extend(absorbed.members);
        }
        for linkedid in &absorbed.linkedids {
            self.by_linkedid.insert(linkedid.clone(), keep);
        }
        if let Some(call) = self.calls.get_mut(keep) {
            call.linkedids.extend(absorbed.linkedids);
            if call.linkedids.len() > limits::LEGS {
                self.exceed(TrackerLimit::Legs);
            }
        }
        self.take_over_legs(keep, absorbed.round.legs);
        keep
    }

    /// The ringing events of a call that is never announced were not published.
    fn forget_unpublished_ringing(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key).filter(|call| !call.is_announced()) else { return };
        for ch in &call.members {
            if let Some(channel) = self.channels.get_mut(*ch) {
                channel.rang = false;
            }
        }
    }

    /// What rings for an absorbed call rings for the call that absorbed it.
    fn take_over_legs(&mut self, key: CallKey, legs: Vec<RingLeg>) {
        let mut open: Vec<_> = legs.into_iter().filter(|leg| leg.open).collect();
        let parties: Vec<_> = open.iter().filter(|leg| leg.party).map(|leg| leg.channel).collect();
        // What was the caller's own phone there is a phone that is called here.
        open.iter_mut().for_each(|leg| leg.own = false);
        let Some(call) = self.calls.get_mut(key).filter(|call| !call.is_over()) else { return };
        call.dialled |= !parties.is_empty();
        call.round.legs.extend(open);
        for ch in parties {
            self.gather_user(key, ch);
            self.publish_ringing(ch);
        }
    }

    /// An absorbed call ends: one that was announced gets its one hangup, one that was not never will be.
    fn absorb(&mut self, key: CallKey, by: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        if call.is_announced() {
            let id = Some(call.id.clone());
            let absorbed_by = self.calls.get_mut(by).map(|by| {
                by.absorbed_call = id;
                by.id.clone()
            });
            let absorbed_by = absorbed_by.filter(|id| !id.is_empty());
            self.publish_hangup_into(key, absorbed_by, |call| {
                (
                    if call.is_answered() { Cause::NormalClearing } else { Cause::Cancel },
                    HangupReason::Absorbed,
                )
            });
        } else {
            self.drop_pending(key);
        }
    }

    pub(super) fn drop_pending(&mut self, key: CallKey) {
        if let Some(call) = self.calls.get_mut(key)
            && let CallStage::Gathering(PendingAnnouncement { due: Some(due), .. }) =
                std::mem::replace(&mut call.stage, CallStage::Over)
        {
            self.announcements_due.remove(&(due, key));
        }
    }

    /// Whether somebody outside takes part in the call.
    fn is_external(&self, call: &Call) -> bool {
        if call.is_announced() {
            return call.direction != Direction::Internal;
        }
        let outside = |ch: &ChannelKey| {
            self.channels.get(*ch).is_some_and(|channel| channel.kind == ChannelKind::External)
        };
        call.originator.as_ref().is_some_and(outside) || call.members.iter().any(outside)
    }

    pub(super) fn forget_call(&mut self, key: CallKey) {
        self.drop_pending(key);
        for linkedid in self.calls.remove(key).map(|call| call.linkedids).unwrap_or_default() {
            if self.by_linkedid.get(&linkedid) == Some(&key) {
                self.by_linkedid.remove(&linkedid);
            }
        }
    }
}
