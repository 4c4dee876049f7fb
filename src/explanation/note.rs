//! One line each: an event that was heard, a conclusion, an event that was said.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use ringwire_event::{CallEvent, Decision, ExplanationStep, SourceEvent};
use ringwire_terminal::plain;

use crate::lines::{detail, style};

/// What was heard, under the time in its column.
pub(super) fn heard(note: &ExplanationStep, time: &str) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    match &note.source {
        Some(SourceEvent { event, channel, uniqueid, with }) => {
            let mut line = format!("{time:>10}  {bold}{}{bold:#}", plain(event));
            if let Some(channel) = channel {
                let _ = write!(line, " {}", plain(channel));
            }
            let introduces = matches!(event.as_str(), "Newchannel" | "CoreShowChannel" | "Status");
            if let Some(uniqueid) = uniqueid.as_deref().filter(|_| introduces || channel.is_none()) {
                let _ = write!(line, " (Uniqueid {})", plain(uniqueid));
            }
            if !with.is_empty() {
                let _ = write!(line, "  {dim}{}{dim:#}", plain(with));
            }
            line
        }
        None if note.decision == Decision::Omitted => format!("{:>10}  {dim}…{dim:#}", ""),
        None => format!("{time:>10}  {bold}(timer){bold:#}"),
    }
}

/// A conclusion, with the rule it was drawn by.
pub(super) fn concluded(note: &ExplanationStep) -> String {
    let (dim, style) = (Style::new().dimmed(), weight(note.decision));
    let mut line = format!("{:>14}{style}{}{style:#}", "", plain(&note.text));
    if let Some(rule) = note.rule {
        let _ = write!(line, "  {dim}[{rule}]{dim:#}");
    }
    line
}

/// What decides how the call is told stands out.
fn weight(decision: Decision) -> Style {
    match decision {
        Decision::Announced | Decision::Answered | Decision::Ended => Style::new().bold(),
        Decision::Unannounced | Decision::Forged | Decision::GaveUp => AnsiColor::Yellow.on_default(),
        _ => Style::new(),
    }
}

/// A call event that was said, with its `time` in the column where nothing above has it; `of` is the time it is said of, if
/// that is another.
pub(super) fn said(event: &CallEvent, time: &str, of: Option<&str>) -> String {
    let (dim, style) = (Style::new().dimmed(), style(&event.kind));
    let mut line = format!("{time:>10}  {style}» {}{style:#}", event.kind.name());
    if event.seq == 1 {
        let (from, to) = (plain(&event.from), plain(&event.to));
        let _ = write!(line, "  {}  {from} → {to}", event.direction.as_str());
    }
    let detail = detail(event);
    if !detail.is_empty() {
        let _ = write!(line, "  {detail}");
    }
    if event.recovered {
        let _ = write!(line, "  {dim}(recovered){dim:#}");
    }
    if let Some(of) = of {
        let _ = write!(line, "  {dim}as of {of}{dim:#}");
    }
    line
}

/// Nobody hears of an event.
pub(super) fn nobody() -> String {
    let dim = Style::new().dimmed();
    format!("{:>16}{dim}no target is sent this event{dim:#}", "")
}
