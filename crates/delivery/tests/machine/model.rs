//! The promises of the machine against a plain store, over arbitrary histories: the store writes and reads late, the
//! machine is informed late, and the process ends at any time.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;
use ringwire_delivery::{EventLifetimes, LatePolicy, PendingRange, RepeatPolicy, RepeatRules};

use super::*;

const IN_FLIGHT: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    /// The next event of a call, to the targets of a bit mask; its last one where `end` is set.
    Commit {
        call: usize,
        targets: u8,
        end: bool,
    },
    /// The machine learns of the oldest row it does not know.
    Announce,
    /// The store notes the oldest change it has not noted.
    Write,
    /// The store reads what was asked first.
    Read,
    /// The machine gets the oldest answer.
    Answer,
    Take,
    /// One of those on their way comes back.
    Settle {
        which: usize,
        how: usize,
    },
    Wait {
        seconds: u32,
    },
    Pause {
        target: usize,
    },
    Resume {
        target: usize,
    },
    Drop {
        which: usize,
    },
    Retry {
        which: usize,
    },
    /// A target is changed, or removed and taken up again.
    Reconfigure {
        target: usize,
        anew: bool,
    },
    /// The process ends; what was not written is forgotten.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..4usize, 1..4u8, prop::bool::weighted(0.3))
            .prop_map(|(call, targets, end)| Step::Commit { call, targets, end }),
        8 => Just(Step::Announce),
        8 => Just(Step::Write),
        6 => Just(Step::Read),
        6 => Just(Step::Answer),
        10 => Just(Step::Take),
        8 => (any::<usize>(), 0..16usize).prop_map(|(which, how)| Step::Settle { which, how }),
        2 => (0..100_000u32).prop_map(|seconds| Step::Wait { seconds }),
        2 => (0..3u32).prop_map(|seconds| Step::Wait { seconds }),
        1 => (0..2usize).prop_map(|target| Step::Pause { target }),
        2 => (0..2usize).prop_map(|target| Step::Resume { target }),
        1 => any::<usize>().prop_map(|which| Step::Drop { which }),
        1 => any::<usize>().prop_map(|which| Step::Retry { which }),
        1 => (0..2usize, any::<bool>()).prop_map(|(target, anew)| Step::Reconfigure { target, anew }),
        1 => Just(Step::Crash),
    ]
}

fn outcome(how: usize) -> DeliveryOutcome {
    match how {
        0..=5 => DeliveryOutcome::Delivered,
        6 | 7 => retry(),
        8 => retry_after(30),
        9 => refused(),
        10 => dead(),
        11 => misconfigured(),
        12 => unknown_call(),
        13 => unknown(),
        14 => DeliveryOutcome::AlreadyExists,
        _ => gone(),
    }
}

enum Reply {
    Pending(PendingRange, Vec<PendingDelivery>, bool),
    Opening(TargetName, CallId, Vec<Arc<CallEvent>>),
}

struct Model {
    machine: DeliveryMachine,
    limits: MachineLimits,
    policy: DeliveryPolicy,
    /// What is on disk.
    store: FakeStore,
    /// What the disk has not noted yet.
    unwritten: VecDeque<StateChange>,
    unannounced: VecDeque<PendingDelivery>,
    unread: VecDeque<LoadRequest>,
    replies: VecDeque<Reply>,
    /// Rows that are over, as the machine has said it.
    over: BTreeSet<DeliveryId>,
    in_flight: Vec<Delivery>,
    /// For each call slot: how many calls it has had, and the events of the present one.
    calls: [(u32, u32); 4],
    now: Timestamp,
    retried: bool,
    /// What may have been processed and may not be sent again, unless the operator wants it.
    unrepeatable: BTreeSet<DeliveryId>,
}

fn targets() -> [TargetName; 2] {
    ["a".into(), "b".into()]
}

impl Model {
    fn new(window: usize, policy: DeliveryPolicy, seed: u64) -> Self {
        let limits = MachineLimits { window, ..MachineLimits::default() };
        let mut model = Self {
            machine: DeliveryMachine::new(limits, RetrySchedule::default(), seed),
            limits,
            policy,
            store: FakeStore::default(),
            unwritten: VecDeque::new(),
            unannounced: VecDeque::new(),
            unread: VecDeque::new(),
            replies: VecDeque::new(),
            over: BTreeSet::new(),
            in_flight: Vec::new(),
            calls: [(0, 0); 4],
            now: at(0),
            retried: false,
            unrepeatable: BTreeSet::new(),
        };
        model.take_up();
        model
    }

    fn take_up(&mut self) {
        for target in targets() {
            let state = self.store.target_states.get(&target).cloned().unwrap_or_default();
            self.machine.set_target(&target, self.policy, state, self.now);
        }
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Commit { call, targets, end } => self.commit(call, targets, end),
            Step::Announce => {
                if let Some(pending) = self.unannounced.pop_front() {
                    let name = self.store.rows[&pending.id].target.clone();
                    self.machine.commit(&name, pending, self.now);
                }
            }
            Step::Write => {
                if let Some(change) = self.unwritten.pop_front() {
                    self.store.apply(&change);
                }
            }
            Step::Read => self.read(),
            Step::Answer => self.answer(),
            Step::Take => self.take(),
            Step::Settle { which, how } => self.complete(which, outcome(how)),
            Step::Wait { seconds } => self.now += Duration::from_secs(seconds.into()),
            Step::Pause { target } => {
                let target = targets()[target].clone();
                self.machine.execute(DeliveryCommand::Pause { target, reason: "works".into() }, self.now);
            }
            Step::Resume { target } => {
                self.machine.execute(DeliveryCommand::Resume { target: targets()[target].clone() }, self.now);
            }
            Step::Drop { which } => self.drop_delivery(which),
            Step::Retry { which } => self.retry(which),
            Step::Reconfigure { target, anew } => self.change(&targets()[target], anew),
            Step::Crash => self.crash(),
        }
        self.hear();
        self.check();
    }

    fn commit(&mut self, slot: usize, mask: u8, end: bool) {
        let (nth, seq) = &mut self.calls[slot];
        *seq += 1;
        let call = format!("{slot}.{nth}");
        let event = match *seq {
            1 => new_call(&call),
            seq if end => hangup(&call, seq),
            seq if seq % 2 == 0 => answer(&call, seq),
            seq => ringing(&call, seq),
        };
        if end && *seq > 1 {
            (*nth, *seq) = (*nth + 1, 0);
        }
        for (bit, target) in targets().iter().enumerate() {
            if mask & (1 << bit) != 0 {
                let pending = self.store.insert(target, &event, self.now);
                self.unannounced.push_back(pending);
            }
        }
    }

    fn read(&mut self) {
        match self.unread.pop_front() {
            Some(LoadRequest::Pending(range)) => {
                let (rows, complete) = self.store.pending(&range.target, range.after, range.limit);
                self.replies.push_back(Reply::Pending(range, rows, complete));
            }
            Some(LoadRequest::Opening { target, call }) => {
                let opening = self.store.opening(&call);
                self.replies.push_back(Reply::Opening(target, call, opening));
            }
            None => {}
        }
    }

    fn answer(&mut self) {
        match self.replies.pop_front() {
            Some(Reply::Pending(range, rows, complete)) => {
                self.machine.load(&range, rows, complete, self.now);
            }
            Some(Reply::Opening(target, call, opening)) => {
                self.machine.resend_opening(&target, &call, opening, self.now);
            }
            None => {}
        }
    }

    fn take(&mut self) {
        let due = self.machine.next_due();
        let Some(delivery) = self.machine.take(self.now) else {
            let next = self.machine.next_due();
            assert!(next.is_none_or(|next| next > self.now), "{next:?} was due_at, and nothing was given");
            return;
        };
        assert!(due.is_some_and(|due| due <= self.now), "what was given was not due");
        self.hear();
        let row = &self.store.rows[&delivery.id];
        assert_eq!(row.target, delivery.target);
        assert!(!self.over.contains(&delivery.id), "{} was sent after it was over", delivery.id);
        if delivery.is_replay {
            assert!(matches!(delivery.event.kind, EventKind::NewCall { .. } | EventKind::Answer { .. }));
        } else {
            assert_eq!(row.pending.event.id, delivery.event.id);
        }
        let earlier = self.store.rows.range(..delivery.id).find(|(id, other)| {
            other.target == row.target
                && other.pending.event.call == row.pending.event.call
                && !self.over.contains(id)
        });
        assert!(earlier.is_none(), "{} overtook {earlier:?}", delivery.id);
        let call = |delivery: &Delivery| (delivery.target.clone(), delivery.event.call.clone());
        assert!(
            self.in_flight.iter().all(|other| call(other) != call(&delivery)),
            "two deliveries of one call are on their way at once"
        );
        assert!(!self.unrepeatable.contains(&delivery.id), "{} was repeated", delivery.id);
        if delivery.is_unrepeatable {
            // Its attempt is on disk before it is sent, and so is what became of earlier ones.
            self.write_all();
            self.store.rows.get_mut(&delivery.id).unwrap().pending.prior = PriorAttempt::Open;
        }
        self.in_flight.push(delivery);
        for target in targets() {
            let of_target = || self.in_flight.iter().filter(|delivery| delivery.target == target);
            assert!(of_target().filter(|delivery| !delivery.is_unrepeatable).count() <= IN_FLIGHT);
            assert!(of_target().filter(|delivery| delivery.is_unrepeatable).count() <= 32);
        }
    }

    fn complete(&mut self, which: usize, outcome: DeliveryOutcome) {
        if !self.in_flight.is_empty() {
            let delivery = self.in_flight.swap_remove(which % self.in_flight.len());
            let has_succeeded =
                matches!(outcome, DeliveryOutcome::Delivered | DeliveryOutcome::AlreadyExists);
            let arrived = has_succeeded && !delivery.is_replay;
            if delivery.is_unrepeatable && matches!(outcome, DeliveryOutcome::Unknown { .. }) {
                self.unrepeatable.insert(delivery.id);
            }
            self.machine.complete(delivery.id, outcome, FAST, self.now);
            self.hear();
            assert!(
                !arrived || self.over.contains(&delivery.id),
                "{} has arrived and is pending",
                delivery.id
            );
        }
    }

    fn drop_delivery(&mut self, which: usize) {
        let waiting: Vec<_> = self.store.rows.keys().filter(|id| !self.over.contains(id)).copied().collect();
        // The operator sees what the machine knows.
        let is_known = |id: &&DeliveryId| self.unannounced.iter().all(|pending| pending.id != **id);
        let waiting: Vec<_> = waiting.iter().filter(is_known).collect();
        if let Some(id) = waiting.get(which % waiting.len().max(1)) {
            let target = self.store.rows[*id].target.clone();
            self.machine.execute(DeliveryCommand::Drop { target, id: **id }, self.now);
        }
    }

    fn retry(&mut self, which: usize) {
        self.write_all();
        let ids: Vec<_> = self
            .store
            .rows
            .iter()
            .filter(|(_, row)| {
                matches!(
                    row.end,
                    Some(
                        DeliveryState::Dead { .. }
                            | DeliveryState::Expired { .. }
                            | DeliveryState::Dropped
                            | DeliveryState::Unknown { .. }
                    )
                )
            })
            .map(|(id, _)| *id)
            .collect();
        let Some(id) = ids.get(which % ids.len().max(1)) else { return };
        let row = self.store.rows.get_mut(id).unwrap();
        row.end = None;
        (row.pending.failures, row.pending.due_at) = (0, None);
        let (target, pending) = (row.target.clone(), row.pending.clone());
        self.over.remove(id);
        self.unrepeatable.remove(id);
        self.retried = true;
        self.machine.execute(DeliveryCommand::Retry { target, pending }, self.now);
    }

    fn change(&mut self, target: &TargetName, anew: bool) {
        self.write_all();
        let state = self.store.target_states.get(target).cloned().unwrap_or_default();
        if anew {
            self.machine.remove_target(target);
            let lost = self.in_flight.iter().filter(|delivery| delivery.target == *target);
            self.unrepeatable
                .extend(lost.filter(|delivery| delivery.is_unrepeatable).map(|delivery| delivery.id));
            self.in_flight.retain(|delivery| delivery.target != *target);
        }
        self.machine.set_target(target, self.policy, state, self.now);
    }

    fn crash(&mut self) {
        self.machine = DeliveryMachine::new(self.limits, RetrySchedule::default(), 1);
        self.unwritten.clear();
        self.unannounced.clear();
        self.unread.clear();
        self.replies.clear();
        let lost = self.in_flight.drain(..).filter(|delivery| delivery.is_unrepeatable);
        self.unrepeatable.extend(lost.map(|delivery| delivery.id));
        let ended = self.store.rows.iter().filter(|(_, row)| row.end.is_some());
        self.over = ended.map(|(id, _)| *id).collect();
        self.take_up();
    }

    fn hear(&mut self) {
        while let Some(change) = self.machine.poll_state_change() {
            if let StateChange::Delivery { id, target, state } = &change {
                assert_eq!(self.store.rows[id].target, *target);
                assert!(!self.over.contains(id), "{id} changed after it was over: {state:?}");
                if !matches!(state, DeliveryState::Retry { .. }) {
                    self.over.insert(*id);
                }
            }
            self.unwritten.push_back(change);
        }
        self.unread.extend(std::iter::from_fn(|| self.machine.poll_load_request()));
        while self.machine.poll_notice().is_some() {}
    }

    fn check(&self) {
        let counts = self.machine.counts();
        assert_eq!(counts.in_flight, self.in_flight.len());
        for status in self.machine.targets() {
            let held = status.counts.pending + status.counts.in_flight;
            assert!(self.retried || held <= self.limits.window * 10, "{held} in memory");
        }
    }

    fn write_all(&mut self) {
        self.unwritten.drain(..).for_each(|change| self.store.apply(&change));
    }

    /// From here on everything arrives; then nothing may be pending.
    fn drain(&mut self) {
        for target in 0..2 {
            self.run(&Step::Resume { target });
        }
        for _ in 0..20_000 {
            for step in [Step::Announce, Step::Read, Step::Answer, Step::Write, Step::Take] {
                self.run(&step);
            }
            self.run(&Step::Settle { which: 0, how: 0 });
            let quiet = self.unannounced.is_empty() && self.unread.is_empty() && self.replies.is_empty();
            if !quiet || !self.in_flight.is_empty() {
                continue;
            }
            match self.machine.next_due() {
                Some(due) => self.now = self.now.max(due),
                None => break,
            }
        }
        self.write_all();
        assert!(self.machine.is_idle(), "{:?}", self.machine.counts());
        assert_eq!(self.over.len(), self.store.rows.len(), "{:?}", self.store);
        assert!(self.store.rows.values().all(|row| row.end.is_some()));
    }
}

fn policy() -> impl Strategy<Value = DeliveryPolicy> {
    let lifetimes = prop_oneof![Just(EventLifetimes::default()), Just(EventLifetimes::FOREVER)];
    let late = prop_oneof![Just(LatePolicy::All), Just(LatePolicy::Final { after: Duration::from_secs(30) })];
    let zammad = RepeatRules {
        answer: RepeatPolicy::Quietly,
        missed_hangup: RepeatPolicy::Never,
        ..RepeatRules::default()
    };
    let repeats = prop_oneof![Just(RepeatRules::default()), Just(zammad)];
    (lifetimes, late, repeats).prop_map(|(lifetimes, late, repeats)| DeliveryPolicy {
        in_flight: IN_FLIGHT,
        lifetimes,
        late,
        repeats,
        ..DeliveryPolicy::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_row_is_sent_in_its_order_until_it_is_over_once_whatever_happens(
        steps in prop::collection::vec(step(), 0..300), window in 1..6usize, policy in policy(), seed: u64,
    ) {
        let mut model = Model::new(window, policy, seed);
        steps.iter().for_each(|step| model.run(step));
        model.drain();
    }
}

#[test]
fn a_row_that_is_retried_beyond_what_was_read_is_not_read_again() {
    let announce = [Step::Announce, Step::Announce, Step::Announce];
    let commit = |call, targets| Step::Commit { call, targets, end: false };
    let mut model = Model::new(1, DeliveryPolicy { in_flight: IN_FLIGHT, ..DeliveryPolicy::default() }, 0);
    let steps = [commit(0, 2), commit(1, 3), Step::Read].into_iter().chain(announce).chain([
        Step::Read,
        commit(0, 3),
        Step::Announce,
        Step::Answer,
        // The row is in the store only: it is dropped there, and retried when all has been read.
        Step::Drop { which: 3 },
        Step::Answer,
        Step::Announce,
        Step::Take,
        Step::Settle { which: 0, how: 12 },
        Step::Retry { which: 0 },
        Step::Read,
        Step::Answer,
        commit(0, 1),
        commit(0, 1),
        Step::Retry { which: 0 },
        commit(0, 1),
        commit(0, 1),
        Step::Announce,
    ]);
    steps.for_each(|step| model.run(&step));
    model.drain();
}
