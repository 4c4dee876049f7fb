//! Recordings of Asterisk 22 in which a caller's number holds what Asterisk never sent, while another call is on.
//!
//! They are without the events that the PBX is asked to keep back.

use std::fs;

use ringwire_ami::Frame;
use ringwire_calls::{Rules, Tracker};
use ringwire_event::EventKind;

use crate::support::{captures, frames};

/// The call that is on is published from its beginning to its true end, and how many events were dropped by the tracker.
#[track_caller]
fn check(name: &str, dropped: u64) {
    let bytes = fs::read(captures().join(format!("../forged/{name}-22.ami"))).unwrap();
    let mut tracker = Tracker::new(Rules::new("pbx"));
    let (mut published, mut ended_by) = (Vec::new(), None);
    for (frame, _) in frames(&bytes) {
        match &frame {
            Frame::Banner(version) => tracker.connected(*version, None),
            Frame::Packet(packet) => tracker.apply(packet, None),
        }
        while let Some(event) = tracker.poll_event() {
            published.push((event.from.clone(), event.kind.name()));
            if let (EventKind::Hangup { .. }, Frame::Packet(packet)) = (&event.kind, &frame) {
                ended_by = Some(packet.clone());
            }
        }
    }
    let expected = ["newCall", "ringing", "answer", "hangup"];
    assert_eq!(published, expected.map(|what| ("491761234567".to_owned(), what)));
    let ended_by = ended_by.unwrap();
    assert_eq!(ended_by.event_name(), Some(&b"Hangup"[..]));
    assert_eq!(ended_by.get("SystemName"), Some(&b"pbx1"[..]), "{ended_by:?}");
    assert_eq!(tracker.forged(), dropped);
}

#[test]
fn a_call_outlives_its_forged_hangup() {
    check("hangup", 0);
    check("hangup-with-privilege", 0);
}

#[test]
fn a_call_outlives_a_forged_list() {
    check("list", 0);
}

#[test]
fn a_call_outlives_a_forged_hangup_that_the_rest_of_the_true_event_ends() {
    check("cut", 38);
}
