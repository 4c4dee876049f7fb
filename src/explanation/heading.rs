//! What kind of call it was, before its story.

use anstyle::{AnsiColor, Style};
use jiff::{Timestamp, tz::TimeZone};
use ringwire_event::{Decision, Direction, EventKind};
use ringwire_recording::is_relative_time;
use ringwire_terminal::plain;

use super::known::Known;
use crate::lines::took;

/// The lines above the story.
pub(super) fn lines(known: &Known) -> Vec<String> {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let mut lines = vec![format!("{bold}{}{bold:#}", summary(known))];
    let mut facts = Vec::new();
    if let Some(event) = known.events.first() {
        facts.push(format!("PBX {}", plain(&event.pbx)));
    }
    match (&known.root, &known.call) {
        (Some(root), Some(call)) if root != call => facts.push(format!("Uniqueid {}", plain(root))),
        _ => {}
    }
    match known.began() {
        Some(began) => facts.push(format!("started {}", moment(began))),
        None => facts.push("the recording has no clock, so no timer expires".to_owned()),
    }
    lines.push(format!("{dim}{}{dim:#}", facts.join(", ")));
    let remark = AnsiColor::Yellow.on_default();
    lines.extend(known.remarks.iter().map(|words| format!("{remark}{}{remark:#}", plain(words))));
    lines
}

/// The whole call in one line.
#[must_use]
pub(crate) fn in_a_line(known: &Known) -> String {
    format!("{}  ({} steps)", summary(known), known.notes.len())
}

fn summary(known: &Known) -> String {
    let id = known.call.as_deref().or(known.root.as_deref()).unwrap_or("?");
    let Some(first) = known.events.first() else {
        return match (&known.call, known.notes.last()) {
            (None, Some(last)) if matches!(last.decision, Decision::Unannounced | Decision::Forged) => {
                format!("{}: {}", plain(id), plain(&last.text))
            }
            (None, _) => format!("{}: not announced yet", plain(id)),
            (Some(_), _) => plain(id),
        };
    };
    let mut words = vec![match first.direction {
        Direction::In => format!("inbound, {} → {}", plain(&first.from), plain(&first.to)),
        Direction::Out => format!("outbound, {} → {}", plain(&first.from), plain(&first.to)),
        Direction::Internal => format!("internal, {} → {}", plain(&first.from), plain(&first.to)),
    }];
    let queue = known.events.iter().filter_map(|event| event.queue.as_deref()).next_back();
    words.extend(queue.map(|queue| format!("queue {}", plain(queue))));
    let answers = known.events.iter().filter_map(|event| match &event.kind {
        EventKind::Answer { answered_by } => Some(format!("answered by {}", took(answered_by))),
        _ => None,
    });
    words.extend(answers);
    match known.events.last().map(|event| (&event.kind, event.time)) {
        Some((EventKind::Hangup { cause, .. }, ended)) => {
            words.push(match (known.began(), ended) {
                (Some(began), Some(ended)) => {
                    let passed = ended.duration_since(began).as_secs_f64();
                    format!("ended after {passed:.1} s: {}", cause.as_str())
                }
                _ => format!("ended: {}", cause.as_str()),
            });
        }
        _ => words.push("in progress".to_owned()),
    }
    if known.events.iter().any(|event| event.recovered) {
        words.push("partly recovered from a list of channels".to_owned());
    }
    format!("{}: {}", plain(id), words.join(", "))
}

/// A moment: in UTC, as logs of two machines are held against each other; or in a recording.
fn moment(time: Timestamp) -> String {
    if is_relative_time(time) {
        return format!("{}.{:03} s into the recording", time.as_second(), time.subsec_millisecond());
    }
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string()
}
