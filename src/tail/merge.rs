//! Puts events and what becomes of their deliveries together, in order, once each.

mod seen;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use jiff::Timestamp;
use ringwire_client::{DeliveryProgress, EventDelivery, StreamEvent};
use ringwire_event::{CallEvent, CallId, EventKind};

use self::seen::Seen;
use super::filter::{Filter, Matched};

/// How long an event waits for its deliveries.
const HOLD: Duration = Duration::from_millis(500);

/// How many events may wait.
const HELD: usize = 1000;

/// How many calls, and how many deliveries of events that were told, are remembered.
const REMEMBERED: usize = 20_000;

/// How many changes may come before their event.
const EARLY: usize = 1000;

/// A line to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// An event, with its deliveries as far as they have come.
    Event(Box<Shown>),
    /// A delivery of an event that was printed before has settled.
    Late(Late),
}

/// An event to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// The event.
    pub(super) told: StreamEvent,
    /// How long the call had rung when it was over, in seconds.
    pub(super) rang: Option<i64>,
    /// How long it had been talked.
    pub(super) talked: Option<i64>,
}

/// A delivery that has settled after its event was printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Late {
    /// The delivery.
    pub(super) delivery: EventDelivery,
    /// The event.
    pub(super) of: Owed,
}

/// The event that a delivery is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owed {
    /// Its id.
    pub(super) event: String,
    /// What happened; unknown where the event was told before this process began.
    pub(super) what: Option<&'static str>,
    /// The call it happened to.
    pub(super) call: CallId,
}

/// Puts events and deliveries together. Times are those of any clock that only goes forward.
#[derive(Debug)]
pub(super) struct Merge {
    filter: Filter,
    deliveries: bool,
    seen: Seen,
    calls: BTreeMap<CallId, Known>,
    held: VecDeque<(Duration, Shown)>,
    owed: BTreeMap<i64, Owed>,
    early: BTreeMap<i64, DeliveryProgress>,
    ready: VecDeque<Line>,
}

/// What is remembered of a call that is not over.
#[derive(Debug, Default)]
struct Known {
    began: Option<Timestamp>,
    answered: Option<Timestamp>,
    matched: Matched,
    /// Whether any event of it was shown.
    shown: bool,
}

impl Merge {
    /// Shows what passes `filter`; without `deliveries`, nothing waits for them and they are not told.
    pub(super) fn new(filter: Filter, deliveries: bool) -> Self {
        Self {
            filter,
            deliveries,
            seen: Seen::default(),
            calls: BTreeMap::new(),
            held: VecDeque::new(),
            owed: BTreeMap::new(),
            early: BTreeMap::new(),
            ready: VecDeque::new(),
        }
    }

    /// Something happened to a call. What was said before is not said again.
    pub(super) fn event(&mut self, mut told: StreamEvent, now: Duration) {
        if !self.seen.is_new(&told.event.id) {
            return;
        }
        let (passes, rang, talked) = self.fold(&told.event);
        if !passes {
            return;
        }
        if self.deliveries {
            for delivery in &mut told.deliveries {
                if let Some(change) = self.early.remove(&delivery.id) {
                    apply(delivery, change);
                }
            }
        } else {
            told.deliveries.clear();
        }
        self.held.push_back((now + HOLD, Shown { told, rang, talked }));
        self.release(now);
    }

    /// A delivery has got further.
    pub(super) fn change(&mut self, change: DeliveryProgress, now: Duration) {
        if !self.deliveries {
            return;
        }
        let mut held = self.held.iter_mut().flat_map(|(_, shown)| &mut shown.told.deliveries);
        if let Some(delivery) = held.find(|delivery| delivery.id == change.id) {
            apply(delivery, change);
            self.release(now);
            return;
        }
        if self.owed.contains_key(&change.id) {
            let delivery = changed(change);
            if delivery.is_settled()
                && let Some(of) = self.owed.remove(&delivery.id)
            {
                self.ready.push_back(Line::Late(Late { delivery, of }));
            }
            return;
        }
        match change.event.clone() {
            Some(event) => self.owed_late(&event, change),
            None => {
                self.early.insert(change.id, change);
                forget(&mut self.early, EARLY);
            }
        }
    }

    /// The next line to print.
    pub(super) fn poll(&mut self, now: Duration) -> Option<Line> {
        self.release(now);
        self.ready.pop_front()
    }

    /// When there will be another line, unless something is said before.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.held.front().map(|(until, _)| *until)
    }

    /// The deliveries of what was told, the newest first, of which more may be said.
    pub(super) fn unsettled(&self) -> impl Iterator<Item = i64> {
        let held = self.held.iter().rev().flat_map(|(_, shown)| &shown.told.deliveries);
        let held = held.filter(|delivery| !delivery.is_settled()).map(|delivery| delivery.id);
        held.chain(self.owed.keys().rev().copied())
    }

    /// Nothing more will come: all that waits is to be printed.
    pub(super) fn finish(&mut self) {
        self.release(Duration::MAX);
    }

    /// An endpoint that comes late to a call is owed what was told before.
    fn owed_late(&mut self, event: &str, change: DeliveryProgress) {
        if let Some((_, shown)) = self.held.iter_mut().find(|(_, shown)| shown.told.event.id == event) {
            shown.told.deliveries.push(changed(change));
            return;
        }
        let call = event.rsplit_once('/').map_or(event, |(call, _)| call).to_owned();
        if self.calls.get(&call).is_some_and(|known| known.shown) {
            self.owed.insert(change.id, Owed { event: event.to_owned(), what: None, call });
            forget(&mut self.owed, REMEMBERED);
        }
    }

    /// Whether `event` is shown, and if it ends the call how long that rang and was talked.
    fn fold(&mut self, event: &CallEvent) -> (bool, Option<i64>, Option<i64>) {
        let known = self.calls.entry(event.call.clone()).or_default();
        let passes = self.filter.passes(event, &mut known.matched);
        known.shown |= passes;
        let (mut rang, mut talked) = (None, None);
        match &event.kind {
            EventKind::NewCall { .. } => known.began = event.time,
            EventKind::Answer { .. } => known.answered = known.answered.or(event.time),
            EventKind::Hangup { .. } => {
                rang = seconds(known.began, known.answered.or(event.time));
                talked = seconds(known.answered, event.time);
                self.calls.remove(&event.call);
            }
            _ => {}
        }
        forget(&mut self.calls, REMEMBERED);
        (passes, rang, talked)
    }

    /// Whose deliveries are settled, or who has waited long enough, is ready; but nobody overtakes.
    fn release(&mut self, now: Duration) {
        while let Some((_, shown)) = self.held.pop_front_if(|(until, shown)| {
            *until <= now || !shown.told.deliveries.iter().any(EventDelivery::is_under_way)
        }) {
            self.tell(shown);
        }
        while self.held.len() > HELD
            && let Some((_, shown)) = self.held.pop_front()
        {
            self.tell(shown);
        }
    }

    fn tell(&mut self, shown: Shown) {
        let event = &shown.told.event;
        for delivery in shown.told.deliveries.iter().filter(|delivery| !delivery.is_settled()) {
            let (event, what, call) = (event.id.clone(), Some(event.kind.name()), event.call.clone());
            self.owed.insert(delivery.id, Owed { event, what, call });
        }
        forget(&mut self.owed, REMEMBERED);
        self.ready.push_back(Line::Event(Box::new(shown)));
    }
}

fn changed(
    DeliveryProgress { id, target, event: _, state, failures, reason }: DeliveryProgress,
) -> EventDelivery {
    EventDelivery { id, target, state, failures, reason }
}

fn apply(delivery: &mut EventDelivery, change: DeliveryProgress) {
    // A stream that was taken up again may have told of the end already.
    if !delivery.is_settled() {
        *delivery = changed(change);
    }
}

/// Keeps the newest: ids of calls and deliveries grow.
fn forget<K: Ord, V>(map: &mut BTreeMap<K, V>, limit: usize) {
    while map.len() > limit {
        map.pop_first();
    }
}

fn seconds(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<i64> {
    let millis = to?.as_millisecond() - from?.as_millisecond();
    Some((millis.max(0) + 500) / 1000)
}

#[cfg(test)]
pub(super) mod testing {
    //! Events for tests.

    use jiff::Timestamp;
    use ringwire_event::{CallEvent, Direction, EventKind};

    /// What happened to `call`, at a second of its own.
    pub(crate) fn event(call: &str, seq: u32, what: EventKind) -> CallEvent {
        CallEvent {
            id: format!("{call}/{seq}"),
            kind: what,
            call: call.to_owned(),
            seq,
            time: Timestamp::from_second(1_800_000_000 + i64::from(seq) * 10).ok(),
            pbx: "main".to_owned(),
            recovered: false,
            direction: Direction::In,
            from: "491761234567".to_owned(),
            from_name: None,
            to: "4930100".to_owned(),
            queue: None,
            trunk: None,
            account: None,
            tenant: None,
        }
    }
}
