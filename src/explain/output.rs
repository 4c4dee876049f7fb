//! How explanations are printed.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use ringwire_event::explanation::{RuleDocument, RuleRef};
use serde_json::json;

use crate::explanation::{self, CallExplanation, ExplainedAttempt, ExplainedDelivery};

/// Where the documents that an explanation cites can be read.
const DOCUMENTS: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main");

/// Where explanations are printed.
pub(super) struct ExplanationOutput<W: Write> {
    json: bool,
    brief: bool,
    writer: W,
    /// Whether an explanation was printed as text.
    is_started: bool,
    /// The documents that were cited in text.
    cited: BTreeSet<RuleDocument>,
}

impl<W: Write> ExplanationOutput<W> {
    /// An output to `writer`: as JSON, as one line per call, or as text.
    pub(super) fn new(writer: W, json: bool, brief: bool) -> Self {
        Self { json, brief, writer, is_started: false, cited: BTreeSet::new() }
    }

    /// A blank line if an explanation was printed as text.
    pub(super) fn separator(&self) -> &'static str {
        if self.is_started { "\n" } else { "" }
    }

    /// Flushes the writer.
    ///
    /// # Errors
    /// Writing fails.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    /// Prints the explanation of a call, with the `record` of the call if there is one.
    pub(super) fn print(
        &mut self,
        explanation: &CallExplanation,
        record: Option<&serde_json::Value>,
    ) -> io::Result<()> {
        if self.json {
            serde_json::to_writer(&mut self.writer, &to_json(explanation, record))?;
            return writeln!(self.writer);
        }
        if self.brief {
            return writeln!(self.writer, "{}", explanation::one_line(explanation));
        }
        if std::mem::replace(&mut self.is_started, true) {
            writeln!(self.writer)?;
        }
        self.cited.extend(explanation.steps.iter().filter_map(|step| step.rule).map(RuleRef::document));
        explanation::lines(explanation).iter().try_for_each(|line| writeln!(self.writer, "{line}"))
    }

    /// Prints where each cited document can be read.
    pub(super) fn print_document_links(&mut self) -> io::Result<()> {
        for (index, document) in self.cited.iter().enumerate() {
            let separator = if index == 0 { "\n" } else { "" };
            writeln!(self.writer, "{separator}{}: {DOCUMENTS}/{}", document.label(), document.path())?;
        }
        Ok(())
    }

    /// Prints a remark about the whole recording, unless the output is JSON.
    pub(super) fn print_remark(&mut self, text: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { writeln!(self.writer, "{text}") }
    }
}

/// An explanation as JSON, with the names of the API.
fn to_json(explanation: &CallExplanation, record: Option<&serde_json::Value>) -> serde_json::Value {
    let deliveries: Vec<_> = explanation.deliveries.iter().map(delivery_json).collect();
    json!({
        "id": explanation.call,
        "uniqueid": explanation.uniqueid,
        "call": record,
        "events": explanation.events,
        "deliveries": deliveries,
        "explanation": explanation.steps,
        "remarks": explanation.remarks,
    })
}

fn delivery_json(delivery: &ExplainedDelivery) -> serde_json::Value {
    let attempts: Vec<_> = delivery.attempts.iter().map(attempt_json).collect();
    json!({
        "event": delivery.event,
        "target": delivery.target,
        "state": delivery.state,
        "reason": delivery.reason,
        "request": delivery.fields.clone().flatten(),
        "attempts": attempts,
    })
}

fn attempt_json(attempt: &ExplainedAttempt) -> serde_json::Value {
    let ExplainedAttempt { duration_ms, outcome, status, reply } = attempt;
    json!({ "durationMs": duration_ms, "outcome": outcome, "status": status, "reply": reply })
}
