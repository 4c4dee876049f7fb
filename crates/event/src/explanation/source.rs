//! The manager event that a decision was made from, as it is recorded.

use std::num::NonZeroU8;

use jiff::Timestamp;

use super::step::SourceEvent;
use super::texts::{TextRef, TextTable};

/// How many headers of one event decide at most.
pub const DECIDING_HEADERS: usize = 6;

/// A manager event, or the passing of time, as far as it decided something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedSource {
    /// When it came.
    pub time: RecordedTime,
    /// Which event; `None` where the passing of time decided.
    pub event: Option<SourceEventKind>,
    /// The channel it is about, and its Uniqueid.
    pub channel: Option<TextRef>,
    /// The Uniqueid of that channel.
    pub uniqueid: Option<TextRef>,
    /// The values of [`SourceEventKind::headers`].
    pub values: [Option<TextRef>; DECIDING_HEADERS],
}

/// A time in eight bytes, to the nanosecond, between the years 1678 and 2262; or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedTime(i64);

/// The name of an event that can decide something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceEventKind(NonZeroU8);

impl RecordedSource {
    /// The passing of time.
    #[must_use]
    pub fn passing_of_time(time: Option<Timestamp>) -> Self {
        Self {
            time: time.into(),
            event: None,
            channel: None,
            uniqueid: None,
            values: [None; DECIDING_HEADERS],
        }
    }

    /// Whether the two are the same but for their time.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        Self { time: other.time, ..*self } == *other
    }

    /// The source as readers get it.
    pub(super) fn render(&self, texts: &TextTable) -> Option<SourceEvent> {
        let event = self.event?;
        let text = |reference: TextRef| texts.get(reference).to_owned();
        let mut with = String::new();
        for (header, value) in event.headers().iter().zip(self.values) {
            let Some(value) = value else { continue };
            if !with.is_empty() {
                with.push_str(", ");
            }
            with.push_str(header);
            with.push(' ');
            with.push_str(texts.get(value));
        }
        Some(SourceEvent {
            event: event.name().to_owned(),
            channel: self.channel.map(text),
            uniqueid: self.uniqueid.map(text),
            with,
        })
    }
}

impl RecordedTime {
    const NONE: i64 = i64::MIN;

    pub(super) fn from_nanoseconds(nanoseconds: Option<i64>) -> Self {
        Self(nanoseconds.unwrap_or(Self::NONE))
    }

    pub(super) fn nanoseconds(self) -> Option<i64> {
        (self.0 != Self::NONE).then_some(self.0)
    }

    /// The time.
    #[must_use]
    pub fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_nanosecond(i128::from(self.nanoseconds()?)).ok()
    }
}

impl From<Option<Timestamp>> for RecordedTime {
    fn from(time: Option<Timestamp>) -> Self {
        Self::from_nanoseconds(time.and_then(|time| i64::try_from(time.as_nanosecond()).ok()))
    }
}

impl SourceEventKind {
    /// The kind that Asterisk calls `name`.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let index = EVENTS.iter().position(|(known, _)| known.as_bytes() == name)?;
        NonZeroU8::new(u8::try_from(index + 1).ok()?).map(Self)
    }

    /// What Asterisk calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().0
    }

    /// The headers that decide, in the order in which they are shown.
    #[must_use]
    pub fn headers(self) -> &'static [&'static str] {
        self.entry().1
    }

    fn entry(self) -> &'static (&'static str, &'static [&'static str]) {
        EVENTS.get(usize::from(self.0.get()) - 1).unwrap_or(&("?", &[]))
    }
}

const LIST_ITEM: &[&str] = &["ChannelStateDesc", "Context", "Exten", "Extension", "Application", "BridgeId"];
const QUEUE: &[&str] = &["Queue", "Position", "Count"];
const BRIDGE: &[&str] = &["BridgeType", "BridgeTechnology", "BridgeCreator", "Exten"];
const OLD_BRIDGE: &[&str] = &["Bridgestate", "Channel1", "Channel2"];

/// The events that can decide something, each with the headers by which it does. The first is any response.
const EVENTS: [(&str, &[&str]); 37] = [
    ("Response", &[]),
    ("Newchannel", &["ChannelStateDesc", "CallerIDNum", "CallerIDName", "Context", "Exten", "Linkedid"]),
    ("Newstate", &["ChannelStateDesc", "State", "ConnectedLineNum"]),
    ("NewCallerid", &["CallerIDNum", "CallerIDName", "CID-CallingPres"]),
    ("Newcallerid", &["CallerIDNum", "CallerIDName", "CID-CallingPres"]),
    ("Newexten", &["Application", "Extension", "Exten"]),
    ("HangupRequest", &["Cause"]),
    ("Hangup", &["Cause", "Cause-txt"]),
    ("Hold", &["Status"]),
    ("Unhold", &["Status"]),
    ("Dial", &["SubEvent", "Destination", "Dialstring", "DialStatus"]),
    ("DialBegin", &["DestChannel", "DialString", "CallerIDNum"]),
    ("DialEnd", &["DestChannel", "DialStatus", "Forward"]),
    ("LocalBridge", &["LocalOneChannel", "LocalTwoChannel", "Channel1", "Channel2"]),
    ("BridgeEnter", BRIDGE),
    ("BridgeLeave", BRIDGE),
    ("Bridge", OLD_BRIDGE),
    ("Link", OLD_BRIDGE),
    ("Unlink", OLD_BRIDGE),
    ("ConfbridgeJoin", &["Conference"]),
    ("MeetmeJoin", &["Meetme"]),
    ("QueueCallerJoin", QUEUE),
    ("Join", QUEUE),
    ("QueueCallerLeave", QUEUE),
    ("Leave", QUEUE),
    ("QueueEntry", QUEUE),
    ("AgentCalled", &["Queue", "DestChannel", "DestinationChannel"]),
    ("AgentConnect", &["Queue", "DestChannel", "BridgedChannel"]),
    ("BlindTransfer", &["Result", "TransfererChannel", "TransfereeChannel", "Extension"]),
    (
        "AttendedTransfer",
        &["Result", "OrigTransfererChannel", "TransfereeChannel", "TransferTargetChannel", "DestType"],
    ),
    ("Transfer", &["TransferType", "TransferExten", "TargetChannel"]),
    ("Pickup", &["TargetChannel"]),
    ("Rename", &["Newname"]),
    ("CoreShowChannel", LIST_ITEM),
    ("Status", LIST_ITEM),
    ("CoreShowChannelsComplete", &["ListItems", "Items"]),
    ("StatusComplete", &["ListItems", "Items"]),
];
