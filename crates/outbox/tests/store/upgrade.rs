//! Every journal of an earlier release in `tests/fixtures/journals` opens with this one, keeps what it has, and what
//! it had not delivered is delivered: under the same ids and in the same order.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use flate2::read::GzDecoder;
use jiff::{SignedDuration, Timestamp};
use ringwire_delivery::{
    Delivery, DeliveryCommand, DeliveryId, DeliveryMachine, DeliveryOutcome, DeliveryPolicy, DeliveryState,
    EventLifetimes, LoadRequest, MachineLimits, RetrySchedule, StateChange, TargetName, TargetState,
};
use ringwire_event::{AnsweredBy, EventKind};
use ringwire_outbox::{
    AppliedCommand, CallFilter, CallRecord, CommandReceipt, DeliveryFilter, DeliveryUpdate, OperatorCommand,
    Store, StoreReader, StoreReport, StoreWrite, StoredDeliveryState, submit_commands,
    submit_commands_within,
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::{Journal, at, open};

/// The facts of a journal, one a line, as `tests/fixtures/journals/README.md` describes.
type Facts = Vec<String>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journals")
}

/// Each journal in the folder by its name, unpacked into a directory of its own, with its facts.
fn fixtures() -> Vec<(String, TempDir, Facts)> {
    let mut names: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".db.gz").map(str::to_owned))
        .collect();
    names.sort();
    assert!(names.len() >= 2, "{names:?}");
    names
        .into_iter()
        .map(|name| {
            let home = tempfile::tempdir().unwrap();
            let packed = File::open(folder().join(format!("{name}.db.gz"))).unwrap();
            let mut file = File::create(home.path().join("journal.db")).unwrap();
            io::copy(&mut GzDecoder::new(packed), &mut file).unwrap();
            let facts = fs::read_to_string(folder().join(format!("{name}.facts"))).unwrap();
            (name, home, facts.lines().map(str::to_owned).collect())
        })
        .collect()
}

fn facts_of(facts: &Facts, kind: &str) -> Facts {
    facts.iter().filter(|fact| fact.split(' ').next() == Some(kind)).cloned().collect()
}

fn milliseconds(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.as_millisecond().to_string())
}

fn calls(reader: &StoreReader) -> Facts {
    let calls = reader.calls(&CallFilter { limit: 1000, ..CallFilter::default() }).unwrap();
    let fact = |call: &CallRecord| {
        let answered_by = match &call.answered_by {
            Some(AnsweredBy::User(user)) => user.endpoint.clone(),
            Some(AnsweredBy::Number { number }) => number.clone(),
            Some(AnsweredBy::Voicemail) => "voicemail".to_owned(),
            Some(AnsweredBy::Conference) => "conference".to_owned(),
            None => "-".to_owned(),
        };
        let (answered, ended) = (milliseconds(call.answered_at), milliseconds(call.ended_at));
        format!("call {} {} {answered} {ended} {answered_by}", call.id, call.started_at.as_millisecond())
    };
    calls.iter().map(fact).collect()
}

/// The deliveries in the states in which they are stored, whatever the state of their targets.
fn deliveries(reader: &StoreReader) -> Facts {
    let mut deliveries =
        reader.deliveries(&DeliveryFilter { limit: 10_000, ..DeliveryFilter::default() }).unwrap();
    deliveries.sort_by_key(|delivery| delivery.id);
    deliveries
        .iter()
        .map(|delivery| {
            let state = if delivery.state == "paused" { "pending" } else { &delivery.state };
            let attempts = reader.delivery(DeliveryId(delivery.id)).unwrap().unwrap().attempts.len();
            let (id, target, event) = (delivery.id, &delivery.target, &delivery.event);
            format!("delivery {id} {target} {event} {state} {} {attempts}", delivery.failures)
        })
        .collect()
}

fn explanations(reader: &StoreReader, facts: &Facts) -> Facts {
    let calls = facts_of(facts, "explanation");
    calls
        .iter()
        .map(|fact| {
            let call = fact.split(' ').nth(1).unwrap();
            format!("explanation {call} {}", reader.explanation(call).unwrap().unwrap().len())
        })
        .collect()
}

fn targets(reader: &StoreReader) -> Facts {
    let targets = reader.targets().unwrap();
    targets.iter().map(|target| format!("target {} {}", target.target, target.state)).collect()
}

/// The deliveries that the commands which the journal holds retry: each with what the target got of the call after it.
fn retried(facts: &Facts) -> Vec<i64> {
    let place = |fact: &str| {
        let mut words = fact.split(' ').skip(1);
        let mut next = || words.next().unwrap();
        let (id, target, event) = (next().parse::<i64>().unwrap(), next().to_owned(), next());
        let (call, _) = event.rsplit_once('/').unwrap();
        (id, target, call.to_owned())
    };
    let places: Vec<_> = facts_of(facts, "delivery").iter().map(|fact| place(fact)).collect();
    let mut retried = Vec::new();
    for command in facts_of(facts, "command") {
        let first: i64 = command.strip_prefix("command retry ").unwrap().parse().unwrap();
        let (_, target, call) = places.iter().find(|(id, ..)| *id == first).unwrap();
        let is_retried = |(id, to, of): &&(i64, String, String)| *id >= first && to == target && of == call;
        retried.extend(places.iter().filter(is_retried).map(|(id, ..)| *id));
    }
    retried
}

/// What is undelivered of `facts` once the commands that the journal holds are done: (delivery, target, event).
fn undelivered(facts: &Facts) -> Vec<(i64, String, String)> {
    let retried = retried(facts);
    facts_of(facts, "delivery")
        .iter()
        .filter_map(|fact| {
            let mut words = fact.split(' ').skip(1);
            let mut next = || words.next().unwrap();
            let id = next().parse().unwrap();
            let (target, event, state) = (next(), next(), next());
            let is_open = ["pending", "retry"].contains(&state) || retried.contains(&id);
            is_open.then(|| (id, target.to_owned(), event.to_owned()))
        })
        .collect()
}

/// Has everything that `journal` holds for `target` taken by it; gives what was sent, in order.
fn deliver(store: &Store, reader: &StoreReader, target: &TargetName, now: Timestamp) -> Vec<Delivery> {
    // A small window, so that most of it is loaded by and by.
    let limits = MachineLimits { window: 2, ..MachineLimits::default() };
    let mut machine = DeliveryMachine::new(limits, RetrySchedule::default(), 7);
    let policy = DeliveryPolicy { lifetimes: EventLifetimes::FOREVER, ..DeliveryPolicy::default() };
    machine.set_target(target, policy, TargetState::Running, now);
    machine.execute(DeliveryCommand::Resume { target: target.clone() }, now);
    let mut sent = Vec::new();
    loop {
        while let Some(request) = machine.poll_load_request() {
            let LoadRequest::Pending(range) = request else {
                panic!("every call is known there: {request:?}")
            };
            let page = reader.pending(&range.target, range.after, range.limit).unwrap();
            machine.load(&range, page.deliveries, page.is_complete, now);
        }
        let Some(delivery) = machine.take(now) else { break };
        machine.complete(delivery.id, DeliveryOutcome::Delivered, Duration::from_millis(5), now);
        sent.push(delivery);
    }
    while let Some(change) = machine.poll_state_change() {
        let StateChange::Delivery { id, state: DeliveryState::Delivered, .. } = change else { continue };
        store.write(StoreWrite::Delivery(DeliveryUpdate {
            may_have_arrived: false,
            delivery: id,
            state: StoredDeliveryState::Delivered,
            failures: None,
            due_at: None,
            reason: None,
            at: now,
        }));
    }
    assert!(machine.is_idle());
    sent
}

/// The ids of `sent` by call, in the order in which they were sent.
fn by_call<'a>(sent: impl Iterator<Item = (i64, &'a str)>) -> BTreeMap<String, Vec<(i64, String)>> {
    let mut calls: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (id, event) in sent {
        let (call, _) = event.rsplit_once('/').unwrap();
        calls.entry(call.to_owned()).or_default().push((id, event.to_owned()));
    }
    calls
}

#[test]
fn a_journal_of_an_earlier_release_keeps_what_it_has() {
    for (name, home, facts) in fixtures() {
        let journal = Journal::in_home(home);
        assert!(journal.opened.unclean, "{name}");
        assert!(journal.opened.set_aside.is_none() && journal.opened.trouble.is_none(), "{name}");
        for id in retried(&facts) {
            let retried = journal.report();
            let StoreReport::CommandApplied(AppliedCommand::Retry(_, pending)) = &retried else {
                panic!("{name}: {retried:?}")
            };
            assert_eq!(pending.id, DeliveryId(id), "{name}");
        }
        let reader = journal.reader();
        assert_eq!(calls(&reader), facts_of(&facts, "call"), "{name}");
        assert_eq!(targets(&reader), facts_of(&facts, "target"), "{name}");
        assert_eq!(explanations(&reader, &facts), facts_of(&facts, "explanation"), "{name}");
        let undelivered = undelivered(&facts);
        let expected: Facts = facts_of(&facts, "delivery")
            .into_iter()
            .map(|fact| match fact.split(' ').collect::<Vec<_>>()[..] {
                [kind, id, target, event, "dead" | "delivered", _, attempts]
                    if undelivered.iter().any(|(open, ..)| open.to_string() == id) =>
                {
                    format!("{kind} {id} {target} {event} pending 0 {attempts}")
                }
                _ => fact,
            })
            .collect();
        assert_eq!(deliveries(&reader), expected, "{name}");
        let living: Vec<_> = facts_of(&facts, "call");
        let living = living.iter().filter(|fact| fact.split(' ').nth(4) == Some("-"));
        let resumed = reader.recovered_state().unwrap();
        let mut found: Vec<_> = resumed.live_events.iter().map(|event| event.call.as_str()).collect();
        found.dedup();
        assert_eq!(found, living.map(|fact| fact.split(' ').nth(1).unwrap()).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn what_an_earlier_release_did_not_deliver_is_delivered_under_its_ids_in_its_order() {
    for (name, home, facts) in fixtures() {
        let path = home.path().join("journal.db");
        let journal = Journal::in_home(home);
        let StoreReport::CommandApplied(AppliedCommand::Retry(..)) = journal.report() else {
            panic!("{name}")
        };
        let reader = journal.reader();
        let now = Timestamp::from_millisecond(1_795_300_000_000).unwrap() + SignedDuration::from_hours(1);
        let undelivered = undelivered(&facts);
        let mut targets: Vec<_> = undelivered.iter().map(|(_, target, _)| target.as_str()).collect();
        targets.sort_unstable();
        targets.dedup();
        assert!(targets.len() >= 4, "{name}: {targets:?}");
        for target in targets {
            let sent = deliver(&journal.store, &reader, &TargetName::from(target), now);
            let expected = undelivered.iter().filter(|(_, to, _)| to == target);
            assert_eq!(
                by_call(sent.iter().map(|delivery| (delivery.id.0, delivery.event.id.as_str()))),
                by_call(expected.map(|(id, _, event)| (*id, event.as_str()))),
                "{name} {target}"
            );
        }
        drop(reader);
        let Journal { home, store, .. } = journal;
        store.close(now);

        // Once it is up to date, opening it is nothing special any more.
        let before = deliveries(&StoreReader::open(&path).unwrap());
        let (store, opened, reports) = open(&path).unwrap();
        assert!(!opened.unclean && opened.set_aside.is_none() && opened.trouble.is_none(), "{name}");
        let reader = StoreReader::open(&path).unwrap();
        assert!(reader.recovered_state().unwrap().pending_targets.is_empty(), "{name}");
        assert_eq!(deliveries(&reader), before, "{name}");
        assert_eq!(calls(&reader), facts_of(&facts, "call"), "{name}");
        store.close(now);
        assert!(reports.try_iter().next().is_none(), "{name}: a command is done once");
        drop(home);
    }
}

#[test]
fn what_an_earlier_release_had_only_staged_is_delivered() {
    let home = tempfile::tempdir().unwrap();
    let packed = File::open(folder().join("staged/schema-6.db.gz")).unwrap();
    let mut file = File::create(home.path().join("journal.db")).unwrap();
    io::copy(&mut GzDecoder::new(packed), &mut file).unwrap();
    let staged = fs::read_to_string(folder().join("staged/schema-6.facts")).unwrap();
    let reader = StoreReader::open(&home.path().join("journal.db")).unwrap();
    assert!(reader.delivery(DeliveryId(201)).unwrap().is_none(), "it is in no table yet");
    drop(reader);
    let journal = Journal::in_home(home);
    let reader = journal.reader();
    let facts: Facts = deliveries(&reader);
    assert!(staged.lines().count() > 50);
    for fact in staged.lines().map(|fact| fact.replacen("staged", "delivery", 1)) {
        assert!(facts.iter().any(|found| found.starts_with(&format!("{fact} "))), "{fact}");
    }
}

fn schema_version(path: &Path) -> i64 {
    Connection::open(path).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_journal_of_an_earlier_release_is_read_as_it_is() {
    for (name, home, facts) in fixtures() {
        let path = home.path().join("journal.db");
        let version = schema_version(&path);
        let reader = StoreReader::open(&path).unwrap();
        assert_eq!(calls(&reader), facts_of(&facts, "call"), "{name}");
        assert_eq!(deliveries(&reader), facts_of(&facts, "delivery"), "{name}");
        assert_eq!(targets(&reader), facts_of(&facts, "target"), "{name}");
        assert_eq!(explanations(&reader, &facts), facts_of(&facts, "explanation"), "{name}");
        let first = &facts_of(&facts, "call")[0];
        let call = first.split(' ').nth(1).unwrap();
        assert_eq!(reader.call_with_channel(call).unwrap().as_deref(), Some(call), "{name}");
        assert_eq!(reader.call_with_channel("no such channel").unwrap(), None, "{name}");
        let events = facts_of(&facts, "delivery").len() / 5;
        assert!(reader.stream_after(0, 1000).unwrap().len() >= events, "{name}");
        let transfers =
            reader.events_after(0, 1000).unwrap().into_iter().filter_map(|(_, event)| match event.kind {
                EventKind::Transfer { transfer_target, .. } => Some(transfer_target),
                _ => None,
            });
        assert_eq!(transfers.collect::<Vec<_>>(), [Some("102".to_owned())], "{name}");
        assert_eq!(reader.cursor_at(Timestamp::MAX).unwrap(), reader.last_event().unwrap(), "{name}");
        let pending: u64 = reader.pending_counts().unwrap().iter().map(|target| target.count).sum();
        let open = facts.iter().filter(|fact| fact.contains(" pending ") || fact.contains(" retry "));
        assert_eq!(pending, open.filter(|fact| fact.starts_with("delivery")).count() as u64, "{name}");
        assert_eq!(
            reader.tallies().unwrap().iter().filter(|tally| tally.state == "dead").count(),
            1,
            "{name}"
        );
        assert!(!reader.deliveries_of_call(call, 10).unwrap().is_empty(), "{name}");
        assert!(reader.recovered_state().unwrap().pending_targets.len() >= 4, "{name}");
        assert_eq!(schema_version(&path), version, "{name}");
    }
}

#[test]
fn a_command_reaches_a_daemon_of_an_earlier_release_in_its_own_words() {
    // Each command waits for a daemon that does not take it up, so all do at the same time.
    thread::scope(|scope| {
        for (name, home, facts) in fixtures() {
            scope.spawn(move || command_an_earlier_release(&name, &home, &facts));
        }
    });
}

fn command_an_earlier_release(name: &str, home: &TempDir, facts: &Facts) {
    let path = home.path().join("journal.db");
    let version = schema_version(&path);
    let lock = File::create(home.path().join("journal.db.lock")).unwrap();
    lock.try_lock().unwrap();
    let pause = [OperatorCommand::Pause(TargetName::from("crm"))];
    let receipt = submit_commands_within(&path, &pause, at(0), Duration::from_millis(100)).unwrap();
    assert_eq!(receipt, CommandReceipt::NotYet, "{name}");
    assert_eq!(schema_version(&path), version, "{name}: its tables are its own");

    // That daemon ends before it has applied the command: it is not lost.
    drop(lock);
    let retry = undelivered(facts).len();
    let drop_first = [OperatorCommand::Drop(DeliveryId(undelivered(facts).first().unwrap().0))];
    assert_eq!(submit_commands(&path, &drop_first, at(1)).unwrap(), CommandReceipt::AtNextStart, "{name}");
    let reader = StoreReader::open(&path).unwrap();
    let crm = reader.targets().unwrap().into_iter().find(|target| target.target == "crm");
    assert_eq!(crm.unwrap().state, "paused", "{name}");
    let pending: u64 = reader.pending_counts().unwrap().iter().map(|target| target.count).sum();
    assert_eq!(pending, retry as u64 - 1, "{name}");
}
