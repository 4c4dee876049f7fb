//! All that one endpoint is owed, as far as it is in memory, and how the endpoint is doing.

mod orders;
mod settle;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use ringwire_event::CallEvent;

pub(super) use self::settle::Settling;
use super::{
    breaker::Breaker,
    gate::{Gate, Trial},
    lane::{Entry, Introduction, Lane},
    limit::Limit,
    machine::Out,
    window::Window,
};
use crate::{
    EndpointName,
    delivery::{
        Change, Counts, Delivery, DeliveryId, Limits, More, Owed, PausedBy, Standing, State, Status, Terms,
    },
};

/// All that one endpoint is owed, as far as it is in memory.
#[derive(Debug)]
pub(super) struct Endpoint {
    name: EndpointName,
    terms: Terms,
    standing: Standing,
    /// Set as long as the endpoint is paused by its own replies.
    trial: Option<Trial>,
    breaker: Breaker,
    limit: Limit,
    window: Window,
    lanes: BTreeMap<u64, Lane>,
    /// Never iterated, so its order does not matter.
    by_call: HashMap<Arc<str>, u64>,
    next_lane: u64,
    due: BTreeSet<(Timestamp, u64)>,
    /// Deliveries in lanes that do not wait for another try: they fill the window.
    active: usize,
    counts: Counts,
    /// What went wrong last, unless it has answered since.
    failure: Option<String>,
    /// Whether it has answered since it was taken up or changed.
    heard: bool,
}

impl Endpoint {
    pub(super) fn new(name: EndpointName, terms: Terms, standing: Standing, now: Timestamp) -> Self {
        let trial = standing.is_paused_by(PausedBy::Endpoint).then(|| Trial::from(now));
        Self {
            name,
            limit: Limit::new(terms.in_flight),
            terms,
            standing,
            trial,
            breaker: Breaker::default(),
            window: Window::new(),
            lanes: BTreeMap::new(),
            by_call: HashMap::new(),
            next_lane: 0,
            due: BTreeSet::new(),
            active: 0,
            counts: Counts::default(),
            failure: None,
            heard: false,
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) fn status(&self) -> Status<'_> {
        Status {
            endpoint: &self.name,
            counts: self.counts,
            standing: &self.standing,
            breaker: self.breaker.state(),
            limit: self.limit.get(),
            failure: self.failure.as_deref(),
            more_on_disk: self.window.has_more(),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.lanes.is_empty() && !self.window.has_more()
    }

    pub(super) fn commit(&mut self, owed: Owed, limits: &Limits, now: Timestamp) {
        let room = self.active < limits.window && self.held() < limits.cap();
        if self.window.commit(owed.id, room) {
            self.push(owed, false, now);
        }
    }

    /// The question for more rows, when the window is less than half full and it is not open yet.
    pub(super) fn ask(&mut self, limits: &Limits, tickets: &mut u64) -> Option<More> {
        if self.standing.is_shut() || self.active.saturating_mul(2) >= limits.window {
            return None;
        }
        let room = limits.window.saturating_sub(self.active);
        let room = room.min(limits.cap().saturating_sub(self.held()));
        self.window.ask(&self.name, room, tickets)
    }

    pub(super) fn load(&mut self, more: &More, rows: Vec<Owed>, complete: bool, now: Timestamp) {
        if !self.window.is_answer_to(more) {
            return;
        }
        let complete = complete || rows.is_empty();
        for owed in rows {
            if let Some(forced) = self.window.load(owed.id) {
                self.push(owed, forced, now);
            }
        }
        self.window.loaded(complete);
    }

    pub(super) fn introduce(
        &mut self,
        call: &str,
        event: Option<Arc<CallEvent>>,
        now: Timestamp,
        out: &mut Out,
    ) {
        let Some(&number) = self.by_call.get(call) else { return };
        let awaited = self.lanes.get(&number).map(|lane| &lane.introduction);
        if !matches!(awaited, Some(Introduction::Asked)) {
            return;
        }
        let Some(event) = event else {
            let reason = "the call is unknown there, and its newCall is not in the journal".to_owned();
            return self.dead(number, reason, now, out);
        };
        self.change(number, |lane| {
            lane.introduction = Introduction::Ready(event);
            lane.due = now;
        });
    }

    /// When [`Endpoint::take`] is next worth calling; `None` as long as only another call can change that.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let (due, _) = self.due.first()?;
        if self.counts.in_flight >= self.limit.get() {
            return None;
        }
        match self.gate() {
            Gate::Open => Some(*due),
            Gate::OneAt(from) => Some(from.max(*due)),
            Gate::Shut => None,
        }
    }

    /// The next delivery that is due, with the number of its lane. What it is too late to tell is passed over and
    /// leaves.
    pub(super) fn take(&mut self, now: Timestamp, out: &mut Out) -> Option<(Delivery, u64)> {
        loop {
            self.next_due().filter(|due| *due <= now)?;
            let (_, number) = *self.due.first()?;
            if let Some(reason) = self.lanes.get(&number)?.too_late(&self.terms, now) {
                self.finish(number, State::Expired { reason }, now, out);
                continue;
            }
            let (id, failures, committed, event, again) = self.change(number, |lane| {
                let head = lane.head()?;
                let (id, failures, committed) = (head.id, head.failures, head.committed);
                let (event, again) = match &lane.introduction {
                    Introduction::Ready(new_call) => (new_call.clone(), true),
                    _ => (head.event.clone(), false),
                };
                lane.in_flight = true;
                Some((id, failures, committed, event, again))
            })??;
            match &mut self.trial {
                Some(trial) => trial.probe = Some(id),
                None => self.breaker.taken(id),
            }
            let endpoint = self.name.clone();
            return Some((Delivery { id, endpoint, event, committed, failures, again }, number));
        }
    }

    fn gate(&self) -> Gate {
        match &self.trial {
            _ if self.standing.is_shut() => Gate::Shut,
            Some(trial) => trial.gate(),
            None => self.breaker.gate(),
        }
    }

    /// How many deliveries are in memory.
    fn held(&self) -> usize {
        self.counts.waiting + self.counts.in_flight
    }

    fn push(&mut self, owed: Owed, forced: bool, now: Timestamp) {
        let number = self.lane(&owed.event.call, now);
        let due = owed.due.unwrap_or(now);
        let entry = Entry::new(owed, forced);
        let due = due.min(entry.expires(&self.terms));
        self.change(number, |lane| lane.push(entry, due));
    }

    /// The lane of a call, made where there is none.
    fn lane(&mut self, call: &str, now: Timestamp) -> u64 {
        if let Some(number) = self.by_call.get(call) {
            return *number;
        }
        self.next_lane += 1;
        let call: Arc<str> = call.into();
        self.by_call.insert(call.clone(), self.next_lane);
        self.lanes.insert(self.next_lane, Lane::new(call, now));
        self.next_lane
    }

    /// The head of a lane leaves it for good, and the store is told.
    fn finish(&mut self, number: u64, state: State, now: Timestamp, out: &mut Out) -> Option<Entry> {
        let entry = self.change(number, |lane| lane.pop(now))??;
        self.note(entry.id, state, out);
        Some(entry)
    }

    /// Counts what became of a delivery, and tells the store.
    fn note(&mut self, id: DeliveryId, state: State, out: &mut Out) {
        match &state {
            State::Delivered => self.counts.delivered += 1,
            State::Dead { .. } => self.counts.dead += 1,
            State::Expired { .. } => self.counts.expired += 1,
            State::Dropped => self.counts.dropped += 1,
            State::Retry { .. } => {}
        }
        out.changes.push_back(Change::Delivery { id, endpoint: self.name.clone(), state });
    }

    /// What was put off since `since` is due now, but for what the endpoint itself asked to wait with.
    fn bring_forward(&mut self, since: Timestamp, now: Timestamp) {
        let later: Vec<u64> = self.due.range((now, u64::MAX)..).map(|(_, number)| *number).collect();
        for number in later {
            self.change(number, |lane| {
                if lane.failed_at >= since {
                    lane.due = lane.due.min(lane.not_before.unwrap_or(now).max(now));
                }
            });
        }
    }

    /// Changes a lane. Every change goes through here, so that the indexes and the counts follow.
    fn change<R>(&mut self, number: u64, change: impl FnOnce(&mut Lane) -> R) -> Option<R> {
        let lane = self.lanes.get_mut(&number)?;
        if let Some(due) = lane.wants() {
            self.due.remove(&(due, number));
        }
        self.counts.waiting -= lane.waiting();
        self.counts.in_flight -= usize::from(lane.in_flight);
        self.counts.retrying -= usize::from(lane.retrying());
        self.active -= lane.active();

        let result = change(lane);

        if let Some(due) = lane.wants() {
            self.due.insert((due, number));
        }
        self.counts.waiting += lane.waiting();
        self.counts.in_flight += usize::from(lane.in_flight);
        self.counts.retrying += usize::from(lane.retrying());
        self.active += lane.active();
        if lane.is_empty() {
            self.by_call.remove(&lane.call);
            self.lanes.remove(&number);
        }
        Some(result)
    }
}
