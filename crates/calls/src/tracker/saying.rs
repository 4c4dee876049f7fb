//! What is said of a call, and when.

use jiff::{SignedDuration, Timestamp};
use ringwire_event::explanation::{AnnounceReason, HangupReason};
use ringwire_event::{AnsweredBy, CallEvent, Cause, Direction, EventKind, Party};

use super::Tracker;
use crate::model::{Call, CallKey, Ch, Kind, Pending, Stage, known_number};

/// What an endpoint is told of a caller who does not show a number.
const ANONYMOUS: &str = "anonymous";

impl Tracker {
    /// Phones begin to ring for the call, or it enters a queue: the announcement waits for the rest of the round. Where
    /// it is not known who began it, there is nothing to announce yet.
    pub(super) fn gather(&mut self, key: CallKey) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(key) else { return };
        if !matches!(call.stage, Stage::Quiet) || !call.begun {
            return;
        }
        let gather = SignedDuration::try_from(self.rules.gather).unwrap_or(SignedDuration::ZERO);
        let due = now.map(|now| now.checked_add(gather).unwrap_or(now));
        call.stage = Stage::Gathering(Pending { due, since: now, users: Vec::new(), then: Vec::new() });
        if let Some(due) = due {
            self.due.insert((due, key));
        }
        self.explain_gathering(key);
    }

    /// A phone is rung in the round that is being gathered.
    pub(super) fn gather_user(&mut self, key: CallKey, ch: Ch) {
        let Some(party) = self.party(ch) else { return };
        let place = self.place(ch);
        if let Some(call) = self.calls.get_mut(key)
            && let Stage::Gathering(pending) = &mut call.stage
            && !pending.users.iter().any(|(_, known, other)| *known == ch || other.endpoint == party.endpoint)
        {
            pending.users.push((place, ch, party));
        }
    }

    /// Where a phone stands among those rung: by the order in which the dialling created their legs, behind the
    /// Local channel it was reached through.
    fn place(&self, ch: Ch) -> Vec<u64> {
        let mut place = Vec::new();
        let mut next = Some(ch);
        while let Some(channel) = next.and_then(|ch| self.channels.get(ch)) {
            place.push(channel.born);
            if place.len() > 16 {
                break; // forged or repeated events can tie a ring
            }
            next = channel
                .dialled_by
                .and_then(|dialler| self.channels.get(dialler))
                .filter(|dialler| dialler.kind == Kind::Plumbing)
                .and_then(|dialler| dialler.pair);
        }
        place.reverse();
        place
    }

    /// Announces the call, if it was not yet: newCall, and what waited for it.
    pub(super) fn announce(&mut self, key: CallKey, occasion: AnnounceReason) {
        let Some(call) = self.calls.get_mut(key).filter(|call| call.begun) else { return };
        let pending = match std::mem::replace(&mut call.stage, Stage::Announced) {
            stage @ (Stage::Announced | Stage::Over) => {
                call.stage = stage;
                return;
            }
            Stage::Quiet => Pending { due: None, since: self.now, users: Vec::new(), then: Vec::new() },
            Stage::Gathering(pending) => pending,
        };
        if let Some(due) = pending.due {
            self.due.remove(&(due, key));
        }
        self.settle_facts(key);
        let Some(call) = self.calls.get_mut(key) else { return };
        let prefix = self.rules.prefix_ids.then_some(self.rules.pbx.as_str());
        call.id = self.ids.give(prefix, &call.root);
        self.explain_announced(key, occasion);
        let Some(call) = self.calls.get(key) else { return };
        let Pending { since, mut users, then, .. } = pending;
        users.sort_by(|left, right| left.0.cmp(&right.0));
        let users = match call.direction {
            Direction::Out => self.caller(key).into_iter().collect(),
            Direction::In | Direction::Internal => users.into_iter().map(|(_, _, party)| party).collect(),
        };
        self.push(key, EventKind::NewCall { users }, since.or(self.now));
        for (what, time) in then {
            self.push(key, what, time);
        }
    }

    /// Fixes what is said of the call from its announcement on (translation rules, section 2).
    fn settle_facts(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let beginner = call.beginner.and_then(|ch| self.channels.get(ch));
        let trunks: Vec<_> = call
            .members
            .iter()
            .filter(|member| Some(**member) != call.beginner)
            .filter_map(|member| self.channels.get(*member))
            .filter(|channel| channel.kind == Kind::External && channel.dialled)
            .collect();
        let phones = call.members.iter().any(|member| {
            Some(*member) != call.beginner
                && self.channels.get(*member).is_some_and(|channel| {
                    channel.kind == Kind::Device && channel.dialled && !self.is_callers_own(call, *member)
                })
        });
        let direction = match beginner.map(|channel| channel.kind) {
            Some(Kind::External) if !beginner.is_some_and(|channel| channel.dialled) => Direction::In,
            Some(Kind::External) => Direction::Out,
            _ if !trunks.is_empty() && !phones => Direction::Out,
            _ => Direction::Internal,
        };
        let own = |ch: Option<Ch>| self.party_of_caller(ch).and_then(|party| party.extension);
        let numbers = &self.rules.numbers;
        let shown =
            |number: Option<&str>| number.and_then(known_number).map(|number| numbers.normalise(number));
        let caller_number = beginner
            .filter(|channel| !channel.withheld)
            .and_then(|channel| shown(channel.caller_number.as_deref()));
        let exten = beginner.map(|channel| channel.exten.clone()).unwrap_or_default();
        let (from, to, trunk) = match direction {
            Direction::In => {
                (caller_number, numbers.normalise(&exten), beginner.map(|channel| channel.endpoint.clone()))
            }
            Direction::Out => {
                // A trunk that was called first and then connected to a phone is its own far end.
                let trunk = trunks.first().copied().or(beginner);
                let dialler =
                    trunk.and_then(|channel| channel.dialled_by).and_then(|ch| self.channels.get(ch));
                let from = dialler
                    .filter(|channel| !channel.withheld)
                    .and_then(|channel| shown(channel.caller_number.as_deref()))
                    .or_else(|| own(self.caller_channel(key)));
                let to = trunk.and_then(|channel| channel.number.as_deref()).unwrap_or(&exten);
                (from, numbers.normalise_dialled(to), trunk.map(|channel| channel.endpoint.clone()))
            }
            Direction::Internal => (own(call.beginner).or(caller_number), exten, None),
        };
        let name =
            beginner.filter(|channel| !channel.withheld).and_then(|channel| channel.caller_name.clone());
        let (account, tenant) =
            beginner.map(|channel| (channel.account.clone(), channel.tenant.clone())).unwrap_or_default();
        let Some(call) = self.calls.get_mut(key) else { return };
        call.direction = direction;
        call.from = from.unwrap_or_else(|| ANONYMOUS.to_owned());
        call.from_name = name;
        call.to = to;
        call.trunk = trunk;
        call.account = account;
        call.tenant = tenant;
    }

    /// Says that a party talks with the caller, unless that was the last thing said.
    pub(super) fn answered(&mut self, key: CallKey, answered_by: AnsweredBy, endpoint: &str) {
        let Some(call) = self.calls.get(key) else { return };
        if call.is_over() || call.answered_by_endpoint.as_deref() == Some(endpoint) {
            return;
        }
        self.announce(key, AnnounceReason::Answered);
        self.say_redirect(key);
        let Some(call) = self.calls.get_mut(key) else { return };
        if call.answered_by_endpoint.is_none() && call.answered_by.as_ref() == Some(&answered_by) {
            // It was said before this process took the call up.
            call.answered_by_endpoint = Some(endpoint.to_owned());
            return;
        }
        let again = call.is_answered();
        call.round.legs.iter_mut().for_each(|leg| leg.open = false);
        call.answered_by_endpoint = Some(endpoint.to_owned());
        self.explain_answered(key, &answered_by, again);
        let Some(call) = self.calls.get_mut(key) else { return };
        // On an outbound call the party that was called is what the call is about; a later one is a transfer.
        if !(again && call.direction == Direction::Out) {
            call.answered_by = Some(answered_by.clone());
            self.push(key, EventKind::Answer { answered_by }, self.now);
        }
    }

    /// Says what happened between the announcement and the hangup; before the announcement it waits for it.
    pub(super) fn say(&mut self, key: CallKey, kind: EventKind) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(key) else { return };
        match &mut call.stage {
            Stage::Gathering(pending) => pending.then.push((kind, now)),
            Stage::Announced => self.push(key, kind, now),
            Stage::Quiet | Stage::Over => {}
        }
    }

    /// Says that the call is over, once; a call of which nothing was known is over without a word.
    pub(super) fn say_hangup(&mut self, key: CallKey, cause: impl FnOnce(&Call) -> (Cause, HangupReason)) {
        let Some(call) = self.calls.get(key) else { return };
        if call.is_over() {
            return;
        }
        if !call.begun && !call.is_announced() {
            self.explain_unannounced(key);
            return self.drop_pending(key);
        }
        self.announce(key, AnnounceReason::Ended);
        self.say_redirect(key);
        let Some(call) = self.calls.get(key) else { return };
        let (cause, why) = match self.recovering && !call.is_answered() {
            true => (Cause::Cancel, HangupReason::Unseen),
            false => cause(call),
        };
        let kind = EventKind::Hangup { cause, answered_by: call.answered_by.clone() };
        self.explain_over(key, cause, why);
        self.push(key, kind, self.now);
        if let Some(call) = self.calls.get_mut(key) {
            call.stage = Stage::Over;
        }
    }

    fn push(&mut self, key: CallKey, kind: EventKind, time: Option<Timestamp>) {
        let Some(call) = self.calls.get_mut(key) else { return };
        call.seq += 1;
        let event = CallEvent {
            id: format!("{}/{}", call.id, call.seq),
            kind,
            call: call.id.clone(),
            seq: call.seq,
            time,
            pbx: self.rules.pbx.clone(),
            recovered: self.recovering,
            direction: call.direction,
            from: call.from.clone(),
            from_name: call.from_name.clone(),
            to: call.to.clone(),
            queue: call.queue.clone(),
            trunk: call.trunk.clone(),
            account: call.account.clone(),
            tenant: call.tenant.clone(),
        };
        self.explain_published(key, &event);
        self.said.push_back(event);
    }

    /// The user at a device; `None` for trunks and plumbing.
    pub(super) fn party(&self, ch: Ch) -> Option<Party> {
        let channel = self.channels.get(ch).filter(|channel| channel.kind == Kind::Device)?;
        Some(self.rules.directory.party(
            &channel.endpoint,
            channel.own_extension(),
            channel.own_name.as_deref(),
        ))
    }

    fn party_of_caller(&self, ch: Option<Ch>) -> Option<Party> {
        self.party(ch?)
    }

    /// The user who calls out.
    fn caller(&self, key: CallKey) -> Option<Party> {
        self.party(self.caller_channel(key)?)
    }

    /// The phone that calls out: the beginner, or the one that Originate reached through a Local channel.
    fn caller_channel(&self, key: CallKey) -> Option<Ch> {
        let call = self.calls.get(key)?;
        let device = |ch: &Ch| self.channels.get(*ch).is_some_and(|channel| channel.kind == Kind::Device);
        call.beginner.filter(device).or_else(|| call.members.iter().copied().find(device))
    }

    /// Whether a phone is the caller's own, reached by Originate through a Local channel, rather than one called.
    pub(super) fn is_callers_own(&self, call: &Call, ch: Ch) -> bool {
        let plumbing = |ch: &Ch| self.channels.get(*ch).is_some_and(|channel| channel.kind == Kind::Plumbing);
        call.beginner.as_ref().is_some_and(plumbing)
            && self.channels.get(ch).is_some_and(|channel| {
                let behind = channel
                    .dialled_by
                    .and_then(|dialler| self.channels.get(dialler))
                    .and_then(|dialler| dialler.pair);
                behind.is_some() && behind == call.beginner
            })
    }
}
