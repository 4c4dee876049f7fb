//! The promises of the machine against a plain store, over arbitrary histories: the store writes and reads late, the
//! machine is told late, and the process ends at any time.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;
use ringwire_outbox::delivery::{Late, Lifetimes, More};

use super::*;

const IN_FLIGHT: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    /// The next event of a call, to the endpoints of a bit mask; its last one where `end` is set.
    Commit {
        call: usize,
        endpoints: u8,
        end: bool,
    },
    /// The machine hears of the oldest row it was not told of.
    Tell,
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
        endpoint: usize,
    },
    Resume {
        endpoint: usize,
    },
    Drop {
        which: usize,
    },
    Retry {
        which: usize,
    },
    /// An endpoint is changed, or removed and taken up again.
    Change {
        endpoint: usize,
        anew: bool,
    },
    /// The process ends; what was not written is forgotten.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..4usize, 1..4u8, prop::bool::weighted(0.3))
            .prop_map(|(call, endpoints, end)| Step::Commit { call, endpoints, end }),
        8 => Just(Step::Tell),
        8 => Just(Step::Write),
        6 => Just(Step::Read),
        6 => Just(Step::Answer),
        10 => Just(Step::Take),
        8 => (any::<usize>(), 0..14usize).prop_map(|(which, how)| Step::Settle { which, how }),
        2 => (0..100_000u32).prop_map(|seconds| Step::Wait { seconds }),
        2 => (0..3u32).prop_map(|seconds| Step::Wait { seconds }),
        1 => (0..2usize).prop_map(|endpoint| Step::Pause { endpoint }),
        2 => (0..2usize).prop_map(|endpoint| Step::Resume { endpoint }),
        1 => any::<usize>().prop_map(|which| Step::Drop { which }),
        1 => any::<usize>().prop_map(|which| Step::Retry { which }),
        1 => (0..2usize, any::<bool>()).prop_map(|(endpoint, anew)| Step::Change { endpoint, anew }),
        1 => Just(Step::Crash),
    ]
}

fn outcome(how: usize) -> Outcome {
    match how {
        0..=5 => Outcome::Delivered,
        6 | 7 => retry(),
        8 => retry_after(30),
        9 => refused(),
        10 => dead(),
        11 => misconfigured(),
        12 => unknown(),
        _ => gone(),
    }
}

enum Reply {
    More(More, Vec<Owed>, bool),
    Introduction(EndpointName, CallId, Option<Arc<CallEvent>>),
}

struct Model {
    machine: Machine,
    limits: Limits,
    terms: Terms,
    /// What is on disk.
    store: Store,
    /// What the disk has not noted yet.
    unwritten: VecDeque<Change>,
    untold: VecDeque<Owed>,
    unread: VecDeque<Want>,
    replies: VecDeque<Reply>,
    /// Rows that are over, as the machine has said it.
    over: BTreeSet<DeliveryId>,
    on_the_way: Vec<Delivery>,
    /// For each call slot: how many calls it has had, and the events of the present one.
    calls: [(u32, u32); 4],
    now: Timestamp,
    retried: bool,
}

fn endpoints() -> [EndpointName; 2] {
    ["a".into(), "b".into()]
}

impl Model {
    fn new(window: usize, terms: Terms, seed: u64) -> Self {
        let limits = Limits { window, ..Limits::default() };
        let mut model = Self {
            machine: Machine::new(limits, Schedule::default(), seed),
            limits,
            terms,
            store: Store::default(),
            unwritten: VecDeque::new(),
            untold: VecDeque::new(),
            unread: VecDeque::new(),
            replies: VecDeque::new(),
            over: BTreeSet::new(),
            on_the_way: Vec::new(),
            calls: [(0, 0); 4],
            now: at(0),
            retried: false,
        };
        model.take_up();
        model
    }

    fn take_up(&mut self) {
        for endpoint in endpoints() {
            let standing = self.store.standings.get(&endpoint).cloned().unwrap_or_default();
            self.machine.set_endpoint(&endpoint, self.terms, standing, self.now);
        }
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Commit { call, endpoints, end } => self.commit(call, endpoints, end),
            Step::Tell => {
                if let Some(owed) = self.untold.pop_front() {
                    let name = self.store.rows[&owed.id].endpoint.clone();
                    self.machine.commit(&name, owed, self.now);
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
            Step::Settle { which, how } => self.settle(which, outcome(how)),
            Step::Wait { seconds } => self.now += Duration::from_secs(seconds.into()),
            Step::Pause { endpoint } => {
                let endpoint = endpoints()[endpoint].clone();
                self.machine.order(Order::Pause { endpoint, reason: "works".into() }, self.now);
            }
            Step::Resume { endpoint } => {
                self.machine.order(Order::Resume { endpoint: endpoints()[endpoint].clone() }, self.now);
            }
            Step::Drop { which } => self.drop_row(which),
            Step::Retry { which } => self.retry(which),
            Step::Change { endpoint, anew } => self.change(&endpoints()[endpoint], anew),
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
        for (bit, endpoint) in endpoints().iter().enumerate() {
            if mask & (1 << bit) != 0 {
                let owed = self.store.insert(endpoint, &event, self.now);
                self.untold.push_back(owed);
            }
        }
    }

    fn read(&mut self) {
        match self.unread.pop_front() {
            Some(Want::More(more)) => {
                let (rows, complete) = self.store.waiting(&more.endpoint, more.after, more.limit);
                self.replies.push_back(Reply::More(more, rows, complete));
            }
            Some(Want::Introduction { endpoint, call }) => {
                let new_call = self.store.new_calls.get(&call).cloned();
                self.replies.push_back(Reply::Introduction(endpoint, call, new_call));
            }
            None => {}
        }
    }

    fn answer(&mut self) {
        match self.replies.pop_front() {
            Some(Reply::More(more, rows, complete)) => self.machine.load(&more, rows, complete, self.now),
            Some(Reply::Introduction(endpoint, call, event)) => {
                self.machine.introduce(&endpoint, &call, event, self.now);
            }
            None => {}
        }
    }

    fn take(&mut self) {
        let due = self.machine.next_due();
        let Some(delivery) = self.machine.take(self.now) else {
            let next = self.machine.next_due();
            assert!(next.is_none_or(|next| next > self.now), "{next:?} was due, and nothing was given");
            return;
        };
        assert!(due.is_some_and(|due| due <= self.now), "what was given was not due");
        self.hear();
        let row = &self.store.rows[&delivery.id];
        assert_eq!(row.endpoint, delivery.endpoint);
        assert!(!self.over.contains(&delivery.id), "{} was sent after it was over", delivery.id);
        if delivery.again {
            assert!(matches!(delivery.event.kind, EventKind::NewCall { .. }));
        } else {
            assert_eq!(row.owed.event.id, delivery.event.id);
        }
        let earlier = self.store.rows.range(..delivery.id).find(|(id, other)| {
            other.endpoint == row.endpoint
                && other.owed.event.call == row.owed.event.call
                && !self.over.contains(id)
        });
        assert!(earlier.is_none(), "{} overtook {earlier:?}", delivery.id);
        let call = |delivery: &Delivery| (delivery.endpoint.clone(), delivery.event.call.clone());
        assert!(
            self.on_the_way.iter().all(|other| call(other) != call(&delivery)),
            "two deliveries of one call are on their way at once"
        );
        self.on_the_way.push(delivery);
        for endpoint in endpoints() {
            let at_once = self.on_the_way.iter().filter(|delivery| delivery.endpoint == endpoint).count();
            assert!(at_once <= IN_FLIGHT);
        }
    }

    fn settle(&mut self, which: usize, outcome: Outcome) {
        if !self.on_the_way.is_empty() {
            let delivery = self.on_the_way.swap_remove(which % self.on_the_way.len());
            let arrived = outcome == Outcome::Delivered && !delivery.again;
            self.machine.settle(delivery.id, outcome, FAST, self.now);
            self.hear();
            assert!(!arrived || self.over.contains(&delivery.id), "{} has arrived and is owed", delivery.id);
        }
    }

    fn drop_row(&mut self, which: usize) {
        let waiting: Vec<_> = self.store.rows.keys().filter(|id| !self.over.contains(id)).copied().collect();
        // The operator sees what the machine was told of.
        let told = |id: &&DeliveryId| self.untold.iter().all(|owed| owed.id != **id);
        let waiting: Vec<_> = waiting.iter().filter(told).collect();
        if let Some(id) = waiting.get(which % waiting.len().max(1)) {
            let endpoint = self.store.rows[*id].endpoint.clone();
            self.machine.order(Order::Drop { endpoint, id: **id }, self.now);
        }
    }

    fn retry(&mut self, which: usize) {
        self.write_all();
        let ids: Vec<_> = self
            .store
            .rows
            .iter()
            .filter(|(_, row)| {
                matches!(row.end, Some(State::Dead { .. } | State::Expired { .. } | State::Dropped))
            })
            .map(|(id, _)| *id)
            .collect();
        let Some(id) = ids.get(which % ids.len().max(1)) else { return };
        let row = self.store.rows.get_mut(id).unwrap();
        row.end = None;
        (row.owed.failures, row.owed.due) = (0, None);
        let (endpoint, owed) = (row.endpoint.clone(), row.owed.clone());
        self.over.remove(id);
        self.retried = true;
        self.machine.order(Order::Retry { endpoint, owed }, self.now);
    }

    fn change(&mut self, endpoint: &EndpointName, anew: bool) {
        self.write_all();
        let standing = self.store.standings.get(endpoint).cloned().unwrap_or_default();
        if anew {
            self.machine.remove_endpoint(endpoint);
            self.on_the_way.retain(|delivery| delivery.endpoint != *endpoint);
        }
        self.machine.set_endpoint(endpoint, self.terms, standing, self.now);
    }

    fn crash(&mut self) {
        self.machine = Machine::new(self.limits, Schedule::default(), 1);
        self.unwritten.clear();
        self.untold.clear();
        self.unread.clear();
        self.replies.clear();
        self.on_the_way.clear();
        let ended = self.store.rows.iter().filter(|(_, row)| row.end.is_some());
        self.over = ended.map(|(id, _)| *id).collect();
        self.take_up();
    }

    fn hear(&mut self) {
        while let Some(change) = self.machine.poll_change() {
            if let Change::Delivery { id, endpoint, state } = &change {
                assert_eq!(self.store.rows[id].endpoint, *endpoint);
                assert!(!self.over.contains(id), "{id} changed after it was over: {state:?}");
                if !matches!(state, State::Retry { .. }) {
                    self.over.insert(*id);
                }
            }
            self.unwritten.push_back(change);
        }
        self.unread.extend(std::iter::from_fn(|| self.machine.poll_want()));
        while self.machine.poll_notice().is_some() {}
    }

    fn check(&self) {
        let counts = self.machine.counts();
        assert_eq!(counts.in_flight, self.on_the_way.len());
        for status in self.machine.endpoints() {
            let held = status.counts.waiting + status.counts.in_flight;
            assert!(self.retried || held <= self.limits.window * 10, "{held} in memory");
        }
    }

    fn write_all(&mut self) {
        self.unwritten.drain(..).for_each(|change| self.store.apply(&change));
    }

    /// From here on everything arrives; then nothing may be owed.
    fn drain(&mut self) {
        for endpoint in 0..2 {
            self.run(&Step::Resume { endpoint });
        }
        for _ in 0..20_000 {
            for step in [Step::Tell, Step::Read, Step::Answer, Step::Write, Step::Take] {
                self.run(&step);
            }
            self.run(&Step::Settle { which: 0, how: 0 });
            let quiet = self.untold.is_empty() && self.unread.is_empty() && self.replies.is_empty();
            if !quiet || !self.on_the_way.is_empty() {
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

fn terms() -> impl Strategy<Value = Terms> {
    let lifetimes = prop_oneof![Just(Lifetimes::default()), Just(Lifetimes::FOREVER)];
    let late = prop_oneof![Just(Late::All), Just(Late::Final { after: Duration::from_secs(30) })];
    (lifetimes, late).prop_map(|(lifetimes, late)| Terms { in_flight: IN_FLIGHT, lifetimes, late })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_row_is_sent_in_its_order_until_it_is_over_once_whatever_happens(
        steps in prop::collection::vec(step(), 0..300), window in 1..6usize, terms in terms(), seed: u64,
    ) {
        let mut model = Model::new(window, terms, seed);
        steps.iter().for_each(|step| model.run(step));
        model.drain();
    }
}
