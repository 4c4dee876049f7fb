//! What a tracker shows of the channels it follows.

use std::fs;

use ringwire_ami::Frame;
use ringwire_calls::{Rules, Tracker};

use crate::support::{captures, frames};

#[test]
fn each_channel_is_shown_as_it_stands() {
    let bytes = fs::read(captures().join("22/hold-and-resume.ami")).unwrap();
    let mut tracker = Tracker::new(Rules { prefix_ids: true, ..Rules::new("main") });
    for (frame, _) in frames(&bytes) {
        match &frame {
            Frame::Banner(version) => tracker.connected(*version, None),
            Frame::Packet(packet) => {
                tracker.apply(packet, None);
                if packet.event_name() == Some(b"Hold") {
                    break;
                }
            }
        }
    }
    let shown: Vec<_> = tracker
        .channel_summaries()
        .into_iter()
        .map(|row| {
            assert!(row.uniqueid.starts_with("pbx1-") && row.call.is_some() && row.answered);
            let id = row.id.map(|id| id.starts_with("main-pbx1-"));
            assert_eq!((id, row.bridge.is_some(), row.state), (Some(true), true, "Up"));
            (row.name, row.endpoint, row.kind, row.number, row.context, row.exten, row.hold)
        })
        .collect();
    let trunk = (
        "PJSIP/trunk-00000048",
        "PJSIP/trunk",
        "external",
        Some("491761234567"),
        "from-trunk",
        "4930100",
        false,
    );
    let phone = ("PJSIP/alice-00000049", "PJSIP/alice", "device", Some("101"), "internal", "s", true);
    assert_eq!(shown, [trunk, phone]);
}
