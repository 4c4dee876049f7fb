//! What is owed to all endpoints.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use ringwire_event::{CallEvent, What};

use crate::{
    Counts, Delivery, DeliveryId, EndpointName, Health, Jitter, Notice, Outcome, Schedule,
    endpoint::{Endpoint, Settling, count},
};

/// How much an outbox holds and sends at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many deliveries may wait, for all endpoints together. Over it, the events of the call that has waited
    /// longest are given up.
    pub waiting: usize,
    /// How many deliveries may be on their way to one endpoint, where it has no limit of its own.
    pub in_flight: usize,
    /// How long an endpoint whose settings are wrong is left alone between probes.
    pub hold: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { waiting: 100_000, in_flight: 8, hold: Duration::from_secs(60) }
    }
}

/// What is owed to all endpoints: lanes in memory.
#[derive(Debug)]
pub struct Outbox {
    limits: Limits,
    schedule: Schedule,
    jitter: Jitter,
    endpoints: BTreeMap<EndpointName, Endpoint>,
    in_flight: BTreeMap<DeliveryId, (EndpointName, u64)>,
    last_delivery: u64,
    /// What was counted of endpoints that are no more.
    past: Counts,
    notices: VecDeque<Notice>,
}

impl Outbox {
    /// An outbox that owes nothing; `seed` decides how waits are spread.
    #[must_use]
    pub fn new(limits: Limits, schedule: Schedule, seed: u64) -> Self {
        Self {
            limits,
            schedule,
            jitter: Jitter::new(seed),
            endpoints: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            last_delivery: 0,
            past: Counts::default(),
            notices: VecDeque::new(),
        }
    }

    /// Takes up an endpoint, or a change to one: at most `in_flight` deliveries are on their way to it at once.
    ///
    /// A changed endpoint is tried again at once, whatever was wrong with it.
    pub fn set_endpoint(&mut self, name: &EndpointName, in_flight: usize, now: Timestamp) {
        self.endpoint(name).reconfigure(in_flight.max(1), now);
    }

    /// Takes an endpoint away. What it was owed is given up; says how much that was.
    pub fn remove_endpoint(&mut self, name: &EndpointName) -> usize {
        let Some(endpoint) = self.endpoints.remove(name) else { return 0 };
        self.in_flight.retain(|_, (of, _)| of != name);
        let counts = endpoint.counts();
        let lost = counts.waiting + counts.in_flight;
        let given_up = counts.given_up + count(lost);
        self.past += Counts { given_up, delivered: counts.delivered, dead: counts.dead, ..Counts::default() };
        lost
    }

    /// Owes `event` to each of `endpoints`. An event that was committed before is not owed twice.
    ///
    /// Every event is to be committed, also one that no endpoint hears of: with the hangup the outbox knows that
    /// a call is over.
    pub fn commit(&mut self, event: &Arc<CallEvent>, endpoints: &[EndpointName], now: Timestamp) {
        for name in endpoints {
            self.last_delivery += 1;
            let id = DeliveryId(self.last_delivery);
            self.endpoint(name).commit(id, event.clone(), now);
        }
        if matches!(event.what, What::Hangup { .. }) {
            for endpoint in self.endpoints.values_mut() {
                endpoint.end(&event.call);
            }
        }
        self.keep_the_limit();
    }

    /// A delivery that is due at `now`, marked as on its way; `None` when there is none.
    pub fn take(&mut self, now: Timestamp) -> Option<Delivery> {
        let (delivery, lane) = self.endpoints.values_mut().find_map(|endpoint| endpoint.take(now))?;
        self.in_flight.insert(delivery.id, (delivery.endpoint.clone(), lane));
        Some(delivery)
    }

    /// Says how a delivery went. One that is not on its way (its endpoint was taken away) is passed over.
    pub fn settle(&mut self, id: DeliveryId, outcome: Outcome, now: Timestamp) {
        let Some((name, lane)) = self.in_flight.remove(&id) else { return };
        let Some(endpoint) = self.endpoints.get_mut(&name) else { return };
        let mut settling = Settling {
            now,
            hold: self.limits.hold,
            schedule: &self.schedule,
            jitter: &mut self.jitter,
            notices: &mut self.notices,
        };
        endpoint.settle(id, lane, outcome, &mut settling);
    }

    /// When [`Outbox::take`] is next worth calling; `None` as long as only a commit or a settlement can change
    /// that.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.endpoints.values().filter_map(Endpoint::next_due).min()
    }

    /// The next thing the operator should know.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// How many deliveries there are to all endpoints together, those taken away included.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = self.past;
        self.endpoints.values().for_each(|endpoint| counts += endpoint.counts());
        counts
    }

    /// How many deliveries there are to each endpoint, and how it is doing.
    pub fn endpoints(&self) -> impl Iterator<Item = (&EndpointName, Counts, &Health)> {
        self.endpoints.iter().map(|(name, endpoint)| (name, endpoint.counts(), endpoint.health()))
    }

    /// Whether nothing is owed to anybody.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let Counts { waiting, in_flight, .. } = self.counts();
        waiting == 0 && in_flight == 0
    }

    fn endpoint(&mut self, name: &EndpointName) -> &mut Endpoint {
        self.endpoints
            .entry(name.clone())
            .or_insert_with(|| Endpoint::new(name.clone(), self.limits.in_flight.max(1)))
    }

    fn keep_the_limit(&mut self) {
        while self.counts().waiting > self.limits.waiting {
            let longest = self.endpoints.values_mut().min_by_key(|endpoint| {
                // An endpoint for which nothing waits comes last.
                endpoint.longest_waiting().map_or((true, DeliveryId(0)), |id| (false, id))
            });
            match longest.and_then(Endpoint::give_up_longest_waiting) {
                Some(notice) => self.notices.push_back(notice),
                None => return,
            }
        }
    }
}
