//! What it takes to shrink a large journal while calls go on.

use std::{
    path::Path,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use ringwire_delivery::{DeliveryId, TargetName};
use ringwire_event::{AnsweredBy, CallEvent, CallFacts, Cause, Direction, EventKind, ExplanationStep, Party};
use ringwire_outbox::{
    DeliveryAttempt, DeliveryUpdate, NewEvent, Store, StoreReport, StoreWrite, StoredDeliveryState,
};

use crate::{
    daemon::{Daemon, configure},
    pbx::Pbx,
    receiver::Receiver,
};

/// Calls a second meanwhile.
const RATE: u32 = 50;

/// How many seconds of calls are looked at.
const LENGTH: u32 = 90;

/// Which part of its size is left to the journal.
const SHARE: u64 = 5;

/// How many calls are written at once while the journal is filled.
const AT_ONCE: u32 = 2000;

pub(crate) fn run(program: &Path, mib: u64) {
    let home = tempfile::tempdir().unwrap();
    let journal = home.path().join("journal.db");
    fill(&journal, mib << 20);
    let size = std::fs::metadata(&journal).unwrap().len();
    let (pbx, receiver) = (Pbx::start(), Receiver::start());
    let limit = (mib / SHARE).max(16);
    configure(home.path(), pbx.address(), &receiver.url(), &format!("size_mib = {limit}"));
    let daemon = Daemon::start(program, home.path());
    let began = Instant::now();
    let calls = RATE * LENGTH;
    let sent = thread::spawn(move || pbx.send_calls(calls, RATE));
    let (mut largest, mut log, mut shrunk) = (0, 0, None);
    while !sent.is_finished() {
        let (file, beside) = daemon.sizes();
        (largest, log) = (largest.max(file + beside), log.max(beside));
        if shrunk.is_none() && file <= limit << 20 {
            shrunk = Some(began.elapsed());
        }
        thread::sleep(Duration::from_millis(20));
    }
    let sent = sent.join().unwrap();
    let arrived = receiver.wait(calls as usize * 3);
    let (file, _) = daemon.sizes();
    let usage = daemon.usage();
    daemon.kill();
    let mut delays: Vec<_> = sent.iter().map(|(key, sent)| arrived[key].duration_since(*sent)).collect();
    delays.sort_unstable();
    let at =
        |share: f64| delays[((delays.len() as f64 * share) as usize).min(delays.len() - 1)].as_secs_f64();
    let took = shrunk.map_or_else(|| "not yet".to_owned(), |took| format!("{:.0} s", took.as_secs_f64()));
    println!(
        "{} MB may be {} MB at {RATE} calls/s: at most {} MB with {} MB of log, {} MB after {LENGTH} s, at its size after: {took}; \
         {} MB written, {:.0} s of CPU; answers and hangups: median {:.1} ms, 99 % {:.1} ms, worst {:.1} ms",
        size / 1_000_000,
        (limit << 20) / 1_000_000,
        largest / 1_000_000,
        log / 1_000_000,
        file / 1_000_000,
        usage.written / 1_000_000,
        usage.cpu.as_secs_f64(),
        at(0.5) * 1e3,
        at(0.99) * 1e3,
        at(1.0) * 1e3
    );
}

/// Fills a journal with calls of yesterday, all over and delivered, until it is `size` bytes long.
fn fill(path: &Path, size: u64) {
    let day = SignedDuration::from_hours(24);
    let began = Timestamp::now() - day;
    let (report, reports) = mpsc::channel();
    let (store, _) = Store::open(path, Timestamp::now(), move |message| drop(report.send(message))).unwrap();
    let mut call = 0;
    while std::fs::metadata(path).map_or(0, |file| file.len()) < size {
        for _ in 0..AT_ONCE {
            write_call(&store, call, began + SignedDuration::from_millis(i64::from(call)));
            call += 1;
        }
        let mut committed = 0;
        while committed < AT_ONCE as usize * 5 {
            let StoreReport::Committed { events, .. } = reports.recv().unwrap() else { continue };
            committed += events.len();
            for (_, id) in events.into_iter().flat_map(|event| event.deliveries) {
                deliver(&store, id, began);
            }
        }
    }
    store.close(Timestamp::now());
}

fn write_call(store: &Store, call: u32, at: Timestamp) {
    let id = format!("1790000000.{call}");
    let alice = Party { name: Some("Alice".to_owned()), ..Party::endpoint("PJSIP/alice") };
    let kinds = [
        EventKind::NewCall { users: vec![alice.clone()] },
        EventKind::Ringing { user: alice.clone() },
        EventKind::Answer { answered_by: AnsweredBy::User(alice.clone()) },
        EventKind::Hold { user: Some(alice.clone()) },
        EventKind::Hangup { cause: Cause::NormalClearing, answered_by: Some(AnsweredBy::User(alice)) },
    ];
    for (seq, kind) in (1..).zip(kinds) {
        let is_sent = !matches!(kind, EventKind::Ringing { .. } | EventKind::Hold { .. });
        let targets = if is_sent { vec![TargetName::from("zammad")] } else { Vec::new() };
        let event = CallEvent {
            id: format!("{id}/{seq}"),
            kind,
            call: id.clone(),
            seq,
            time: Some(at),
            pbx: "main".to_owned(),
            recovered: false,
            direction: Direction::In,
            from: format!("49171{call:07}"),
            from_name: None,
            to: "4930100".to_owned(),
            queue: Some("support".to_owned()),
            trunk: Some("PJSIP/trunk".to_owned()),
            account: None,
            tenant: None,
            facts: CallFacts::default(),
        };
        let (event, recorded_at) = (Arc::new(event), at);
        store.write(StoreWrite::Event(NewEvent { event, targets, is_replay: false, recorded_at }));
    }
    store.write(StoreWrite::Explanation { call: id, explanation: explanation() });
}

/// One of about the size that they have.
fn explanation() -> ringwire_event::Explanation {
    let step = ExplanationStep {
        time: None,
        source: None,
        decision: ringwire_event::Decision::Dialled,
        rule: None,
        text: "PJSIP/alice is dialled for the call".to_owned(),
        event: None,
    };
    vec![step; 20].into()
}

fn deliver(store: &Store, delivery: DeliveryId, at: Timestamp) {
    store.write(StoreWrite::Attempt(DeliveryAttempt {
        delivery,
        at,
        duration: Duration::from_millis(3),
        outcome: "delivered".to_owned(),
        status: Some(200),
        reply: Some("{}".to_owned()),
    }));
    store.write(StoreWrite::Delivery(DeliveryUpdate {
        may_have_arrived: false,
        delivery,
        state: StoredDeliveryState::Delivered,
        failures: None,
        due_at: None,
        reason: None,
        at,
    }));
}
