//! A link that is cut at any packet of a recording and comes back: the list of channels makes good for it (call rules 3.9).

use std::collections::{BTreeMap, BTreeSet};

use ringwire_ami::{AmiVersion, Frame};
use ringwire_calls::{Rules, Tracker};
use ringwire_event::{CallEvent, Cause, EventKind, Party};

use crate::invariants::load;
use crate::pbx::Pbx;
use crate::scenarios::check;
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

/// Cuts each recording before a leg is dialled that was created already, and has the link back while the two are together.
fn check_missed_dials(step: usize) {
    let (mut count, mut failed) = (0, Vec::new());
    for (name, frames) in watched() {
        // Up to 11 a transfer gives a channel the caller ID of another, which no list undoes.
        if name == "11/transfer-attended-by-phone" {
            continue;
        }
        let whole = follow_whole(&frames);
        for (dial, pair) in dials(&frames) {
            let mut pbx = Pbx::default();
            pbx.send_all(&frames[..dial]);
            for back in dial + 1..frames.len() {
                pbx.send_all(&frames[back - 1..back]);
                let are_together = pbx.together().iter().any(|two| two.iter().eq(pair.iter()));
                if !are_together || back % step > 0 {
                    continue;
                }
                count += 1;
                let cut = follow_cut(&frames, dial, back);
                for difference in differences_of_facts(&whole, &cut) {
                    failed.push(format!("{name} cut at {dial}, back at {back}: {difference}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{} differences after {count} cuts:\n{}", failed.len(), failed.join("\n"));
    assert!(count > 200, "{count}");
}

/// Where each channel is dialled after it was created, and the Uniqueids of who dials it and of its own.
fn dials(frames: &[Frame]) -> Vec<(usize, [String; 2])> {
    let dialled = |(at, frame): (usize, &Frame)| {
        let Frame::Packet(packet) = frame else { return None };
        let begins = packet.event_name() == Some(b"DialBegin")
            || packet.event_name() == Some(b"Dial") && packet.text("SubEvent").as_deref() == Some("Begin");
        let leg = packet.text("DestUniqueid").filter(|_| begins)?.into_owned();
        let caller = packet.text("Uniqueid")?.into_owned();
        frames[..at].iter().any(|frame| creates(frame, &leg)).then_some((at, [caller, leg]))
    };
    frames.iter().enumerate().filter_map(dialled).collect()
}

fn creates(frame: &Frame, uniqueid: &str) -> bool {
    matches!(frame, Frame::Packet(packet)
        if packet.event_name() == Some(b"Newchannel") && packet.text("Uniqueid").as_deref() == Some(uniqueid))
}

/// The calls that are none, and those that go another way, or from or to somebody else.
fn differences_of_facts(whole: &[CallEvent], cut: &[CallEvent]) -> Vec<String> {
    let (whole, cut) = (by_call(whole), by_call(cut));
    let facts = |events: &[&CallEvent]| (events[0].direction, events[0].from.clone(), events[0].to.clone());
    let mut found = Vec::new();
    for (call, events) in &cut {
        match whole.get(call).map(|expected| facts(expected)) {
            Some(expected) if facts(events) == expected => {}
            Some(expected) => found.push(format!("{call} is {:?}, not {expected:?}", facts(events))),
            None => found.push(format!("{call} is no call")),
        }
    }
    found
}

#[test]
fn a_link_cut_before_a_trunk_is_dialled_leaves_the_call_outbound() {
    check(
        "Newchannel  Channel=PJSIP/alice-0  ChannelState=4  CallerIDNum=101  CallerIDName=Alice  Exten=0491719876543  Context=internal  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel=PJSIP/provider-1  ChannelState=0  Exten=s  Context=provider  Uniqueid=1.1  Linkedid=1.0
         connect 11.0.0
         CoreShowChannel  Channel=PJSIP/alice-0  ChannelState=6  CallerIDNum=4930100  Context=internal  Exten=0491719876543  Uniqueid=1.0  Linkedid=1.0  Application=Dial  ApplicationData=PJSIP/491719876543@provider,30  BridgeId=b1
         CoreShowChannel  Channel=PJSIP/provider-1  ChannelState=6  CallerIDNum=0491719876543  Context=provider  Exten=  Uniqueid=1.1  Linkedid=1.0  Application=AppDial  ApplicationData=(Outgoing Line)  BridgeId=b1
         CoreShowChannelsComplete  ListItems=2
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 newCall: out 4930100 to 491719876543 [Alice] (recovered)
         1.0 answer: number 491719876543 (recovered)
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_leg_whose_dialling_was_missed_is_what_the_list_says() {
    check_missed_dials(3);
}

#[test]
#[ignore = "takes a minute or two: every packet of every recording"]
fn a_leg_whose_dialling_was_missed_is_what_every_list_says() {
    check_missed_dials(1);
}
