//! Checks that anonymised recordings give the same calls.

use ringwire_ami::Frame;
use ringwire_calls::{Rules, Tracker};
use ringwire_event::CallEvent;
use ringwire_recording::Anonymiser;
use serde_json::Value;

use crate::support::{anonymised, anonymiser, busy_hour, captures};

#[test]
fn anonymised_captures_give_the_same_calls() {
    for (name, frames) in captures() {
        check(&name, &frames, "one seed");
    }
}

#[test]
fn the_calls_are_the_same_with_any_seed() {
    for (name, frames) in captures().into_iter().step_by(7) {
        for seed in ["another seed", "and another", "and so on"] {
            check(&name, &frames, seed);
        }
    }
}

#[test]
fn an_anonymised_busy_hour_gives_the_same_calls() {
    check("storm-22", &busy_hour(5000), "one seed");
}

fn check(name: &str, frames: &[Frame], seed: &str) {
    let mut anonymiser = anonymiser(seed);
    let shown = anonymised(frames, &mut anonymiser);
    let (before, after) = (follow(frames), follow(&shown));
    assert_eq!(before.len(), after.len(), "{name}");
    for (before, after) in before.iter().zip(&after) {
        let mut expected = serde_json::to_value(before).unwrap();
        translate("", &mut expected, &mut anonymiser);
        assert_eq!(expected, serde_json::to_value(after).unwrap(), "{name}: {}", before.id);
    }
}

fn follow(frames: &[Frame]) -> Vec<CallEvent> {
    let mut tracker = Tracker::new(Rules::new("pbx1"));
    let mut events = Vec::new();
    for frame in frames {
        match frame {
            Frame::Banner(version) => tracker.connected(*version, None),
            Frame::Packet(packet) => tracker.apply(packet, None),
        }
        events.extend(std::iter::from_fn(|| tracker.poll_event()));
    }
    events
}

/// Anonymises the names and numbers in an event.
fn translate(key: &str, value: &mut Value, anonymiser: &mut Anonymiser) {
    match value {
        Value::Object(fields) => {
            fields.iter_mut().for_each(|(key, value)| translate(key, value, anonymiser));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| translate(key, item, anonymiser)),
        Value::String(text) => {
            *text = match key {
                "name" | "fromName" => anonymiser.anonymise_name(text),
                "id" | "call" | "pbx" | "event" | "direction" | "cause" | "kind" | "time" | "as" => return,
                "reason" | "hungUpBy" | "uniqueid" | "absorbedCall" | "absorbedBy" => return,
                _ => anonymiser.anonymise_identifier(text),
            }
        }
        _ => {}
    }
}
