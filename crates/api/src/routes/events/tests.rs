//! Whatever happens when: a client that continues from its last cursor gets each event once, in order.

use std::{
    collections::VecDeque,
    future::pending,
    sync::{
        Arc, LazyLock,
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use proptest::prelude::*;
use ringwire_event::{CallEvent, CallFacts, Direction, EventKind, ExplanationStep};
use ringwire_live::{EventEmitter, Feed, LiveState};
use ringwire_outbox::{CommittedEvent, NewEvent, Store, StoreReport, StoreWrite};
use tempfile::TempDir;
use tokio::{runtime::Runtime, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    filter::EventFilter,
    stream::{EventStream, StreamStart},
};
use crate::{
    access::{Access, Principal},
    server::ApiServer,
    sources::{ApiQueries, ApiSources, Channel},
};

/// Longer than anything here takes; only a failure waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Few enough that a client that does not read is soon too slow.
const BACKLOG: usize = 4;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
});

/// What can happen.
#[derive(Clone, Debug)]
enum Step {
    /// Something happens to a call.
    Event,
    /// It is on disk, and is published.
    Publish,
    /// The disk fails, or can be written again.
    Disk,
    /// The client reads what there is.
    Listen,
    /// The client is disconnected, and comes again.
    Cut,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Event),
        6 => Just(Step::Publish),
        1 => Just(Step::Disk),
        4 => Just(Step::Listen),
        1 => Just(Step::Cut),
    ];
    proptest::collection::vec(step, 1..60)
}

struct Nobody;

impl ApiQueries for Nobody {
    fn channels(&self) -> BoxFuture<'static, Vec<Channel>> {
        Box::pin(async { Vec::new() })
    }

    fn diagnosis(&self) -> BoxFuture<'static, serde_json::Value> {
        Box::pin(async { serde_json::Value::Null })
    }

    fn explanation(&self, _: &str) -> BoxFuture<'static, Option<Vec<ExplanationStep>>> {
        Box::pin(async { None })
    }
}

struct World {
    live: LiveState,
    server: ApiServer,
    store: Store,
    reports: Receiver<StoreReport>,
    /// On disk, and not published yet.
    unpublished: VecDeque<CommittedEvent>,
    /// Published, and not on disk yet.
    held: Vec<Arc<CallEvent>>,
    failing: bool,
    /// How many events there were.
    events: i64,
    /// The last cursor that was published.
    published: i64,
    stream: EventStream,
    greeted: bool,
    /// The last cursor that the client has.
    cursor: i64,
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
        facts: CallFacts::default(),
    })
}

fn stream(server: &ApiServer, after: i64) -> EventStream {
    let start = StreamStart { after: Some(after), is_viewer: false, wants_agents: false };
    let permit = server.limits().stream(&Principal::local()).unwrap();
    let stopping = (CancellationToken::new(), permit);
    EventStream::new(server.clone(), start, EventFilter::default(), false, Box::pin(pending()), stopping)
}

impl World {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("journal.db");
        let (report, reports) = mpsc::channel();
        let now = Timestamp::now();
        let (store, _) = Store::open(&path, now, move |message| {
            let _ = report.send(message);
        })
        .unwrap();
        let live = LiveState::with_feed(now, Feed::with_backlog(BACKLOG));
        let emitter = EventEmitter::new(live.clone(), |_| {}, Timestamp::now);
        let sources = ApiSources { journal: store.readers(), queries: Arc::new(Nobody) };
        let server = ApiServer::new(live.clone(), emitter, sources, Access::default());
        let stream = stream(&server, 0);
        Self {
            live,
            server,
            store,
            reports,
            unpublished: VecDeque::new(),
            held: Vec::new(),
            failing: false,
            events: 0,
            published: 0,
            stream,
            greeted: false,
            cursor: 0,
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
            self.live.record_committed(&committed, false, recorded);
        } else {
            let committed = self.write(event);
            assert_eq!(committed.seq, self.events);
            self.unpublished.push_back(committed);
        }
    }

    fn publish(&mut self) {
        if let Some(committed) = self.unpublished.pop_front() {
            self.published = committed.seq;
            self.live.record_committed(&committed, true, Timestamp::now());
        }
    }

    /// The disk fails; or can be written again, and then what was kept is, without being published again.
    fn turn_disk(&mut self) {
        while !self.unpublished.is_empty() {
            self.publish();
        }
        self.failing = !self.failing;
        for event in std::mem::take(&mut self.held) {
            self.write(event);
        }
    }

    fn listen(&mut self) {
        if self.greeted && self.published <= self.cursor {
            return;
        }
        let bytes = RUNTIME.block_on(async { timeout(PATIENCE, self.stream.next()).await });
        let bytes = bytes.expect("something is sent").expect("the stream goes on");
        self.greeted = true;
        for frame in std::str::from_utf8(&bytes).unwrap().split_terminator("\n\n") {
            let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name));
            assert_ne!(field("event: "), Some("reset"), "{frame}");
            if let (Some("call"), Some(id)) = (field("event: "), field("id: ")) {
                let id: i64 = id.parse().unwrap();
                assert_eq!(id, self.cursor + 1, "{frame}");
                assert!(field("data: ").unwrap().contains(&format!("\"a/{id}\"")), "{frame}");
                self.cursor = id;
            }
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Event => self.happen(),
            Step::Publish => self.publish(),
            Step::Disk => self.turn_disk(),
            Step::Listen => self.listen(),
            Step::Cut => {
                self.greeted = false;
                self.stream = stream(&self.server, self.cursor);
            }
        }
    }

    /// Everything that has happened is sent in the end.
    fn finish(mut self) {
        if self.failing {
            self.turn_disk();
        }
        self.happen();
        while !self.unpublished.is_empty() {
            self.publish();
        }
        while self.cursor < self.events {
            self.listen();
        }
        self.store.close(Timestamp::now());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn each_event_is_sent_once_and_in_order(steps in steps()) {
        let _within = RUNTIME.enter();
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.finish();
    }
}
