//! Why the tracker decides what it decides, recorded step by step in the call itself. Off unless asked for; then each hook
//! costs one look at a flag.

mod calls;
mod channels;

use ringwire_event::explanation::{
    AnsweredByRef, Explanation, PersonRef, PublishedKind, RecordedDecision, StepLog, TextTable,
};
use ringwire_event::{AnsweredBy, CallEvent, EventKind, Party};

use super::Tracker;
use crate::model::{Call, CallKey, ChannelKey};
use crate::recorder::ExplanationRecorder;

/// What a decision is about.
#[derive(Clone, Copy)]
enum Subject {
    Call(CallKey),
    /// The call of a channel, or the channel alone while it has none.
    Channel(ChannelKey),
}

impl From<CallKey> for Subject {
    fn from(key: CallKey) -> Self {
        Self::Call(key)
    }
}

impl From<ChannelKey> for Subject {
    fn from(ch: ChannelKey) -> Self {
        Self::Channel(ch)
    }
}

impl Tracker {
    /// Has the tracker record what it decides, and why, or stop recording it. Explanations of calls that are over are to be
    /// taken out with [`Tracker::poll_explanation`].
    pub fn explain(&mut self, on: bool) {
        self.recorder = ExplanationRecorder::new(on);
    }

    /// The explanation of the next call that is over, or of the next channel that was part of none; `None` once all were
    /// taken.
    pub fn poll_explanation(&mut self) -> Option<Explanation> {
        self.recorder.poll()
    }

    /// The explanation so far of a call that is not over, by its id or the Uniqueid of the channel that started it; or of a
    /// channel that is in no call, by its Uniqueid.
    #[must_use]
    pub fn explanation(&self, call: &str) -> Option<Explanation> {
        let is_it = |known: &&Call| !known.is_over() && (known.id == call || known.root == call);
        if let Some(found) = self.calls.values().find(is_it) {
            let log = found.explanation.clone()?;
            let mark = self.mark_of(found);
            return Some(Explanation::new(id_of(&found.id), found.root.clone(), log).with_mark(mark));
        }
        let channel = self.by_uniqueid.get(call).and_then(|ch| self.channels.get(*ch))?;
        Some(Explanation::new(None, channel.uniqueid.clone(), channel.explanation.clone()?))
    }

    /// The mark in the ids of the call's events, if they have one.
    fn mark_of(&self, call: &Call) -> Option<String> {
        self.start_mark.clone().filter(|_| call.taken_up_after.is_some())
    }

    /// Takes out the explanations of what is not over, as they stand, oldest first; for a recording that ends.
    pub fn take_unfinished_explanations(&mut self) -> Vec<Explanation> {
        let calls = self
            .calls
            .values_mut()
            .filter(|call| !call.is_over())
            .filter_map(|call| Some((call.explanation.take()?, id_of(&call.id), call.root.clone())));
        let channels = self
            .channels
            .values_mut()
            .filter_map(|channel| Some((channel.explanation.take()?, None, channel.uniqueid.clone())));
        let mut unfinished: Vec<_> = calls.chain(channels).collect();
        unfinished.sort_by_key(|(log, ..)| log.first_order());
        unfinished.into_iter().map(|(log, call, uniqueid)| Explanation::new(call, uniqueid, log)).collect()
    }

    /// Records a decision. About a call that is over nothing more is recorded.
    fn record(
        &mut self,
        about: impl Into<Subject>,
        decide: impl FnOnce(&Self, &mut TextTable) -> RecordedDecision,
    ) {
        if !self.recorder.is_on {
            return;
        }
        let subject = about.into();
        let Some(mut log) = self.take_log(subject) else { return };
        self.recorder.set_source(&mut log, self.now);
        let decision = decide(self, log.texts());
        log.record(self.recorder.next_order(), decision);
        self.put_log(subject, log);
    }

    /// A call event is published, with `number` at the end of its id; with the hangup the explanation is finished.
    pub(super) fn explain_published(&mut self, key: CallKey, event: &CallEvent, number: u32) {
        if !self.recorder.is_on {
            return;
        }
        let Some(mut log) = self.take_log(key.into()) else { return };
        self.recorder.set_source(&mut log, self.now);
        let decision = RecordedDecision::Published { kind: published_kind(&event.kind), seq: number };
        log.record_published(self.recorder.next_order(), event.time, decision);
        self.put_log(key.into(), log);
        if matches!(event.kind, EventKind::Hangup { .. }) {
            self.finish(key.into());
        }
    }

    /// The explanation of a call or of a channel that is in none is complete.
    fn finish(&mut self, subject: Subject) {
        let finished = match subject {
            Subject::Call(key) => {
                let mark = self.calls.get(key).and_then(|call| self.mark_of(call));
                self.calls.get_mut(key).and_then(|call| {
                    let log = call.explanation.take()?;
                    Some(Explanation::new(id_of(&call.id), call.root.clone(), log).with_mark(mark))
                })
            }
            Subject::Channel(ch) => self.channels.get_mut(ch).and_then(|channel| {
                Some(Explanation::new(None, channel.uniqueid.clone(), channel.explanation.take()?))
            }),
        };
        if let Some(finished) = finished {
            self.recorder.finish(finished);
        }
    }

    /// What was recorded about a channel is part of a call's explanation from here on.
    fn absorb_channel_log(&mut self, key: CallKey, ch: ChannelKey) {
        if let Some(log) = self.channels.get_mut(ch).and_then(|channel| channel.explanation.take()) {
            self.absorb_log(key, log);
        }
    }

    fn absorb_log(&mut self, key: CallKey, log: Box<StepLog>) {
        let Some(call) = self.calls.get_mut(key).filter(|call| !call.is_over()) else { return };
        match &mut call.explanation {
            Some(own) => own.absorb(*log),
            none => *none = Some(log),
        }
    }

    fn take_log(&mut self, subject: Subject) -> Option<Box<StepLog>> {
        self.log_of(subject).map(|log| log.take().unwrap_or_default())
    }

    fn put_log(&mut self, subject: Subject, log: Box<StepLog>) {
        if let Some(place) = self.log_of(subject) {
            *place = Some(log);
        }
    }

    /// Where the log of a subject is kept; nowhere once a call is over.
    fn log_of(&mut self, subject: Subject) -> Option<&mut Option<Box<StepLog>>> {
        let key = match subject {
            Subject::Call(key) => key,
            Subject::Channel(ch) => {
                let channel = self.channels.get_mut(ch)?;
                match channel.call {
                    Some(key) => key,
                    None => return Some(&mut channel.explanation),
                }
            }
        };
        self.calls.get_mut(key).filter(|call| !call.is_over()).map(|call| &mut call.explanation)
    }

    /// The name of a channel, as far as people need it: without its serial.
    fn shown(&self, ch: ChannelKey) -> &str {
        self.channels.get(ch).map_or("a channel that is gone", |channel| match channel.is_party() {
            true => &channel.endpoint,
            false => &channel.name,
        })
    }

    /// What a call is known by.
    fn root_of(&self, key: CallKey) -> &str {
        self.calls.get(key).map_or("?", |call| &call.root)
    }
}

fn id_of(id: &str) -> Option<String> {
    (!id.is_empty()).then(|| id.to_owned())
}

/// A user, by name and extension.
fn person(texts: &mut TextTable, party: &Party) -> PersonRef {
    let label = texts.intern(party.label());
    let extension = party.name.as_ref().and(party.extension.as_ref());
    PersonRef { label, extension: extension.map(|extension| texts.intern(extension)) }
}

fn answered_by(texts: &mut TextTable, by: &AnsweredBy) -> AnsweredByRef {
    match by {
        AnsweredBy::User(party) => AnsweredByRef::User(person(texts, party)),
        AnsweredBy::Number { number } => AnsweredByRef::Number(texts.intern(number)),
        AnsweredBy::Voicemail => AnsweredByRef::Voicemail,
        AnsweredBy::Conference => AnsweredByRef::Conference,
    }
}

fn published_kind(kind: &EventKind) -> PublishedKind {
    match kind {
        EventKind::NewCall { .. } => PublishedKind::NewCall,
        EventKind::Ringing { .. } => PublishedKind::Ringing,
        EventKind::Answer { .. } => PublishedKind::Answer,
        EventKind::Hold { .. } => PublishedKind::Hold,
        EventKind::Unhold { .. } => PublishedKind::Unhold,
        EventKind::Transfer { .. } => PublishedKind::Transfer,
        EventKind::Hangup { .. } => PublishedKind::Hangup,
        EventKind::RingingStopped { .. } => PublishedKind::RingingStopped,
        EventKind::Forwarded { .. } => PublishedKind::Forwarded,
        EventKind::QueueEntered { .. } => PublishedKind::QueueEntered,
        EventKind::QueueLeft { .. } => PublishedKind::QueueLeft,
        EventKind::Parked { .. } => PublishedKind::Parked,
        EventKind::Unparked { .. } => PublishedKind::Unparked,
        EventKind::ConferenceJoined { .. } => PublishedKind::ConferenceJoined,
        EventKind::ConferenceLeft { .. } => PublishedKind::ConferenceLeft,
        EventKind::RecordingStarted { .. } => PublishedKind::RecordingStarted,
        EventKind::RecordingStopped { .. } => PublishedKind::RecordingStopped,
        EventKind::VoicemailLeft { .. } => PublishedKind::VoicemailLeft,
        EventKind::Dtmf { .. } => PublishedKind::Dtmf,
    }
}
