//! What arrived, held against what was committed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use ringwire_delivery::RepeatPolicy;
use ringwire_dialects::{Dialect, Zammad, ZammadOptions};
use ringwire_event::{CallEvent, EventKind};
use ringwire_outbox::{DeliveryFilter, StoreReader, StoredDeliveryState};
use ringwire_testkit::SimulatedCall;
use serde_json::Value;

use super::endpoint::Arrival;

/// What there was.
pub(crate) struct Figures {
    calls: usize,
    known: usize,
    committed: usize,
    arrivals: usize,
    repeats: usize,
    forgotten: usize,
    unknown: usize,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, known, committed, arrivals, repeats, forgotten, unknown } = self;
        write!(
            f,
            "{calls} calls, {known} of them known, {committed} events committed for the endpoint, {arrivals} requests arrived, {repeats} of them repeats; {forgotten} were forgotten once they were answered; of {unknown} hangups the outcome is unknown"
        )
    }
}

/// Holds what arrived against what the journal has, and the journal against what happened.
pub(crate) fn check(journal: &StoreReader, arrived: &[Arrival], happened: &[SimulatedCall]) -> Figures {
    let events: Vec<CallEvent> =
        journal.events_after(0, usize::MAX).unwrap().into_iter().map(|(_, event)| event).collect();
    every_call_begins_and_ends_once(&events);
    ids_have_no_gap(&events);
    let wanted = |event: &&CallEvent| {
        matches!(event.kind, EventKind::NewCall { .. } | EventKind::Answer { .. } | EventKind::Hangup { .. })
    };
    let committed: Vec<&CallEvent> = events.iter().filter(wanted).collect();
    let keys: BTreeSet<_> = arrived.iter().map(|arrival| arrival.key.as_str()).collect();
    let unknown = unknown(journal);
    let is_once = |event: &CallEvent| Zammad::new(&ZammadOptions::default()).repeat_rules().policy(event);
    for event in &committed {
        let may_be_lost = unknown.contains(&event.id);
        assert!(
            may_be_lost || keys.contains(event.id.as_str()),
            "{} was committed and never arrived",
            event.id
        );
        let arrivals = arrived.iter().filter(|arrival| arrival.key == event.id).count();
        if is_once(event) == RepeatPolicy::Never {
            assert!(arrivals <= 1, "{} may not be repeated, and arrived {arrivals} times", event.id);
        } else {
            assert!(!may_be_lost, "{} may be repeated, and is unknown", event.id);
        }
    }
    let known: BTreeMap<_, _> = committed.iter().map(|event| (event.id.as_str(), *event)).collect();
    let mut first = BTreeMap::new();
    let mut last_of_call: BTreeMap<&str, u32> = BTreeMap::new();
    for arrival in arrived {
        let event =
            known.get(arrival.key.as_str()).unwrap_or_else(|| panic!("{arrival:?} was never committed"));
        match first.get(&arrival.key) {
            Some(post) => {
                assert_eq!(*post, undisturbing(&arrival.post), "{} was told otherwise again", arrival.key);
            }
            None => {
                first.insert(&arrival.key, undisturbing(&arrival.post));
                let last = last_of_call.insert(&event.call, event.seq);
                assert!(last < Some(event.seq), "{} arrived before what came before it", arrival.key);
            }
        }
    }
    let known_calls: BTreeSet<_> = events.iter().map(|event| event.from.as_str()).collect();
    Figures {
        calls: happened.len(),
        known: known_calls.len(),
        committed: committed.len(),
        arrivals: arrived.len(),
        repeats: arrived.len() - first.len(),
        forgotten: arrived.iter().filter(|arrival| arrival.forgotten).count(),
        unknown: unknown.len(),
    }
}

/// An id is given once, and the numbers at the ends of ids have no gap within a mark of a call.
pub(crate) fn ids_have_no_gap<'a>(events: impl IntoIterator<Item = &'a CallEvent>) {
    let mut numbers: BTreeMap<(&str, Option<&str>), u32> = BTreeMap::new();
    for event in events {
        let number = numbers.entry((&event.call, event.mark())).or_default();
        *number += 1;
        assert_eq!(event.id, CallEvent::id_of(&event.call, event.mark(), *number));
    }
}

/// A post without what a repeated one leaves out.
fn undisturbing(post: &Value) -> Value {
    let mut post = post.clone();
    if post["event"] == "answer" {
        let fields = post.as_object_mut().unwrap();
        fields.remove("answeringNumber");
        fields.remove("user");
    }
    post
}

/// The ids of the events of which nobody knows whether they arrived.
fn unknown(journal: &StoreReader) -> BTreeSet<String> {
    let filter = DeliveryFilter {
        states: vec![StoredDeliveryState::Unknown],
        limit: usize::MAX,
        ..DeliveryFilter::default()
    };
    journal.deliveries(&filter).unwrap().into_iter().map(|delivery| delivery.event).collect()
}

fn every_call_begins_and_ends_once(events: &[CallEvent]) {
    let mut calls: BTreeMap<&str, Vec<&CallEvent>> = BTreeMap::new();
    for event in events {
        calls.entry(&event.call).or_default().push(event);
    }
    for (call, events) in &calls {
        let seqs: Vec<_> = events.iter().map(|event| event.seq).collect();
        let expected: Vec<_> = (1..).take(events.len()).collect();
        assert_eq!(seqs, expected, "{call} has gaps");
        let count = |is: fn(&EventKind) -> bool| events.iter().filter(|event| is(&event.kind)).count();
        assert_eq!(count(|what| matches!(what, EventKind::NewCall { .. })), 1, "{call} is announced once");
        assert_eq!(count(|what| matches!(what, EventKind::Hangup { .. })), 1, "{call} ends once");
        assert!(matches!(events.last().unwrap().kind, EventKind::Hangup { .. }), "{call} ends last");
    }
    // A caller has a number of his own and calls once: taken up again, it is the same call.
    let mut callers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for event in events {
        callers.entry(&event.from).or_default().insert(&event.call);
    }
    for (from, calls) in callers {
        assert_eq!(calls.len(), 1, "{from} called once and was announced as {calls:?}");
    }
}
