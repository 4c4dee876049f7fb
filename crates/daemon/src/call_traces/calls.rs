//! One call on its way to a trace.

use jiff::Timestamp;
use ringwire_event::{AnsweredBy, CallEvent, EventKind};
use ringwire_live::DeliveryProgress;

use super::span::CallSpan;

/// How many spans a call may have. More are those of calls that are passed around all day.
const MOST_SPANS: usize = 512;

/// The attributes of a span.
type Attributes = Vec<(&'static str, String)>;

/// A call whose trace is not finished.
#[derive(Debug)]
pub(super) struct OpenCall {
    began: Timestamp,
    ended: Option<Timestamp>,
    attributes: Attributes,
    /// What goes on at present; when it ends it is a span.
    present: Option<(&'static str, Timestamp, Attributes)>,
    held: Option<Timestamp>,
    spans: Vec<CallSpan>,
    deliveries: Vec<OpenDelivery>,
    /// When it is waited for no longer.
    pub(super) due: Option<Timestamp>,
}

#[derive(Debug)]
struct OpenDelivery {
    id: i64,
    target: String,
    kind: &'static str,
    began: Timestamp,
    /// When it was settled, and what went wrong.
    ended: Option<(Timestamp, Option<String>)>,
    failures: u32,
}

impl OpenCall {
    pub(super) fn new(event: &CallEvent, at: Timestamp) -> Self {
        let mut attributes = vec![
            ("ringwire.call", event.call.clone()),
            ("ringwire.pbx", event.pbx.clone()),
            ("ringwire.direction", event.direction.as_str().to_owned()),
        ];
        attributes.extend(event.trunk.clone().map(|trunk| ("ringwire.trunk", trunk)));
        let present = Some(("ring", at, Vec::new()));
        let (spans, deliveries) = Default::default();
        Self { began: at, ended: None, attributes, present, held: None, spans, deliveries, due: None }
    }

    pub(super) fn apply(&mut self, event: &CallEvent, at: Timestamp) {
        match &event.kind {
            EventKind::Answer { answered_by } => {
                self.end_hold(at);
                self.end_present(at);
                self.present = Some(("talk", at, vec![("ringwire.answered_by", who(answered_by))]));
            }
            EventKind::Hold { .. } => {
                self.held.get_or_insert(at);
            }
            EventKind::Unhold { .. } => self.end_hold(at),
            EventKind::Hangup { cause, .. } => {
                self.end_hold(at);
                self.end_present(at);
                self.ended = Some(at);
                self.attributes.push(("ringwire.cause", cause.as_str().to_owned()));
                self.attributes.extend(event.queue.clone().map(|queue| ("ringwire.queue", queue)));
            }
            _ => {}
        }
    }

    /// Adds a pending delivery; gives whether it is followed.
    pub(super) fn add_delivery(&mut self, id: i64, target: &str, kind: &'static str, at: Timestamp) -> bool {
        let has_room = self.deliveries.len() < MOST_SPANS;
        if has_room {
            let target = target.to_owned();
            self.deliveries.push(OpenDelivery { id, target, kind, began: at, ended: None, failures: 0 });
        }
        has_room
    }

    /// Applies the progress of a delivery; gives whether it is complete.
    pub(super) fn apply_progress(&mut self, progress: &DeliveryProgress, now: Timestamp) -> bool {
        let Some(delivery) = self.deliveries.iter_mut().find(|delivery| delivery.id == progress.id) else {
            return false;
        };
        delivery.failures = delivery.failures.max(progress.failures);
        let error = match progress.state {
            "delivered" => None,
            "dead" | "expired" | "dropped" => Some(progress.state.to_owned()),
            _ => return false,
        };
        delivery.ended = Some((now, error));
        true
    }

    pub(super) fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// Whether nothing more will come of it.
    pub(super) fn is_settled(&self) -> bool {
        self.is_over() && self.deliveries.iter().all(|delivery| delivery.ended.is_some())
    }

    pub(super) fn unsettled(&self) -> impl Iterator<Item = i64> {
        self.deliveries.iter().filter(|delivery| delivery.ended.is_none()).map(|delivery| delivery.id)
    }

    /// When something happened last.
    pub(super) fn last(&self) -> Timestamp {
        let settled =
            self.deliveries.iter().filter_map(|delivery| delivery.ended.as_ref().map(|(at, _)| *at));
        settled.chain(self.ended).max().unwrap_or(self.began)
    }

    /// The spans, that of the call first; what is not over is cut off at `now`.
    pub(super) fn spans(mut self, now: Timestamp) -> Vec<CallSpan> {
        let ended = self.ended.unwrap_or(now);
        self.end_hold(ended);
        self.end_present(ended);
        let call = CallSpan {
            name: "call".to_owned(),
            began: self.began,
            ended,
            attributes: self.attributes,
            error: self.ended.is_none().then(|| "its end was not seen".to_owned()),
        };
        let deliveries = self.deliveries.into_iter().map(|delivery| {
            let (ended, error) = delivery.ended.unwrap_or((now, Some("still under way".to_owned())));
            let attributes = vec![
                ("ringwire.target", delivery.target.clone()),
                ("ringwire.event", delivery.kind.to_owned()),
                ("ringwire.delivery", delivery.id.to_string()),
                ("ringwire.failures", delivery.failures.to_string()),
            ];
            let name = format!("deliver {}", delivery.target);
            CallSpan { name, began: delivery.began, ended, attributes, error }
        });
        std::iter::once(call).chain(self.spans).chain(deliveries).collect()
    }

    fn end_present(&mut self, at: Timestamp) {
        if let Some((name, began, attributes)) = self.present.take() {
            self.add(name, began, at, attributes);
        }
    }

    fn end_hold(&mut self, at: Timestamp) {
        if let Some(began) = self.held.take() {
            self.add("hold", began, at, Vec::new());
        }
    }

    fn add(&mut self, name: &str, began: Timestamp, ended: Timestamp, attributes: Attributes) {
        if self.spans.len() < MOST_SPANS {
            self.spans.push(CallSpan { name: name.to_owned(), began, ended, attributes, error: None });
        }
    }
}

/// Who took a call, as far as that is no number of somebody outside.
fn who(answered_by: &AnsweredBy) -> String {
    match answered_by {
        AnsweredBy::User(party) => party.endpoint.clone(),
        AnsweredBy::Number { .. } => "outside".to_owned(),
        AnsweredBy::Voicemail => "voicemail".to_owned(),
        AnsweredBy::Conference => "conference".to_owned(),
    }
}
