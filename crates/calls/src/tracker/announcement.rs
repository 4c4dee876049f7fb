//! Announcing calls: when, and with which facts.

use jiff::SignedDuration;
use ringwire_directory::is_number;
use ringwire_event::explanation::AnnounceReason;
use ringwire_event::{CallFacts, Direction, EventKind};

use super::Tracker;
use crate::model::{
    Call, CallKey, CallStage, Channel, ChannelKey, ChannelKind, PendingAnnouncement, PendingEvent,
    known_number,
};

/// What is published for a caller who does not show a number.
const ANONYMOUS: &str = "anonymous";

impl Tracker {
    /// Phones start to ring for the call, or it enters a queue: the announcement waits for the rest of the round. Where
    /// its originator is not known, there is nothing to announce yet.
    pub(super) fn gather(&mut self, key: CallKey) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(key) else { return };
        if !matches!(call.stage, CallStage::Unannounced) || !call.has_originator {
            return;
        }
        let gather = SignedDuration::try_from(self.rules.gather).unwrap_or(SignedDuration::ZERO);
        let due = now.map(|now| now.checked_add(gather).unwrap_or(now));
        call.stage = CallStage::Gathering(PendingAnnouncement {
            due,
            since: now,
            users: Vec::new(),
            then: Vec::new(),
        });
        if let Some(due) = due {
            self.announcements_due.insert((due, key));
        }
        self.explain_gathering(key);
    }

    /// A phone is rung in the round that is being gathered.
    pub(super) fn gather_user(&mut self, key: CallKey, ch: ChannelKey) {
        let Some(party) = self.party(ch) else { return };
        let place = self.dialling_place(ch);
        if let Some(call) = self.calls.get_mut(key)
            && let CallStage::Gathering(pending) = &mut call.stage
            && !pending.users.iter().any(|(_, known, other)| *known == ch || other.endpoint == party.endpoint)
        {
            pending.users.push((place, ch, party));
        }
    }

    /// Where a phone stands among those rung: by the order in which the dialling created their legs, behind the
    /// Local channel it was reached through.
    fn dialling_place(&self, ch: ChannelKey) -> Vec<u64> {
        let mut place = Vec::new();
        let mut next = Some(ch);
        while let Some(channel) = next.and_then(|ch| self.channels.get(ch)) {
            place.push(channel.sequence);
            if place.len() > 16 {
                break; // forged or repeated events can form a ring
            }
            next = channel
                .dialled_by
                .and_then(|dialler| self.channels.get(dialler))
                .filter(|dialler| dialler.kind == ChannelKind::Auxiliary)
                .and_then(|dialler| dialler.pair);
        }
        place.reverse();
        place
    }

    /// Announces the call, if it was not yet: newCall, and what waited for it.
    pub(super) fn announce(&mut self, key: CallKey, occasion: AnnounceReason) {
        let Some(call) = self.calls.get_mut(key).filter(|call| call.has_originator) else { return };
        let pending = match std::mem::replace(&mut call.stage, CallStage::Announced) {
            stage @ (CallStage::Announced | CallStage::Over) => {
                call.stage = stage;
                return;
            }
            CallStage::Unannounced => {
                PendingAnnouncement { due: None, since: self.now, users: Vec::new(), then: Vec::new() }
            }
            CallStage::Gathering(pending) => pending,
        };
        if let Some(due) = pending.due {
            self.announcements_due.remove(&(due, key));
        }
        self.set_call_facts(key);
        let Some(call) = self.calls.get_mut(key) else { return };
        let prefix = self.rules.prefix_ids.then_some(self.rules.pbx.as_str());
        call.id = self.ids.give(prefix, &call.root);
        self.explain_announced(key, occasion);
        let Some(call) = self.calls.get(key) else { return };
        let PendingAnnouncement { since, mut users, then, .. } = pending;
        users.sort_by(|left, right| left.0.cmp(&right.0));
        let users = match call.direction {
            Direction::Out => self.caller(key).into_iter().collect(),
            Direction::In | Direction::Internal => users.into_iter().map(|(_, _, party)| party).collect(),
        };
        let (kind, facts) = (EventKind::NewCall { users }, CallFacts::default());
        self.push_event(key, PendingEvent { kind, time: since.or(self.now), facts });
        self.publish_recording(key);
        for event in then {
            self.push_event(key, event);
        }
    }

    /// The phone that the call dialled first.
    fn first_called(&self, key: CallKey) -> Option<ChannelKey> {
        let call = self.calls.get(key)?;
        let called = call.members.iter().copied().filter(|ch| {
            Some(*ch) != call.originator
                && !self.is_callers_own(call, *ch)
                && self
                    .channels
                    .get(*ch)
                    .is_some_and(|channel| channel.kind == ChannelKind::Device && channel.dialled)
        });
        called.min_by_key(|ch| self.channels.get(*ch).map(|channel| channel.sequence))
    }

    /// The outside party whom Originate called first, on a trunk, be it through Local channels.
    pub(super) fn first_outside(&self, call: &Call) -> Option<&Channel> {
        let is_outside = |channel: &&Channel| channel.kind == ChannelKind::External && channel.dialled;
        let originator = call.originator.and_then(|ch| self.channels.get(ch)).filter(is_outside);
        originator.or_else(|| {
            let own = call.members.iter().filter(|member| self.is_callers_own(call, **member));
            own.filter_map(|member| self.channels.get(*member)).find(is_outside)
        })
    }

    /// Fixes the facts that events carry from the announcement on (call rules 2).
    fn set_call_facts(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let originator = call.originator.and_then(|ch| self.channels.get(ch));
        let trunks: Vec<_> = call
            .members
            .iter()
            .filter(|member| Some(**member) != call.originator && !self.is_callers_own(call, **member))
            .filter_map(|member| self.channels.get(*member))
            .filter(|channel| channel.kind == ChannelKind::External && channel.dialled)
            .collect();
        let first = self.first_outside(call);
        let phones = call.members.iter().any(|member| {
            Some(*member) != call.originator
                && self.channels.get(*member).is_some_and(|channel| {
                    channel.kind == ChannelKind::Device
                        && channel.dialled
                        && !self.is_callers_own(call, *member)
                })
        });
        let direction = match originator.map(|channel| channel.kind) {
            Some(ChannelKind::External) if !originator.is_some_and(|channel| channel.dialled) => {
                Direction::In
            }
            Some(ChannelKind::External) => Direction::Out,
            _ if first.is_some() || !trunks.is_empty() && !phones => Direction::Out,
            _ => Direction::Internal,
        };
        let own = |ch: Option<ChannelKey>| self.party_of_caller(ch).and_then(|party| party.extension);
        let numbers = &self.rules.numbers;
        let shown =
            |number: Option<&str>| number.and_then(known_number).map(|number| numbers.normalise(number));
        let caller_number = originator
            .filter(|channel| !channel.withheld)
            .and_then(|channel| shown(channel.caller_number.as_deref()));
        let exten = originator.map(|channel| channel.exten.clone()).unwrap_or_default();
        let (from, to, trunk) = match direction {
            Direction::In => {
                let endpoint = originator.map(|channel| channel.endpoint.clone());
                let to = match names_nothing(&exten) {
                    true => trunk_name(endpoint.as_deref()),
                    false => numbers.normalise(&exten),
                };
                (caller_number, to, endpoint)
            }
            Direction::Out => {
                // A trunk that was called first and then connected to a phone is its own far end.
                let trunk = first.or(trunks.first().copied()).or(originator);
                let dialler =
                    trunk.and_then(|channel| channel.dialled_by).and_then(|ch| self.channels.get(ch));
                // Nobody dials whom Originate calls directly: that leg has the caller ID which it is shown.
                let from = dialler
                    .or(first.filter(|first| first.caller_number != first.number))
                    .filter(|channel| !channel.withheld)
                    .and_then(|channel| shown(channel.caller_number.as_deref()))
                    .or_else(|| own(self.caller_channel(key)));
                // What was dialled on the trunk; else the extension that was, as the trunk's own leg has it too.
                let own_number = trunk.and_then(|channel| channel.caller_number.as_deref());
                let to = trunk
                    .and_then(|channel| channel.number.as_deref())
                    .or_else(|| Some(exten.as_str()).filter(|exten| is_number(exten)))
                    .or_else(|| own_number.filter(|number| is_number(number)))
                    .map(|number| numbers.normalise_dialled(number));
                let endpoint = trunk.map(|channel| channel.endpoint.clone());
                (from, to.unwrap_or_else(|| trunk_name(endpoint.as_deref())), endpoint)
            }
            Direction::Internal if call.is_originated => {
                let called = call.dialled_exten.clone().or_else(|| own(self.first_called(key)));
                (own(self.caller_channel(key)).or(caller_number), called.unwrap_or(exten), None)
            }
            Direction::Internal => {
                let called = Some(&exten).filter(|exten| !names_nothing(exten)).cloned();
                let called = called.or_else(|| own(self.first_called(key)));
                (own(call.originator).or(caller_number), called.unwrap_or(exten), None)
            }
        };
        let name =
            originator.filter(|channel| !channel.withheld).and_then(|channel| channel.caller_name.clone());
        let (account, tenant) =
            originator.map(|channel| (channel.account.clone(), channel.tenant.clone())).unwrap_or_default();
        let callers_endpoint = self.caller(key).map(|party| party.endpoint);
        let Some(call) = self.calls.get_mut(key) else { return };
        call.callers_endpoint = callers_endpoint;
        call.direction = direction;
        call.from = from.unwrap_or_else(|| ANONYMOUS.to_owned());
        call.from_name = name;
        call.to = to;
        call.trunk = trunk;
        call.account = account;
        call.tenant = tenant;
    }
}

/// Whether an extension names nobody: there is none, or it is one of those that Asterisk itself goes to.
fn names_nothing(exten: &str) -> bool {
    matches!(exten, "" | "s" | "i" | "t" | "h")
}

/// What is known of where a call went to if no number is: the name of its trunk, with the technology where it is but a
/// line's number.
fn trunk_name(endpoint: Option<&str>) -> String {
    let endpoint = endpoint.unwrap_or_default();
    let name = endpoint.split_once('/').map_or(endpoint, |(_, name)| name);
    let is_name = name.contains(|c: char| c.is_alphabetic()) && !name.contains('/');
    if is_name { name } else { endpoint }.to_owned()
}
