//! What the tracker concluded, for those who ask why. Off unless asked for; then each hook costs one look at a flag.

mod heard;
mod of_calls;
mod of_channels;

use std::{borrow::Cow, collections::VecDeque};

use ringwire_ami::Packet;
use ringwire_event::{AnsweredBy, CallEvent, CallId, Conclusion, Heard, Party, StoryNote};

use super::Tracker;
use crate::model::{CallKey, Ch};

/// How long a sentence may be, in bytes: names come from outside.
const SENTENCE: usize = 400;

/// A conclusion, and the story it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The story: the same for a call as long as it lives, and never used again by the same tracker. A channel that is in
    /// no call yet has a story of its own.
    pub story: u64,
    /// The story that is a part of this one from here on.
    pub absorbs: Option<u64>,
    /// Whether the story is over with this.
    pub ends: bool,
    /// The id of the call, once it is announced.
    pub call: Option<CallId>,
    /// The Uniqueid of the channel that began the call, or of the channel that is in none.
    pub root: String,
    /// What was concluded.
    pub note: StoryNote,
}

/// What waits to be told.
#[derive(Debug, Default)]
pub(super) struct Notes {
    on: bool,
    told: VecDeque<Note>,
    /// What is being heard; nothing while the passing of time decides.
    hearing: Option<Packet>,
    /// The same in short, once something was concluded from it.
    heard: Option<Heard>,
    /// How many stories were told that belong to no channel.
    alone: u64,
}

/// What a conclusion is about.
#[derive(Clone, Copy)]
pub(super) enum About {
    Call(CallKey),
    /// The call of a channel, or the channel alone while it has none.
    Channel(Ch),
}

impl From<CallKey> for About {
    fn from(key: CallKey) -> Self {
        Self::Call(key)
    }
}

impl From<Ch> for About {
    fn from(ch: Ch) -> Self {
        Self::Channel(ch)
    }
}

/// Why a call is announced now.
#[derive(Clone, Copy, Debug)]
pub(super) enum Occasion {
    /// The round of ringing was collected for long enough.
    Gathered,
    /// A phone of the round is no longer rung.
    LegClosed,
    /// Somebody took it.
    Answered,
    /// The caller waits in the queue no more.
    LeftQueue,
    /// It is over.
    Over,
    /// A list told of it as it stands.
    Listed,
}

impl Tracker {
    /// Has the tracker tell what it concludes, and why, or stop telling it. Whoever switches it on takes the notes out with
    /// [`Tracker::poll_note`]; they are not kept otherwise.
    pub fn explain(&mut self, on: bool) {
        self.notes = Notes { on, ..Notes::default() };
    }

    /// The next thing that was concluded, in order. The notes that led to a call event come before one that has its id.
    pub fn poll_note(&mut self) -> Option<Note> {
        self.notes.told.pop_front()
    }

    /// A packet is being applied.
    pub(super) fn hear(&mut self, packet: &Packet) {
        if self.notes.on {
            self.notes.hearing = Some(packet.clone());
            self.notes.heard = None;
        }
    }

    /// It was applied: what comes next is decided by the passing of time.
    pub(super) fn heard_out(&mut self) {
        self.notes.hearing = None;
    }

    /// What is being heard, in short.
    fn heard(&mut self) -> Option<Heard> {
        let Notes { hearing, heard, .. } = &mut self.notes;
        let hearing = hearing.as_ref()?;
        Some(heard.get_or_insert_with(|| heard::in_short(hearing)).clone())
    }

    /// Tells a conclusion. Of a call that is over nothing more is told.
    fn note(
        &mut self,
        about: impl Into<About>,
        concluded: Conclusion,
        rule: &'static str,
        words: impl FnOnce(&Self) -> String,
    ) {
        if self.notes.on {
            self.push_note(about.into(), concluded, rule, words, |_| {});
        }
    }

    /// The same, where there is more to it than a sentence.
    fn push_note(
        &mut self,
        about: About,
        concluded: Conclusion,
        rule: &'static str,
        words: impl FnOnce(&Self) -> String,
        more: impl FnOnce(&mut Note),
    ) {
        let Some((story, root, call)) = self.story_of(about) else { return };
        let words = words(self);
        let note = self.story_note(concluded, rule, words);
        let mut note = Note { story, absorbs: None, ends: false, call, root, note };
        more(&mut note);
        self.notes.told.push_back(note);
    }

    /// Tells a conclusion that belongs to no channel that is known: a story of one sentence.
    fn note_alone(&mut self, root: String, concluded: Conclusion, rule: &'static str, words: &str) {
        // Those of channels and calls count upwards.
        let story = u64::MAX - self.notes.alone;
        self.notes.alone += 1;
        let note = self.story_note(concluded, rule, words.to_owned());
        self.notes.told.push_back(Note { story, absorbs: None, ends: true, call: None, root, note });
    }

    fn story_note(&mut self, concluded: Conclusion, rule: &'static str, mut words: String) -> StoryNote {
        cut(&mut words, SENTENCE);
        let (time, heard) = (self.now, self.heard());
        StoryNote { time, heard, concluded, rule: Cow::Borrowed(rule), words, event: None }
    }

    fn story_of(&self, about: About) -> Option<(u64, String, Option<CallId>)> {
        let key = match about {
            About::Call(key) => key,
            About::Channel(ch) => {
                let channel = self.channels.get(ch)?;
                match channel.call {
                    Some(key) => key,
                    None => return Some((channel.born, channel.uniqueid.clone(), None)),
                }
            }
        };
        let call = self.calls.get(key).filter(|call| !call.is_over())?;
        Some((call.born, call.root.clone(), (!call.id.is_empty()).then(|| call.id.clone())))
    }

    /// A call event is said; the hangup is the end of the story.
    pub(super) fn explain_said(&mut self, key: CallKey, event: &CallEvent) {
        if !self.notes.on {
            return;
        }
        let words = format!("says {}", event.kind.name());
        self.push_note(
            key.into(),
            Conclusion::Said,
            "",
            |_| words,
            |note| {
                note.note.time = event.time;
                note.note.event = Some(event.id.clone());
                note.ends = matches!(event.kind, ringwire_event::EventKind::Hangup { .. });
            },
        );
    }

    /// The name of a channel, as far as people need it: without its serial.
    fn shown(&self, ch: Ch) -> &str {
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

/// A user, by name and extension.
fn person(party: &Party) -> String {
    match (&party.name, &party.extension) {
        (Some(name), Some(extension)) => format!("{name} ({extension})"),
        _ => party.label().to_owned(),
    }
}

/// Who takes a call.
fn answered_by(answered_by: &AnsweredBy) -> String {
    match answered_by {
        AnsweredBy::User(party) => person(party),
        AnsweredBy::Number { number } => number.clone(),
        AnsweredBy::Voicemail => "voicemail".to_owned(),
        AnsweredBy::Conference => "a conference".to_owned(),
    }
}

/// Several things in one sentence.
fn list(items: &[String]) -> String {
    match items {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Cuts text that is too long.
fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        let end = text.floor_char_boundary(most.saturating_sub('…'.len_utf8()));
        text.truncate(end);
        text.push('…');
    }
}
