//! What must never happen, whatever is lost, repeated, swapped or garbled on the way (call rules 5).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use bytes::Bytes;
use proptest::prelude::*;
use ringwire_ami::{AmiVersion, Frame, Packet};
use ringwire_calls::{Rules, Tracker};
use ringwire_event::{CallEvent, EventKind};

use crate::support::frames;
use crate::{captures, support};

/// A list of all channels that has none.
pub(crate) fn no_channels() -> Frame {
    let text = "Event: CoreShowChannelsComplete\r\nEventList: Complete\r\nListItems: 0\r\n\r\n";
    Frame::Packet(Packet::new(Bytes::from(text), AmiVersion::NEWEST).unwrap())
}

pub(crate) static RECORDINGS: LazyLock<Vec<(String, Vec<Frame>)>> =
    LazyLock::new(|| load(&support::captures()));

/// The recordings in a folder, each with its name.
pub(crate) fn load(folder: &Path) -> Vec<(String, Vec<Frame>)> {
    let mut recordings = Vec::new();
    for recording in captures::recordings(folder) {
        // What says nothing of calls would only dilute the damage.
        let packets = frames(&recording.bytes).into_iter().map(|(frame, _)| frame).filter(can_change_calls);
        recordings.push((recording.name, packets.collect()));
    }
    recordings
}

fn can_change_calls(frame: &Frame) -> bool {
    const SILENT: [&[u8]; 5] = [b"VarSet", b"TestEvent", b"RTCPSent", b"RTCPReceived", b"DeviceStateChange"];
    match frame {
        Frame::Banner(_) => true,
        Frame::Packet(packet) => packet.event_name().is_some_and(|event| !SILENT.contains(&event)),
    }
}

#[derive(Clone, Debug)]
enum Damage {
    Drop(prop::sample::Index),
    Repeat(prop::sample::Index),
    Swap(prop::sample::Index),
    /// Later, by so many packets.
    Delay(prop::sample::Index, usize),
    /// What one event says, it says of the channel of another, and the other way round.
    Exchange(prop::sample::Index, prop::sample::Index),
    /// One header is lost.
    Garble(prop::sample::Index, prop::sample::Index),
    /// One value is cut short, or other bytes.
    Corrupt(prop::sample::Index, prop::sample::Index, Vec<u8>),
    Reconnect(prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        index().prop_map(Damage::Drop),
        index().prop_map(Damage::Repeat),
        index().prop_map(Damage::Swap),
        (index(), 2..40usize).prop_map(|(at, by)| Damage::Delay(at, by)),
        (index(), index()).prop_map(|(at, other)| Damage::Exchange(at, other)),
        (index(), index()).prop_map(|(at, header)| Damage::Garble(at, header)),
        (index(), index(), prop::collection::vec(any::<u8>(), 0..6))
            .prop_map(|(at, header, bytes)| Damage::Corrupt(at, header, bytes)),
        index().prop_map(Damage::Reconnect),
    ]
}

fn inflict(frames: &mut Vec<Frame>, damage: &Damage) {
    let len = frames.len();
    match damage {
        Damage::Drop(at) => drop(frames.remove(at.index(len))),
        Damage::Repeat(at) => frames.insert(at.index(len), frames[at.index(len)].clone()),
        Damage::Swap(at) => {
            let at = at.index(len);
            frames.swap(at, (at + 1) % len);
        }
        Damage::Delay(at, by) => {
            let frame = frames.remove(at.index(len));
            let to = (at.index(len) + by).min(frames.len());
            frames.insert(to, frame);
        }
        Damage::Exchange(at, other) => {
            let [one, two] = [at, other].map(|at| frames[at.index(len)].clone());
            if let (Frame::Packet(one), Frame::Packet(two)) = (one, two) {
                rewrite(&mut frames[at.index(len)], |lines| take_identity(lines, &two));
                rewrite(&mut frames[other.index(len)], |lines| take_identity(lines, &one));
            }
        }
        Damage::Garble(at, header) => {
            rewrite(&mut frames[at.index(len)], |lines| drop(lines.remove(header.index(lines.len()))));
        }
        Damage::Corrupt(at, header, bytes) => rewrite(&mut frames[at.index(len)], |lines| {
            let at = header.index(lines.len());
            let line = &mut lines[at];
            if let Some(colon) = line.windows(2).position(|pair| pair == b": ") {
                line.truncate(colon + 2 + (line.len() - colon - 2) / 2);
                line.extend(bytes.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')));
            }
        }),
        Damage::Reconnect(at) => frames.insert(at.index(len), Frame::Banner(AmiVersion::NEWEST)),
    }
}

/// Changes the lines of a packet, as long as it stays one.
fn rewrite(frame: &mut Frame, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    if let Frame::Packet(packet) = frame {
        let lines = packet.bytes().split(|byte| *byte == b'\n');
        let mut lines: Vec<_> = lines.map(|line| line.trim_ascii_end().to_vec()).collect();
        change(&mut lines);
        if let Some(changed) = Packet::new(Bytes::from(lines.join(&b"\r\n"[..])), packet.version()) {
            *packet = changed;
        }
    }
}

/// Lets the lines of one event be of the channels of another.
fn take_identity(lines: &mut [Vec<u8>], other: &Packet) {
    for line in lines {
        for key in ["Channel", "Uniqueid", "Linkedid", "DestUniqueid", "Uniqueid1", "Uniqueid2"] {
            let is_key = line.get(..key.len()).is_some_and(|name| name.eq_ignore_ascii_case(key.as_bytes()));
            if let Some(value) = other.get(key).filter(|_| is_key && line.get(key.len()) == Some(&b':')) {
                *line = [key.as_bytes(), b": ", value].concat();
            }
        }
    }
}

fn play(frames: &[Frame]) -> (Vec<CallEvent>, Tracker) {
    let mut tracker = Tracker::new(Rules::new("pbx"));
    let mut published = Vec::new();
    for frame in frames {
        match frame {
            Frame::Banner(version) => tracker.connected(*version, None),
            Frame::Packet(packet) => tracker.apply(packet, None),
        }
        published.extend(std::iter::from_fn(|| tracker.poll_event()));
    }
    // A list without channels, on a new connection, ends whatever was missed.
    tracker.connected(AmiVersion::NEWEST, None);
    if let Frame::Packet(packet) = no_channels() {
        tracker.apply(&packet, None);
    }
    published.extend(std::iter::from_fn(|| tracker.poll_event()));
    (published, tracker)
}

pub(crate) fn hold_to_the_rules(published: &[CallEvent], tracker: &Tracker) -> Result<(), TestCaseError> {
    let mut calls: BTreeMap<&str, (u32, bool, bool)> = BTreeMap::new();
    for event in published {
        prop_assert!(!event.call.is_empty() && event.call.len() <= 250, "{event:?}");
        let (seq, _, over) = calls.entry(&event.call).or_default();
        prop_assert!(!*over, "after the hangup: {event:?}");
        prop_assert_eq!(event.seq, *seq + 1, "{:?}", event);
        prop_assert_eq!(matches!(event.kind, EventKind::NewCall { .. }), event.seq == 1, "{:?}", event);
        *seq += 1;
        *over = matches!(event.kind, EventKind::Hangup { .. });
    }
    for (call, (_, _, over)) in calls {
        prop_assert!(over, "{} was left open", call);
    }
    prop_assert_eq!((tracker.live_calls(), tracker.live_channels()), (0, 0));
    Ok(())
}

#[test]
fn every_recording_keeps_the_rules() {
    for (name, frames) in RECORDINGS.iter() {
        let (published, tracker) = play(frames);
        hold_to_the_rules(&published, &tracker).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_on_the_way(
        recording in any::<prop::sample::Index>(),
        damages in prop::collection::vec(damage(), 1..12),
    ) {
        let (_, frames) = recording.get(&RECORDINGS);
        let mut frames = frames.clone();
        for damage in &damages {
            if frames.len() > 1 {
                inflict(&mut frames, damage);
            }
        }
        let (published, tracker) = play(&frames);
        hold_to_the_rules(&published, &tracker)?;
    }

    #[test]
    fn calls_mixed_with_each_other_stay_apart(
        recordings in prop::collection::vec(any::<prop::sample::Index>(), 2..5),
        order in prop::collection::vec(0..4usize, 200),
    ) {
        let mut streams: Vec<_> = recordings.iter().map(|index| index.get(&RECORDINGS).1.iter().cloned()).collect();
        let mut mixed = Vec::new();
        for turn in order.iter().cycle().take(20_000) {
            let turn = turn % streams.len();
            mixed.extend(streams[turn].next().filter(|frame| !matches!(frame, Frame::Banner(_))));
        }
        let (published, tracker) = play(&mixed);
        hold_to_the_rules(&published, &tracker)?;
    }
}
