//! The delivery machine, from outside: what it sends, when, in which order, and what the store is to record.

#![cfg(test)]

mod breaker;
mod commands;
mod concurrency;
mod expiry;
mod known_calls;
mod model;
mod outcomes;
mod unknown;
mod window;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use ringwire_delivery::{
    Delivery, DeliveryCommand, DeliveryCounts, DeliveryId, DeliveryMachine, DeliveryOutcome, DeliveryPolicy,
    DeliveryState, LoadRequest, MachineLimits, OperatorNotice, PendingDelivery, PriorAttempt, RetrySchedule,
    StateChange, TargetName, TargetState, TargetStatus,
};
use ringwire_event::{AnsweredBy, CallEvent, CallFacts, CallId, Cause, Direction, EventKind, Party};

/// `seconds` after the beginning of the test.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn event(call: &str, seq: u32, kind: EventKind) -> Arc<CallEvent> {
    Arc::new(CallEvent {
        id: format!("{call}/{seq}"),
        kind,
        call: call.into(),
        seq,
        time: None,
        pbx: "main".into(),
        recovered: false,
        direction: Direction::In,
        from: "anonymous".into(),
        from_name: None,
        to: "4930100".into(),
        queue: None,
        trunk: None,
        account: None,
        tenant: None,
        facts: CallFacts::default(),
    })
}

fn new_call(call: &str) -> Arc<CallEvent> {
    event(call, 1, EventKind::NewCall { users: Vec::new() })
}

fn hold(call: &str, seq: u32) -> Arc<CallEvent> {
    event(call, seq, EventKind::Hold { user: None })
}

fn hangup(call: &str, seq: u32) -> Arc<CallEvent> {
    event(call, seq, EventKind::Hangup { cause: Cause::NormalClearing, answered_by: None })
}

/// How long a reply takes where it does not matter.
const FAST: Duration = Duration::from_millis(10);

fn crm() -> TargetName {
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

/// The end of a call that somebody answered.
fn answered_hangup(call: &str, seq: u32) -> Arc<CallEvent> {
    let (cause, answered_by) = (Cause::NormalClearing, Some(AnsweredBy::User(user("20"))));
    event(call, seq, EventKind::Hangup { cause, answered_by })
}

fn at_time(event: &Arc<CallEvent>, time: Timestamp) -> Arc<CallEvent> {
    Arc::new(CallEvent { time: Some(time), ..(**event).clone() })
}

fn retry() -> DeliveryOutcome {
    DeliveryOutcome::Retry { reason: "connection refused".into(), after: None }
}

fn retry_after(seconds: u64) -> DeliveryOutcome {
    DeliveryOutcome::Retry { reason: "429".into(), after: Some(Duration::from_secs(seconds)) }
}

fn refused() -> DeliveryOutcome {
    DeliveryOutcome::Refused { reason: "422".into() }
}

fn dead() -> DeliveryOutcome {
    DeliveryOutcome::Dead { reason: "cannot be said".into() }
}

fn misconfigured() -> DeliveryOutcome {
    DeliveryOutcome::Misconfigured { reason: "401: the token is wrong".into() }
}

fn gone() -> DeliveryOutcome {
    DeliveryOutcome::Gone { reason: "410".into() }
}

fn unknown_call() -> DeliveryOutcome {
    DeliveryOutcome::UnknownCall { reason: "500".into() }
}

fn unknown() -> DeliveryOutcome {
    DeliveryOutcome::Unknown { reason: "no reply".into() }
}

/// A row of the store.
#[derive(Clone, Debug)]
struct Row {
    target: TargetName,
    pending: PendingDelivery,
    end: Option<DeliveryState>,
}

fn prior(may_have_arrived: bool) -> PriorAttempt {
    if may_have_arrived { PriorAttempt::Unknown } else { PriorAttempt::None }
}

/// The store, in the plainest way.
#[derive(Clone, Debug, Default)]
struct FakeStore {
    rows: BTreeMap<DeliveryId, Row>,
    target_states: BTreeMap<TargetName, TargetState>,
    new_calls: BTreeMap<CallId, Arc<CallEvent>>,
    answers: BTreeMap<CallId, Arc<CallEvent>>,
}

impl FakeStore {
    fn insert(&mut self, target: &TargetName, event: &Arc<CallEvent>, now: Timestamp) -> PendingDelivery {
        let id = DeliveryId(self.rows.len() as i64 + 1);
        let (event_of, prior) = (event.clone(), PriorAttempt::None);
        let pending =
            PendingDelivery { id, event: event_of, committed_at: now, failures: 0, due_at: None, prior };
        self.rows.insert(id, Row { target: target.clone(), pending: pending.clone(), end: None });
        if let EventKind::NewCall { .. } = event.kind {
            self.new_calls.insert(event.call.clone(), event.clone());
        }
        if let EventKind::Answer { .. } = event.kind {
            self.answers.insert(event.call.clone(), event.clone());
        }
        pending
    }

    fn apply(&mut self, change: &StateChange) {
        match change {
            StateChange::Delivery {
                id,
                state: DeliveryState::Retry { failures, due_at, may_have_arrived, .. },
                ..
            } => {
                let pending = &mut self.rows.get_mut(id).unwrap().pending;
                (pending.failures, pending.due_at) = (*failures, Some(*due_at));
                pending.prior = prior(*may_have_arrived);
            }
            StateChange::AttemptEnded { id, may_have_arrived } => {
                self.rows.get_mut(id).unwrap().pending.prior = prior(*may_have_arrived);
            }
            StateChange::Delivery { id, state, .. } => {
                let row = self.rows.get_mut(id).unwrap();
                if row.end != Some(DeliveryState::Delivered) {
                    row.end = Some(state.clone());
                }
            }
            StateChange::Target { target, state } => {
                self.target_states.insert(target.clone(), state.clone());
            }
        }
    }

    /// What `call` began with.
    fn opening(&self, call: &str) -> Vec<Arc<CallEvent>> {
        self.new_calls.get(call).into_iter().chain(self.answers.get(call)).cloned().collect()
    }

    fn pending(&self, target: &TargetName, after: DeliveryId, limit: usize) -> (Vec<PendingDelivery>, bool) {
        let mut rows = self
            .rows
            .values()
            .filter(|row| row.target == *target && row.end.is_none() && row.pending.id > after);
        let first: Vec<_> = rows.by_ref().take(limit).map(|row| row.pending.clone()).collect();
        (first, rows.next().is_none())
    }
}

/// A machine with its store, which answers at once.
struct Bench {
    machine: DeliveryMachine,
    store: FakeStore,
    /// Whether wants are answered.
    answers: bool,
}

impl Bench {
    fn new() -> Self {
        Self::with(MachineLimits::default(), DeliveryPolicy::default())
    }

    fn with(limits: MachineLimits, policy: DeliveryPolicy) -> Self {
        let mut machine = DeliveryMachine::new(limits, RetrySchedule::default(), 1);
        machine.set_target(&crm(), policy, TargetState::Running, at(0));
        let mut bench = Self { machine, store: FakeStore::default(), answers: true };
        bench.turn(at(0));
        bench
    }

    fn with_policy(policy: DeliveryPolicy) -> Self {
        Self::with(MachineLimits::default(), policy)
    }

    fn commit(&mut self, event: &Arc<CallEvent>, now: Timestamp) -> DeliveryId {
        self.commit_to(&crm(), event, now)
    }

    fn commit_to(&mut self, name: &TargetName, event: &Arc<CallEvent>, now: Timestamp) -> DeliveryId {
        let pending = self.store.insert(name, event, now);
        let id = pending.id;
        self.machine.commit(name, pending, now);
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
        while let Some(change) = self.machine.poll_state_change() {
            self.store.apply(&change);
        }
        while self.answers
            && let Some(want) = self.machine.poll_load_request()
        {
            match want {
                LoadRequest::Pending(range) => {
                    let (rows, complete) = self.store.pending(&range.target, range.after, range.limit);
                    self.machine.load(&range, rows, complete, now);
                }
                LoadRequest::Opening { target, call } => {
                    let opening = self.store.opening(&call);
                    self.machine.resend_opening(&target, &call, opening, now);
                }
            }
            while let Some(change) = self.machine.poll_state_change() {
                self.store.apply(&change);
            }
        }
    }

    fn take(&mut self, now: Timestamp) -> Option<Delivery> {
        let delivery = self.machine.take(now).or_else(|| {
            // It may have asked for something first.
            self.turn(now);
            self.machine.take(now)
        });
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

    fn complete(&mut self, delivery: &Delivery, outcome: DeliveryOutcome, now: Timestamp) {
        self.machine.complete(delivery.id, outcome, FAST, now);
        self.turn(now);
    }

    /// Takes the one delivery that is due at `now`, which must be of `event`, and settles it.
    #[track_caller]
    fn send(&mut self, event: &str, outcome: DeliveryOutcome, now: Timestamp) {
        let taken = self.take_all(now);
        let ids: Vec<_> = taken.iter().map(|delivery| delivery.event.id.as_str()).collect();
        assert_eq!(ids, [event]);
        self.complete(&taken[0], outcome, now);
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
                self.complete(&delivery, DeliveryOutcome::Delivered, now);
            }
        }
    }

    fn execute(&mut self, order: DeliveryCommand, now: Timestamp) {
        self.machine.execute(order, now);
        self.turn(now);
    }

    fn notices(&mut self) -> Vec<OperatorNotice> {
        std::iter::from_fn(|| self.machine.poll_notice()).collect()
    }

    fn counts(&self) -> DeliveryCounts {
        self.machine.counts()
    }

    fn status(&self) -> TargetStatus<'_> {
        self.machine.targets().next().unwrap()
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.machine.next_due()
    }

    /// What became of a row: its last word, or how it waits.
    fn row(&self, id: DeliveryId) -> String {
        let row = &self.store.rows[&id];
        match &row.end {
            None => format!("waits, {} failed", row.pending.failures),
            Some(DeliveryState::Delivered) => "delivered".into(),
            Some(DeliveryState::Dead { reason }) => format!("dead: {reason}"),
            Some(DeliveryState::Expired { reason }) => format!("expired: {reason}"),
            Some(DeliveryState::Dropped) => "dropped".into(),
            Some(DeliveryState::Unknown { reason }) => format!("unknown: {reason}"),
            Some(DeliveryState::Retry { .. }) => unreachable!(),
        }
    }
}
