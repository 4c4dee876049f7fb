//! What one PBX can make the tracker remember.

use std::fmt::Write as _;

use jiff::Timestamp;
use ringwire_ami::{AmiVersion, Frame};
use ringwire_calls::{Rules, Tracker, TrackerLimit};

use crate::support::frames;

/// The most channels that are followed.
const CHANNELS: usize = 10_000;

/// The most legs of one round of ringing.
const LEGS: usize = 1_000;

fn apply(tracker: &mut Tracker, text: &str) {
    for (frame, _) in frames(text.as_bytes()) {
        if let Frame::Packet(packet) = frame {
            tracker.apply(&packet, Some(Timestamp::UNIX_EPOCH));
        }
    }
}

fn connected() -> Tracker {
    let mut tracker = Tracker::new(Rules::new("main"));
    tracker.connected(AmiVersion::NEWEST, Some(Timestamp::UNIX_EPOCH));
    tracker
}

fn new_channels(numbers: std::ops::Range<usize>) -> String {
    let mut text = String::new();
    for number in numbers {
        let _ = write!(
            text,
            "Event: Newchannel\r\nChannel: PJSIP/a-{number}\r\nChannelState: 0\r\nCallerIDNum: 1\r\nContext: c\r\n\
             Exten: \r\nUniqueid: {number}\r\nLinkedid: {number}\r\n\r\n"
        );
    }
    text
}

#[test]
fn a_pbx_with_too_many_channels_exceeds_a_limit_once_a_connection() {
    let mut tracker = connected();
    apply(&mut tracker, &new_channels(0..CHANNELS));
    assert_eq!((tracker.live_channels(), tracker.take_exceeded()), (CHANNELS, None));
    apply(&mut tracker, &new_channels(CHANNELS..CHANNELS + 100));
    assert_eq!(tracker.live_channels(), CHANNELS);
    assert!(tracker.live_calls() <= CHANNELS);
    assert_eq!(tracker.take_exceeded(), Some(TrackerLimit::Channels));
    assert_eq!(tracker.take_exceeded(), None);
    apply(&mut tracker, &new_channels(CHANNELS..CHANNELS + 100));
    assert_eq!(tracker.take_exceeded(), None, "it was said");

    // The next connection lists what is left, with some that are new, and finds the rest gone.
    tracker.connected(AmiVersion::NEWEST, Some(Timestamp::UNIX_EPOCH));
    let mut list = String::new();
    for number in (0..5).chain(CHANNELS..CHANNELS + 5) {
        let _ = write!(
            list,
            "Event: CoreShowChannel\r\nChannel: PJSIP/a-{number}\r\nChannelState: 6\r\nCallerIDNum: 1\r\n\
             Context: c\r\nExten: \r\nUniqueid: {number}\r\nLinkedid: {number}\r\nApplication: \r\n\r\n"
        );
    }
    list.push_str("Event: CoreShowChannelsComplete\r\nEventList: Complete\r\nListItems: 10\r\n\r\n");
    apply(&mut tracker, &list);
    assert_eq!(tracker.take_exceeded(), Some(TrackerLimit::Channels));
    assert_eq!(tracker.live_channels(), 5);
    apply(&mut tracker, &list);
    assert_eq!(tracker.live_channels(), 10);
}

#[test]
fn a_call_has_a_limit_of_legs_and_those_beyond_it_are_not_followed() {
    let mut tracker = connected();
    let caller = "Channel: PJSIP/trunk-0\r\nChannelState: 4\r\nCallerIDNum: 491761234567\r\nContext: from-trunk\r\n\
                  Exten: 4930100\r\nUniqueid: 0\r\nLinkedid: 0\r\n";
    apply(&mut tracker, &format!("Event: Newchannel\r\n{caller}\r\n"));
    let mut dials = String::new();
    for leg in 1..=LEGS + 1 {
        let _ = write!(
            dials,
            "Event: Newchannel\r\nChannel: PJSIP/a{leg}-{leg}\r\nChannelState: 0\r\nCallerIDNum: {leg}\r\n\
             Context: c\r\nExten: s\r\nUniqueid: {leg}\r\nLinkedid: 0\r\n\r\n\
             Event: DialBegin\r\n{caller}DestChannel: PJSIP/a{leg}-{leg}\r\nDestChannelState: 5\r\n\
             DestCallerIDNum: {leg}\r\nDestUniqueid: {leg}\r\nDestLinkedid: 0\r\nDialString: a{leg}\r\n\r\n"
        );
        if leg == LEGS {
            apply(&mut tracker, &std::mem::take(&mut dials));
            assert_eq!(tracker.take_exceeded(), None);
        }
    }
    apply(&mut tracker, &dials);
    assert_eq!(tracker.take_exceeded(), Some(TrackerLimit::Legs));
    assert_eq!(tracker.live_calls(), 1);
}

#[test]
fn names_are_kept_up_to_a_length() {
    let mut tracker = connected();
    let long = "\u{e4}".repeat(30_000);
    apply(
        &mut tracker,
        &format!(
            "Event: Newchannel\r\nChannel: PJSIP/{long}-1\r\nChannelState: 4\r\nCallerIDNum: {long}\r\n\
             CallerIDName: {long}\r\nContext: {long}\r\nExten: {long}\r\nUniqueid: {long}\r\nLinkedid: {long}\r\n\r\n"
        ),
    );
    assert_eq!(tracker.live_channels(), 1);
    for channel in tracker.channel_summaries() {
        let kept = format!("{channel:?}");
        assert!(kept.len() < 12_000, "{} bytes", kept.len());
    }
}
