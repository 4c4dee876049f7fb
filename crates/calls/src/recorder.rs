//! Records what is decided, for those who ask why.

use std::collections::VecDeque;

use jiff::Timestamp;
use ringwire_ami::Packet;
use ringwire_event::explanation::{
    DECIDING_HEADERS, Explanation, RecordedSource, SourceEventKind, StepLog, TextTable,
};

/// How much of a header's value is kept, in bytes.
const VALUE: usize = 80;

/// What is common to the explanations of all calls of one PBX. Off unless asked for.
#[derive(Debug, Default)]
pub(crate) struct ExplanationRecorder {
    pub(crate) is_on: bool,
    /// The packet being applied; `None` while the passing of time decides.
    packet: Option<Packet>,
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

    /// A packet is being applied.
    pub(crate) fn begin_packet(&mut self, packet: &Packet) {
        if self.is_on {
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
                let source = source_of(packet, now, log.texts());
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

/// A packet in short: of some twenty headers the few that decide.
fn source_of(packet: &Packet, now: Option<Timestamp>, texts: &mut TextTable) -> RecordedSource {
    let kind = SourceEventKind::from_name(packet.event_name().unwrap_or(b"Response"));
    let keys = kind.map(SourceEventKind::headers).unwrap_or_default();
    let (mut channel, mut uniqueid, mut found) = (None, None, [None; DECIDING_HEADERS]);
    // Most headers decide nothing, and most of these can be skipped by their length.
    let lengths = keys
        .iter()
        .fold(1 << "Channel".len() | 1 << "Uniqueid".len(), |set, key| set | 1_u64 << (key.len() % 64));
    for (key, value) in packet.headers() {
        if lengths & 1 << (key.len() % 64) == 0 {
            continue;
        }
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
        slot.get_or_insert(value);
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
