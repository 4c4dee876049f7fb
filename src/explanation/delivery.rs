//! What a target was sent, and what it replied.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use ringwire_terminal::plain;
use serde_json::{Map, Value};

use crate::event_text::format_value;

/// How much of a reply is shown.
const MAX_REPLY_CHARS: usize = 160;

/// A delivery of an event, or without a state the delivery that would be made.
#[derive(Clone, Debug)]
pub(crate) struct ExplainedDelivery {
    /// The id of the event.
    pub(crate) event: String,
    /// The name of the target or dialect.
    pub(crate) target: String,
    /// The fields of the request, if known; `Some(None)` if the dialect does not send such events.
    pub(crate) fields: Option<Option<Map<String, Value>>>,
    /// Its state.
    pub(crate) state: Option<String>,
    /// The reason for its state.
    pub(crate) reason: Option<String>,
    /// Its attempts, in order.
    pub(crate) attempts: Vec<ExplainedAttempt>,
}

/// One attempt of a delivery.
#[derive(Clone, Debug)]
pub(crate) struct ExplainedAttempt {
    /// Its duration in milliseconds.
    pub(crate) duration_ms: i64,
    /// Its outcome.
    pub(crate) outcome: String,
    /// The HTTP status, if there was a reply.
    pub(crate) status: Option<u16>,
    /// The start of the reply.
    pub(crate) reply: Option<String>,
}

impl ExplainedDelivery {
    /// The lines of the delivery and its attempts.
    pub(super) fn lines(&self) -> Vec<String> {
        let dim = Style::new().dimmed();
        let mut first = format!("{:>16}→ {}", "", plain(&self.target));
        if let Some(state) = &self.state {
            let style = state_style(state);
            let _ = write!(first, ": {style}{}{style:#}", plain(state));
            let reason = self.reason.as_deref().filter(|_| state != "delivered");
            if let Some(reason) = reason {
                let _ = write!(first, ", {}", plain(reason));
            }
        }
        match &self.fields {
            Some(Some(fields)) => {
                for (name, value) in fields {
                    let _ = write!(first, "  {dim}{}={dim:#}{}", plain(name), plain(&format_value(value)));
                }
            }
            Some(None) => {
                let _ = write!(first, "  {dim}is not sent this event{dim:#}");
            }
            None => {}
        }
        let mut lines = vec![first];
        lines.extend(self.attempts.iter().enumerate().map(|(index, attempt)| attempt.line(index + 1)));
        lines
    }
}

impl ExplainedAttempt {
    fn line(&self, number: usize) -> String {
        let dim = Style::new().dimmed();
        let mut line = format!(
            "{:>18}{dim}attempt {number}, {} ms:{dim:#} {}",
            "",
            self.duration_ms,
            plain(&self.outcome)
        );
        if let Some(status) = self.status {
            let _ = write!(line, "  {dim}HTTP{dim:#} {status}");
        }
        if let Some(reply) = self.reply.as_deref().map(str::trim).filter(|reply| !reply.is_empty()) {
            let shown: String = reply.chars().take(MAX_REPLY_CHARS).collect();
            let more = if shown.len() < reply.len() { "…" } else { "" };
            let _ = write!(line, "  {dim}replied{dim:#} {}{more}", plain(&shown));
        }
        line
    }
}

fn state_style(state: &str) -> Style {
    match state {
        "delivered" => AnsiColor::Green.on_default(),
        "dead" | "expired" | "dropped" => AnsiColor::Red.on_default(),
        _ => AnsiColor::Yellow.on_default(),
    }
}
