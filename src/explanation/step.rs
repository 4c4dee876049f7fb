//! The lines of a step: a manager event, a decision, a call event.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use ringwire_event::{CallEvent, Decision, ExplanationStep, SourceEvent};
use ringwire_terminal::{plain, plain_name};

use crate::event_text::{event_details, event_style};

/// The manager event of a step, after its time.
pub(super) fn source_line(step: &ExplanationStep, time: &str) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    match &step.source {
        Some(SourceEvent { event, channel, uniqueid, with }) => {
            let mut line = format!("{time:>10}  {bold}{}{bold:#}", plain_name(event));
            if let Some(channel) = channel {
                let _ = write!(line, " {}", plain_name(channel));
            }
            let is_first_event = matches!(event.as_str(), "Newchannel" | "CoreShowChannel" | "Status");
            if let Some(uniqueid) = uniqueid.as_deref().filter(|_| is_first_event || channel.is_none()) {
                let _ = write!(line, " (Uniqueid {})", plain_name(uniqueid));
            }
            if !with.is_empty() {
                let _ = write!(line, "  {dim}{}{dim:#}", plain(with));
            }
            line
        }
        None if step.decision == Decision::Omitted => format!("{:>10}  {dim}…{dim:#}", ""),
        None => format!("{time:>10}  {bold}(timer){bold:#}"),
    }
}

/// A decision and its rule.
pub(super) fn decision_line(step: &ExplanationStep) -> String {
    let (dim, style) = (Style::new().dimmed(), decision_style(step.decision));
    let mut line = format!("{:>14}{style}{}{style:#}", "", plain(&step.text));
    if let Some(rule) = step.rule {
        let _ = write!(line, "  {dim}[{rule}]{dim:#}");
    }
    line
}

/// The style of a decision: those that determine how the call is reported stand out.
fn decision_style(decision: Decision) -> Style {
    match decision {
        Decision::Announced | Decision::Answered | Decision::Ended => Style::new().bold(),
        Decision::Unannounced | Decision::Forged | Decision::GaveUp => AnsiColor::Yellow.on_default(),
        _ => Style::new(),
    }
}

/// A call event; `time` fills the column of times if no line above shows it, and `of` is the time of the event if it
/// differs.
pub(super) fn event_line(event: &CallEvent, time: &str, of: Option<&str>) -> String {
    let (dim, style) = (Style::new().dimmed(), event_style(&event.kind));
    let mut line = format!("{time:>10}  {style}» {}{style:#}", event.kind.name());
    if event.seq == 1 {
        let (from, to) = (plain_name(&event.from), plain_name(&event.to));
        let _ = write!(line, "  {}  {from} → {to}", event.direction.as_str());
    }
    let details = event_details(event);
    if !details.is_empty() {
        let _ = write!(line, "  {details}");
    }
    if event.recovered {
        let _ = write!(line, "  {dim}(recovered){dim:#}");
    }
    if let Some(of) = of {
        let _ = write!(line, "  {dim}as of {of}{dim:#}");
    }
    line
}

/// The line for an event without deliveries.
pub(super) fn no_delivery_line() -> String {
    let dim = Style::new().dimmed();
    format!("{:>16}{dim}no target is sent this event{dim:#}", "")
}
