//! What the tracker says of its conclusions.

use std::collections::{BTreeMap, BTreeSet};

use ringwire_ami::Frame;
use ringwire_calls::{Rules, Stories, Story, Tracker};
use ringwire_event::{CallEvent, Conclusion};

use crate::captures::{for_every_capture, storm};
use crate::support::{Times, frames};

/// Plays a recording with notes; gives what was said, and the stories.
fn play(bytes: &[u8], times: Option<&Times>, explain: bool) -> (Vec<CallEvent>, Vec<Story>, Stories) {
    let mut tracker = Tracker::new(Rules::new("pbx"));
    tracker.explain(explain);
    let (mut said, mut told, mut stories) = (Vec::new(), Vec::new(), Stories::default());
    let mut take = |tracker: &mut Tracker| {
        told.extend(std::iter::from_fn(|| tracker.poll_note()).filter_map(|note| stories.take(note)));
        said.extend(std::iter::from_fn(|| tracker.poll_event()));
    };
    for (frame, end) in frames(bytes) {
        let now = times.map(|times| times.at(end));
        match frame {
            Frame::Banner(version) => tracker.connected(version, now),
            Frame::Packet(packet) => tracker.apply(&packet, now),
        }
        take(&mut tracker);
    }
    while let Some(due) = times.and_then(|_| tracker.next_deadline()) {
        tracker.tick(due);
    }
    take(&mut tracker);
    (said, told, stories)
}

#[track_caller]
fn check(name: &str, said: &[CallEvent], told: &[Story], open: &Stories) {
    let mut of_calls: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for event in said {
        of_calls.entry(&event.call).or_default().push(&event.id);
    }
    let over: BTreeSet<_> =
        said.iter().filter(|event| event.what.name() == "hangup").map(|e| &e.call).collect();
    for story in told {
        let concluded: Vec<_> = story.notes.iter().map(|note| note.concluded).collect();
        let count = |wanted| concluded.iter().filter(|concluded| **concluded == wanted).count();
        let Some(call) = &story.call else {
            let last = concluded.last().unwrap();
            assert!(
                matches!(last, Conclusion::Unannounced | Conclusion::Helper),
                "{name} {}: {last:?}",
                story.root
            );
            continue;
        };
        let events: Vec<_> = story.notes.iter().filter_map(|note| note.event.as_deref()).collect();
        assert_eq!(Some(&events), of_calls.get(call.as_str()), "{name} {call}");
        for once in [Conclusion::Announced, Conclusion::Direction, Conclusion::Over] {
            assert_eq!(count(once), 1, "{name} {call} {once:?} {concluded:#?}");
        }
        assert!(count(Conclusion::Began) >= 1, "{name} {call}: {concluded:?}");
        assert!(story.notes.iter().all(|note| !note.words.is_empty() && note.words.len() <= 400));
    }
    let announced: BTreeSet<_> = told.iter().filter_map(|story| story.call.as_ref()).collect();
    assert_eq!(announced, over, "{name}: each call that is over has one story");
    assert_eq!(announced.len(), told.iter().filter(|story| story.call.is_some()).count(), "{name}");
    let _ = open;
}

#[test]
fn each_call_has_a_reason_for_its_announcement_and_its_end_and_each_other_why_there_was_none() {
    for_every_capture(|name, bytes, times| {
        for times in [times, None] {
            let (said, told, open) = play(bytes, times, true);
            check(name, &said, &told, &open);
        }
    });
}

#[test]
fn a_busy_hour_is_told_whole() {
    let bytes = storm();
    let (said, told, open) = play(&bytes, None, true);
    check("storm", &said, &told, &open);
    assert!(open.is_empty(), "{open:#?}");
}

#[test]
fn telling_changes_nothing_that_is_said() {
    for_every_capture(|name, bytes, times| {
        let (with, _, _) = play(bytes, times, true);
        let (without, told, _) = play(bytes, times, false);
        assert_eq!(with, without, "{name}");
        assert!(told.is_empty());
    });
}
