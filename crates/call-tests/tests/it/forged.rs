//! Recordings of Asterisk 22 in which a caller's number holds what Asterisk never sent, while another call is on.
//!
//! They are without the events that the PBX is asked to keep back.

use std::fs;

use bytes::Bytes;
use ringwire_ami::{AmiVersion, Frame, Packet};
use ringwire_calls::{Rules, Tracker};
use ringwire_event::EventKind;

use crate::captures::for_every_capture;
use crate::support::{captures, follow_frames, frames};

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

/// The packet with the lines behind the event's name in another order.
fn rearranged(packet: &Packet, arrange: impl Fn(&mut Vec<&[u8]>)) -> Packet {
    let mut lines: Vec<_> = packet.bytes().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
    lines.retain(|line| !line.is_empty());
    let mut rest = lines.split_off(1);
    arrange(&mut rest);
    lines.extend(rest);
    Packet::new(Bytes::from(lines.join(&b"\r\n"[..])), packet.version()).unwrap()
}

#[test]
fn headers_in_another_order_give_the_same_calls_and_none_is_forged() {
    let orders: [fn(&mut Vec<&[u8]>); 2] = [|lines| lines.sort_unstable(), |lines| lines.reverse()];
    for_every_capture(|name, bytes, _| {
        let sent = frames(bytes);
        let expected = follow_frames(&mut Tracker::new(Rules::new("pbx")), sent.iter().cloned(), None);
        for arrange in orders {
            let mut tracker = Tracker::new(Rules::new("pbx"));
            let rearranged = sent.iter().map(|(frame, end)| match frame {
                Frame::Packet(packet) if packet.event_name().is_some() => {
                    (Frame::Packet(rearranged(packet, arrange)), *end)
                }
                other => (other.clone(), *end),
            });
            assert_eq!(follow_frames(&mut tracker, rearranged, None), expected, "{name}");
            assert_eq!(tracker.forged(), 0, "{name}");
        }
    });
}

#[test]
fn a_block_whose_beginning_is_missing_is_forged_in_any_order() {
    let drops = |headers: &str| {
        let mut tracker = Tracker::new(Rules::new("pbx"));
        let text = format!("Event: DialEnd\r\n{headers}\r\n").replace("  ", "\r\n");
        tracker.apply(&Packet::new(Bytes::from(text), AmiVersion::NEWEST).unwrap(), None);
        tracker.forged() == 1
    };
    let whole =
        "DestChannel: SIP/a  DestChannelState: 6  DestCallerIDNum: 1  DestUniqueid: 1.1  DestLinkedid: 1.0";
    let reversed = whole.rsplit("  ").collect::<Vec<_>>().join("  ");
    assert!(!drops(whole) && !drops(&reversed));
    for missing in ["DestChannelState: 6  ", "DestCallerIDNum: 1  "] {
        let cut = whole.replace(missing, "");
        let reversed = cut.rsplit("  ").collect::<Vec<_>>().join("  ");
        assert!(drops(&cut) && drops(&reversed), "{cut}");
    }
    // The beginning of one block is not that of another.
    assert!(drops(&whole.replace("DestLinkedid", "TargetLinkedid")));
}
