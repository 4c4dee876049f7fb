//! Every journal of an earlier release in `tests/fixtures/journals` opens with this one, keeps what it has, and what
//! it had not delivered is delivered: under the same ids and in the same order.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use flate2::read::GzDecoder;
use jiff::{SignedDuration, Timestamp};
use ringwire_event::AnsweredBy;
use ringwire_outbox::{
    EndpointName, Schedule,
    delivery::{
        Change, Delivery, DeliveryId, Lifetimes, Limits, Machine, Order, Outcome, Standing, State, Terms,
        Want,
    },
    store::{CallFilter, DeliveryFilter, Reader, Report, Requested, StateChange, Store, StoredState, Write},
};
use tempfile::TempDir;

use crate::support::{Journal, open};

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

fn calls(reader: &Reader) -> Facts {
    let calls = reader.calls(&CallFilter { limit: 1000, ..CallFilter::default() }).unwrap();
    let fact = |call: &ringwire_outbox::store::CallRecord| {
        let answered_by = match &call.answered_by {
            Some(AnsweredBy::User(user)) => user.endpoint.clone(),
            Some(AnsweredBy::Number { number }) => number.clone(),
            Some(AnsweredBy::Voicemail) => "voicemail".to_owned(),
            Some(AnsweredBy::Conference) => "conference".to_owned(),
            None => "-".to_owned(),
        };
        let (answered, ended) = (milliseconds(call.answered), milliseconds(call.ended));
        format!("call {} {} {answered} {ended} {answered_by}", call.id, call.began.as_millisecond())
    };
    calls.iter().map(fact).collect()
}

/// The deliveries in the states in which they are stored, whatever the state of their targets.
fn deliveries(reader: &Reader) -> Facts {
    let mut deliveries =
        reader.deliveries(&DeliveryFilter { limit: 10_000, ..DeliveryFilter::default() }).unwrap();
    deliveries.sort_by_key(|delivery| delivery.id);
    deliveries
        .iter()
        .map(|delivery| {
            let state = if delivery.state == "paused" { "pending" } else { &delivery.state };
            let attempts = reader.delivery(DeliveryId(delivery.id)).unwrap().unwrap().attempts.len();
            let (id, target, event) = (delivery.id, &delivery.endpoint, &delivery.event);
            format!("delivery {id} {target} {event} {state} {} {attempts}", delivery.failures)
        })
        .collect()
}

fn explanations(reader: &Reader, facts: &Facts) -> Facts {
    let calls = facts_of(facts, "explanation");
    calls
        .iter()
        .map(|fact| {
            let call = fact.split(' ').nth(1).unwrap();
            format!("explanation {call} {}", reader.story(call).unwrap().unwrap().len())
        })
        .collect()
}

fn targets(reader: &Reader) -> Facts {
    let standings = reader.standings().unwrap();
    standings.iter().map(|standing| format!("target {} {}", standing.endpoint, standing.standing)).collect()
}

/// What is undelivered of `facts` once the commands that the journal holds are done: (delivery, target, event).
fn undelivered(facts: &Facts) -> Vec<(i64, String, String)> {
    let retried: Vec<_> = facts_of(facts, "command")
        .iter()
        .map(|fact| fact.strip_prefix("command retry ").unwrap().parse::<i64>().unwrap())
        .collect();
    facts_of(facts, "delivery")
        .iter()
        .filter_map(|fact| {
            let words: Vec<_> = fact.split(' ').collect();
            let id = words[1].parse().unwrap();
            let is_open = ["pending", "retry"].contains(&words[4]) || retried.contains(&id);
            is_open.then(|| (id, words[2].to_owned(), words[3].to_owned()))
        })
        .collect()
}

/// Has everything that `journal` holds for `target` taken by it; gives what was sent, in order.
fn deliver(store: &Store, reader: &Reader, target: &EndpointName, now: Timestamp) -> Vec<Delivery> {
    // A small window, so that most of it is loaded by and by.
    let limits = Limits { window: 2, ..Limits::default() };
    let mut machine = Machine::new(limits, Schedule::default(), 7);
    let terms = Terms { lifetimes: Lifetimes::FOREVER, ..Terms::default() };
    machine.set_endpoint(target, terms, Standing::Running, now);
    machine.order(Order::Resume { endpoint: target.clone() }, now);
    let mut sent = Vec::new();
    loop {
        while let Some(want) = machine.poll_want() {
            let Want::More(more) = want else { panic!("every call is known there: {want:?}") };
            let page = reader.owed(&more.endpoint, more.after, more.limit).unwrap();
            machine.load(&more, page.owed, page.complete, now);
        }
        let Some(delivery) = machine.take(now) else { break };
        machine.settle(delivery.id, Outcome::Delivered, Duration::from_millis(5), now);
        sent.push(delivery);
    }
    while let Some(change) = machine.poll_change() {
        let Change::Delivery { id, state: State::Delivered, .. } = change else { continue };
        store.write(Write::State(StateChange {
            delivery: id,
            state: StoredState::Delivered,
            failures: None,
            due: None,
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
        for command in facts_of(&facts, "command") {
            let retried = journal.report();
            let Report::Order(Requested::Retry(_, owed)) = &retried else { panic!("{name}: {retried:?}") };
            assert_eq!(command, format!("command retry {}", owed.id), "{name}");
        }
        let reader = journal.reader();
        assert_eq!(calls(&reader), facts_of(&facts, "call"), "{name}");
        assert_eq!(targets(&reader), facts_of(&facts, "target"), "{name}");
        assert_eq!(explanations(&reader, &facts), facts_of(&facts, "explanation"), "{name}");
        let undelivered = undelivered(&facts);
        let expected: Facts = facts_of(&facts, "delivery")
            .into_iter()
            .map(|fact| match fact.split(' ').collect::<Vec<_>>()[..] {
                [kind, id, target, event, "dead", _, attempts]
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
        let resumed = reader.resumption().unwrap();
        let mut found: Vec<_> = resumed.living.iter().map(|event| event.call.as_str()).collect();
        found.dedup();
        assert_eq!(found, living.map(|fact| fact.split(' ').nth(1).unwrap()).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn what_an_earlier_release_did_not_deliver_is_delivered_under_its_ids_in_its_order() {
    for (name, home, facts) in fixtures() {
        let path = home.path().join("journal.db");
        let journal = Journal::in_home(home);
        let Report::Order(Requested::Retry(..)) = journal.report() else { panic!("{name}") };
        let reader = journal.reader();
        let now = Timestamp::from_millisecond(1_795_276_600_000).unwrap() + SignedDuration::from_hours(1);
        let undelivered = undelivered(&facts);
        let mut targets: Vec<_> = undelivered.iter().map(|(_, target, _)| target.as_str()).collect();
        targets.sort_unstable();
        targets.dedup();
        assert!(targets.len() >= 4, "{name}: {targets:?}");
        for target in targets {
            let sent = deliver(&journal.store, &reader, &EndpointName::from(target), now);
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
        let before = deliveries(&Reader::open(&path).unwrap());
        let (store, opened, reports) = open(&path).unwrap();
        assert!(!opened.unclean && opened.set_aside.is_none() && opened.trouble.is_none(), "{name}");
        let reader = Reader::open(&path).unwrap();
        assert!(reader.resumption().unwrap().owed.is_empty(), "{name}");
        assert_eq!(deliveries(&reader), before, "{name}");
        assert_eq!(calls(&reader), facts_of(&facts, "call"), "{name}");
        store.close(now);
        assert!(reports.try_iter().next().is_none(), "{name}: a command is done once");
        drop(home);
    }
}
