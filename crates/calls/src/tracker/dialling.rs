//! Who dials whom, and what comes of it.

use ringwire_ami::AmiVersion;
use ringwire_directory::{SHORTEST_NUMBER, is_number, number_apart};
use ringwire_event::explanation::AnnounceReason;

use super::Tracker;
use crate::event_headers::EventHeaders;
use crate::limits::{self, TrackerLimit};
use crate::model::{CallKey, ChannelKey, ChannelKind, RingLeg, local_stem};

impl Tracker {
    /// DialBegin (12 and newer), `Dial` with `SubEvent: Begin` (1.6 to 11).
    pub(super) fn on_dial_begin(&mut self, packet: &EventHeaders<'_>) {
        let Some(dest) = self.resolve_channel(packet, "DestUniqueid") else { return };
        let caller = match packet.get("Uniqueid") {
            Some(_) => self.resolve_channel(packet, "Uniqueid"),
            None => self.linked_caller(dest),
        };
        if let Some(caller) = caller.filter(|_| packet.get("Uniqueid").is_some()) {
            self.take_caller_id(caller, packet);
        }
        self.add_dialled_channel(caller, dest, packet.text("DialString").as_deref());
        self.take_dialled_exten(dest, packet);
    }

    /// Who calls where nobody dials: an ARI application rings a phone for the call whose Linkedid that has
    /// (call rules 3.3). A channel that Originate calls is in no call yet, or has begun its own.
    fn linked_caller(&self, dest: ChannelKey) -> Option<ChannelKey> {
        let call = self.calls.get(self.living_call(dest)?)?;
        call.originator.filter(|originator| *originator != dest)
    }

    /// `caller` dials `dest`; nobody does, for an Originate.
    pub(super) fn add_dialled_channel(
        &mut self,
        caller: Option<ChannelKey>,
        dest: ChannelKey,
        dial_string: Option<&str>,
    ) {
        let caller = caller.filter(|caller| *caller != dest);
        // It takes a call that rings elsewhere, so it is no leg of that one (call rules 2.1).
        let picks_up = self.channels.get(dest).is_some_and(|channel| channel.placed_call);
        if !picks_up {
            self.take_dial_string(caller, dest, dial_string);
        }
        let Some(caller) = caller else { return self.call_outside_first(dest) };
        let key = self.dialling_call(caller);
        self.join(caller, dest);
        // Joining may have absorbed the call.
        let key = self.call_of(caller).unwrap_or(key);
        if !picks_up {
            self.add_leg(key, Some(caller), dest);
        }
        if self.calls.get(key).is_some_and(|call| call.originator == Some(caller)) {
            self.publish_redirect_if_left(key);
        }
    }

    /// Originate calls the customer first: that is the call, from here on (call rules 2.3).
    fn call_outside_first(&mut self, dest: ChannelKey) {
        let is_outside = self
            .channels
            .get(dest)
            .is_some_and(|channel| channel.kind == ChannelKind::External && channel.number.is_some());
        if is_outside && self.call_of(dest).is_none() {
            let key = self.start_originated_call(dest);
            self.add_leg(key, None, dest);
        }
    }

    /// What a channel is by what was dialled on it, and by whom.
    pub(super) fn take_dial_string(
        &mut self,
        caller: Option<ChannelKey>,
        dest: ChannelKey,
        dial_string: Option<&str>,
    ) {
        let through = caller.and_then(|caller| self.first_half_before(caller));
        let exten = caller.and_then(|ch| self.channels.get(ch)).map(|channel| channel.exten_now.clone());
        let number = dial_string.and_then(|text| self.number_dialled(dest, text));
        let Some(channel) = self.channels.get_mut(dest) else { return };
        channel.dialled = true;
        channel.dialled_by = channel.dialled_by.or(caller);
        channel.reached_through = channel.reached_through.or(through);
        if channel.is_party() {
            if let Some(number) = number {
                let was = std::mem::replace(&mut channel.kind, ChannelKind::External);
                channel.number = Some(number);
                if was != ChannelKind::External {
                    self.explain_trunk_by_number(dest, dial_string.unwrap_or_default());
                }
            } else if channel.kind == ChannelKind::External && channel.number.is_none() {
                channel.number = exten.filter(|exten| exten.bytes().any(|byte| byte.is_ascii_digit()));
            }
        }
    }

    /// The `;1` of the outermost Local channel that what this channel dials is reached through, where it is a `;2`.
    pub(super) fn first_half_before(&self, caller: ChannelKey) -> Option<ChannelKey> {
        let pair_of = |ch: ChannelKey| {
            self.channels.get(ch).filter(|channel| channel.kind == ChannelKind::Auxiliary)?.pair
        };
        let mut half = pair_of(caller)?;
        // Forged or repeated events can form a ring.
        for _ in 0..16 {
            let channel = self.channels.get(half)?;
            match channel.reached_through.or_else(|| channel.dialled_by.and_then(pair_of)) {
                Some(before) if before != half => half = before,
                _ => break,
            }
        }
        Some(half)
    }

    /// The number that a dial string gives a channel, which makes a trunk of a device (call rules 2.1).
    fn number_dialled(&self, dest: ChannelKey, dial_string: &str) -> Option<String> {
        let channel = self.channels.get(dest)?;
        let apart = number_apart(dial_string, &channel.endpoint)?;
        if channel.kind == ChannelKind::Device {
            let directory = &self.rules.directory;
            let own = channel.own_number.as_deref().filter(|_| !channel.listed);
            if directory.find(&channel.endpoint, None).is_some()
                || own == Some(apart.number)
                || apart.in_contact && apart.number.len() < SHORTEST_NUMBER
            {
                return None;
            }
        }
        Some(apart.number.to_owned())
    }

    /// What a call that Originate began dials: the first extension that is a number, be it that of a Local channel behind
    /// which the number is dialled in the end.
    fn take_dialled_exten(&mut self, dest: ChannelKey, packet: &EventHeaders<'_>) {
        let Some(key) = self.living_call(dest) else { return };
        let Some(exten) = packet.text("Exten").filter(|exten| is_number(exten)) else { return };
        let own = self.calls.get(key).is_none_or(|call| self.is_callers_own(call, dest));
        if let Some(call) = self.calls.get_mut(key)
            && call.is_originated
            && !own
        {
            call.dialled_exten.get_or_insert_with(|| exten.into_owned());
        }
    }

    /// The call that a dialling channel dials for; a new one if it has none that lives.
    pub(super) fn dialling_call(&mut self, caller: ChannelKey) -> CallKey {
        if let Some(key) = self.living_call(caller) {
            return key;
        }
        // Dialled by nobody and now acting for itself: an Originate. Of a Local pair the first half started it.
        let is_second_half = self
            .channels
            .get(caller)
            .is_some_and(|channel| local_stem(&channel.name).is_some_and(|(_, half)| half == 2));
        let originator = self.first_half_before(caller).filter(|_| is_second_half);
        let originator = originator.unwrap_or(caller);
        let key = self.living_call(originator).unwrap_or_else(|| self.start_originated_call(originator));
        self.add_to_call(caller, key)
    }

    fn start_originated_call(&mut self, originator: ChannelKey) -> CallKey {
        let key = self.start_call(originator);
        if let Some(call) = self.calls.get_mut(key) {
            call.is_originated = true;
        }
        key
    }

    /// A leg starts to be rung for the call.
    pub(super) fn add_leg(&mut self, key: CallKey, caller: Option<ChannelKey>, dest: ChannelKey) {
        let now = self.now;
        let gather = self.rules.gather;
        let party = self.channels.get(dest).is_some_and(|channel| channel.is_party());
        let first = self.calls.get(key).is_some_and(|call| self.is_callers_own(call, dest));
        let outside = self.channels.get(dest).is_some_and(|channel| channel.kind == ChannelKind::External);
        let own_phone = first && !outside;
        let Some(call) = self.calls.get_mut(key) else { return };
        if outside && (first || call.originator == Some(dest)) {
            call.far_party.get_or_insert(dest);
        }
        if call.is_over() || call.round.leg(dest).is_some() {
            return;
        }
        let same_round = call.round.is_open()
            || matches!((now, call.round_began), (Some(now), Some(began)) if now.duration_since(began).unsigned_abs() <= gather);
        if !same_round || call.round.queue_gave_up {
            call.round = call.round.next();
            call.round_began = now;
        }
        if call.round.legs.len() >= limits::LEGS {
            return self.exceed(TrackerLimit::Legs);
        }
        let mut leg = RingLeg::new(dest, caller, party);
        leg.own = own_phone;
        call.round.legs.push(leg);
        call.dialled_last = Some(dest);
        if !party {
            return;
        }
        call.dialled |= !own_phone;
        if !own_phone && !call.is_answered() {
            call.times.ringing.start(now);
        }
        self.explain_dialled(key, dest, own_phone);
        if own_phone {
            return;
        }
        self.gather(key);
        self.gather_user(key, dest);
        self.publish_ringing(dest);
    }

    /// DialEnd (12 and newer): one leg is no longer rung.
    pub(super) fn on_dial_end(&mut self, packet: &EventHeaders<'_>) {
        let Some(dest) = self.resolve_channel(packet, "DestUniqueid") else { return };
        let forward = packet.text("Forward");
        let forwarded = forward.is_some();
        if let Some(leg) = self.leg_of(dest) {
            let before = leg.result();
            leg.forwarded |= forwarded;
            if let Some(status) = packet.text("DialStatus") {
                leg.take_status(&status);
            }
            if forwarded {
                self.explain_forwarded(dest);
            }
            self.explain_leg_result(dest, before);
        }
        if let Some(forward) = forward {
            self.publish_forwarded(dest, &forward);
        }
        if packet.text("DialStatus").as_deref() == Some("NOANSWER") {
            self.note_rung_out(dest);
        }
        self.close_leg(dest);
    }

    /// `Dial` (1.6 to 11): its End comes once for all legs, when Dial() returns.
    pub(super) fn on_old_dial(&mut self, packet: &EventHeaders<'_>) {
        if packet.text("SubEvent").is_none_or(|kind| kind.eq_ignore_ascii_case("Begin")) {
            return self.on_dial_begin(packet);
        }
        let Some(caller) = self.resolve_channel(packet, "Uniqueid") else { return };
        let Some(key) = self.call_of(caller) else { return };
        let status = packet.text("DialStatus").unwrap_or_default();
        // Before 10 nothing else shows that the caller hung up (call rules 4.2).
        let caller_hung_up = status == "CANCEL" && self.version < AmiVersion { major: 1, minor: 2, patch: 0 };
        let Some(call) = self.calls.get_mut(key) else { return };
        if caller_hung_up && call.originator == Some(caller) {
            call.gave_up |= !call.is_answered();
            self.explain_hangup_request(key, false);
        }
        let Some(call) = self.calls.get_mut(key) else { return };
        let (mut closed, mut results) = (Vec::new(), Vec::new());
        for leg in call.round.legs.iter_mut().filter(|leg| leg.dialler == Some(caller)) {
            if !leg.has_status() {
                results.push((leg.channel, leg.result()));
                leg.take_status(&status);
            }
            if leg.open {
                closed.push(leg.channel);
            }
        }
        for (ch, before) in results {
            self.explain_leg_result(ch, before);
        }
        for ch in closed {
            self.close_leg(ch);
        }
    }

    pub(super) fn leg_cause(&mut self, ch: ChannelKey, cause: u16) {
        if let Some(leg) = self.leg_of(ch) {
            let before = leg.result();
            leg.take_cause(cause);
            self.explain_leg_result(ch, before);
        }
    }

    /// A leg is no longer rung. That completes the round that is being gathered, if no other is (call rules 3.2).
    pub(super) fn close_leg(&mut self, ch: ChannelKey) {
        self.stop_leg(ch);
        let Some(key) = self.call_of(ch) else { return };
        if self.leg_of(ch).is_some()
            && self.calls.get(key).is_some_and(|call| call.is_gathering() && call.round.is_rung_out())
        {
            self.announce(key, AnnounceReason::LegClosed);
        }
    }

    /// A leg is about to be no longer rung: its phone has refused, or it is being hung up. What comes of that, its dialling
    /// tells a moment later, and may have begun to ring another phone by then.
    pub(super) fn stop_leg(&mut self, ch: ChannelKey) {
        let now = self.now;
        let Some(call) = self.call_of(ch).and_then(|key| self.calls.get_mut(key)) else { return };
        if let Some(leg) = call.round.leg(ch) {
            leg.open = false;
            call.dialled_last = None;
            if call.round.is_rung_out() {
                call.times.ringing.stop(now);
            }
        }
    }

    pub(super) fn leg_of(&mut self, ch: ChannelKey) -> Option<&mut RingLeg> {
        let key = self.call_of(ch)?;
        self.calls.get_mut(key)?.round.leg(ch)
    }
}
