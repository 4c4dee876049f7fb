//! Call events as text.

use std::fmt::{self, Display, Write as _};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringwire_event::{AnsweredBy, CallEvent, EventKind, Party};
use ringwire_recording::is_relative_time;
use ringwire_terminal::{plain, plain_name};
use serde_json::{Map, Value};

/// A call event as one aligned line: time, event, call, direction, caller, callee and details.
///
/// It has colours; the writer removes them where they are not wanted.
#[must_use]
pub(crate) fn event_line(event: &CallEvent) -> String {
    let style = event_style(&event.kind);
    let mut line = String::new();
    let detail = event_details(event);
    let _ = write!(
        line,
        "{:>12}  {style}{:<8}{style:#}  {:<22}  {:<8}  {:>14} → {:<14}",
        EventTime(event.time),
        event.kind.name(),
        plain_name(&event.call),
        event.direction.as_str(),
        plain_name(&event.from),
        plain_name(&event.to),
    );
    if !detail.is_empty() {
        let _ = write!(line, "  {detail}");
    }
    if event.recovered {
        let _ = write!(line, "  {}(recovered){:#}", Style::new().dimmed(), Style::new().dimmed());
    }
    line.trim_end().to_owned()
}

/// A request as one line: time, target and fields.
#[must_use]
pub(crate) fn request_line(time: Option<Timestamp>, to: &str, fields: &Map<String, Value>) -> String {
    let mut line = format!("{:>12}  → {to}", EventTime(time));
    for (name, value) in fields {
        let dim = Style::new().dimmed();
        let _ = write!(line, "  {dim}{name}={dim:#}{}", plain(&format_value(value)));
    }
    line
}

/// The value of a request field as text.
#[must_use]
pub(crate) fn format_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(format_value).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The details of an event besides its kind, caller and callee.
#[must_use]
pub(crate) fn event_details(event: &CallEvent) -> String {
    let queue = event.queue.as_deref().map(|queue| format!("[{}]", plain_name(queue)));
    [kind_details(&event.kind), queue].into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// The details of an event of this kind.
#[must_use]
pub(crate) fn kind_details(kind: &EventKind) -> Option<String> {
    match kind {
        EventKind::NewCall { users } => Some(users.iter().map(party_name).collect::<Vec<_>>().join(", "))
            .filter(|names| !names.is_empty()),
        EventKind::Answer { answered_by } => Some(answered_by_text(answered_by)),
        EventKind::Transfer { .. } | EventKind::Forwarded { .. } => {
            let to = kind.word().map(|target| format!("to {}", plain_name(target)));
            let by = kind.user().map(party_name);
            Some([by, to].into_iter().flatten().collect::<Vec<_>>().join(" "))
        }
        EventKind::Hangup { cause, .. } => Some(cause.as_str().to_owned()),
        kind => {
            let parts: Vec<_> =
                kind.user().map(party_name).into_iter().chain(kind.word().map(plain_name)).collect();
            (!parts.is_empty()).then(|| parts.join("  "))
        }
    }
}

/// A party: name and extension if known.
#[must_use]
pub(crate) fn party_name(party: &Party) -> String {
    match (&party.name, &party.extension) {
        (Some(name), Some(extension)) => format!("{} ({})", plain_name(name), plain_name(extension)),
        _ => plain_name(party.label()),
    }
}

/// The end of the id of a call, which distinguishes the calls of some hours: `1795226702.0` is `6702.0`, and of a PBX with a
/// name `main-1795226702.0` is `main-6702.0`.
#[must_use]
pub(crate) fn short_call_id(call: &str) -> String {
    /// How many digits of the time are kept.
    const DIGITS: usize = 4;
    let cut = call.rsplit_once('.').and_then(|(before, number)| {
        let start = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
        let (name, time) = before.split_at_checked(start)?;
        let kept = time.get(time.len().checked_sub(DIGITS)?..)?;
        Some(format!("{name}{kept}.{number}"))
    });
    plain_name(&cut.unwrap_or_else(|| call.to_owned()))
}

/// The style of a call: always the same for the same call.
#[must_use]
pub(crate) fn call_style(call: &str) -> Style {
    const COLOURS: [AnsiColor; 6] = [
        AnsiColor::Cyan,
        AnsiColor::Magenta,
        AnsiColor::Blue,
        AnsiColor::BrightCyan,
        AnsiColor::BrightMagenta,
        AnsiColor::BrightBlue,
    ];
    // Ids of calls at the same time differ in their last characters.
    let sum = call.bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let colour = COLOURS.get(sum % COLOURS.len()).copied().unwrap_or(AnsiColor::Cyan);
    colour.on_default()
}

/// The cause of a call that nobody answered, as text.
#[must_use]
pub(crate) fn cause_text(cause: Option<&str>) -> &'static str {
    match cause {
        Some("busy") => "busy",
        Some("cancel") => "caller gave up",
        Some("noAnswer") => "no answer",
        Some("congestion") => "could not be connected",
        Some("notFound") => "no such number, or offline",
        Some("forwarded") => "forwarded elsewhere",
        _ => "ended",
    }
}

/// Who answered a call, as text.
#[must_use]
pub(crate) fn answered_by_text(answered_by: &AnsweredBy) -> String {
    match answered_by {
        AnsweredBy::User(party) => party_name(party),
        AnsweredBy::Number { number } => plain_name(number),
        AnsweredBy::Voicemail => "voicemail".to_owned(),
        AnsweredBy::Conference => "conference".to_owned(),
    }
}

/// The style of an event.
#[must_use]
pub(crate) fn event_style(kind: &EventKind) -> Style {
    let colour = match kind {
        EventKind::NewCall { .. } => AnsiColor::Cyan,
        EventKind::Ringing { .. } | EventKind::RingingStopped { .. } => AnsiColor::Yellow,
        EventKind::Answer { .. } => AnsiColor::Green,
        EventKind::Hangup { answered_by: Some(_), .. } => AnsiColor::BrightBlack,
        EventKind::Hangup { answered_by: None, .. } => AnsiColor::Red,
        _ => AnsiColor::Magenta,
    };
    colour.on_default().bold()
}

/// A time of day, or the time since the start of a recording.
pub(crate) struct EventTime(pub(crate) Option<Timestamp>);

impl Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            None => "-".to_owned(),
            Some(time) if is_relative_time(time) => {
                format!("+{}.{:03}", time.as_second(), time.subsec_millisecond())
            }
            Some(time) => time.to_zoned(TimeZone::system()).strftime("%H:%M:%S%.3f").to_string(),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_id_is_shortened_to_its_end() {
        for (call, expected) in [
            ("1795226702.0", "6702.0"),
            ("main-1795226702.17", "main-6702.17"),
            ("1.2", "1.2"),
            ("pbx", "pbx"),
            ("", ""),
            ("1795226702.\u{1b}", "6702.\\u{1b}"),
        ] {
            assert_eq!(short_call_id(call), expected);
        }
        assert_eq!(call_style("1795226702.0"), call_style("1795226702.0"));
    }
}
