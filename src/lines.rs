//! One aligned line an event, for people.

use std::fmt::{self, Display, Write as _};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringwire_event::{AnsweredBy, CallEvent, EventKind, Party};
use ringwire_recording::is_relative_time;
use ringwire_terminal::plain;
use serde_json::{Map, Value};

/// A call event as one line: time, what, call, direction, who called whom, and what else there is to say.
///
/// It is coloured; whoever prints it takes the colours out where they are not wanted.
#[must_use]
pub(crate) fn event(event: &CallEvent) -> String {
    let style = style(&event.kind);
    let mut line = String::new();
    let detail = detail(event);
    let _ = write!(
        line,
        "{:>12}  {style}{:<8}{style:#}  {:<22}  {:<8}  {:>14} → {:<14}",
        Time(event.time),
        event.kind.name(),
        plain(&event.call),
        event.direction.as_str(),
        plain(&event.from),
        plain(&event.to),
    );
    if !detail.is_empty() {
        let _ = write!(line, "  {detail}");
    }
    if event.recovered {
        let _ = write!(line, "  {}(recovered){:#}", Style::new().dimmed(), Style::new().dimmed());
    }
    line.trim_end().to_owned()
}

/// A post as one line: time, whom it is for, and its fields.
#[must_use]
pub(crate) fn post(time: Option<Timestamp>, to: &str, fields: &Map<String, Value>) -> String {
    let mut line = format!("{:>12}  → {to}", Time(time));
    for (name, value) in fields {
        let dim = Style::new().dimmed();
        let _ = write!(line, "  {dim}{name}={dim:#}{}", plain(&spoken(value)));
    }
    line
}

/// A value of a request, as people say it.
#[must_use]
pub(crate) fn spoken(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(spoken).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// What there is to say of an event besides what it is and who called whom.
#[must_use]
pub(crate) fn detail(event: &CallEvent) -> String {
    let queue = event.queue.as_deref().map(|queue| format!("[{}]", plain(queue)));
    let said = match &event.kind {
        EventKind::NewCall { users } => {
            Some(users.iter().map(name).collect::<Vec<_>>().join(", ")).filter(|names| !names.is_empty())
        }
        EventKind::Ringing { user } => Some(name(user)),
        EventKind::Answer { answered_by } => Some(took(answered_by)),
        EventKind::Hold { user } | EventKind::Unhold { user } => user.as_ref().map(name),
        EventKind::Transfer { user, target, .. } => {
            let by = user.as_ref().map(name);
            let to = target.as_deref().map(|target| format!("to {}", plain(target)));
            Some([by, to].into_iter().flatten().collect::<Vec<_>>().join(" "))
        }
        EventKind::Hangup { cause, .. } => Some(cause.as_str().to_owned()),
    };
    [said, queue].into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// A user: name and extension, as far as they are known.
#[must_use]
pub(crate) fn name(party: &Party) -> String {
    match (&party.name, &party.extension) {
        (Some(name), Some(extension)) => format!("{} ({})", plain(name), plain(extension)),
        _ => plain(party.label()),
    }
}

/// A call by the end of its id, which tells calls of some hours apart: `1795226702.0` is `6702.0`, and of a PBX with a
/// name `main-1795226702.0` is `main-6702.0`.
#[must_use]
pub(crate) fn short(call: &str) -> String {
    /// How many of the digits of the time stay.
    const DIGITS: usize = 4;
    let cut = call.rsplit_once('.').and_then(|(before, number)| {
        let start = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
        let (name, time) = before.split_at_checked(start)?;
        let kept = time.get(time.len().checked_sub(DIGITS)?..)?;
        Some(format!("{name}{kept}.{number}"))
    });
    plain(&cut.unwrap_or_else(|| call.to_owned()))
}

/// The style of everything that is about one call: always the same for the same call.
#[must_use]
pub(crate) fn style_of(call: &str) -> Style {
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

/// Why a call ended that nobody took, by the word for it.
#[must_use]
pub(crate) fn why(cause: Option<&str>) -> &'static str {
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

/// Who took a call.
#[must_use]
pub(crate) fn took(answered_by: &AnsweredBy) -> String {
    match answered_by {
        AnsweredBy::User(party) => name(party),
        AnsweredBy::Number { number } => plain(number),
        AnsweredBy::Voicemail => "voicemail".to_owned(),
        AnsweredBy::Conference => "conference".to_owned(),
    }
}

/// The colour of an event.
#[must_use]
pub(crate) fn style(what: &EventKind) -> Style {
    let colour = match what {
        EventKind::NewCall { .. } => AnsiColor::Cyan,
        EventKind::Ringing { .. } => AnsiColor::Yellow,
        EventKind::Answer { .. } => AnsiColor::Green,
        EventKind::Hold { .. } | EventKind::Unhold { .. } | EventKind::Transfer { .. } => AnsiColor::Magenta,
        EventKind::Hangup { answered_by: Some(_), .. } => AnsiColor::BrightBlack,
        EventKind::Hangup { answered_by: None, .. } => AnsiColor::Red,
    };
    colour.on_default().bold()
}

/// A time of day, or what passed since a recording began.
pub(crate) struct Time(pub(crate) Option<Timestamp>);

impl Display for Time {
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
    fn a_call_is_called_by_the_end_of_its_id() {
        for (call, said) in [
            ("1795226702.0", "6702.0"),
            ("main-1795226702.17", "main-6702.17"),
            ("1.2", "1.2"),
            ("pbx", "pbx"),
            ("", ""),
            ("1795226702.\u{1b}", "6702.\\u{1b}"),
        ] {
            assert_eq!(short(call), said);
        }
        assert_eq!(style_of("1795226702.0"), style_of("1795226702.0"));
    }
}
