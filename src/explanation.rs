//! The story of a call, for people: what was heard, what was concluded and by which rule, what was said to whom, and what
//! they replied.
//!
//! Pure: what is known of a call goes in, lines come out. Times are relative to the beginning of the call. What came from
//! outside is spelt out where it could reach a terminal as anything but text.

mod heading;
mod known;
mod note;
mod sent;

use anstyle::Style;
use jiff::Timestamp;
use ringwire_event::{CallEvent, Decision, ExplanationStep};

pub(crate) use self::heading::in_a_line;
pub(crate) use self::known::Known;
pub(crate) use self::sent::{Sent, Try};
use ringwire_terminal::plain;

/// The story of a call, line by line.
#[must_use]
pub(crate) fn lines(known: &Known) -> Vec<String> {
    let mut story = Story { known, began: known.began(), lines: heading::lines(known), said: Vec::new() };
    let mut group: &[ExplanationStep] = &known.notes;
    while let Some(first) = group.first() {
        let same =
            |note: &&ExplanationStep| note.source == first.source && (at(note) == at(first) || is_said(note));
        let count = group.iter().take_while(same).count();
        let (now, rest) = group.split_at(count.max(1));
        story.group(now);
        group = rest;
    }
    story.unexplained(|_| true);
    story.helpers();
    story.lines
}

/// The story so far of one that is being written.
struct Story<'a> {
    known: &'a Known,
    began: Option<Timestamp>,
    lines: Vec<String>,
    /// The events that have their lines.
    said: Vec<&'a str>,
}

impl<'a> Story<'a> {
    /// What was concluded from one event, or from the passing of time.
    fn group(&mut self, notes: &'a [ExplanationStep]) {
        let told = |note: &&ExplanationStep| note.decision != Decision::Auxiliary;
        let Some(first) = notes.iter().find(told) else { return };
        let heard_at = notes.iter().find(|note| !is_said(note)).map_or(first.time, |note| note.time);
        self.unexplained(|event| heard_at.is_some() && event.time < heard_at);
        self.lines.push(note::heard(first, &since(self.began, heard_at)));
        for note in notes.iter().filter(told) {
            match self.event(note) {
                Some(event) => self.said(event, heard_at, false),
                None => self.lines.push(note::concluded(note)),
            }
        }
    }

    /// The event that a note says was said.
    fn event(&self, note: &ExplanationStep) -> Option<&'a CallEvent> {
        let id = note.event.as_deref()?;
        self.known.events.iter().find(|event| event.id == id)
    }

    /// An event, and who was told; `alone` where nothing stands above it that has its time.
    fn said(&mut self, event: &'a CallEvent, heard_at: Option<Timestamp>, alone: bool) {
        let of = (event.time != heard_at).then(|| since(self.began, event.time));
        let alone = if alone { since(self.began, event.time) } else { String::new() };
        self.lines.push(note::said(event, &alone, of.as_deref()));
        let mut nobody = true;
        for sent in self.known.sent_of(&event.id) {
            nobody = false;
            self.lines.extend(sent.lines());
        }
        if nobody && self.known.knows_owed {
            self.lines.push(note::nobody());
        }
        self.said.push(&event.id);
    }

    /// The events, of those that are `due`, that no conclusion led to: the story was cut, or there is none.
    fn unexplained(&mut self, due: impl Fn(&CallEvent) -> bool) {
        let known = self.known;
        for event in known.events.iter().filter(|event| due(event)) {
            let explained = known.notes.iter().any(|note| note.event.as_deref() == Some(&event.id));
            if !explained && !self.said.contains(&event.id.as_str()) {
                self.said(event, event.time, true);
            }
        }
    }

    /// The helpers of the PBX in one line: they are never a party.
    fn helpers(&mut self) {
        let helpers = self.known.notes.iter().filter(|note| note.decision == Decision::Auxiliary);
        let mut names: Vec<_> = helpers
            .filter_map(|note| note.source.as_ref())
            .filter(|heard| matches!(heard.event.as_str(), "Newchannel" | "CoreShowChannel" | "Status"))
            .filter_map(|heard| heard.channel.as_deref())
            .map(plain)
            .collect();
        names.sort();
        names.dedup();
        if !names.is_empty() {
            let dim = Style::new().dimmed();
            let names = names.join(", ");
            self.lines.push(format!("{:>10}  {dim}auxiliary channels, never a party: {names}{dim:#}", ""));
        }
    }
}

fn at(note: &ExplanationStep) -> Option<Timestamp> {
    note.time
}

fn is_said(note: &ExplanationStep) -> bool {
    note.event.is_some()
}

/// What passed since the beginning of the call.
fn since(began: Option<Timestamp>, time: Option<Timestamp>) -> String {
    match (began, time) {
        (Some(began), Some(time)) => {
            let passed = time.as_millisecond() - began.as_millisecond();
            let sign = if passed < 0 { '-' } else { '+' };
            format!("{sign}{}.{:03}", passed.abs() / 1000, passed.abs() % 1000)
        }
        _ => "-".to_owned(),
    }
}
