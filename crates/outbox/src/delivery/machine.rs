//! What is owed to all endpoints.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use ringwire_event::CallEvent;

use super::endpoint::{Endpoint, Settling};
use crate::{
    EndpointName, Jitter, Schedule,
    delivery::{
        Change, Counts, Delivery, DeliveryId, Late, Lifetimes, More, Notice, Order, Outcome, Owed, Standing,
        Status, Want,
    },
};

/// How much a machine holds, the same for every endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many deliveries to one endpoint are held in memory; the others stay in the store until their turn
    /// comes near. Calls that wait for another try do not count, up to ten times as many in all.
    pub window: usize,
    /// How long an endpoint whose settings are wrong is left alone between probes.
    pub hold: Duration,
}

impl Limits {
    /// The most that is held in memory for one endpoint, those that wait for another try included.
    pub(super) fn cap(&self) -> usize {
        self.window.saturating_mul(10)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { window: 4096, hold: Duration::from_secs(60) }
    }
}

/// How an endpoint is to be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How many requests it gets at once, at most. It gets fewer when it answers slower for more.
    pub in_flight: usize,
    /// For how long after it happened each kind of event is worth telling.
    pub lifetimes: Lifetimes,
    /// What is told of a call that is over when its events come late.
    pub late: Late,
}

impl Default for Terms {
    fn default() -> Self {
        Self { in_flight: 8, lifetimes: Lifetimes::default(), late: Late::default() }
    }
}

/// What goes out of a machine besides deliveries.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub(super) wants: VecDeque<Want>,
    pub(super) changes: VecDeque<Change>,
    pub(super) notices: VecDeque<Notice>,
}

/// The deliveries to all endpoints, as far as they are in memory.
#[derive(Debug)]
pub struct Machine {
    limits: Limits,
    schedule: Schedule,
    jitter: Jitter,
    endpoints: BTreeMap<EndpointName, Endpoint>,
    /// Whose each delivery on its way is, and in which lane it stands.
    in_flight: BTreeMap<DeliveryId, (EndpointName, u64)>,
    /// How many questions for more rows were asked.
    tickets: u64,
    /// What was counted of endpoints that are no more.
    past: Counts,
    out: Out,
}

impl Machine {
    /// A machine without endpoints; `seed` decides how waits are spread.
    #[must_use]
    pub fn new(limits: Limits, schedule: Schedule, seed: u64) -> Self {
        Self {
            limits: Limits { window: limits.window.max(1), ..limits },
            schedule,
            jitter: Jitter::new(seed),
            endpoints: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            tickets: 0,
            past: Counts::default(),
            out: Out::default(),
        }
    }

    /// Takes up an endpoint, or a change to one. The rows of a new one are asked for.
    ///
    /// `standing` is as the store has it. An endpoint that its own replies have paused is tried at once, and so is
    /// one that was changed, whatever was wrong with it; what the operator has paused stays so until
    /// [`Order::Resume`], and so does one that is given as disabled. Where a changed endpoint stands otherwise than
    /// before, that is a [`Change`].
    pub fn set_endpoint(&mut self, name: &EndpointName, terms: Terms, standing: Standing, now: Timestamp) {
        if let Some(endpoint) = self.endpoints.get_mut(name) {
            endpoint.reconfigure(terms, standing, now, &mut self.out);
        } else {
            self.endpoints.insert(name.clone(), Endpoint::new(name.clone(), terms, standing, now));
        }
    }

    /// Forgets an endpoint. Its rows stay in the store; what is on its way to it is passed over when it settles.
    pub fn remove_endpoint(&mut self, name: &EndpointName) {
        let Some(endpoint) = self.endpoints.remove(name) else { return };
        self.in_flight.retain(|_, (of, _)| of != name);
        self.past += Counts { waiting: 0, retrying: 0, in_flight: 0, ..endpoint.counts() };
    }

    /// Takes up a row that was just written, or leaves it in the store when the window is full or older rows are
    /// still only there. One that is not new, and one for an endpoint that is not known, is passed over.
    pub fn commit(&mut self, name: &EndpointName, owed: Owed, now: Timestamp) {
        if let Some(endpoint) = self.endpoints.get_mut(name) {
            endpoint.commit(owed, &self.limits, now);
        }
    }

    /// Takes up the rows that [`Want::More`] asked for, read after it was asked; `complete` says that there were
    /// no others. An answer to a question that is no longer open is passed over.
    pub fn load(&mut self, more: &More, rows: Vec<Owed>, complete: bool, now: Timestamp) {
        if let Some(endpoint) = self.endpoints.get_mut(&more.endpoint) {
            endpoint.load(more, rows, complete, now);
        }
    }

    /// Takes the newCall that [`Want::Introduction`] asked for; `None` when there is none.
    pub fn introduce(
        &mut self,
        name: &EndpointName,
        call: &str,
        event: Option<Arc<CallEvent>>,
        now: Timestamp,
    ) {
        if let Some(endpoint) = self.endpoints.get_mut(name) {
            endpoint.introduce(call, event, now, &mut self.out);
        }
    }

    /// A delivery that is due at `now`, marked as on its way; `None` when there is none.
    pub fn take(&mut self, now: Timestamp) -> Option<Delivery> {
        let out = &mut self.out;
        let (delivery, lane) = self.endpoints.values_mut().find_map(|endpoint| endpoint.take(now, out))?;
        self.in_flight.insert(delivery.id, (delivery.endpoint.clone(), lane));
        Some(delivery)
    }

    /// Says how a delivery went and how long it took to know. One that is not on its way (its endpoint was
    /// removed) is passed over.
    pub fn settle(&mut self, id: DeliveryId, outcome: Outcome, took: Duration, now: Timestamp) {
        let Some((name, lane)) = self.in_flight.remove(&id) else { return };
        let Some(endpoint) = self.endpoints.get_mut(&name) else { return };
        let mut settling = Settling {
            now,
            hold: self.limits.hold,
            schedule: &self.schedule,
            jitter: &mut self.jitter,
            out: &mut self.out,
        };
        endpoint.settle(id, lane, outcome, took, &mut settling);
    }

    /// Does what the operator wants.
    pub fn order(&mut self, order: Order, now: Timestamp) {
        let (Order::Pause { endpoint: name, .. }
        | Order::Resume { endpoint: name }
        | Order::Retry { endpoint: name, .. }
        | Order::Drop { endpoint: name, .. }) = &order;
        let Some(endpoint) = self.endpoints.get_mut(name) else { return };
        match order {
            Order::Pause { reason, .. } => endpoint.pause(reason, &mut self.out),
            Order::Resume { .. } => endpoint.resume(now, &mut self.out),
            Order::Retry { owed, .. } => endpoint.retry_now(owed, now),
            Order::Drop { id, .. } => endpoint.drop_row(id, now, &mut self.out),
        }
    }

    /// When [`Machine::take`] is next worth calling; `None` as long as only another call can change that.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.endpoints.values().filter_map(Endpoint::next_due).min()
    }

    /// The next thing to read from the store.
    pub fn poll_want(&mut self) -> Option<Want> {
        let asked = self.out.wants.pop_front();
        asked.or_else(|| {
            let mut endpoints = self.endpoints.values_mut();
            endpoints.find_map(|endpoint| endpoint.ask(&self.limits, &mut self.tickets)).map(Want::More)
        })
    }

    /// The next thing for the store to note, in the order in which they happened.
    pub fn poll_change(&mut self) -> Option<Change> {
        self.out.changes.pop_front()
    }

    /// The next thing the operator should know.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.out.notices.pop_front()
    }

    /// How each endpoint is doing.
    pub fn endpoints(&self) -> impl Iterator<Item = Status<'_>> {
        self.endpoints.values().map(Endpoint::status)
    }

    /// How many deliveries there are to all endpoints together, those removed included.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = self.past;
        self.endpoints.values().for_each(|endpoint| counts += endpoint.counts());
        counts
    }

    /// Whether nothing is owed to anybody, neither in memory nor, as far as is known, in the store.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.endpoints.values().all(Endpoint::is_idle)
    }
}
