//! Feeds any bytes to the tracker as packets of a PBX, and checks its invariants (call rules 5).

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use jiff::{SignedDuration, Timestamp};
use ringwire_ami::{AmiVersion, Codec, Frame, Packet};
use ringwire_calls::{Rules, Tracker};
use ringwire_directory::Pattern;
use ringwire_event::{CallEvent, EventKind};
use tokio_util::codec::Decoder;

/// Tracks a stream with a clock that advances a little with each packet, then ends it with an empty list of channels.
pub fn run(data: &[u8]) {
    let mut codec = Codec::default();
    let mut buffer = BytesMut::from(data);
    let mut harness = TrackerHarness::new(data.len());
    while let Ok(Some(frame)) = codec.decode_eof(&mut buffer) {
        harness.apply(&frame);
    }
    harness.end();
}

/// An empty list of channels.
const NO_CHANNELS: &str = "Event: CoreShowChannelsComplete\r\nEventList: Complete\r\nListItems: 0\r\n\r\n";

/// A tracker, its clock and the events of each call.
struct TrackerHarness {
    tracker: Tracker,
    now: Timestamp,
    calls: BTreeMap<String, ReportedCall>,
    packets: usize,
}

/// The events of one call.
#[derive(Default)]
struct ReportedCall {
    last_seq: u32,
    has_ended: bool,
}

impl TrackerHarness {
    fn new(length: usize) -> Self {
        let mut rules = Rules::new("pbx");
        // The length of the input chooses between two sets of rules.
        if length % 2 == 1 {
            rules.trunks = vec![Pattern::new("PJSIP/trunk*"), Pattern::new("SIP/trunk*")];
            rules.prefix_ids = true;
        }
        let (now, calls) = (Timestamp::UNIX_EPOCH, BTreeMap::new());
        Self { tracker: Tracker::new(rules), now, calls, packets: 0 }
    }

    fn apply(&mut self, frame: &Frame) {
        match frame {
            Frame::Banner(version) => self.tracker.connected(*version, Some(self.now)),
            Frame::Packet(packet) => {
                // Mostly less time than it takes to announce a call, sometimes more.
                self.advance_clock((packet.bytes().len() % 16 * 20) as i64);
                self.tracker.apply(packet, Some(self.now));
                self.packets += 1;
            }
        }
        self.check_events();
        let (calls, channels) = (self.tracker.live_calls(), self.tracker.live_channels());
        // One event can create at most three channels and calls.
        assert!(calls.max(channels) <= 3 * self.packets, "{calls} calls and {channels} channels");
    }

    /// Advances the clock, and runs everything that becomes due at its time.
    fn advance_clock(&mut self, milliseconds: i64) {
        let then = self.now + SignedDuration::from_millis(milliseconds);
        while let Some(due) = self.tracker.next_deadline().filter(|due| *due <= then) {
            self.now = self.now.max(due);
            self.tracker.tick(self.now);
            assert!(self.tracker.next_deadline().is_none_or(|next| next > due), "{due} stays due");
            self.check_events();
        }
        self.now = then;
    }

    fn check_events(&mut self) {
        while let Some(event) = self.tracker.poll_event() {
            self.check_event(&event);
        }
    }

    fn check_event(&mut self, event: &CallEvent) {
        assert!(!event.call.is_empty() && event.call.len() <= 250, "{event:?}");
        let call: &str = &event.call;
        let reported = self.calls.entry(call.to_owned()).or_default();
        assert!(!reported.has_ended, "after the hangup: {event:?}");
        assert_eq!(event.seq, reported.last_seq + 1, "{event:?}");
        assert_eq!(matches!(event.kind, EventKind::NewCall { .. }), event.seq == 1, "{event:?}");
        reported.last_seq = event.seq;
        reported.has_ended = matches!(event.kind, EventKind::Hangup { .. });
    }

    /// Ends all calls with an empty list of channels on a new connection.
    fn end(mut self) {
        self.advance_clock(1_000);
        self.tracker.connected(AmiVersion::NEWEST, Some(self.now));
        let list = Packet::new(Bytes::from_static(NO_CHANNELS.as_bytes()), AmiVersion::NEWEST);
        if let Some(list) = list {
            self.tracker.apply(&list, Some(self.now));
        }
        self.check_events();
        self.advance_clock(60_000);
        for (call, reported) in &self.calls {
            assert!(reported.has_ended, "{call} was left open");
        }
        assert_eq!((self.tracker.live_calls(), self.tracker.live_channels()), (0, 0));
        assert_eq!(self.tracker.next_deadline(), None);
    }
}
