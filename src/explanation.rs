//! The explanation of a call as text: the events received, the decisions and their rules, the events sent to each
//! target and the replies.
//!
//! Pure: a [`CallExplanation`] goes in, lines come out. Times are relative to the start of the call. Text from outside
//! is escaped for the terminal.

mod call;
mod delivery;
mod step;
mod summary;

use anstyle::Style;
use jiff::Timestamp;
use ringwire_event::{CallEvent, Decision, ExplanationStep};

pub(crate) use self::{
    call::CallExplanation,
    delivery::{ExplainedAttempt, ExplainedDelivery},
    summary::one_line,
};
use ringwire_terminal::plain;

/// The explanation of a call, line by line.
#[must_use]
pub(crate) fn lines(explanation: &CallExplanation) -> Vec<String> {
    let mut writer = ExplanationWriter {
        explanation,
        started_at: explanation.started_at(),
        lines: summary::heading_lines(explanation),
        written_events: Vec::new(),
    };
    let mut group: &[ExplanationStep] = &explanation.steps;
    while let Some(first) = group.first() {
        let same = |step: &&ExplanationStep| {
            step.source == first.source && (step.time == first.time || step.event.is_some())
        };
        let count = group.iter().take_while(same).count();
        let (now, rest) = group.split_at(count.max(1));
        writer.write_group(now);
        group = rest;
    }
    writer.write_unexplained_events(|_| true);
    writer.write_auxiliary_channels();
    writer.lines
}

/// The lines written so far.
struct ExplanationWriter<'a> {
    explanation: &'a CallExplanation,
    started_at: Option<Timestamp>,
    lines: Vec<String>,
    /// The ids of the events that have lines.
    written_events: Vec<&'a str>,
}

impl<'a> ExplanationWriter<'a> {
    /// Writes the decisions from one manager event or timer.
    fn write_group(&mut self, steps: &'a [ExplanationStep]) {
        let is_shown = |step: &&ExplanationStep| step.decision != Decision::Auxiliary;
        let Some(first) = steps.iter().find(is_shown) else { return };
        let source_time = steps.iter().find(|step| step.event.is_none()).map_or(first.time, |step| step.time);
        self.write_unexplained_events(|event| source_time.is_some() && event.time < source_time);
        self.lines.push(step::source_line(first, &since(self.started_at, source_time)));
        for step in steps.iter().filter(is_shown) {
            match self.event(step) {
                Some(event) => self.write_event(event, source_time, false),
                None => self.lines.push(step::decision_line(step)),
            }
        }
    }

    /// The call event that a step refers to.
    fn event(&self, step: &ExplanationStep) -> Option<&'a CallEvent> {
        let id = step.event.as_deref()?;
        self.explanation.events.iter().find(|event| event.id == id)
    }

    /// Writes a call event and its deliveries; `alone` if no line above it shows its time.
    fn write_event(&mut self, event: &'a CallEvent, source_time: Option<Timestamp>, alone: bool) {
        let of = (event.time != source_time).then(|| since(self.started_at, event.time));
        let alone = if alone { since(self.started_at, event.time) } else { String::new() };
        self.lines.push(step::event_line(event, &alone, of.as_deref()));
        let mut has_delivery = false;
        for delivery in self.explanation.deliveries_of(&event.id) {
            has_delivery = true;
            self.lines.extend(delivery.lines());
        }
        if !has_delivery && self.explanation.is_from_journal {
            self.lines.push(step::no_delivery_line());
        }
        self.written_events.push(&event.id);
    }

    /// Writes the events that are `due` and that no step refers to, because the explanation is cut or missing.
    fn write_unexplained_events(&mut self, due: impl Fn(&CallEvent) -> bool) {
        let explanation = self.explanation;
        for event in explanation.events.iter().filter(|event| due(event)) {
            let is_explained = explanation.steps.iter().any(|step| step.event.as_deref() == Some(&event.id));
            if !is_explained && !self.written_events.contains(&event.id.as_str()) {
                self.write_event(event, event.time, true);
            }
        }
    }

    /// Writes the auxiliary channels in one line: they are never a party.
    fn write_auxiliary_channels(&mut self) {
        let auxiliary = self.explanation.steps.iter().filter(|step| step.decision == Decision::Auxiliary);
        let mut names: Vec<_> = auxiliary
            .filter_map(|step| step.source.as_ref())
            .filter(|source| matches!(source.event.as_str(), "Newchannel" | "CoreShowChannel" | "Status"))
            .filter_map(|source| source.channel.as_deref())
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

/// The time since the start of the call.
fn since(started_at: Option<Timestamp>, time: Option<Timestamp>) -> String {
    match (started_at, time) {
        (Some(started_at), Some(time)) => {
            let passed = time.as_millisecond() - started_at.as_millisecond();
            let sign = if passed < 0 { '-' } else { '+' };
            format!("{sign}{}.{:03}", passed.abs() / 1000, passed.abs() % 1000)
        }
        _ => "-".to_owned(),
    }
}
