//! All that one endpoint is owed, and how it is doing.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use ringwire_event::{CallEvent, CallId};

use crate::{
    Counts, Delivery, DeliveryId, EndpointName, Health, Jitter, Notice, Outcome, Schedule,
    lane::{Entry, Lane},
    schedule::after,
};

/// So many failures in a row, and a success after them is news to all that waits: what was put off for the sake
/// of the endpoint is due again.
const OUTAGE: u32 = 3;

/// What an endpoint needs of the outbox to settle a delivery.
pub(crate) struct Settling<'a> {
    pub(crate) now: Timestamp,
    /// How long a held endpoint is left alone between probes.
    pub(crate) hold: Duration,
    pub(crate) schedule: &'a Schedule,
    pub(crate) jitter: &'a mut Jitter,
    pub(crate) notices: &'a mut VecDeque<Notice>,
}

/// All that one endpoint is owed.
#[derive(Debug)]
pub(crate) struct Endpoint {
    name: EndpointName,
    /// How many deliveries may be on their way at once.
    limit: usize,
    lanes: BTreeMap<u64, Lane>,
    by_call: BTreeMap<CallId, u64>,
    next_lane: u64,
    due: BTreeSet<(Timestamp, u64)>,
    longest_waiting: BTreeMap<DeliveryId, u64>,
    counts: Counts,
    health: Health,
    failures_in_a_row: u32,
    hold: Option<Hold>,
}

#[derive(Debug)]
struct Hold {
    probe_at: Timestamp,
    probe: Option<DeliveryId>,
}

impl Endpoint {
    pub(crate) fn new(name: EndpointName, limit: usize) -> Self {
        Self {
            name,
            limit,
            lanes: BTreeMap::new(),
            by_call: BTreeMap::new(),
            next_lane: 0,
            due: BTreeSet::new(),
            longest_waiting: BTreeMap::new(),
            counts: Counts::default(),
            health: Health::Well,
            failures_in_a_row: 0,
            hold: None,
        }
    }

    /// Somebody has changed the endpoint: what was known of its health is void, and all is due.
    pub(crate) fn reconfigure(&mut self, limit: usize, now: Timestamp) {
        self.limit = limit;
        self.hold = None;
        self.failures_in_a_row = 0;
        self.health = Health::Well;
        self.bring_forward(now);
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    pub(crate) fn commit(&mut self, id: DeliveryId, event: Arc<CallEvent>, now: Timestamp) {
        let number = *self.by_call.entry(event.call.clone()).or_insert_with(|| {
            self.next_lane += 1;
            self.lanes.insert(self.next_lane, Lane::new(event.call.clone(), now));
            self.next_lane
        });
        self.change(number, |lane| {
            if !lane.has_had(&event) {
                lane.push(id, event, now);
            }
        });
    }

    /// The call has ended: its lane goes as soon as nothing is owed in it.
    pub(crate) fn end(&mut self, call: &str) {
        if let Some(number) = self.by_call.get(call) {
            self.change(*number, Lane::end);
        }
    }

    /// When [`Endpoint::take`] is next worth calling; `None` as long as only a settlement can change that.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let (due, _) = self.due.first()?;
        match &self.hold {
            _ if self.counts.in_flight >= self.limit => None,
            Some(Hold { probe: Some(_), .. }) => None,
            Some(hold) => Some(hold.probe_at),
            None => Some(*due),
        }
    }

    /// The next delivery that is due, with the number of its lane.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<(Delivery, u64)> {
        self.next_due().filter(|due| *due <= now)?;
        let (_, number) = *self.due.first()?;
        let delivery = self.change(number, |lane| {
            let event = lane.next_event()?;
            let head = lane.head()?;
            let (id, failures) = (head.id, head.failures);
            lane.in_flight = true;
            Some((id, event, failures, lane.announcing))
        })??;
        let (id, event, failures, again) = delivery;
        if let Some(hold) = &mut self.hold {
            hold.probe = Some(id);
        }
        Some((Delivery { id, endpoint: self.name.clone(), event, failures, again }, number))
    }

    pub(crate) fn settle(
        &mut self,
        id: DeliveryId,
        number: u64,
        outcome: Outcome,
        settling: &mut Settling<'_>,
    ) {
        let now = settling.now;
        match outcome {
            Outcome::Delivered => {
                self.delivered(number, now);
                self.answered(settling);
            }
            Outcome::Dead { reason } => {
                self.dead(number, reason, settling);
                self.answered(settling);
            }
            Outcome::UnknownCall { reason } => {
                self.unknown_call(number, reason, settling);
                self.answered(settling);
            }
            Outcome::Retry { reason, after } => {
                self.retry(number, &reason, after, settling);
                self.failed(id, reason, settling);
            }
            Outcome::Misconfigured { reason } => {
                let probe_at = after(now, settling.hold);
                self.put_off(number, probe_at);
                self.held(id, reason, probe_at, settling);
            }
        }
    }

    /// The event that has waited longest.
    pub(crate) fn longest_waiting(&self) -> Option<DeliveryId> {
        self.longest_waiting.first_key_value().map(|(id, _)| *id)
    }

    /// Gives up the lane that has waited longest, but for what is on its way.
    pub(crate) fn give_up_longest_waiting(&mut self) -> Option<Notice> {
        let (_, number) = self.longest_waiting.first_key_value()?;
        let (call, events) = self.change(*number, |lane| (lane.call.clone(), lane.give_up()))?;
        self.counts.given_up += count(events);
        Some(Notice::GivenUp { endpoint: self.name.clone(), call, events })
    }

    fn delivered(&mut self, number: u64, now: Timestamp) {
        let done = self.change(number, |lane| {
            if !lane.announcing {
                return lane.pop(now).is_some();
            }
            lane.in_flight = false;
            lane.announcing = false;
            lane.not_before = None;
            lane.due = now;
            if let Some(head) = lane.head_mut() {
                head.announced_again = true;
            }
            false
        });
        self.counts.delivered += u64::from(done == Some(true));
    }

    fn unknown_call(&mut self, number: u64, reason: String, settling: &mut Settling<'_>) {
        let now = settling.now;
        let announcing = self.change(number, |lane| {
            let announce = !lane.announcing && lane.can_announce();
            if announce {
                lane.in_flight = false;
                lane.announcing = true;
                lane.due = now;
            }
            announce
        });
        if announcing == Some(false) {
            self.dead(number, reason, settling);
        }
    }

    /// The head of the lane will not arrive. What is behind it goes on: the endpoint may take it, and if it says
    /// that it does not know the call, the call is announced again for it.
    fn dead(&mut self, number: u64, reason: String, settling: &mut Settling<'_>) {
        let popped = self.change(number, |lane| (lane.announcing, lane.pop(settling.now)));
        if let Some((announcing, Some(Entry { event, .. }))) = popped {
            self.counts.dead += 1;
            let reason = if announcing {
                format!("the call is unknown there and could not be announced again: {reason}")
            } else {
                reason
            };
            settling.notices.push_back(Notice::Dead { endpoint: self.name.clone(), event, reason });
        }
    }

    fn retry(
        &mut self,
        number: u64,
        reason: &str,
        retry_after: Option<Duration>,
        settling: &mut Settling<'_>,
    ) {
        let now = settling.now;
        if self.hold.is_some() {
            return self.put_off(number, after(now, settling.hold));
        }
        let failures = self.lanes.get(&number).and_then(Lane::head).map_or(0, |head| head.failures + 1);
        let Some(wait) = settling.schedule.wait(failures, settling.jitter) else {
            return self.dead(
                number,
                format!("{failures} tries have failed, the last one so: {reason}"),
                settling,
            );
        };
        let not_before = retry_after.map(|wait| after(now, settling.schedule.honoured(wait)));
        self.change(number, |lane| {
            lane.in_flight = false;
            lane.not_before = not_before;
            lane.due = after(now, wait).max(not_before.unwrap_or(now));
            if let Some(head) = lane.head_mut() {
                head.failures = failures;
            }
        });
    }

    fn put_off(&mut self, number: u64, due: Timestamp) {
        self.change(number, |lane| {
            lane.in_flight = false;
            lane.due = due;
        });
    }

    /// The endpoint has said something sensible: it is there, and it is set up.
    fn answered(&mut self, settling: &mut Settling<'_>) {
        let outage = self.hold.take().is_some() || self.failures_in_a_row >= OUTAGE;
        self.failures_in_a_row = 0;
        self.turn(Health::Well, settling.notices);
        if outage {
            self.bring_forward(settling.now);
        }
    }

    fn failed(&mut self, id: DeliveryId, reason: String, settling: &mut Settling<'_>) {
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        if let Some(hold) = &mut self.hold {
            if hold.probe == Some(id) {
                *hold = Hold { probe_at: after(settling.now, settling.hold), probe: None };
            }
        } else if self.health == Health::Well {
            self.turn(Health::Failing { reason }, settling.notices);
        }
    }

    fn held(&mut self, id: DeliveryId, reason: String, probe_at: Timestamp, settling: &mut Settling<'_>) {
        match &mut self.hold {
            Some(hold) if hold.probe != Some(id) => {}
            hold => *hold = Some(Hold { probe_at, probe: None }),
        }
        self.turn(Health::Held { reason }, settling.notices);
    }

    fn turn(&mut self, health: Health, notices: &mut VecDeque<Notice>) {
        if self.health == health {
            return;
        }
        self.health = health.clone();
        notices.push_back(Notice::Health {
            endpoint: self.name.clone(),
            health,
            waiting: self.counts.waiting,
        });
    }

    /// What waits for a later time is due now, but for what the endpoint itself asked to wait with.
    fn bring_forward(&mut self, now: Timestamp) {
        let later: Vec<u64> =
            self.due.iter().filter(|(due, _)| *due > now).map(|(_, number)| *number).collect();
        for number in later {
            self.change(number, |lane| lane.due = lane.not_before.unwrap_or(now).max(now));
        }
    }

    /// Changes a lane. Every change goes through here, so that the indexes and the counts follow.
    fn change<R>(&mut self, number: u64, change: impl FnOnce(&mut Lane) -> R) -> Option<R> {
        let lane = self.lanes.get_mut(&number)?;
        if let Some(due) = lane.wants() {
            self.due.remove(&(due, number));
        }
        if let Some(id) = lane.longest_waiting() {
            self.longest_waiting.remove(&id);
        }
        self.counts.waiting -= lane.waiting();
        self.counts.retrying -= usize::from(lane.retrying());
        self.counts.in_flight -= usize::from(lane.in_flight);

        let result = change(lane);

        if let Some(due) = lane.wants() {
            self.due.insert((due, number));
        }
        if let Some(id) = lane.longest_waiting() {
            self.longest_waiting.insert(id, number);
        }
        self.counts.waiting += lane.waiting();
        self.counts.retrying += usize::from(lane.retrying());
        self.counts.in_flight += usize::from(lane.in_flight);
        if lane.is_finished() {
            self.by_call.remove(&lane.call);
            self.lanes.remove(&number);
        }
        Some(result)
    }
}

/// `events` as a running total takes it.
pub(crate) fn count(events: usize) -> u64 {
    u64::try_from(events).unwrap_or(u64::MAX)
}
