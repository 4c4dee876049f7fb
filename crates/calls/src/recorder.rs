//! Records what is decided, for those who ask why.

use std::collections::VecDeque;

use jiff::Timestamp;
use ringwire_ami::Packet;
use ringwire_event::explanation::{
    DECIDING_HEADERS, Explanation, RecordedSource, SourceEventKind, StepLog, TextTable,
};

use crate::event_headers::EventHeaders;

/// How much of a header's value is kept, in bytes.
const VALUE: usize = 80;

/// What is common to the explanations of all calls of one PBX. Off unless asked for.
#[derive(Debug, Default)]
pub(crate) struct ExplanationRecorder {
    pub(crate) is_on: bool,
    /// The packet being applied; `None` while the passing of time decides.
    packet: Option<Packet>,
    /// Where its headers are, so that it is parsed but once.
    headers: Vec<HeaderPlace>,
    /// Counts packets, so that a log has each but once as a source.
    packets: u64,
    /// Counts steps, so that two logs can become one in order.
    steps: u32,
    finished: VecDeque<Explanation>,
}

impl ExplanationRecorder {
    /// One that records, or does not.
    pub(crate) fn new(is_on: bool) -> Self {
        Self { is_on, ..Self::default() }
    }

    /// An event is being applied.
    pub(crate) fn begin_packet(&mut self, event: &EventHeaders<'_>) {
        if self.is_on {
            let packet = event.packet();
            self.headers.clear();
            self.headers
                .extend(event.at_hand().iter().map(|header| HeaderPlace::new(packet.bytes(), *header)));
            self.packet = Some(packet.clone());
            self.packets += 1;
        }
    }

    /// It was applied: what comes next is decided by the passing of time.
    pub(crate) fn end_packet(&mut self) {
        self.packet = None;
    }

    /// The packet being applied.
    pub(crate) fn packet(&self) -> Option<&Packet> {
        self.packet.as_ref()
    }

    /// The name of the event being applied; empty for a response, and while the passing of time decides.
    pub(crate) fn event_name(&self) -> &[u8] {
        self.packet.as_ref().and_then(Packet::event_name).unwrap_or_default()
    }

    /// Makes what is happening the source of the next step of `log`.
    pub(crate) fn set_source(&self, log: &mut StepLog, now: Option<Timestamp>) {
        match &self.packet {
            Some(_) if log.has_source_of(self.packets) => {}
            Some(packet) => {
                let source = source_of(packet, &self.headers, now, log.texts());
                log.set_source(self.packets, source);
            }
            None => log.set_source(0, RecordedSource::passing_of_time(now)),
        }
    }

    /// The order of the next step.
    pub(crate) fn next_order(&mut self) -> u32 {
        self.steps = self.steps.wrapping_add(1);
        self.steps
    }

    /// Takes the explanation of a call that is over.
    pub(crate) fn finish(&mut self, explanation: Explanation) {
        self.finished.push_back(explanation);
    }

    /// The next explanation of a call that is over.
    pub(crate) fn poll(&mut self) -> Option<Explanation> {
        self.finished.pop_front()
    }
}

/// Where in a packet a header is.
#[derive(Clone, Copy, Debug)]
struct HeaderPlace {
    key: u32,
    key_length: u16,
    value_length: u16,
    value: u32,
}

impl HeaderPlace {
    /// The place of a header whose key and value are parts of `packet`. What is longer than a header can be is cut.
    fn new(packet: &[u8], (key, value): (&[u8], &[u8])) -> Self {
        let base = packet.as_ptr().addr();
        let place = |part: &[u8]| u32::try_from(part.as_ptr().addr().wrapping_sub(base)).unwrap_or(u32::MAX);
        let length = |part: &[u8]| u16::try_from(part.len()).unwrap_or(u16::MAX);
        Self { key: place(key), key_length: length(key), value_length: length(value), value: place(value) }
    }

    fn key(self, packet: &[u8]) -> &[u8] {
        part(packet, self.key, self.key_length)
    }

    fn value(self, packet: &[u8]) -> &[u8] {
        part(packet, self.value, self.value_length)
    }
}

fn part(packet: &[u8], begin: u32, length: u16) -> &[u8] {
    let begin = begin as usize;
    packet.get(begin..begin + usize::from(length)).unwrap_or_default()
}

/// A packet in short: of some twenty headers the few that decide.
fn source_of(
    packet: &Packet,
    headers: &[HeaderPlace],
    now: Option<Timestamp>,
    texts: &mut TextTable,
) -> RecordedSource {
    let kind = SourceEventKind::from_name(packet.event_name().unwrap_or(b"Response"));
    let keys = kind.map(SourceEventKind::headers).unwrap_or_default();
    let (mut channel, mut uniqueid, mut found) = (None, None, [None; DECIDING_HEADERS]);
    // Most headers decide nothing, and most of these can be skipped by their length.
    let lengths = keys
        .iter()
        .fold(1 << "Channel".len() | 1 << "Uniqueid".len(), |set, key| set | 1_u64 << (key.len() % 64));
    let bytes = packet.bytes();
    for header in headers {
        if lengths & 1 << (header.key_length % 64) == 0 {
            continue;
        }
        let key = header.key(bytes);
        let slot = if key.eq_ignore_ascii_case(b"Channel") {
            &mut channel
        } else if key.eq_ignore_ascii_case(b"Uniqueid") {
            &mut uniqueid
        } else {
            let place = keys.iter().position(|known| key.eq_ignore_ascii_case(known.as_bytes()));
            match place.and_then(|place| found.get_mut(place)) {
                Some(slot) => slot,
                None => continue,
            }
        };
        slot.get_or_insert(header.value(bytes));
    }
    let mut text =
        |key: &str, value: Option<&[u8]>| packet.decode(key, value?).map(|value| texts.intern(cut(&value)));
    let mut source = RecordedSource::passing_of_time(now);
    source.event = kind;
    source.channel = text("Channel", channel);
    source.uniqueid = text("Uniqueid", uniqueid);
    for ((slot, key), value) in source.values.iter_mut().zip(keys).zip(found) {
        // A Linkedid that is the channel's own adds nothing.
        *slot = text(key, value).filter(|value| *key != "Linkedid" || source.uniqueid != Some(*value));
    }
    source
}

fn cut(value: &str) -> &str {
    value.get(..value.floor_char_boundary(VALUE)).unwrap_or(value)
}
