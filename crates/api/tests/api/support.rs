//! An API server with a journal of its own, asked without a socket.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use futures_util::future::BoxFuture;
use http_body_util::BodyExt;
use jiff::Timestamp;
use ringwire_api::{
    Access, ApiQueries, ApiServer, ApiSources, Channel, ChannelKind, ListenerKind, Role, Token,
};
use ringwire_delivery::TargetName;
use ringwire_event::{
    AnsweredBy, CallEvent, CallFacts, Cause, Decision, Direction, EventKind, ExplanationStep, Party, RuleRef,
    SourceEvent, TransferKind,
};
use ringwire_live::{EventEmitter, LiveState};
use ringwire_outbox::{
    CommittedEvent, NewEvent, RetentionPolicy, Store, StoreReaders, StoreReport, StoreWrite,
};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

/// Longer than anything here takes; only a failure waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) const VIEWER: &str = "viewer-0123456789abcdef";
pub(crate) const AGENT: &str = "agent-0123456789abcdef";
pub(crate) const ADMIN: &str = "admin-0123456789abcdef";

/// An API server with a journal of its own.
pub(crate) struct Bench {
    pub(crate) live: LiveState,
    pub(crate) server: ApiServer,
    pub(crate) store: Store,
    pub(crate) path: PathBuf,
    reports: Receiver<StoreReport>,
    _home: TempDir,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Queries with fixed answers.
struct FixedQueries;

impl ApiQueries for FixedQueries {
    fn channels(&self) -> BoxFuture<'static, Vec<Channel>> {
        let channel = |uniqueid: &str, call: Option<&str>| Channel {
            pbx: "main".into(),
            uniqueid: uniqueid.into(),
            name: "PJSIP/alice-00000001".into(),
            endpoint: "PJSIP/alice".into(),
            kind: ChannelKind::Device,
            state: "Up".into(),
            call: call.map(str::to_owned),
            number: Some("101".into()),
            context: "from-internal".into(),
            exten: "101".into(),
            bridge: Some("b1".into()),
            hold: false,
            sequence: 7,
        };
        Box::pin(async move { vec![channel("1.1", Some("a")), channel("1.2", None)] })
    }

    fn diagnosis(&self) -> BoxFuture<'static, Value> {
        Box::pin(async { serde_json::json!({"started": "2026-11-21T08:00:00Z", "pbxs": []}) })
    }

    fn explanation(&self, call: &str) -> BoxFuture<'static, Option<Vec<ExplanationStep>>> {
        let note = ExplanationStep {
            time: Some(Timestamp::now()),
            source: Some(SourceEvent {
                event: "Newchannel".into(),
                channel: Some("PJSIP/trunk-00000001".into()),
                uniqueid: Some("1.1".into()),
                with: "Context from-trunk".into(),
            }),
            decision: Decision::Started,
            rule: Some(RuleRef::rules(1)),
            text: "a call began".into(),
            event: Some("a/1".into()),
        };
        let explanation = (call == "a").then(|| vec![note]);
        Box::pin(async move { explanation })
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with_origins(&[])
    }

    pub(crate) fn with_origins(origins: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("journal.db");
        let (report, reports) = mpsc::channel();
        let now = Timestamp::now();
        let (store, _) = Store::open(&path, now, move |message| {
            let _ = report.send(message);
        })
        .unwrap();
        let live = LiveState::new(now);
        let sources = sources(store.readers());
        let server = ApiServer::new(live.clone(), emitter(&live), sources, access(origins));
        Self { live, server, store, path, reports, _home: home }
    }

    /// Has an event written.
    pub(crate) fn queue(&self, event: CallEvent) {
        self.queue_at(event, &[], Timestamp::now());
    }

    fn queue_at(&self, event: CallEvent, targets: &[&str], recorded: Timestamp) {
        let targets = targets.iter().map(|name| TargetName::from(*name)).collect();
        self.store.write(StoreWrite::Event(NewEvent {
            event: Arc::new(event),
            targets,
            is_replay: false,
            recorded_at: recorded,
        }));
    }

    fn committed(&self) -> Vec<CommittedEvent> {
        match self.reports.recv_timeout(PATIENCE).unwrap() {
            StoreReport::Committed { events, durable: true } => events,
            other => panic!("expected a commit, not {other:?}"),
        }
    }

    /// Publishes the next so many events when they are on disk.
    pub(crate) fn publish(&self, many: u32) {
        let mut published = 0;
        while published < many {
            for committed in self.committed() {
                self.live.record_committed(&committed, true, Timestamp::now());
                published += 1;
            }
        }
    }

    /// Writes an event and waits until it is on disk, without publishing it.
    pub(crate) fn write(&self, event: CallEvent, targets: &[&str]) -> CommittedEvent {
        self.queue_at(event, targets, Timestamp::now());
        self.committed().remove(0)
    }

    /// The same, with an event that was learnt at another time.
    pub(crate) fn write_at(&self, event: CallEvent, recorded: Timestamp) {
        self.queue_at(event, &[], recorded);
        self.committed();
    }

    /// Writes an event, and publishes it when it is on disk.
    pub(crate) fn commit(&self, event: CallEvent, targets: &[&str]) -> i64 {
        let committed = self.write(event, targets);
        self.live.record_committed(&committed, true, Timestamp::now());
        committed.seq
    }

    /// Waits until what became of deliveries is in the journal: it is written before anything is swept.
    pub(crate) fn settle(&self) {
        let keep = RetentionPolicy { age: Duration::from_secs(86400), size: u64::MAX, personal_data: None };
        self.store.sweep(keep, Timestamp::now());
        let report = self.reports.recv_timeout(PATIENCE).unwrap();
        assert!(matches!(report, StoreReport::Swept(_)), "{report:?}");
    }

    pub(crate) fn sources(&self) -> ApiSources {
        sources(self.store.readers())
    }

    pub(crate) fn network(&self) -> Router {
        self.server.router(ListenerKind::Network { port: 8480 })
    }

    /// What is answered over the network to whoever shows `token`, or none where it is empty.
    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        let shown: Vec<_> = (!token.is_empty()).then(|| bearer(token)).into_iter().collect();
        ask(&self.network(), Method::GET, path, &shown, "").await
    }
}

/// An emitter that nobody looks at.
pub(crate) fn emitter(live: &LiveState) -> EventEmitter {
    EventEmitter::new(live.clone(), |_| {}, Timestamp::now)
}

fn sources(journal: StoreReaders) -> ApiSources {
    ApiSources { journal, queries: Arc::new(FixedQueries) }
}

pub(crate) fn access(origins: &[&str]) -> Access {
    let token = |name: &str, role, secret: &str| Token { name: name.into(), role, secret: secret.into() };
    Access {
        tokens: vec![
            token("vera", Role::Viewer, VIEWER),
            token("anna", Role::Agent, AGENT),
            token("root", Role::Admin, ADMIN),
        ],
        allow_origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
        ..Access::default()
    }
}

pub(crate) fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

pub(crate) fn request(
    method: Method,
    path: &str,
    headers: &[(&'static str, String)],
    body: &str,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header(header::HOST, "127.0.0.1:8480");
    }
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

pub(crate) async fn ask(
    router: &Router,
    method: Method,
    path: &str,
    headers: &[(&'static str, String)],
    body: &str,
) -> Answer {
    let response = router.clone().oneshot(request(method, path, headers, body)).await.unwrap();
    let (parts, body) = response.into_parts();
    let stream = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
    let body = if stream { Bytes::new() } else { body.collect().await.unwrap().to_bytes() };
    Answer { status: parts.status, headers: parts.headers, body }
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The `seq`th event of `call`.
pub(crate) fn event(call: &str, seq: u32, what: EventKind) -> CallEvent {
    CallEvent {
        id: format!("{call}/{seq}"),
        kind: what,
        call: call.to_owned(),
        seq,
        time: Some(Timestamp::now()),
        pbx: "main".to_owned(),
        recovered: false,
        direction: Direction::In,
        from: "491761234567".to_owned(),
        from_name: Some("<script>alert(1)</script>".to_owned()),
        to: "4930100".to_owned(),
        queue: Some("support".to_owned()),
        trunk: Some("PJSIP/trunk".to_owned()),
        account: Some("acme".to_owned()),
        tenant: Some("t1".to_owned()),
        facts: CallFacts::default(),
    }
}

pub(crate) fn alice() -> Party {
    Party {
        extension: Some("101".into()),
        name: Some("Alice".into()),
        login: Some("alice".into()),
        email: Some("alice@example.com".into()),
        number: Some("4930101".into()),
        ..Party::endpoint("PJSIP/alice")
    }
}

pub(crate) fn new_call(call: &str) -> CallEvent {
    event(call, 1, EventKind::NewCall { users: vec![alice()] })
}

/// A call to which everything happens, but for its end.
pub(crate) fn eventful(call: &str) -> Vec<CallEvent> {
    let happened = [
        EventKind::NewCall { users: vec![alice()] },
        EventKind::Ringing { user: Party::endpoint("PJSIP/bob") },
        EventKind::Answer { answered_by: AnsweredBy::User(alice()) },
        EventKind::Hold { user: Some(alice()) },
        EventKind::Unhold { user: None },
        EventKind::Transfer {
            kind: TransferKind::Blind,
            user: Some(alice()),
            transfer_target: Some("102".into()),
        },
        EventKind::Answer { answered_by: AnsweredBy::Number { number: "4940200".into() } },
        EventKind::Answer { answered_by: AnsweredBy::Voicemail },
    ];
    (1..).zip(happened).map(|(seq, what)| event(call, seq, what)).collect()
}

pub(crate) fn hangup(call: &str, seq: u32) -> CallEvent {
    event(
        call,
        seq,
        EventKind::Hangup { cause: Cause::NormalClearing, answered_by: Some(AnsweredBy::User(alice())) },
    )
}
