//! A journal in a directory of its own, and calls to write into it.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use ringwire_delivery::{DeliveryId, TargetName};
use ringwire_event::{AnsweredBy, CallEvent, CallFacts, Cause, Direction, EventKind, Party};
use ringwire_outbox::{
    CommittedEvent, NewEvent, OpenOutcome, Store, StoreError, StoreReader, StoreReport, StoreWrite,
};
use tempfile::TempDir;

/// Longer than anything here takes; only a failure waits so long.
const PATIENCE: Duration = Duration::from_secs(90);

/// `seconds` after the beginning of the tests' time.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

pub(crate) fn target(name: &str) -> TargetName {
    TargetName::from(name)
}

/// A journal that is open, and what it reports.
pub(crate) struct Journal {
    pub(crate) home: TempDir,
    pub(crate) path: PathBuf,
    pub(crate) store: Store,
    pub(crate) opened: OpenOutcome,
    pub(crate) reports: Receiver<StoreReport>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self::in_home(tempfile::tempdir().unwrap())
    }

    pub(crate) fn in_home(home: TempDir) -> Self {
        let path = home.path().join("journal.db");
        let (store, opened, reports) = open(&path).unwrap();
        Self { home, path, store, opened, reports }
    }

    /// Ends in an orderly way and opens it again.
    pub(crate) fn reopened(self) -> Self {
        let Self { home, store, .. } = self;
        store.close(at(0));
        Self::in_home(home)
    }

    pub(crate) fn write(&self, event: CallEvent, targets: &[&str]) {
        self.store.write(StoreWrite::Event(NewEvent {
            event: Arc::new(event),
            targets: targets.iter().map(|name| target(name)).collect(),
            is_replay: false,
            recorded_at: at(0),
        }));
    }

    /// Waits for the next events to be committed; says whether they are on disk.
    pub(crate) fn committed(&self) -> (Vec<CommittedEvent>, bool) {
        match self.report() {
            StoreReport::Committed { events, durable } => (events, durable),
            other => panic!("expected a commit, not {other:?}"),
        }
    }

    /// Writes one event, waits for it to be on disk, and gives the numbers of what is pending of it.
    pub(crate) fn commit(&self, event: CallEvent, targets: &[&str]) -> Vec<DeliveryId> {
        self.write(event, targets);
        let (events, durable) = self.committed();
        assert!(durable);
        events.into_iter().flat_map(|event| event.deliveries).map(|(_, id)| id).collect()
    }

    pub(crate) fn report(&self) -> StoreReport {
        self.reports.recv_timeout(PATIENCE).unwrap()
    }

    pub(crate) fn reader(&self) -> StoreReader {
        StoreReader::open(&self.path).unwrap()
    }

    /// The numbers of what `name` is pending.
    pub(crate) fn pending(&self, name: &str) -> Vec<DeliveryId> {
        let page = self.reader().pending(&target(name), DeliveryId(0), 1000).unwrap();
        page.deliveries.iter().map(|pending| pending.id).collect()
    }
}

pub(crate) fn open(path: &Path) -> Result<(Store, OpenOutcome, Receiver<StoreReport>), StoreError> {
    let (report, reports) = mpsc::channel();
    let (store, opened) = Store::open(path, at(0), move |reported| {
        let _ = report.send(reported);
    })?;
    Ok((store, opened, reports))
}

/// The `seq`th event of `call`, `seconds` after the beginning.
pub(crate) fn event(call: &str, seq: u32, seconds: i64, what: EventKind) -> CallEvent {
    CallEvent {
        id: format!("{call}/{seq}"),
        kind: what,
        call: call.to_owned(),
        seq,
        time: Some(at(seconds)),
        pbx: "main".to_owned(),
        recovered: false,
        direction: Direction::In,
        from: "491761234567".to_owned(),
        from_name: Some("Erika Mustermann".to_owned()),
        to: "4930100".to_owned(),
        queue: Some("support".to_owned()),
        trunk: None,
        account: None,
        tenant: None,
        facts: CallFacts::default(),
    }
}

pub(crate) fn alice() -> Party {
    Party {
        name: Some("Alice".to_owned()),
        extension: Some("101".to_owned()),
        ..Party::endpoint("PJSIP/alice")
    }
}

pub(crate) fn new_call(call: &str, seconds: i64) -> CallEvent {
    event(call, 1, seconds, EventKind::NewCall { users: vec![alice()] })
}

pub(crate) fn answer(call: &str, seconds: i64) -> CallEvent {
    event(call, 2, seconds, EventKind::Answer { answered_by: AnsweredBy::User(alice()) })
}

pub(crate) fn hangup(call: &str, seconds: i64) -> CallEvent {
    event(
        call,
        3,
        seconds,
        EventKind::Hangup { cause: Cause::NormalClearing, answered_by: Some(AnsweredBy::User(alice())) },
    )
}
