//! A link that is cut at any packet of a recording and comes back: the list of channels makes good for it (call rules 3.9).

use std::collections::{BTreeMap, BTreeSet};

use ringwire_ami::{AmiVersion, Frame};
use ringwire_calls::{Rules, Tracker};
use ringwire_event::{CallEvent, Cause, EventKind, Party};

use crate::invariants::load;
use crate::pbx::Pbx;
use crate::support::{captures, offices};

/// One who follows a PBX and may lose the link to it.
struct Follower {
    tracker: Tracker,
    version: AmiVersion,
    published: Vec<CallEvent>,
}

impl Follower {
    fn new() -> Self {
        let tracker = Tracker::new(Rules::new("pbx"));
        Self { tracker, version: AmiVersion::NEWEST, published: Vec::new() }
    }

    fn take(&mut self, frame: &Frame) {
        match frame {
            Frame::Banner(version) => {
                self.version = *version;
                self.tracker.connected(*version, None);
            }
            Frame::Packet(packet) => self.tracker.apply(packet, None),
        }
        self.published.extend(std::iter::from_fn(|| self.tracker.poll_event()));
    }

    /// Connects anew, and is told what the PBX has at this moment.
    fn reconnect(&mut self, version: AmiVersion, pbx: &Pbx) {
        self.take(&Frame::Banner(version));
        for packet in pbx.lists(version) {
            self.take(&Frame::Packet(packet));
        }
    }
}

/// What one who missed nothing publishes about the frames.
fn follow_whole(frames: &[Frame]) -> Vec<CallEvent> {
    let mut follower = Follower::new();
    frames.iter().for_each(|frame| follower.take(frame));
    follower.published
}

/// What one publishes whose link is cut before the frame `cut`, and comes back before the frame `back`.
fn follow_cut(frames: &[Frame], cut: usize, back: usize) -> Vec<CallEvent> {
    let mut follower = Follower::new();
    let mut pbx = Pbx::default();
    pbx.send_all(&frames[..back]);
    frames[..cut].iter().for_each(|frame| follower.take(frame));
    let version = match frames.first() {
        Some(Frame::Banner(version)) => *version,
        _ => AmiVersion::NEWEST,
    };
    follower.reconnect(version, &pbx);
    frames[back..].iter().for_each(|frame| follower.take(frame));
    follower.published
}

/// The events of each call, by its id.
fn by_call(published: &[CallEvent]) -> BTreeMap<&str, Vec<&CallEvent>> {
    let mut calls: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in published {
        calls.entry(event.call.as_str()).or_default().push(event);
    }
    calls
}

/// What is different from `whole` in `cut` that a cut cannot excuse.
fn differences(whole: &[CallEvent], cut: &[CallEvent]) -> Vec<String> {
    let (whole, cut) = (by_call(whole), by_call(cut));
    let mut found = Vec::new();
    for (call, events) in &cut {
        match whole.get(call) {
            Some(expected) => found.extend(differences_of_call(expected, events)),
            None => found.push(format!("{call} is no call")),
        }
    }
    found.extend(
        whole.keys().filter(|call| !cut.contains_key(*call)).map(|call| format!("{call} is missing")),
    );
    found
}

fn differences_of_call(whole: &[&CallEvent], cut: &[&CallEvent]) -> Vec<String> {
    let mut found = Vec::new();
    let count =
        |events: &[&CallEvent], name: &str| events.iter().filter(|event| event.kind.name() == name).count();
    if cut[0].kind.name() != "newCall" || count(cut, "newCall") != 1 {
        found.push("not one newCall first".to_owned());
    }
    if count(cut, "hangup") != count(whole, "hangup")
        || cut[..cut.len() - 1].iter().any(|event| event.kind.name() == "hangup")
    {
        found.push("not one hangup last".to_owned());
    }
    let facts = |event: &CallEvent| (event.direction, event.from.clone(), event.to.clone());
    for event in cut {
        if facts(event) != facts(whole[0]) {
            found.push(format!("{:?}, not {:?}", facts(event), facts(whole[0])));
            break;
        }
    }
    if count(whole, "answer") > 0 && count(cut, "answer") == 0 {
        found.push("no answer".to_owned());
    }
    if count(whole, "answer") == 0 && count(cut, "answer") > 0 {
        found.push("an answer".to_owned());
    }
    if let (Some(expected), Some(cause)) = (cause(whole), cause(cut)) {
        let unseen = if count(cut, "answer") > 0 { Cause::NormalClearing } else { Cause::Cancel };
        if cause != expected && cause != unseen {
            found.push(format!("{cause:?}, not {expected:?}"));
        }
    }
    let strangers: Vec<_> = users(cut).difference(&users(whole)).cloned().collect();
    if !strangers.is_empty() {
        found.push(format!("users {strangers:?}"));
    }
    let queue = |events: &[&CallEvent]| events.iter().find_map(|event| event.queue.clone());
    if queue(cut).is_some() && queue(cut) != queue(whole) {
        found.push(format!("queue {:?}", queue(cut)));
    }
    found.iter().map(|what| format!("{}: {what}", cut[0].call)).collect()
}

fn cause(events: &[&CallEvent]) -> Option<Cause> {
    events.iter().find_map(|event| match event.kind {
        EventKind::Hangup { cause, .. } => Some(cause),
        _ => None,
    })
}

/// The endpoints of all users that the events name.
fn users(events: &[&CallEvent]) -> BTreeSet<String> {
    let parties = events.iter().flat_map(|event| -> Vec<&Party> {
        match &event.kind {
            EventKind::NewCall { users } => users.iter().collect(),
            EventKind::Ringing { user } => vec![user],
            _ => Vec::new(),
        }
    });
    parties.map(|party| party.endpoint.clone()).collect()
}

/// The recordings of calls that were watched from their beginning.
fn watched() -> Vec<(String, Vec<Frame>)> {
    let is_listed = |frame: &Frame| matches!(frame, Frame::Packet(packet) if packet.event_name() == Some(b"CoreShowChannel"));
    let mut recordings = load(&captures());
    recordings.extend(load(&offices()));
    recordings.retain(|(_, frames)| !frames.iter().any(is_listed));
    recordings
}

/// Cuts each recording at every `step`th packet, and has the link back `missed` packets later.
fn check_cuts(step: usize, missed: usize) {
    let (mut count, mut failed) = (0, Vec::new());
    for (index, (name, frames)) in watched().iter().enumerate() {
        let whole = follow_whole(frames);
        for cut in (1 + index % step..frames.len()).step_by(step) {
            count += 1;
            let back = (cut + missed).min(frames.len());
            for difference in differences(&whole, &follow_cut(frames, cut, back)) {
                failed.push(format!("{name} cut at {cut}, back at {back}: {difference}"));
            }
        }
    }
    assert!(failed.is_empty(), "{} differences after {count} cuts:\n{}", failed.len(), failed.join("\n"));
    assert!(count > 500, "{count}");
}

#[test]
fn a_link_cut_at_any_packet_gives_the_calls_of_a_link_that_was_not() {
    check_cuts(11, 0);
}

#[test]
#[ignore = "takes a minute or two: every packet of every recording"]
fn a_link_cut_at_every_packet_gives_the_calls_of_a_link_that_was_not() {
    check_cuts(1, 0);
}
