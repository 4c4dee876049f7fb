//! What is decided about calls: when they are announced, who answers them, why they end.

use std::time::Duration;

use ringwire_event::explanation::{
    AnnounceReason, EndedBy, GaveUpDuring, HangupReason, NoCallReason, PersonRef, RecordedDecision, StepLog,
    TextTable,
};
use ringwire_event::{AnsweredBy, Cause, Direction, Party, TransferKind};

use super::super::Tracker;
use super::{answered_by, person};
use crate::model::{Call, CallKey, ChannelKey, ChannelKind, ChannelState, known_number};

impl Tracker {
    /// A phone or trunk is dialled for the call.
    pub(in crate::tracker) fn explain_dialled(&mut self, key: CallKey, ch: ChannelKey, own: bool) {
        self.record(key, |tracker, texts| {
            if own {
                return RecordedDecision::OwnLeg { channel: texts.intern(tracker.shown(ch)) };
            }
            if let Some(party) = tracker.party(ch) {
                return RecordedDecision::PhoneDialled { user: person(texts, &party) };
            }
            let number = tracker.channels.get(ch).and_then(|channel| channel.number.as_deref());
            RecordedDecision::TrunkDialled {
                channel: texts.intern(tracker.shown(ch)),
                number: number.map(|number| texts.intern(number)),
            }
        });
    }

    pub(in crate::tracker) fn explain_gathering(&mut self, key: CallKey) {
        self.record(key, |tracker, _| RecordedDecision::Gathering {
            at_most: tracker.now.map(|_| milliseconds(tracker.rules.gather)),
        });
    }

    pub(in crate::tracker) fn explain_ringing(&mut self, key: CallKey, user: &Party, again: bool) {
        self.record(key, |_, texts| RecordedDecision::Ringing { user: person(texts, user), again });
    }

    /// The call is announced: which way it goes, who calls, and why now.
    pub(in crate::tracker) fn explain_announced(&mut self, key: CallKey, reason: AnnounceReason) {
        if !self.recorder.is_on {
            return;
        }
        self.record(key, |tracker, texts| tracker.direction_reason(key, texts));
        self.explain_caller(key);
        self.record(key, |tracker, texts| {
            let call = tracker.calls.get(key);
            RecordedDecision::Announced {
                reason,
                direction: call.map_or(Direction::Internal, |call| call.direction),
                from: texts.intern(call.map_or("", |call| &call.from)),
                to: texts.intern(call.map_or("", |call| &call.to)),
            }
        });
    }

    /// That the phones of a ring round were collected for long enough.
    pub(in crate::tracker) fn gathered(&self) -> AnnounceReason {
        AnnounceReason::Gathered(milliseconds(self.rules.gather))
    }

    fn direction_reason(&self, key: CallKey, texts: &mut TextTable) -> RecordedDecision {
        let call = self.calls.get(key);
        let known = call.and_then(|call| call.originator);
        let originator = known.map(|ch| texts.intern(self.shown(ch)));
        let known = known.and_then(|ch| self.channels.get(ch));
        let outside = known.is_some_and(|channel| channel.kind == ChannelKind::External);
        match (call.map(|call| call.direction), originator) {
            (Some(Direction::In), Some(originator)) => RecordedDecision::Inbound { originator },
            (Some(Direction::Out), Some(originator)) if outside => {
                RecordedDecision::OutboundOriginated { originator }
            }
            (Some(Direction::Out), originator) => RecordedDecision::Outbound {
                originator,
                trunks: texts.intern_list(self.dialled_for(call, ChannelKind::External)),
            },
            _ => {
                let phones = self.dialled_for(call, ChannelKind::Device);
                let context = known.map_or("", |channel| &channel.context);
                RecordedDecision::Internal {
                    originator,
                    context: (!context.is_empty()).then(|| texts.intern(context)),
                    phones: (!phones.is_empty()).then(|| texts.intern_list(phones)),
                }
            }
        }
    }

    /// The phones or trunks that are dialled for a call, by name.
    fn dialled_for(&self, call: Option<&Call>, kind: ChannelKind) -> Vec<&str> {
        let Some(call) = call else { return Vec::new() };
        let is_dialled = |ch: &&ChannelKey| {
            self.channels.get(**ch).is_some_and(|channel| channel.kind == kind && channel.dialled)
        };
        let members = call.members.iter().filter(|ch| Some(**ch) != call.originator);
        let mut names: Vec<_> = members.filter(is_dialled).map(|ch| self.shown(*ch)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Why the caller is not just the number that was shown.
    fn explain_caller(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let Some(originator) = call.originator.and_then(|ch| self.channels.get(ch)) else { return };
        let shown = originator.caller_number.as_deref();
        let inbound = call.direction == Direction::In;
        if call.direction == Direction::Internal {
        } else if originator.withheld {
            self.record(key, |_, _| RecordedDecision::CallerWithheld);
        } else if inbound && shown.and_then(known_number).is_none() {
            self.record(key, |_, _| RecordedDecision::CallerUnknown);
        } else if inbound && shown != Some(&call.from) {
            self.record(key, |tracker, texts| {
                let call = tracker.calls.get(key);
                let originator =
                    call.and_then(|call| call.originator).and_then(|ch| tracker.channels.get(ch));
                let shown = originator.and_then(|channel| channel.caller_number.as_deref());
                RecordedDecision::CallerNormalised {
                    shown: texts.intern(shown.unwrap_or_default()),
                    published: texts.intern(call.map_or("", |call| &call.from)),
                }
            });
        }
    }

    pub(in crate::tracker) fn explain_queued(&mut self, key: CallKey) {
        self.record(key, |tracker, texts| {
            let queue = tracker.calls.get(key).and_then(|call| call.queue.as_deref());
            RecordedDecision::Queued { queue: queue.map(|queue| texts.intern(queue)) }
        });
    }

    pub(in crate::tracker) fn explain_left_queue(&mut self, key: CallKey) {
        self.record(key, |tracker, _| RecordedDecision::LeftQueue {
            gave_up: tracker.calls.get(key).is_some_and(|call| call.gave_up),
        });
    }

    pub(in crate::tracker) fn explain_answered(&mut self, key: CallKey, by: &AnsweredBy, again: bool) {
        self.record(key, |tracker, texts| {
            let by = answered_by(texts, by);
            let outbound = tracker.calls.get(key).is_some_and(|call| call.direction == Direction::Out);
            match again && outbound {
                true => RecordedDecision::NoSecondAnswer { by },
                false => RecordedDecision::Answered { by, again },
            }
        });
    }

    /// Somebody joins the caller, and who had answered is still there.
    pub(in crate::tracker) fn explain_joined_in(&mut self, key: CallKey, partners: &[ChannelKey]) {
        if !self.recorder.is_on {
            return;
        }
        let Some(taken) = self.calls.get(key).and_then(|call| call.answered_by_endpoint.as_deref()) else {
            return;
        };
        if partners.iter().all(|ch| self.shown(*ch) == taken) {
            return;
        }
        self.record(key, |tracker, texts| {
            let call = tracker.calls.get(key);
            let taken = call.and_then(|call| call.answered_by_endpoint.as_deref()).unwrap_or_default();
            let others = partners.iter().map(|ch| tracker.shown(*ch)).filter(|shown| *shown != taken);
            RecordedDecision::JoinsBridge {
                channels: texts.intern_list(others),
                answered_by: texts.intern(taken),
            }
        });
    }

    /// The caller's channel is up, and nobody has answered (call rules 3).
    pub(in crate::tracker) fn explain_pbx_answer(&mut self, ch: ChannelKey) {
        if !self.recorder.is_on {
            return;
        }
        let Some(call) = self.originated_call(ch).and_then(|key| self.calls.get(key)) else { return };
        let up =
            |ch: &ChannelKey| self.channels.get(*ch).is_some_and(|channel| channel.state == ChannelState::Up);
        if !call.is_answered() && !call.members.iter().any(|member| *member != ch && up(member)) {
            self.record(ch, |tracker, texts| RecordedDecision::PbxAnswered {
                channel: texts.intern(tracker.shown(ch)),
            });
        }
    }

    /// A bridge in which nobody talks with the caller.
    pub(in crate::tracker) fn explain_no_talk(&mut self, ch: ChannelKey) {
        self.record(ch, |tracker, texts| RecordedDecision::NoTalk {
            channel: texts.intern(tracker.shown(ch)),
        });
    }

    pub(in crate::tracker) fn explain_hold(
        &mut self,
        key: CallKey,
        ch: ChannelKey,
        on: bool,
        published: bool,
    ) {
        self.record(key, |tracker, texts| {
            let by = match tracker.party(ch) {
                Some(party) => person(texts, &party),
                None => PersonRef { label: texts.intern(tracker.shown(ch)), extension: None },
            };
            match on {
                true => RecordedDecision::Held { by, published },
                false => RecordedDecision::Unheld { by, published },
            }
        });
    }

    pub(in crate::tracker) fn explain_transfer(
        &mut self,
        key: CallKey,
        kind: TransferKind,
        user: Option<&Party>,
        target: Option<&str>,
    ) {
        self.record(key, |_, texts| RecordedDecision::Transferred {
            kind,
            user: user.map(|user| person(texts, user)),
            target: target.map(|target| texts.intern(target)),
        });
    }

    pub(in crate::tracker) fn explain_failed_transfer(&mut self, ch: Option<ChannelKey>) {
        if let Some(ch) = ch {
            self.record(ch, |_, _| RecordedDecision::TransferFailed);
        }
    }

    pub(in crate::tracker) fn explain_redirect(&mut self, key: CallKey, target: &str) {
        self.record(key, |_, texts| RecordedDecision::Redirected { target: texts.intern(target) });
    }

    pub(in crate::tracker) fn explain_deflected(&mut self, key: CallKey, before: bool) {
        let elsewhere = self.calls.get(key).is_some_and(|call| call.deflected);
        if elsewhere != before {
            self.record(key, |_, _| RecordedDecision::Deflected { elsewhere });
        }
    }

    pub(in crate::tracker) fn explain_forwarded(&mut self, ch: ChannelKey) {
        self.record(ch, |tracker, texts| RecordedDecision::Forwarded {
            channel: texts.intern(tracker.shown(ch)),
        });
    }

    /// The result of a leg by now; `before` is what it was until now.
    pub(in crate::tracker) fn explain_leg_result(&mut self, ch: ChannelKey, before: Option<Cause>) {
        if !self.recorder.is_on {
            return;
        }
        let Some(call) = self.call_of(ch).and_then(|key| self.calls.get_mut(key)) else { return };
        let result = call.round.leg(ch).and_then(|leg| leg.result());
        if result == before || call.is_answered() {
            return;
        }
        if let Some(cause) = result {
            self.record(ch, |tracker, texts| RecordedDecision::LegResult {
                channel: texts.intern(tracker.shown(ch)),
                cause,
            });
        }
    }

    /// The caller hangs up before anybody answered; `echo`: the request is the PBX's own.
    pub(in crate::tracker) fn explain_hangup_request(&mut self, key: CallKey, echo: bool) {
        let Some(call) = self.calls.get(key).filter(|call| !call.is_answered()) else { return };
        let decision = if echo {
            RecordedDecision::BusyPlayed
        } else if !call.gave_up {
            RecordedDecision::HungUpAfterRinging
        } else {
            let rings = call.round.is_open() || call.round.is_left_by_caller();
            let during = match (call.queued, rings) {
                (true, _) => GaveUpDuring::Queue,
                (false, true) => GaveUpDuring::Ringing,
                (false, false) => GaveUpDuring::NothingRang,
            };
            RecordedDecision::GaveUp { during }
        };
        self.record(key, |_, _| decision);
    }

    /// The call is over.
    pub(in crate::tracker) fn explain_ended(&mut self, key: CallKey, cause: Cause, reason: HangupReason) {
        self.record(key, |tracker, _| RecordedDecision::Ended { by: tracker.ended_by(key), cause, reason });
    }

    /// Whose end ends the call.
    fn ended_by(&self, key: CallKey) -> EndedBy {
        let hangup = self.recorder.packet().filter(|packet| packet.event_name() == Some(b"Hangup"));
        let Some(uniqueid) = hangup.and_then(|packet| packet.text("Uniqueid")) else {
            return EndedBy::Unknown;
        };
        let ch = self.by_uniqueid.get(&*uniqueid).copied();
        let Some(call) = self.calls.get(key) else { return EndedBy::Unknown };
        match ch {
            Some(_) if ch == call.originator => EndedBy::Caller,
            Some(_) if ch == call.far_party => EndedBy::FarParty,
            _ => EndedBy::LastParty,
        }
    }

    /// A call that was never announced is forgotten.
    pub(in crate::tracker) fn explain_unannounced(&mut self, key: CallKey) {
        self.record(key, |_, _| RecordedDecision::NeverStarted);
        self.finish(key.into());
    }

    /// A call that Originate began is forgotten, for it dialled nobody.
    pub(in crate::tracker) fn explain_dialled_nobody(&mut self, key: CallKey) {
        self.record(key, |tracker, texts| {
            let originator = tracker.calls.get(key).and_then(|call| call.originator);
            RecordedDecision::NoCall {
                channel: texts.intern(originator.map_or("?", |ch| tracker.shown(ch))),
                reason: NoCallReason::OnlyDialled,
                party: false,
            }
        });
        self.finish(key.into());
    }

    /// Another call is part of this one; `log` is what was recorded about it, unless it was announced itself.
    pub(in crate::tracker) fn explain_merged(
        &mut self,
        key: CallKey,
        absorbed: &str,
        log: Option<Box<StepLog>>,
    ) {
        if !self.recorder.is_on {
            return;
        }
        if let Some(log) = log {
            self.absorb_log(key, log);
        }
        let reason = self.join_reason(key);
        self.record(key, |tracker, texts| RecordedDecision::Merged {
            absorbed: texts.intern(absorbed),
            call: texts.intern(tracker.root_of(key)),
            reason,
        });
    }

    /// The call was announced by an earlier process.
    pub(in crate::tracker) fn explain_resumed(&mut self, key: CallKey) {
        self.record(key, |tracker, _| RecordedDecision::Resumed {
            published: tracker.calls.get(key).map_or(0, |call| call.seq),
        });
    }
}

/// A duration in milliseconds, as far as a step can hold it.
fn milliseconds(duration: Duration) -> u16 {
    u16::try_from(duration.as_millis()).unwrap_or(u16::MAX)
}
