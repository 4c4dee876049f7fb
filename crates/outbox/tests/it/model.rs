//! The promises of the outbox against a small model, over arbitrary histories.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use proptest::prelude::*;
use ringwire_event::{CallEvent, What};
use ringwire_outbox::{Delivery, EndpointName, Limits, Notice, Outbox, Outcome, Schedule};

use crate::{at, dead, hangup, hold, misconfigured, names, new_call, retry, retry_after, unknown};

const IN_FLIGHT: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    /// The next event of a call, to the endpoints of a bit mask.
    Commit {
        call: usize,
        endpoints: u8,
    },
    /// A call ends.
    End {
        call: usize,
    },
    Take,
    /// One of those on their way comes back.
    Settle {
        which: usize,
        how: How,
    },
    Wait {
        seconds: u32,
    },
}

#[derive(Clone, Copy, Debug)]
enum How {
    Delivered,
    Retry,
    RetryAfter,
    Dead,
    Misconfigured,
    Unknown,
}

fn step() -> impl Strategy<Value = Step> {
    let how = prop_oneof![
        6 => Just(How::Delivered),
        3 => Just(How::Retry),
        1 => Just(How::RetryAfter),
        1 => Just(How::Dead),
        1 => Just(How::Misconfigured),
        2 => Just(How::Unknown),
    ];
    prop_oneof![
        4 => (0..4usize, 1..8u8).prop_map(|(call, endpoints)| Step::Commit { call, endpoints }),
        1 => (0..4usize).prop_map(|call| Step::End { call }),
        5 => Just(Step::Take),
        4 => (any::<usize>(), how).prop_map(|(which, how)| Step::Settle { which, how }),
        2 => (0..100_000u32).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

type Lane = (EndpointName, String);

/// What each lane is owed and how far it has come, said in the plainest way.
struct Model {
    outbox: Outbox,
    endpoints: Vec<EndpointName>,
    now: Timestamp,
    /// For each call slot: how many calls it has had, and the events of the present one.
    calls: Vec<(u32, u32)>,
    owed: BTreeMap<Lane, Vec<Arc<CallEvent>>>,
    on_the_way: Vec<Delivery>,
    delivered: BTreeSet<(EndpointName, String)>,
    dead: BTreeSet<(EndpointName, String)>,
    given_up: BTreeMap<Lane, usize>,
    committed: usize,
}

impl Model {
    fn new(waiting: usize, seed: u64) -> Self {
        let limits = Limits { waiting, in_flight: IN_FLIGHT, hold: Duration::from_secs(60) };
        Self {
            outbox: Outbox::new(limits, Schedule::default(), seed),
            endpoints: names(&["a", "b", "c"]),
            now: at(0),
            calls: vec![(0, 0); 4],
            owed: BTreeMap::new(),
            on_the_way: Vec::new(),
            delivered: BTreeSet::new(),
            dead: BTreeSet::new(),
            given_up: BTreeMap::new(),
            committed: 0,
        }
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Commit { call, endpoints } => self.commit(call, endpoints, false),
            Step::End { call } => self.commit(call, 7, true),
            Step::Take => self.take(),
            Step::Settle { which, how } => self.settle(which, how),
            Step::Wait { seconds } => self.now += Duration::from_secs(seconds.into()),
        }
        self.hear_notices();
        let counts = self.outbox.counts();
        assert_eq!(counts.in_flight, self.on_the_way.len());
        let told = counts.delivered + counts.dead + counts.given_up;
        let total = usize::try_from(told).unwrap() + counts.waiting + counts.in_flight;
        assert_eq!(total, self.committed, "every delivery is in one state: {counts:?}");
    }

    fn commit(&mut self, slot: usize, endpoints: u8, end: bool) {
        let (ref mut nth, ref mut seq) = self.calls[slot];
        if *seq == 0 && end {
            return;
        }
        *seq += 1;
        let call = format!("{slot}.{nth}");
        let event = match *seq {
            1 => new_call(&call),
            seq if end => hangup(&call, seq),
            seq => hold(&call, seq),
        };
        if end {
            *nth += 1;
            *seq = 0;
        }
        let mask = |index: usize| event.seq == 1 || endpoints & (1 << index) != 0;
        let told: Vec<_> =
            (0..3).filter(|index| mask(*index)).map(|index| self.endpoints[index].clone()).collect();
        self.committed += told.len();
        self.outbox.commit(&event, &told, self.now);
        for endpoint in told {
            self.owed.entry((endpoint, event.call.clone())).or_default().push(event.clone());
        }
    }

    fn take(&mut self) {
        let due = self.outbox.next_due();
        let Some(delivery) = self.outbox.take(self.now) else {
            assert!(due.is_none_or(|due| due > self.now), "what was due at {due:?} was not given");
            return;
        };
        assert!(due.is_some_and(|due| due <= self.now), "what was given was not due");
        let lane = (delivery.endpoint.clone(), delivery.event.call.clone());
        let key = (delivery.endpoint.clone(), delivery.event.id.clone());
        if delivery.again {
            assert!(matches!(delivery.event.what, What::NewCall { .. }));
        } else {
            assert!(!self.delivered.contains(&key), "{key:?} was sent after it had arrived");
            assert!(!self.dead.contains(&key), "{key:?} was sent after it had died");
            assert_eq!(self.owed[&lane][0].id, delivery.event.id, "a later event overtook an earlier one");
        }
        for other in &self.on_the_way {
            assert!(
                (&other.endpoint, &other.event.call) != (&delivery.endpoint, &delivery.event.call),
                "two deliveries of one call are on their way at once"
            );
        }
        self.on_the_way.push(delivery);
        for endpoint in &self.endpoints {
            let at_once = self.on_the_way.iter().filter(|delivery| delivery.endpoint == *endpoint).count();
            assert!(at_once <= IN_FLIGHT);
        }
    }

    fn settle(&mut self, which: usize, how: How) {
        if self.on_the_way.is_empty() {
            return;
        }
        let delivery = self.on_the_way.swap_remove(which % self.on_the_way.len());
        let outcome = match how {
            How::Delivered => Outcome::Delivered,
            How::Retry => retry(),
            How::RetryAfter => retry_after(30),
            How::Dead => dead(),
            How::Misconfigured => misconfigured(),
            How::Unknown => unknown(),
        };
        if matches!(how, How::Delivered) && !delivery.again {
            self.delivered.insert((delivery.endpoint.clone(), delivery.event.id.clone()));
            self.owed.get_mut(&(delivery.endpoint.clone(), delivery.event.call.clone())).unwrap().remove(0);
        }
        self.outbox.settle(delivery.id, outcome, self.now);
    }

    fn hear_notices(&mut self) {
        while let Some(notice) = self.outbox.poll_notice() {
            match notice {
                Notice::Health { .. } => {}
                Notice::Dead { endpoint, event, .. } => {
                    assert!(self.dead.insert((endpoint.clone(), event.id.clone())));
                    assert_eq!(
                        self.owed.get_mut(&(endpoint, event.call.clone())).unwrap().remove(0).id,
                        event.id
                    );
                }
                Notice::GivenUp { endpoint, call, events } => {
                    let owed = self.owed.get_mut(&(endpoint.clone(), call.clone())).unwrap();
                    owed.truncate(owed.len() - events);
                    *self.given_up.entry((endpoint, call)).or_default() += events;
                }
            }
        }
    }

    /// From here on everything arrives; then nothing may be owed.
    fn drain(&mut self) {
        for _ in 0..100_000 {
            match self.outbox.next_due() {
                Some(due) => self.now = self.now.max(due),
                None if self.on_the_way.is_empty() => break,
                None => {}
            }
            self.run(&Step::Take);
            self.run(&Step::Settle { which: 0, how: How::Delivered });
        }
        assert!(self.outbox.is_idle(), "{:?}", self.outbox.counts());
        assert!(self.owed.values().all(Vec::is_empty), "{:?}", self.owed);
        let given_up: usize = self.given_up.values().sum();
        assert_eq!(self.delivered.len() + self.dead.len() + given_up, self.committed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_is_kept_and_nothing_is_lost_or_said_again(
        steps in prop::collection::vec(step(), 0..200), seed: u64,
    ) {
        let mut model = Model::new(usize::MAX, seed);
        steps.iter().for_each(|step| model.run(step));
        model.drain();
        prop_assert!(model.given_up.is_empty());
    }

    #[test]
    fn under_a_limit_the_rest_keeps_its_order_and_every_loss_is_said(
        steps in prop::collection::vec(step(), 0..200), seed: u64, waiting in 0..6usize,
    ) {
        let mut model = Model::new(waiting, seed);
        for step in &steps {
            model.run(step);
            // What was on its way when the limit was kept last may have come back since.
            prop_assert!(model.outbox.counts().waiting <= waiting + 3 * IN_FLIGHT);
        }
        model.drain();
    }
}
