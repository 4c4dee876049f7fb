//! A reconciliation heals any gap: whatever was missed, what is known afterwards is what somebody knows who missed
//! nothing (call rules 3).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use ringwire_ami::{AmiVersion, Frame};
use ringwire_calls::{Rules, Tracker};
use ringwire_directory::Pattern;
use ringwire_event::{CallEvent, Direction};

use crate::invariants::{RECORDINGS, hold_to_the_rules, no_channels};
use crate::pbx::Pbx;

/// Packets that are missed, and how many of those that come then are older than the lists.
#[derive(Clone, Debug)]
struct Gap {
    begin: usize,
    end: usize,
    ahead: usize,
}

/// Up to three gaps, one after the other.
fn gaps(lengths: &[(usize, usize, usize)], packets: usize) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut at = 0;
    for (wait, missed, ahead) in lengths {
        let begin = (at + wait).min(packets);
        let end = (begin + missed).min(packets);
        let ahead = (*ahead).min(packets - end);
        at = end + ahead;
        gaps.push(Gap { begin, end, ahead });
    }
    gaps
}

/// What ties channels there, or makes one act for itself, is reported once, by an event: no list has it. They are one call
/// again when they talk, which is looked at in the end.
const REPORTED_ONCE: [&str; 5] =
    ["click-to-call", "forwarded-302", "pickup", "queue-local-members", "transfer-attended"];

const OUTSIDE: [Direction; 2] = [Direction::In, Direction::Out];

struct Follower {
    tracker: Tracker,
    version: AmiVersion,
    published: Vec<CallEvent>,
}

impl Follower {
    fn new() -> Self {
        // By the context where a list finds a caller nobody can_change_calls that it came in.
        let rules = Rules { trunks: vec![Pattern::new("*/trunk")], ..Rules::new("pbx") };
        Self { tracker: Tracker::new(rules), version: AmiVersion::NEWEST, published: Vec::new() }
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

    fn reconnect(&mut self, pbx: &Pbx) {
        self.take(&Frame::Banner(self.version));
        for packet in pbx.lists(self.version) {
            self.take(&Frame::Packet(packet));
        }
    }

    /// The states of all channels.
    fn states(&self) -> BTreeMap<&str, &str> {
        self.tracker.channel_summaries().iter().map(|leg| (leg.uniqueid, leg.state)).collect()
    }

    /// The phones and trunks of each call whose beginner is still there, and whether it was answered.
    fn calls(&self) -> BTreeMap<BTreeSet<&str>, bool> {
        let outline = self.tracker.channel_summaries();
        let mut calls: BTreeMap<_, (BTreeSet<&str>, bool)> = BTreeMap::new();
        for leg in outline.iter().filter(|leg| leg.party) {
            if let Some(call) = leg.call {
                let (legs, answered) = calls.entry(call).or_default();
                legs.insert(leg.uniqueid);
                *answered = leg.answered;
            }
        }
        calls.into_iter().filter(|(root, (legs, _))| legs.contains(root)).map(|(_, call)| call).collect()
    }

    /// The calls that were announced in these directions.
    fn announced(&self, directions: &[Direction]) -> BTreeSet<&str> {
        let published = self.published.iter().filter(|event| directions.contains(&event.direction));
        published.map(|event| event.call.as_str()).collect()
    }
}

/// Plays the frames to one who misses nothing and to one who misses what is in the gaps, and holds the two against each
/// other whenever the latter has reconciled.
fn heals(name: &str, frames: &[Frame], gaps: &[Gap]) -> Result<(), TestCaseError> {
    let (mut whole, mut gappy) = (Follower::new(), Follower::new());
    let mut at = 0;
    let mut pbx = Pbx::default();
    let mut learnt = BTreeSet::new();
    for gap in gaps {
        for frame in &frames[at..gap.begin] {
            whole.take(frame);
            gappy.take(frame);
            learnt.extend(created(frame));
        }
        let listed = gap.end + gap.ahead;
        frames[gap.begin..listed].iter().for_each(|frame| whole.take(frame));
        gappy.version = whole.version;
        pbx.send_all(&frames[at..listed]);
        gappy.reconnect(&pbx);
        for frame in &frames[gap.end..listed] {
            gappy.take(frame);
        }
        let context = format!("{name} after {gap:?} of {gaps:?}");
        prop_assert_eq!(gappy.states(), whole.states(), "{}", context);
        learnt.extend(whole.states().into_keys().map(str::to_owned));
        if gap.ahead == 0 && !REPORTED_ONCE.iter().any(|scenario| name.contains(scenario)) {
            let (calls, expected) = (gappy.calls(), whole.calls());
            for legs in expected.keys() {
                prop_assert!(calls.contains_key(legs), "{:?} not in {:?} {}", legs, calls, context);
            }
            for (legs, answered) in &calls {
                let talk = pbx.together().iter().any(|pair| pair.iter().all(|leg| legs.contains(leg)));
                prop_assert!(*answered || !talk, "{:?} talk: {}", legs, context);
                // Who is on the way into a conference is in it, for a list.
                let conference = name.contains("conference");
                let talked = expected.get(legs).is_some_and(|answered| *answered) || conference;
                prop_assert!(talked || !answered, "{:?} do not talk: {}", legs, context);
            }
        }
        at = listed;
    }
    for frame in &frames[at..] {
        whole.take(frame);
        gappy.take(frame);
        learnt.extend(created(frame));
    }
    prop_assert_eq!(gappy.states(), whole.states(), "{} at the end of {:?}", name, gaps);
    // Up to 11 a caller who is passed on changes the channel; who never heard of the first one knows the call by the other.
    let is_rename =
        |frame: &Frame| matches!(frame, Frame::Packet(packet) if packet.event_name() == Some(b"Rename"));
    if !frames.iter().any(is_rename) {
        for call in gappy.announced(&OUTSIDE) {
            prop_assert!(
                whole.announced(&OUTSIDE).contains(call),
                "{} is no call: {} {:?}",
                call,
                name,
                gaps
            );
        }
        // One that called out is internal to who never heard of whom it called.
        for call in whole.announced(&[Direction::In]) {
            let known = !learnt.contains(call) || gappy.announced(&OUTSIDE).contains(call);
            prop_assert!(known, "{} is not announced: {} {:?}", call, name, gaps);
        }
    }
    gappy.take(&Frame::Banner(AmiVersion::NEWEST));
    gappy.take(&no_channels());
    hold_to_the_rules(&gappy.published, &gappy.tracker)
}

fn created(frame: &Frame) -> Option<String> {
    let Frame::Packet(packet) = frame else { return None };
    (packet.event_name() == Some(b"Newchannel")).then(|| packet.text("Uniqueid").unwrap().into_owned())
}

/// The recordings of calls that were watched from their beginning.
fn watched() -> Vec<&'static (String, Vec<Frame>)> {
    let is_listed = |frame: &Frame| matches!(frame, Frame::Packet(packet) if packet.event_name() == Some(b"CoreShowChannel"));
    RECORDINGS.iter().filter(|(_, frames)| !frames.iter().any(is_listed)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn a_reconciliation_heals_any_gap(
        recording in any::<prop::sample::Index>(),
        lengths in prop::collection::vec((0..150usize, 0..150usize, prop_oneof![Just(0), 0..30usize]), 1..4),
    ) {
        let (name, frames) = recording.get(&watched());
        heals(name, frames, &gaps(&lengths, frames.len()))?;
    }
}

#[test]
fn a_reconciliation_heals_whatever_was_missed_before_it() {
    for (name, frames) in watched() {
        for end in (1..frames.len()).step_by(7) {
            for ahead in [0, 4] {
                let gap = Gap { begin: 1, end, ahead: ahead.min(frames.len() - end) };
                heals(name, frames, &[gap]).unwrap_or_else(|error| panic!("{error}"));
            }
        }
    }
}
