//! Resuming calls that another process announced.
//!
//! The events that were published are all that is left of a call. Its facts are taken from them; its
//! channels come with the first snapshot, and a call that has none there ended while nobody watched.

use std::collections::BTreeMap;

use ringwire_event::{AnsweredBy, CallEvent, CallId, EventKind, Party};

use super::Tracker;
use crate::model::{
    Call, CallIds, CallKey, CallRecording, CallStage, PassedOn, QueueStay, RingingPhone, Stopwatch,
};

impl Tracker {
    /// Resumes the calls that `events` are of and whose hangup is not among them, each under its old id:
    /// its next event has the next sequence number, and an id with the mark of this start. Events of one call come in
    /// their order.
    ///
    /// No id of `used` is given again. To be called before the first packet.
    pub fn resume(&mut self, events: &[CallEvent], used: &[CallId]) {
        used.iter().for_each(|id| self.ids.remember(id));
        let mut by_call: BTreeMap<&str, Vec<&CallEvent>> = BTreeMap::new();
        for event in events.iter().filter(|event| event.pbx == self.rules.pbx) {
            self.ids.remember(&event.call);
            by_call.entry(&event.call).or_default().push(event);
        }
        let mut calls: Vec<_> = by_call.into_values().collect();
        calls.sort_by_key(|published| published.first().and_then(|event| event.time));
        for published in calls {
            if !published.iter().any(|event| matches!(event.kind, EventKind::Hangup { .. })) {
                self.resume_call(&published);
            }
        }
    }

    fn resume_call(&mut self, published: &[&CallEvent]) {
        let Some(last) = published.last() else { return };
        let prefix = self.rules.prefix_ids.then_some(self.rules.pbx.as_str());
        let root = CallIds::root(prefix, &last.call).to_owned();
        let mut call = Call::new(root.clone(), self.next_sequence(), None);
        call.id = last.call.clone();
        call.seq = last.seq;
        call.taken_up_after = Some(last.seq);
        call.stage = CallStage::Announced;
        call.has_originator = true;
        call.direction = last.direction;
        call.from = last.from.clone();
        call.from_name = last.from_name.clone();
        call.to = last.to.clone();
        call.trunk = last.trunk.clone();
        call.account = last.account.clone();
        call.tenant = last.tenant.clone();
        call.queue = last.queue.clone();
        call.caller_leg.clone_from(&last.facts.caller_leg);
        call.absorbed_call.clone_from(&last.facts.absorbed_call);
        call.variables.clone_from(&last.facts.variables);
        for event in published {
            resume_times(&mut call, event);
            match &event.kind {
                EventKind::Ringing { user } => {
                    call.rung_before_resume.push(user.endpoint.clone());
                    call.ringing.push(RingingPhone {
                        channel: None,
                        user: user.clone(),
                        leg: event.facts.leg.clone(),
                        since: event.time,
                        answers: call.answers,
                    });
                }
                EventKind::RingingStopped { user, .. } => {
                    call.rung_before_resume.retain(|endpoint| *endpoint != user.endpoint);
                    call.ringing.retain(|phone| phone.user.endpoint != user.endpoint);
                }
                EventKind::Answer { answered_by } => {
                    if let Some(user) = answered_by.user() {
                        call.ringing.retain(|phone| phone.user.endpoint != user.endpoint);
                    }
                    call.answers = call.answers.saturating_add(1);
                    call.answered_leg.clone_from(&event.facts.leg);
                    call.answered_by_endpoint = endpoint(answered_by);
                    call.answered_by = Some(answered_by.clone());
                }
                EventKind::Transfer { kind, user, transfer_target } => {
                    call.passed_to = transfer_target.clone();
                    let (by, target) = (user.clone(), transfer_target.clone());
                    call.passed_on = Some(PassedOn { kind: *kind, by, target });
                }
                EventKind::QueueEntered { position } => {
                    call.queue_stay = Some(QueueStay { since: event.time, position: *position });
                }
                EventKind::QueueLeft { .. } => call.queue_stay = None,
                EventKind::Parked { parking_lot, space, .. } => {
                    call.parked = Some((parking_lot.clone(), space.clone()));
                }
                EventKind::Unparked { .. } => call.parked = None,
                EventKind::RecordingStarted { file } => {
                    call.recording =
                        Some(CallRecording { file: file.clone(), is_on: true, is_published: true });
                }
                EventKind::RecordingStopped { file } => {
                    call.recording =
                        Some(CallRecording { file: file.clone(), is_on: false, is_published: true });
                }
                _ => {}
            }
        }
        if call.is_answered() {
            call.passed_to = None;
        }
        let key = self.calls.insert(call);
        self.by_linkedid.insert(root, key);
        self.explain_resumed(key);
        self.resumed_calls.push(key);
    }

    /// A full list has come in: the resumed calls that have no channel in it are over.
    pub(super) fn end_unlisted_resumed_calls(&mut self) {
        for key in std::mem::take(&mut self.resumed_calls) {
            if self.is_unclaimed(key) {
                self.publish_hangup(key, |call| call.cause(None));
                self.forget_call(key);
            }
        }
    }

    fn is_unclaimed(&self, key: CallKey) -> bool {
        self.calls.get(key).is_some_and(|call| call.members.is_empty())
    }
}

/// Takes the times that a published event tells.
fn resume_times(call: &mut Call, event: &CallEvent) {
    let (times, facts) = (&mut call.times, &event.facts);
    times.started = facts.started_at;
    times.answered = facts.answered_at;
    match &event.kind {
        EventKind::Ringing { .. } if times.answered.is_none() => times.ringing.start(event.time),
        EventKind::Answer { .. } => {
            times.ringing = Stopwatch::with_seconds(facts.ring_seconds);
            times.waiting = Stopwatch::with_seconds(facts.wait_seconds);
        }
        EventKind::QueueEntered { .. } => times.waiting.start(event.time),
        EventKind::QueueLeft { .. } => times.waiting.stop(event.time),
        EventKind::Hold { .. } => times.holding.start(event.time),
        EventKind::Unhold { .. } => times.holding = Stopwatch::with_seconds(facts.hold_seconds),
        _ => {}
    }
}

/// The endpoint at which a party answered, as far as the published event has it.
fn endpoint(answered_by: &AnsweredBy) -> Option<String> {
    match answered_by {
        AnsweredBy::User(Party { endpoint, .. }) => Some(endpoint.clone()),
        AnsweredBy::Number { .. } => None,
        AnsweredBy::Voicemail => Some("voicemail".to_owned()),
        AnsweredBy::Conference => Some("conference".to_owned()),
    }
}
