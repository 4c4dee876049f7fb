//! What an endpoint was sent, and what it replied.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use ringwire_terminal::plain;
use serde_json::{Map, Value};

use crate::lines::spoken;

/// How much of a reply is shown, in characters.
const REPLY: usize = 160;

/// A delivery of an event; or, without a state, what would be one.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// The id of the event.
    pub(crate) event: String,
    /// To whom.
    pub(crate) to: String,
    /// The fields of the request, where they are known; `None` within if the dialect does not speak of such events.
    pub(crate) fields: Option<Option<Map<String, Value>>>,
    /// What became of it.
    pub(crate) state: Option<String>,
    /// Why.
    pub(crate) reason: Option<String>,
    /// Each try, in order.
    pub(crate) tries: Vec<Try>,
}

/// One try of a delivery.
#[derive(Clone, Debug)]
pub(crate) struct Try {
    /// How long it took, in milliseconds.
    pub(crate) took: i64,
    /// What came of it.
    pub(crate) outcome: String,
    /// The HTTP status, if there was an answer.
    pub(crate) status: Option<u16>,
    /// The beginning of the answer.
    pub(crate) reply: Option<String>,
}

impl Sent {
    pub(super) fn lines(&self) -> Vec<String> {
        let dim = Style::new().dimmed();
        let mut first = format!("{:>16}→ {}", "", plain(&self.to));
        if let Some(state) = &self.state {
            let style = colour(state);
            let _ = write!(first, ": {style}{}{style:#}", plain(state));
            let reason = self.reason.as_deref().filter(|_| state != "delivered");
            if let Some(reason) = reason {
                let _ = write!(first, ", {}", plain(reason));
            }
        }
        match &self.fields {
            Some(Some(fields)) => {
                for (name, value) in fields {
                    let _ = write!(first, "  {dim}{}={dim:#}{}", plain(name), plain(&spoken(value)));
                }
            }
            Some(None) => {
                let _ = write!(first, "  {dim}is not sent this event{dim:#}");
            }
            None => {}
        }
        let mut lines = vec![first];
        lines.extend(self.tries.iter().enumerate().map(|(index, tried)| tried.line(index + 1)));
        lines
    }
}

impl Try {
    fn line(&self, number: usize) -> String {
        let dim = Style::new().dimmed();
        let mut line =
            format!("{:>18}{dim}attempt {number}, {} ms:{dim:#} {}", "", self.took, plain(&self.outcome));
        if let Some(status) = self.status {
            let _ = write!(line, "  {dim}HTTP{dim:#} {status}");
        }
        if let Some(reply) = self.reply.as_deref().map(str::trim).filter(|reply| !reply.is_empty()) {
            let shown: String = reply.chars().take(REPLY).collect();
            let more = if shown.len() < reply.len() { "…" } else { "" };
            let _ = write!(line, "  {dim}replied{dim:#} {}{more}", plain(&shown));
        }
        line
    }
}

fn colour(state: &str) -> Style {
    match state {
        "delivered" => AnsiColor::Green.on_default(),
        "dead" | "expired" | "dropped" => AnsiColor::Red.on_default(),
        _ => AnsiColor::Yellow.on_default(),
    }
}
