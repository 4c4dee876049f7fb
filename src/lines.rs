//! One aligned line an event, for people.

use std::fmt::{self, Display, Write as _};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ringwire_event::{CallEvent, Party, Taker, What};
use ringwire_recording::is_offset;
use serde_json::{Map, Value};

/// A call event as one line: time, what, call, direction, who called whom, and what else there is to say.
///
/// It is coloured; whoever prints it takes the colours out where they are not wanted.
#[must_use]
pub(crate) fn event(event: &CallEvent) -> String {
    let style = style(&event.what);
    let mut line = String::new();
    let detail = detail(event);
    let _ = write!(
        line,
        "{:>12}  {style}{:<8}{style:#}  {:<22}  {:<8}  {:>14} → {:<14}",
        Time(event.time),
        event.what.name(),
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

/// Text from outside, fit for a terminal: what would move the cursor, ring or turn the writing round is spelt out.
#[must_use]
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
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
    let said = match &event.what {
        What::NewCall { users } => {
            Some(users.iter().map(name).collect::<Vec<_>>().join(", ")).filter(|names| !names.is_empty())
        }
        What::Ringing { user } => Some(name(user)),
        What::Answer { taker } => Some(took(taker)),
        What::Hold { user } | What::Unhold { user } => user.as_ref().map(name),
        What::Transfer { user, target, .. } => {
            let by = user.as_ref().map(name);
            let to = target.as_deref().map(|target| format!("to {}", plain(target)));
            Some([by, to].into_iter().flatten().collect::<Vec<_>>().join(" "))
        }
        What::Hangup { cause, .. } => Some(cause.as_str().to_owned()),
    };
    [said, queue].into_iter().flatten().collect::<Vec<_>>().join("  ")
}

fn name(party: &Party) -> String {
    match (&party.name, &party.extension) {
        (Some(name), Some(extension)) => format!("{} ({})", plain(name), plain(extension)),
        _ => plain(party.label()),
    }
}

/// Who took a call.
#[must_use]
pub(crate) fn took(taker: &Taker) -> String {
    match taker {
        Taker::User(party) => name(party),
        Taker::Number { number } => plain(number),
        Taker::Voicemail => "voicemail".to_owned(),
        Taker::Conference => "conference".to_owned(),
    }
}

/// The colour of an event.
#[must_use]
pub(crate) fn style(what: &What) -> Style {
    let colour = match what {
        What::NewCall { .. } => AnsiColor::Cyan,
        What::Ringing { .. } => AnsiColor::Yellow,
        What::Answer { .. } => AnsiColor::Green,
        What::Hold { .. } | What::Unhold { .. } | What::Transfer { .. } => AnsiColor::Magenta,
        What::Hangup { taker: Some(_), .. } => AnsiColor::BrightBlack,
        What::Hangup { taker: None, .. } => AnsiColor::Red,
    };
    colour.on_default().bold()
}

/// A time of day, or what passed since a recording began.
struct Time(Option<Timestamp>);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            None => "-".to_owned(),
            Some(time) if is_offset(time) => {
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
    fn what_would_reach_the_terminal_is_spelt_out() {
        assert_eq!(plain("Ärger\u{1b}[2J\u{7}\u{202e}x"), "Ärger\\u{1b}[2J\\u{7}\\u{202e}x");
    }
}
