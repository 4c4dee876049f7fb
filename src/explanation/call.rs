//! What is known about a call.

use jiff::Timestamp;
use ringwire_event::{CallEvent, ExplanationStep};

use super::delivery::ExplainedDelivery;

/// Everything that is known about one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallExplanation {
    /// Its id; `None` if it was never announced.
    pub(crate) call: Option<String>,
    /// The Uniqueid of its first channel, if known.
    pub(crate) uniqueid: Option<String>,
    /// The steps of the explanation, in order.
    pub(crate) steps: Vec<ExplanationStep>,
    /// Its call events, in order.
    pub(crate) events: Vec<CallEvent>,
    /// The deliveries of its events, in order.
    pub(crate) deliveries: Vec<ExplainedDelivery>,
    /// Remarks about the whole call.
    pub(crate) remarks: Vec<String>,
    /// Whether the deliveries are those of a journal: only then it is known that an event has none.
    pub(crate) is_from_journal: bool,
}

impl CallExplanation {
    /// When it started: the earliest time of its steps and events.
    pub(super) fn started_at(&self) -> Option<Timestamp> {
        let steps = self.steps.iter().filter_map(|step| step.time);
        steps.chain(self.events.iter().filter_map(|event| event.time)).min()
    }

    pub(super) fn deliveries_of<'a>(&'a self, event: &'a str) -> impl Iterator<Item = &'a ExplainedDelivery> {
        self.deliveries.iter().filter(move |delivery| delivery.event == event)
    }
}
