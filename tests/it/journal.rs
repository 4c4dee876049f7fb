//! A journal for the binary to look into.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use ringwire_delivery::{DeliveryId, TargetName, TargetState};
use ringwire_event::{AnsweredBy, CallEvent, CallFacts, Cause, Direction, EventKind, Party};
use ringwire_outbox::{
    AppliedCommand, CommittedEvent, DeliveryAttempt, DeliveryUpdate, NewEvent, Store, StoreReport,
    StoreWrite, StoredDeliveryState, TargetUpdate,
};
use tempfile::TempDir;

use crate::support::{ringwire, stderr, stdout};

/// Longer than anything here takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// `seconds` after 2027-01-15 08:00:00 UTC.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

/// A place with a configuration and a journal.
pub(crate) struct Place {
    pub(crate) home: TempDir,
    store: Option<(Store, Receiver<StoreReport>)>,
}

impl Place {
    /// A configuration with an endpoint `desk`, whose secrets are not there, and no journal.
    pub(crate) fn empty() -> Self {
        let home = tempfile::tempdir().unwrap();
        let config = "[journal]\npath = \"journal.db\"\n\
                      [pbx.main]\nusername = \"ringwire\"\nsecret_file = \"gone\"\ncountry = \"DE\"\n\
                      [target.desk]\ndialect = \"zammad\"\nurl_file = \"gone\"\n";
        fs::write(home.path().join("ringwire.toml"), config).unwrap();
        Self { home, store: None }
    }

    /// The same with a journal that is open.
    pub(crate) fn new() -> Self {
        let mut place = Self::empty();
        place.open();
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// What a daemon does when it starts.
    pub(crate) fn open(&mut self) {
        let (report, reports) = mpsc::channel();
        let opened = Store::open(&self.path("journal.db"), at(0), move |message| {
            let _ = report.send(message);
        });
        self.store = Some((opened.unwrap().0, reports));
    }

    /// What a daemon does when it ends; all is on disk after it.
    pub(crate) fn close(&mut self) {
        let (store, _) = self.store.take().unwrap();
        store.close(at(0));
    }

    /// Writes `event`, owed to `endpoints`, and waits for it to be on disk.
    pub(crate) fn commit(&self, event: CallEvent, endpoints: &[&str]) -> Vec<CommittedEvent> {
        let (store, reports) = self.store.as_ref().unwrap();
        store.write(StoreWrite::Event(NewEvent {
            recorded_at: event.time.unwrap(),
            event: Arc::new(event),
            targets: endpoints.iter().map(|name| TargetName::from(*name)).collect(),
            is_replay: false,
        }));
        match reports.recv_timeout(LONG).unwrap() {
            StoreReport::Committed { events, durable: true } => events,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn write(&self, write: StoreWrite) {
        self.store.as_ref().unwrap().0.write(write);
    }

    /// Notes how the delivery `id` was tried, and what has become of it.
    pub(crate) fn tried(&self, id: i64, status: Option<u16>, message: &str, state: StoredDeliveryState) {
        let failed = state != StoredDeliveryState::Delivered;
        self.write(StoreWrite::Attempt(DeliveryAttempt {
            delivery: DeliveryId(id),
            at: at(60),
            duration: Duration::from_millis(42),
            outcome: if failed { format!("failed: {message}") } else { "delivered".to_owned() },
            status,
            reply: status.map(|_| message.to_owned()),
        }));
        self.write(StoreWrite::Delivery(DeliveryUpdate {
            may_have_arrived: false,
            delivery: DeliveryId(id),
            state,
            failures: failed.then_some(1),
            due_at: (state == StoredDeliveryState::Retry).then(|| at(90)),
            reason: failed.then(|| message.to_owned()),
            at: at(60),
        }));
    }

    pub(crate) fn set_target_state(&self, target: &str, state: &str, reason: &str) {
        self.write(StoreWrite::Target(TargetUpdate {
            target: target.into(),
            state: TargetState::parse(state, Some(reason.to_owned())).unwrap(),
            at: at(30),
        }));
    }

    /// Waits until a journal that was lost is begun anew.
    pub(crate) fn begun_anew(&self) {
        let (_, reports) = self.store.as_ref().unwrap();
        while !matches!(reports.recv_timeout(LONG).unwrap(), StoreReport::Recovered { .. }) {}
    }

    /// The next command that is applied.
    pub(crate) fn applied(&self) -> AppliedCommand {
        let (_, reports) = self.store.as_ref().unwrap();
        loop {
            if let StoreReport::CommandApplied(command) = reports.recv_timeout(LONG).unwrap() {
                return command;
            }
        }
    }

    /// The binary with `args` and this place's configuration.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = ringwire();
        command.args(args).arg("--config").arg(self.path("ringwire.toml"));
        command
    }

    /// The same, run.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What it prints, which must be no error.
    #[track_caller]
    pub(crate) fn says(&self, args: &[&str], expected: &str) {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), expected, "{args:?}");
    }

    /// What it says of an error; the place's own name is left out.
    #[track_caller]
    pub(crate) fn fails(&self, args: &[&str], code: i32, expected: &str) {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        let message = stderr(&output).replace(&format!("{}/", self.home.path().display()), "");
        assert_eq!(message, format!("error: {expected}\n"), "{args:?}");
    }
}

/// The `seq`th event of `call`, `seconds` after the beginning of the tests' time.
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
        from: "4917612345678".to_owned(),
        from_name: Some("Erika Mustermann".to_owned()),
        to: "4930100".to_owned(),
        queue: None,
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

pub(crate) fn hangup(call: &str, seconds: i64, cause: Cause) -> CallEvent {
    event(call, 3, seconds, EventKind::Hangup { cause, answered_by: None })
}
