//! The summary of a call, above its explanation.

use anstyle::{AnsiColor, Style};
use jiff::{Timestamp, tz::TimeZone};
use ringwire_event::{Decision, Direction, EventKind};
use ringwire_recording::is_relative_time;
use ringwire_terminal::{plain, plain_name};

use super::call::CallExplanation;
use crate::event_text::answered_by_text;

/// The lines above the explanation.
pub(super) fn heading_lines(explanation: &CallExplanation) -> Vec<String> {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let mut lines = vec![format!("{bold}{}{bold:#}", summary(explanation))];
    let mut facts = Vec::new();
    if let Some(event) = explanation.events.first() {
        facts.push(format!("PBX {}", plain(&event.pbx)));
    }
    match (&explanation.uniqueid, &explanation.call) {
        (Some(uniqueid), Some(call)) if uniqueid != call => {
            facts.push(format!("Uniqueid {}", plain_name(uniqueid)));
        }
        _ => {}
    }
    match explanation.started_at() {
        Some(started_at) => facts.push(format!("started {}", moment(started_at))),
        None => facts.push("the recording has no clock, so no timer expires".to_owned()),
    }
    lines.push(format!("{dim}{}{dim:#}", facts.join(", ")));
    let remark = AnsiColor::Yellow.on_default();
    lines.extend(explanation.remarks.iter().map(|text| format!("{remark}{}{remark:#}", plain(text))));
    lines
}

/// The whole call in one line.
#[must_use]
pub(crate) fn one_line(explanation: &CallExplanation) -> String {
    format!("{}  ({} steps)", summary(explanation), explanation.steps.len())
}

fn summary(explanation: &CallExplanation) -> String {
    let id = explanation.call.as_deref().or(explanation.uniqueid.as_deref()).unwrap_or("?");
    let Some(first) = explanation.events.first() else {
        return match (&explanation.call, explanation.steps.last()) {
            (None, Some(last)) if matches!(last.decision, Decision::Unannounced | Decision::Forged) => {
                format!("{}: {}", plain_name(id), plain(&last.text))
            }
            (None, _) => format!("{}: not announced yet", plain_name(id)),
            (Some(_), _) => plain_name(id),
        };
    };
    let mut parts = vec![match first.direction {
        Direction::In => format!("inbound, {} → {}", plain_name(&first.from), plain_name(&first.to)),
        Direction::Out => format!("outbound, {} → {}", plain_name(&first.from), plain_name(&first.to)),
        Direction::Internal => format!("internal, {} → {}", plain_name(&first.from), plain_name(&first.to)),
    }];
    let queue = explanation.events.iter().filter_map(|event| event.queue.as_deref()).next_back();
    parts.extend(queue.map(|queue| format!("queue {}", plain_name(queue))));
    let answers = explanation.events.iter().filter_map(|event| match &event.kind {
        EventKind::Answer { answered_by } => Some(format!("answered by {}", answered_by_text(answered_by))),
        _ => None,
    });
    parts.extend(answers);
    match explanation.events.last().map(|event| (&event.kind, event.time)) {
        Some((EventKind::Hangup { cause, .. }, ended)) => {
            parts.push(match (explanation.started_at(), ended) {
                (Some(started_at), Some(ended)) => {
                    let passed = ended.duration_since(started_at).as_secs_f64();
                    format!("ended after {passed:.1} s: {}", cause.as_str())
                }
                _ => format!("ended: {}", cause.as_str()),
            });
        }
        _ => parts.push("in progress".to_owned()),
    }
    if explanation.events.iter().any(|event| event.recovered) {
        parts.push("partly recovered from a list of channels".to_owned());
    }
    format!("{}: {}", plain_name(id), parts.join(", "))
}

/// A time in UTC, so that logs of different machines can be compared; or relative to the start of a recording.
fn moment(time: Timestamp) -> String {
    if is_relative_time(time) {
        return format!("{}.{:03} s into the recording", time.as_second(), time.subsec_millisecond());
    }
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string()
}
