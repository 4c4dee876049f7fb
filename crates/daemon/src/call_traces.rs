//! One trace a call, for OpenTelemetry: a span for the call, and within it for ringing, talking, holding and for each
//! delivery.
//!
//! [`CallTraces`] is pure: events go in with their time, finished traces come out. [`export`] sends them. No number
//! and no name of a caller is in a trace.

mod calls;
mod export;
mod span;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use ringwire_event::{CallId, EventKind};
use ringwire_live::{DeliveryProgress, PublishedEvent};

pub(crate) use self::export::TraceExporter;
use self::{calls::OpenCall, span::CallTrace};

/// How many calls are followed at once. What is over it has no trace.
const MOST_CALLS: usize = 20_000;

/// How long after the end of a call its deliveries are waited for.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// How long a call may take. What is longer was missed the end of.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// The traces of the calls that are going on.
#[derive(Debug, Default)]
pub(crate) struct CallTraces {
    open: HashMap<CallId, OpenCall>,
    /// Whose a delivery is that is under way.
    deliveries: HashMap<i64, CallId>,
    /// When calls are waited for no longer.
    due: BTreeSet<(Timestamp, CallId)>,
    finished: VecDeque<CallTrace>,
}

impl CallTraces {
    /// Applies an event of a call.
    pub(crate) fn take(&mut self, published: &PublishedEvent) {
        let (event, at) = (&published.event, published.event.time.unwrap_or(published.recorded_at));
        if !self.open.contains_key(&event.call) {
            let begins = matches!(event.kind, EventKind::NewCall { .. });
            if !begins || self.open.len() >= MOST_CALLS {
                return;
            }
            self.open.insert(event.call.clone(), OpenCall::new(event, at));
            self.wait(&event.call, at, LONGEST);
        }
        let Some(open) = self.open.get_mut(&event.call) else { return };
        open.apply(event, at);
        for delivery in &published.deliveries {
            if open.add_delivery(delivery.id, &delivery.target, event.kind.name(), published.recorded_at) {
                self.deliveries.insert(delivery.id, event.call.clone());
            }
        }
        if open.is_over() {
            self.wait(&event.call, at, PATIENCE);
            self.finish_if_settled(&event.call.clone());
        }
    }

    /// Applies the progress of a delivery, at `now`.
    pub(crate) fn settle(&mut self, progress: &DeliveryProgress, now: Timestamp) {
        let Some(call) = self.deliveries.get(&progress.id).cloned() else { return };
        if let Some(open) = self.open.get_mut(&call)
            && open.apply_progress(progress, now)
        {
            self.deliveries.remove(&progress.id);
            self.finish_if_settled(&call);
        }
    }

    /// Gives up waiting for what is due at `now`.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        while let Some((due, call)) = self.due.first().cloned()
            && due <= now
        {
            self.due.pop_first();
            self.finish(&call, now);
        }
    }

    /// The next trace that is finished.
    pub(crate) fn poll(&mut self) -> Option<CallTrace> {
        self.finished.pop_front()
    }

    fn wait(&mut self, call: &CallId, from: Timestamp, patience: SignedDuration) {
        let Some(open) = self.open.get_mut(call) else { return };
        let due = from.checked_add(patience).unwrap_or(from);
        if let Some(before) = open.due.replace(due) {
            self.due.remove(&(before, call.clone()));
        }
        self.due.insert((due, call.clone()));
    }

    fn finish_if_settled(&mut self, call: &CallId) {
        if let Some(open) = self.open.get(call)
            && open.is_settled()
        {
            let last = open.last();
            self.finish(call, last);
        }
    }

    fn finish(&mut self, call: &CallId, now: Timestamp) {
        let Some(open) = self.open.remove(call) else { return };
        if let Some(due) = open.due {
            self.due.remove(&(due, call.clone()));
        }
        for id in open.unsettled() {
            self.deliveries.remove(&id);
        }
        self.finished.push_back(CallTrace { call: call.clone(), spans: open.spans(now) });
    }
}
