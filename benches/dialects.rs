//! What a request costs to build and its reply to judge, for Zammad's code and for dialect files:
//! `cargo bench --bench dialects`.
//!
//! Rows are medians of several rounds in one process, so compare rows of one run.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement: it prints, and stops where it is wrong"
)]

use std::{hint::black_box, time::Instant};

use ringwire_dialects::{
    CallMemory, DeliveryProgress, Dialect, StepContext, TargetReply, UserMap, Zammad, ZammadOptions,
    shipped_example, shipped_names,
};
use ringwire_event::CallEvent;
use serde_json::{Value, json};

const ROUNDS: usize = 11;
const REPEATS: u32 = 2_000;

fn main() {
    let zammad = measure(&Zammad::new(&ZammadOptions::default()));
    println!("{:16} {:>8} {:>10}", "", "requests", "ns/request");
    println!("{:16} {:>8} {:>10.0}", "zammad (code)", zammad.0, zammad.1);
    for name in shipped_names() {
        let (requests, ns) = measure(&shipped_example(name).unwrap());
        if requests > 0 {
            println!("{name:16} {requests:>8} {ns:>10.0}  {:.1}×", ns / zammad.1);
        }
    }
}

/// The requests for one call, and what each costs.
fn measure(dialect: &dyn Dialect) -> (usize, f64) {
    let events = call();
    let requests = run(dialect, &events);
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..REPEATS {
                black_box(run(dialect, &events));
            }
            start.elapsed().as_nanos() as f64 / f64::from(REPEATS) / requests.max(1) as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    (requests, rounds.get(ROUNDS / 2).copied().unwrap_or_default())
}

/// Does with each event what delivering it does, but for the network and the journal.
fn run(dialect: &dyn Dialect, events: &[CallEvent]) -> usize {
    let mut memory = CallMemory::default();
    let users = UserMap::with_placeholders();
    let mut requests = 0;
    for event in events.iter().filter(|event| dialect.wants(event)) {
        let mut progress = DeliveryProgress::default();
        loop {
            let context =
                StepContext { memory: &memory, progress: &progress, users: &users, is_quiet: false };
            let Some(step) = dialect.next_step(event, &context).unwrap() else { break };
            black_box(step.request.full_url("https://crm.example.com/api"));
            black_box(step.request.body.encode());
            let reply =
                TargetReply { status: 200, content_type: None, headers: &[], body: b"{}", redirect: None };
            black_box(dialect.judge_reply(event, &step, &reply));
            for (key, value) in dialect.placeholders(&step) {
                memory.set(key, value);
            }
            progress.set_done(&step.id);
            requests += 1;
        }
    }
    requests
}

/// An inbound call through a queue to two phones, one of which answers.
fn call() -> Vec<CallEvent> {
    let alice =
        json!({ "endpoint": "PJSIP/alice", "extension": "101", "name": "Alice Adams", "login": "alice" });
    let bob = json!({ "endpoint": "PJSIP/bob", "extension": "102", "name": "Bob Bauer", "login": "bob" });
    let mut by = alice.clone();
    by.as_object_mut().unwrap().insert("kind".to_owned(), "user".into());
    let events = [
        json!({ "event": "newCall", "users": [alice, bob] }),
        json!({ "event": "ringing", "user": alice }),
        json!({ "event": "ringing", "user": bob }),
        json!({ "event": "answer", "answeredBy": by }),
        json!({ "event": "hangup", "cause": "normalClearing", "answeredBy": by, "talkSeconds": 61 }),
    ];
    let event = |(index, kind): (usize, Value)| {
        let mut event = json!({
            "id": format!("main-1795226702.0/{}", index + 1), "call": "main-1795226702.0", "seq": index + 1,
            "time": "2026-11-21T02:05:02.603Z", "pbx": "main", "direction": "in", "from": "491761234567", "to": "4930300",
            "queue": "support", "trunk": "PJSIP/trunk", "startedAt": "2026-11-21T02:05:00Z"
        });
        event.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
    };
    events.into_iter().enumerate().map(event).collect()
}
