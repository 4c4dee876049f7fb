//! Any bytes as what a PBX says: what must never happen does not (translation rules, section 5).

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use jiff::{SignedDuration, Timestamp};
use ringwire_ami::{AmiVersion, Codec, Frame, Packet};
use ringwire_calls::{Pattern, Rules, Tracker};
use ringwire_event::{CallEvent, EventKind};
use tokio_util::codec::Decoder;

/// Follows a stream with a clock that goes on a little with each packet, then ends it with a list of no channels.
pub fn run(data: &[u8]) {
    let mut codec = Codec::default();
    let mut buffer = BytesMut::from(data);
    let mut follower = Follower::new(data.len());
    while let Ok(Some(frame)) = codec.decode_eof(&mut buffer) {
        follower.take(&frame);
    }
    follower.end();
}

/// A list of all channels that has none.
const NO_CHANNELS: &str = "Event: CoreShowChannelsComplete\r\nEventList: Complete\r\nListItems: 0\r\n\r\n";

/// A tracker, its clock and what it has said.
struct Follower {
    tracker: Tracker,
    now: Timestamp,
    calls: BTreeMap<String, Said>,
    packets: usize,
}

/// What was said of one call.
#[derive(Default)]
struct Said {
    seq: u32,
    over: bool,
}

impl Follower {
    fn new(length: usize) -> Self {
        let mut rules = Rules::new("pbx");
        // Both kinds of rules, told apart by what the input is anyhow.
        if length % 2 == 1 {
            rules.trunks = vec![Pattern::new("PJSIP/trunk*"), Pattern::new("SIP/trunk*")];
            rules.prefix_ids = true;
        }
        let (now, calls) = (Timestamp::UNIX_EPOCH, BTreeMap::new());
        Self { tracker: Tracker::new(rules), now, calls, packets: 0 }
    }

    fn take(&mut self, frame: &Frame) {
        match frame {
            Frame::Banner(version) => self.tracker.connected(*version, Some(self.now)),
            Frame::Packet(packet) => {
                // Less than it takes to announce a call, and sometimes more.
                self.pass((packet.bytes().len() % 16 * 20) as i64);
                self.tracker.apply(packet, Some(self.now));
                self.packets += 1;
            }
        }
        self.hear();
        let (calls, channels) = (self.tracker.live_calls(), self.tracker.live_channels());
        // An event of two legs and a call that nobody told of before: three of each at most.
        assert!(calls.max(channels) <= 3 * self.packets, "{calls} calls and {channels} channels");
    }

    /// So many milliseconds pass, and whatever becomes due meanwhile is done when it is.
    fn pass(&mut self, milliseconds: i64) {
        let then = self.now + SignedDuration::from_millis(milliseconds);
        while let Some(due) = self.tracker.next_deadline().filter(|due| *due <= then) {
            self.now = self.now.max(due);
            self.tracker.tick(self.now);
            assert!(self.tracker.next_deadline().is_none_or(|next| next > due), "{due} stays due");
            self.hear();
        }
        self.now = then;
    }

    fn hear(&mut self) {
        while let Some(event) = self.tracker.poll_event() {
            self.hold_to_the_rules(&event);
        }
    }

    fn hold_to_the_rules(&mut self, event: &CallEvent) {
        assert!(!event.call.is_empty() && event.call.len() <= 250, "{event:?}");
        let call: &str = &event.call;
        let said = self.calls.entry(call.to_owned()).or_default();
        assert!(!said.over, "after the hangup: {event:?}");
        assert_eq!(event.seq, said.seq + 1, "{event:?}");
        assert_eq!(matches!(event.kind, EventKind::NewCall { .. }), event.seq == 1, "{event:?}");
        said.seq = event.seq;
        said.over = matches!(event.kind, EventKind::Hangup { .. });
    }

    /// A list without channels, on a new connection, ends whatever was missed.
    fn end(mut self) {
        self.pass(1_000);
        self.tracker.connected(AmiVersion::NEWEST, Some(self.now));
        let list = Packet::new(Bytes::from_static(NO_CHANNELS.as_bytes()), AmiVersion::NEWEST);
        if let Some(list) = list {
            self.tracker.apply(&list, Some(self.now));
        }
        self.hear();
        self.pass(60_000);
        for (call, said) in &self.calls {
            assert!(said.over, "{call} was left open");
        }
        assert_eq!((self.tracker.live_calls(), self.tracker.live_channels()), (0, 0));
        assert_eq!(self.tracker.next_deadline(), None);
    }
}
