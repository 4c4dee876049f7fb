//! Merges events and the changes of their deliveries into lines: in order, each event once.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use jiff::Timestamp;
use ringwire_client::{DeliveryProgress, EventDelivery, SeenEvents, StreamEvent};
use ringwire_event::{CallEvent, CallId, EventKind};

use super::filter::{EventFilter, FilterMatches};

/// How long an event waits for its deliveries.
const DELIVERY_WAIT: Duration = Duration::from_millis(500);

/// How many events may wait.
const MAX_WAITING: usize = 1000;

/// How many calls, and how many deliveries of printed events, are remembered.
const MAX_REMEMBERED: usize = 20_000;

/// How many changes may arrive before their event.
const MAX_EARLY: usize = 1000;

/// A line to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TailLine {
    /// An event with the current states of its deliveries.
    Event(Box<TailEvent>),
    /// A delivery that became final after its event was printed.
    LateDelivery(LateDelivery),
}

/// An event to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TailEvent {
    /// The event.
    pub(super) record: StreamEvent,
    /// How long the call rang, in seconds, if this event ends it.
    pub(super) rang: Option<i64>,
    /// How long the call was talked, in seconds, if this event ends it.
    pub(super) talked: Option<i64>,
}

/// A delivery that became final after its event was printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LateDelivery {
    /// The delivery.
    pub(super) delivery: EventDelivery,
    /// The event.
    pub(super) of: EventRef,
}

/// The event that a delivery is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EventRef {
    /// Its id.
    pub(super) event: String,
    /// Its kind; unknown if the event is older than this process.
    pub(super) kind: Option<&'static str>,
    /// Its call.
    pub(super) call: CallId,
}

/// Merges events and deliveries. Times are those of any monotonic clock.
#[derive(Debug)]
pub(super) struct EventMerger {
    filter: EventFilter,
    deliveries: bool,
    seen: SeenEvents,
    calls: BTreeMap<CallId, CallProgress>,
    waiting: VecDeque<(Duration, TailEvent)>,
    unsettled: BTreeMap<i64, EventRef>,
    early: BTreeMap<i64, DeliveryProgress>,
    ready: VecDeque<TailLine>,
}

/// What is remembered about a call in progress.
#[derive(Debug, Default)]
struct CallProgress {
    started_at: Option<Timestamp>,
    answered: Option<Timestamp>,
    matched: FilterMatches,
    /// Whether any of its events was printed.
    is_printed: bool,
}

impl EventMerger {
    /// Merges the events that pass `filter`. Without `deliveries`, they are neither waited for nor printed.
    pub(super) fn new(filter: EventFilter, deliveries: bool) -> Self {
        Self {
            filter,
            deliveries,
            seen: SeenEvents::default(),
            calls: BTreeMap::new(),
            waiting: VecDeque::new(),
            unsettled: BTreeMap::new(),
            early: BTreeMap::new(),
            ready: VecDeque::new(),
        }
    }

    /// Adds an event; a repeated one is ignored.
    pub(super) fn add_event(&mut self, mut record: StreamEvent, now: Duration) {
        if !self.seen.is_new(&record.event.id) {
            return;
        }
        let (passes, rang, talked) = self.track_call(&record.event);
        if !passes {
            return;
        }
        if self.deliveries {
            for delivery in &mut record.deliveries {
                if let Some(change) = self.early.remove(&delivery.id) {
                    apply(delivery, change);
                }
            }
        } else {
            record.deliveries.clear();
        }
        self.waiting.push_back((now + DELIVERY_WAIT, TailEvent { record, rang, talked }));
        self.release(now);
    }

    /// Adds a change of a delivery.
    pub(super) fn add_change(&mut self, change: DeliveryProgress, now: Duration) {
        if !self.deliveries {
            return;
        }
        let mut waiting = self.waiting.iter_mut().flat_map(|(_, entry)| &mut entry.record.deliveries);
        if let Some(delivery) = waiting.find(|delivery| delivery.id == change.id) {
            apply(delivery, change);
            self.release(now);
            return;
        }
        if self.unsettled.contains_key(&change.id) {
            let delivery = to_delivery(change);
            if delivery.is_settled()
                && let Some(of) = self.unsettled.remove(&delivery.id)
            {
                self.ready.push_back(TailLine::LateDelivery(LateDelivery { delivery, of }));
            }
            return;
        }
        match change.event.clone() {
            Some(event) => self.add_late_delivery(&event, change),
            None => {
                self.early.insert(change.id, change);
                forget(&mut self.early, MAX_EARLY);
            }
        }
    }

    /// The next line to print.
    pub(super) fn poll(&mut self, now: Duration) -> Option<TailLine> {
        self.release(now);
        self.ready.pop_front()
    }

    /// When the next waiting event becomes ready, unless something is added before.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.waiting.front().map(|(until, _)| *until)
    }

    /// The ids of deliveries that are not final, the newest first.
    pub(super) fn unsettled(&self) -> impl Iterator<Item = i64> {
        let waiting = self.waiting.iter().rev().flat_map(|(_, entry)| &entry.record.deliveries);
        let waiting = waiting.filter(|delivery| !delivery.is_settled()).map(|delivery| delivery.id);
        waiting.chain(self.unsettled.keys().rev().copied())
    }

    /// Makes all waiting events ready, because nothing more will be added.
    pub(super) fn finish(&mut self) {
        self.release(Duration::MAX);
    }

    /// Adds a delivery to a target that received the call late, of an event that was already added.
    fn add_late_delivery(&mut self, event: &str, change: DeliveryProgress) {
        if let Some((_, entry)) = self.waiting.iter_mut().find(|(_, entry)| entry.record.event.id == event) {
            entry.record.deliveries.push(to_delivery(change));
            return;
        }
        let call = event.rsplit_once('/').map_or(event, |(call, _)| call).to_owned();
        if self.calls.get(&call).is_some_and(|call_progress| call_progress.is_printed) {
            self.unsettled.insert(change.id, EventRef { event: event.to_owned(), kind: None, call });
            forget(&mut self.unsettled, MAX_REMEMBERED);
        }
    }

    /// Whether `event` is printed; and if it ends the call, how long the call rang and was talked.
    fn track_call(&mut self, event: &CallEvent) -> (bool, Option<i64>, Option<i64>) {
        let call_progress = self.calls.entry(event.call.clone()).or_default();
        let passes = self.filter.passes(event, &mut call_progress.matched);
        call_progress.is_printed |= passes;
        let (mut rang, mut talked) = (None, None);
        match &event.kind {
            EventKind::NewCall { .. } => call_progress.started_at = event.time,
            EventKind::Answer { .. } => call_progress.answered = call_progress.answered.or(event.time),
            EventKind::Hangup { .. } => {
                rang = seconds(call_progress.started_at, call_progress.answered.or(event.time));
                talked = seconds(call_progress.answered, event.time);
                self.calls.remove(&event.call);
            }
            _ => {}
        }
        forget(&mut self.calls, MAX_REMEMBERED);
        (passes, rang, talked)
    }

    /// Makes events ready, in order, whose deliveries are final or which have waited long enough.
    fn release(&mut self, now: Duration) {
        while let Some((_, entry)) = self.waiting.pop_front_if(|(until, entry)| {
            *until <= now || !entry.record.deliveries.iter().any(EventDelivery::is_under_way)
        }) {
            self.emit(entry);
        }
        while self.waiting.len() > MAX_WAITING
            && let Some((_, entry)) = self.waiting.pop_front()
        {
            self.emit(entry);
        }
    }

    fn emit(&mut self, entry: TailEvent) {
        let event = &entry.record.event;
        for delivery in entry.record.deliveries.iter().filter(|delivery| !delivery.is_settled()) {
            let (event, kind, call) = (event.id.clone(), Some(event.kind.name()), event.call.clone());
            self.unsettled.insert(delivery.id, EventRef { event, kind, call });
        }
        forget(&mut self.unsettled, MAX_REMEMBERED);
        self.ready.push_back(TailLine::Event(Box::new(entry)));
    }
}

fn to_delivery(
    DeliveryProgress { id, target, event: _, state, failures, reason }: DeliveryProgress,
) -> EventDelivery {
    EventDelivery { id, target, state, failures, reason }
}

fn apply(delivery: &mut EventDelivery, change: DeliveryProgress) {
    // A resumed stream may repeat older changes.
    if !delivery.is_settled() {
        *delivery = to_delivery(change);
    }
}

/// Removes the oldest entries: ids of calls and deliveries increase.
fn forget<K: Ord, V>(map: &mut BTreeMap<K, V>, limit: usize) {
    while map.len() > limit {
        map.pop_first();
    }
}

fn seconds(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<i64> {
    let millis = to?.as_millisecond() - from?.as_millisecond();
    Some((millis.max(0) + 500) / 1000)
}
