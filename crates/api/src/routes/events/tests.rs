//! Whatever happens when: a listener that goes on from the last place it knows is told each event once, in order.

use std::{
    collections::VecDeque,
    sync::{
        Arc, LazyLock,
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use proptest::prelude::*;
use ringwire_event::{CallEvent, Direction, EventKind, ExplanationStep};
use ringwire_live::{Desk, Feed};
use ringwire_outbox::{CommittedEvent, NewEvent, Store, StoreReport, StoreWrite};
use tempfile::TempDir;
use tokio::{runtime::Runtime, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    filter::Filter,
    stream::{Listener, Place},
};
use crate::{
    access::{Access, Who},
    server::Counter,
    sources::{Channel, Sources, Switchboard},
};

/// Longer than anything here takes; only a failure waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Few enough that a listener who does not listen is soon too slow.
const BACKLOG: usize = 4;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
});

/// What can happen.
#[derive(Clone, Debug)]
enum Step {
    /// Something happens to a call.
    Event,
    /// It is on disk, and those who listen are told.
    Tell,
    /// The disk fails, or can be written again.
    Disk,
    /// The listener takes what there is.
    Listen,
    /// The listener is cut off, and comes again.
    Cut,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Event),
        6 => Just(Step::Tell),
        1 => Just(Step::Disk),
        4 => Just(Step::Listen),
        1 => Just(Step::Cut),
    ];
    proptest::collection::vec(step, 1..60)
}

struct Nobody;

impl Switchboard for Nobody {
    fn channels(&self) -> BoxFuture<'static, Vec<Channel>> {
        Box::pin(async { Vec::new() })
    }

    fn diagnosis(&self) -> BoxFuture<'static, serde_json::Value> {
        Box::pin(async { serde_json::Value::Null })
    }

    fn story(&self, _: &str) -> BoxFuture<'static, Option<Vec<ExplanationStep>>> {
        Box::pin(async { None })
    }
}

struct World {
    desk: Desk,
    counter: Counter,
    store: Store,
    reports: Receiver<StoreReport>,
    /// On disk, and not told yet.
    untold: VecDeque<CommittedEvent>,
    /// Told, and not on disk yet.
    held: Vec<Arc<CallEvent>>,
    failing: bool,
    /// How many events there were.
    events: i64,
    /// The last place that was told.
    told: i64,
    listener: Listener,
    greeted: bool,
    /// The last place that the listener knows.
    place: i64,
    _home: TempDir,
}

fn event(number: i64) -> Arc<CallEvent> {
    Arc::new(CallEvent {
        id: format!("a/{number}"),
        kind: EventKind::NewCall { users: Vec::new() },
        call: "a".to_owned(),
        seq: u32::try_from(number).unwrap(),
        time: None,
        pbx: "main".to_owned(),
        recovered: false,
        direction: Direction::In,
        from: "1".to_owned(),
        from_name: None,
        to: "2".to_owned(),
        queue: None,
        trunk: None,
        account: None,
        tenant: None,
    })
}

fn listener(counter: &Counter, after: i64) -> Listener {
    let place = Place { after: Some(after), viewer: false };
    let stream = counter.limits().stream(&Who::local()).unwrap();
    Listener::new(counter.clone(), place, Filter::default(), false, false, (CancellationToken::new(), stream))
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("journal.db");
        let (report, reports) = mpsc::channel();
        let now = Timestamp::now();
        let (store, _) = Store::open(&path, now, move |said| {
            let _ = report.send(said);
        })
        .unwrap();
        let desk = Desk::with_feed(now, Feed::with_backlog(BACKLOG));
        let sources = Sources { journal: path, switchboard: Arc::new(Nobody) };
        let counter = Counter::new(desk.clone(), sources, Access::default());
        let listener = listener(&counter, 0);
        Self {
            desk,
            counter,
            store,
            reports,
            untold: VecDeque::new(),
            held: Vec::new(),
            failing: false,
            events: 0,
            told: 0,
            listener,
            greeted: false,
            place: 0,
            _home: home,
        }
    }

    fn write(&self, event: Arc<CallEvent>) -> CommittedEvent {
        let recorded = Timestamp::now();
        self.store.write(StoreWrite::Event(NewEvent {
            event,
            targets: Vec::new(),
            is_replay: false,
            recorded_at: recorded,
        }));
        match self.reports.recv_timeout(PATIENCE).unwrap() {
            StoreReport::Committed { mut events, durable: true } => events.remove(0),
            other => panic!("{other:?}"),
        }
    }

    fn happen(&mut self) {
        self.events += 1;
        let event = event(self.events);
        if self.failing {
            self.held.push(Arc::clone(&event));
            let (seq, recorded) = (self.events, Timestamp::now());
            let committed = CommittedEvent {
                seq,
                event,
                deliveries: Vec::new(),
                is_replay: false,
                recorded_at: recorded,
            };
            self.desk.committed(&committed, false, recorded);
        } else {
            let committed = self.write(event);
            assert_eq!(committed.seq, self.events);
            self.untold.push_back(committed);
        }
    }

    fn tell(&mut self) {
        if let Some(committed) = self.untold.pop_front() {
            self.told = committed.seq;
            self.desk.committed(&committed, true, Timestamp::now());
        }
    }

    /// The disk fails; or can be written again, and then what was kept is, without being told again.
    fn turn_disk(&mut self) {
        while !self.untold.is_empty() {
            self.tell();
        }
        self.failing = !self.failing;
        for event in std::mem::take(&mut self.held) {
            self.write(event);
        }
    }

    fn listen(&mut self) {
        if self.greeted && self.told <= self.place {
            return;
        }
        let said = RUNTIME.block_on(async { timeout(PATIENCE, self.listener.next()).await });
        let said = said.expect("something is said").expect("the stream goes on");
        self.greeted = true;
        for frame in std::str::from_utf8(&said).unwrap().split_terminator("\n\n") {
            let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name));
            assert_ne!(field("event: "), Some("reset"), "{frame}");
            if let (Some("call"), Some(id)) = (field("event: "), field("id: ")) {
                let id: i64 = id.parse().unwrap();
                assert_eq!(id, self.place + 1, "{frame}");
                assert!(field("data: ").unwrap().contains(&format!("\"a/{id}\"")), "{frame}");
                self.place = id;
            }
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Event => self.happen(),
            Step::Tell => self.tell(),
            Step::Disk => self.turn_disk(),
            Step::Listen => self.listen(),
            Step::Cut => {
                self.greeted = false;
                self.listener = listener(&self.counter, self.place);
            }
        }
    }

    /// Everything that has happened is told in the end.
    fn finish(mut self) {
        if self.failing {
            self.turn_disk();
        }
        self.happen();
        while !self.untold.is_empty() {
            self.tell();
        }
        while self.place < self.events {
            self.listen();
        }
        self.store.close(Timestamp::now());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn each_event_is_told_once_and_in_order(steps in steps()) {
        let _within = RUNTIME.enter();
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.finish();
    }
}
