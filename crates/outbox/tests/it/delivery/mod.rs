//! The delivery machine, from outside: what it sends, when, in which order, and what the store is told.

mod breaker;
mod limit;
mod model;
mod operator;
mod outcomes;
mod too_late;
mod window;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use ringwire_event::{AnsweredBy, CallEvent, CallId, EventKind, Party};
use ringwire_outbox::{
    EndpointName, Schedule,
    delivery::{
        Change, Counts, Delivery, DeliveryId, Limits, Machine, Notice, Order, Outcome, Owed, Standing, State,
        Status, Terms, Want,
    },
};

use crate::{at, event, hangup, hold, new_call};

/// How long a reply takes where it does not matter.
const FAST: Duration = Duration::from_millis(10);

fn crm() -> EndpointName {
    "crm".into()
}

fn user(name: &str) -> Party {
    Party::endpoint(format!("PJSIP/{name}"))
}

fn ringing(call: &str, seq: u32) -> Arc<CallEvent> {
    event(call, seq, EventKind::Ringing { user: user("20") })
}

fn answer(call: &str, seq: u32) -> Arc<CallEvent> {
    event(call, seq, EventKind::Answer { answered_by: AnsweredBy::User(user("20")) })
}

fn at_time(event: &Arc<CallEvent>, time: Timestamp) -> Arc<CallEvent> {
    Arc::new(CallEvent { time: Some(time), ..(**event).clone() })
}

fn retry() -> Outcome {
    Outcome::Retry { reason: "connection refused".into(), after: None }
}

fn retry_after(seconds: u64) -> Outcome {
    Outcome::Retry { reason: "429".into(), after: Some(Duration::from_secs(seconds)) }
}

fn refused() -> Outcome {
    Outcome::Refused { reason: "422".into() }
}

fn dead() -> Outcome {
    Outcome::Dead { reason: "cannot be said".into() }
}

fn misconfigured() -> Outcome {
    Outcome::Misconfigured { reason: "401: the token is wrong".into() }
}

fn gone() -> Outcome {
    Outcome::Gone { reason: "410".into() }
}

fn unknown() -> Outcome {
    Outcome::UnknownCall { reason: "500".into() }
}

/// A row of the store.
#[derive(Clone, Debug)]
struct Row {
    endpoint: EndpointName,
    owed: Owed,
    end: Option<State>,
}

/// The store, in the plainest way.
#[derive(Clone, Debug, Default)]
struct Store {
    rows: BTreeMap<DeliveryId, Row>,
    standings: BTreeMap<EndpointName, Standing>,
    new_calls: BTreeMap<CallId, Arc<CallEvent>>,
}

impl Store {
    fn insert(&mut self, endpoint: &EndpointName, event: &Arc<CallEvent>, now: Timestamp) -> Owed {
        let id = DeliveryId(self.rows.len() as i64 + 1);
        let owed = Owed { id, event: event.clone(), committed: now, failures: 0, due: None };
        self.rows.insert(id, Row { endpoint: endpoint.clone(), owed: owed.clone(), end: None });
        if let EventKind::NewCall { .. } = event.kind {
            self.new_calls.insert(event.call.clone(), event.clone());
        }
        owed
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Delivery { id, state: State::Retry { failures, due, .. }, .. } => {
                let owed = &mut self.rows.get_mut(id).unwrap().owed;
                (owed.failures, owed.due) = (*failures, Some(*due));
            }
            Change::Delivery { id, state, .. } => {
                let row = self.rows.get_mut(id).unwrap();
                if row.end != Some(State::Delivered) {
                    row.end = Some(state.clone());
                }
            }
            Change::Endpoint { endpoint, standing } => {
                self.standings.insert(endpoint.clone(), standing.clone());
            }
        }
    }

    fn waiting(&self, endpoint: &EndpointName, after: DeliveryId, limit: usize) -> (Vec<Owed>, bool) {
        let mut rows = self
            .rows
            .values()
            .filter(|row| row.endpoint == *endpoint && row.end.is_none() && row.owed.id > after);
        let first: Vec<_> = rows.by_ref().take(limit).map(|row| row.owed.clone()).collect();
        (first, rows.next().is_none())
    }
}

/// A machine with its store, which answers at once.
struct Bench {
    machine: Machine,
    store: Store,
    /// Whether wants are answered.
    answers: bool,
}

impl Bench {
    fn new() -> Self {
        Self::with(Limits::default(), Terms::default())
    }

    fn with(limits: Limits, terms: Terms) -> Self {
        let mut machine = Machine::new(limits, Schedule::default(), 1);
        machine.set_endpoint(&crm(), terms, Standing::Running, at(0));
        let mut bench = Self { machine, store: Store::default(), answers: true };
        bench.turn(at(0));
        bench
    }

    fn with_terms(terms: Terms) -> Self {
        Self::with(Limits::default(), terms)
    }

    fn commit(&mut self, event: &Arc<CallEvent>, now: Timestamp) -> DeliveryId {
        self.commit_to(&crm(), event, now)
    }

    fn commit_to(&mut self, name: &EndpointName, event: &Arc<CallEvent>, now: Timestamp) -> DeliveryId {
        let owed = self.store.insert(name, event, now);
        let id = owed.id;
        self.machine.commit(name, owed, now);
        self.turn(now);
        id
    }

    fn commit_all(&mut self, events: &[Arc<CallEvent>], now: Timestamp) {
        events.iter().for_each(|event| {
            self.commit(event, now);
        });
    }

    /// Writes what there is to write and answers what is asked.
    fn turn(&mut self, now: Timestamp) {
        while let Some(change) = self.machine.poll_change() {
            self.store.apply(&change);
        }
        while self.answers
            && let Some(want) = self.machine.poll_want()
        {
            match want {
                Want::More(more) => {
                    let (rows, complete) = self.store.waiting(&more.endpoint, more.after, more.limit);
                    self.machine.load(&more, rows, complete, now);
                }
                Want::Introduction { endpoint, call } => {
                    let new_call = self.store.new_calls.get(&call).cloned();
                    self.machine.introduce(&endpoint, &call, new_call, now);
                }
            }
            while let Some(change) = self.machine.poll_change() {
                self.store.apply(&change);
            }
        }
    }

    fn take(&mut self, now: Timestamp) -> Option<Delivery> {
        let delivery = self.machine.take(now);
        self.turn(now);
        delivery
    }

    /// All that is due at `now`.
    fn take_all(&mut self, now: Timestamp) -> Vec<Delivery> {
        std::iter::from_fn(|| self.take(now)).collect()
    }

    /// The ids of the events of all that is due at `now`, which is then on its way.
    fn taken(&mut self, now: Timestamp) -> Vec<String> {
        self.take_all(now).into_iter().map(|delivery| delivery.event.id.clone()).collect()
    }

    fn settle(&mut self, delivery: &Delivery, outcome: Outcome, now: Timestamp) {
        self.machine.settle(delivery.id, outcome, FAST, now);
        self.turn(now);
    }

    /// Takes the one delivery that is due at `now`, which must be of `event`, and settles it.
    #[track_caller]
    fn send(&mut self, event: &str, outcome: Outcome, now: Timestamp) {
        let taken = self.take_all(now);
        let ids: Vec<_> = taken.iter().map(|delivery| delivery.event.id.as_str()).collect();
        assert_eq!(ids, [event]);
        self.settle(&taken[0], outcome, now);
    }

    /// Delivers all that is due at `now` and becomes due by it; gives the ids of the events.
    fn deliver_all(&mut self, now: Timestamp) -> Vec<String> {
        let mut delivered = Vec::new();
        loop {
            let taken = self.take_all(now);
            if taken.is_empty() {
                return delivered;
            }
            for delivery in taken {
                delivered.push(delivery.event.id.clone());
                self.settle(&delivery, Outcome::Delivered, now);
            }
        }
    }

    fn order(&mut self, order: Order, now: Timestamp) {
        self.machine.order(order, now);
        self.turn(now);
    }

    fn notices(&mut self) -> Vec<Notice> {
        std::iter::from_fn(|| self.machine.poll_notice()).collect()
    }

    fn counts(&self) -> Counts {
        self.machine.counts()
    }

    fn status(&self) -> Status<'_> {
        self.machine.endpoints().next().unwrap()
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.machine.next_due()
    }

    /// What became of a row: its last word, or how it waits.
    fn row(&self, id: DeliveryId) -> String {
        let row = &self.store.rows[&id];
        match &row.end {
            None => format!("waits, {} failed", row.owed.failures),
            Some(State::Delivered) => "delivered".into(),
            Some(State::Dead { reason }) => format!("dead: {reason}"),
            Some(State::Expired { reason }) => format!("expired: {reason}"),
            Some(State::Dropped) => "dropped".into(),
            Some(State::Retry { .. }) => unreachable!(),
        }
    }
}
