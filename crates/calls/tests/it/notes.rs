//! What the tracker says of its conclusions.

use std::collections::{BTreeMap, BTreeSet};

use ringwire_ami::Frame;
use ringwire_calls::{Rules, Stories, Story, Tracker};
use ringwire_event::{CallEvent, Conclusion};

use crate::captures::{for_every_capture, storm};
use crate::stories::ALICE_TOOK_IT;
use crate::support::{Times, conclude, frames};

/// Plays a recording with notes; gives what was said, and the stories.
fn play(bytes: &[u8], times: Option<&Times>, explain: bool) -> (Vec<CallEvent>, Vec<Story>, Stories) {
    let mut tracker = Tracker::new(Rules::new("pbx"));
    tracker.explain(explain);
    let (mut said, mut told, mut stories) = (Vec::new(), Vec::new(), Stories::default());
    let mut take = |tracker: &mut Tracker| {
        told.extend(std::iter::from_fn(|| tracker.poll_note()).filter_map(|note| stories.take(note)));
        said.extend(std::iter::from_fn(|| tracker.poll_event()));
    };
    for (frame, end) in frames(bytes) {
        let now = times.map(|times| times.at(end));
        match frame {
            Frame::Banner(version) => tracker.connected(version, now),
            Frame::Packet(packet) => tracker.apply(&packet, now),
        }
        take(&mut tracker);
    }
    while let Some(due) = times.and_then(|_| tracker.next_deadline()) {
        tracker.tick(due);
    }
    take(&mut tracker);
    (said, told, stories)
}

#[track_caller]
fn check(name: &str, said: &[CallEvent], told: &[Story], open: &Stories) {
    let mut of_calls: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for event in said {
        of_calls.entry(&event.call).or_default().push(&event.id);
    }
    let over: BTreeSet<_> =
        said.iter().filter(|event| event.kind.name() == "hangup").map(|e| &e.call).collect();
    for story in told {
        let concluded: Vec<_> = story.notes.iter().map(|note| note.concluded).collect();
        let count = |wanted| concluded.iter().filter(|concluded| **concluded == wanted).count();
        let Some(call) = &story.call else {
            let last = concluded.last().unwrap();
            assert!(
                matches!(last, Conclusion::Unannounced | Conclusion::Helper | Conclusion::Forged),
                "{name} {}: {last:?}",
                story.root
            );
            continue;
        };
        let events: Vec<_> = story.notes.iter().filter_map(|note| note.event.as_deref()).collect();
        assert_eq!(Some(&events), of_calls.get(call.as_str()), "{name} {call}");
        for once in [Conclusion::Announced, Conclusion::Direction, Conclusion::Over] {
            assert_eq!(count(once), 1, "{name} {call} {once:?} {concluded:#?}");
        }
        assert!(count(Conclusion::Began) >= 1, "{name} {call}: {concluded:?}");
        assert!(story.notes.iter().all(|note| !note.words.is_empty() && note.words.len() <= 400));
    }
    let announced: BTreeSet<_> = told.iter().filter_map(|story| story.call.as_ref()).collect();
    assert_eq!(announced, over, "{name}: each call that is over has one story");
    assert_eq!(announced.len(), told.iter().filter(|story| story.call.is_some()).count(), "{name}");
    let _ = open;
}

#[test]
fn each_call_has_a_reason_for_its_announcement_and_its_end_and_each_other_why_there_was_none() {
    for_every_capture(|name, bytes, times| {
        for times in [times, None] {
            let (said, told, open) = play(bytes, times, true);
            check(name, &said, &told, &open);
        }
    });
}

#[test]
fn a_busy_hour_is_told_whole() {
    let bytes = storm();
    let (said, told, open) = play(&bytes, None, true);
    check("storm", &said, &told, &open);
    assert!(open.is_empty(), "{open:#?}");
}

#[test]
fn telling_changes_nothing_that_is_said() {
    for_every_capture(|name, bytes, times| {
        let (with, _, _) = play(bytes, times, true);
        let (without, told, _) = play(bytes, times, false);
        assert_eq!(with, without, "{name}");
        assert!(told.is_empty());
    });
}

/// Holds what is concluded of `story` against `expected`, a line a conclusion.
#[track_caller]
fn concludes(story: &str, expected: &str) {
    let lines =
        |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let (told, expected): (Vec<String>, Vec<String>) =
        (lines(&conclude(&Rules::new("pbx"), story)), lines(expected));
    assert!(told == expected, "expected\n{}\ntold\n{}", expected.join("\n"), told.join("\n"));
}

#[test]
fn a_call_in_no_inbound_context_says_which_context_it_is_in() {
    concludes(
        "at 1
         Newchannel  Channel=PJSIP/provider-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-provider  Uniqueid=1.0  Linkedid=1.0
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 classed: PJSIP/provider is a phone: its context from-provider is no inbound context, and it is no configured trunk [rules 2]
         1.0 began: PJSIP/provider begins a call: nobody dialled it, and it has somewhere to go (100) [rules 1]
         1.0 direction: internal: PJSIP/provider, which began the call, is no trunk (its context from-provider is no inbound context), and no trunk is dialled [rules 2]
         1.0 announced: the call ends: announced as internal, 4917 → 100 [rules 3]
         1.0 over: the caller is gone, so the call is over, as congestion, for nobody took it, and nothing says why [rules 4.4]",
    );
}

#[test]
fn a_number_apart_and_a_number_withheld_are_told() {
    concludes(
        "Newchannel  Channel=SIP/a-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk-x  Uniqueid=1.0  Linkedid=1.0
         NewCallerid  Channel=SIP/a-0  Uniqueid=1.0  CallerIDNum=4917  CID-CallingPres=32 (Presentation Prohibited)
         Newchannel  Channel=SIP/b-1  ChannelState=0  Uniqueid=1.1  Linkedid=1.0
         DialBegin  Uniqueid=1.0  DestUniqueid=1.1  DialString=b/491711234567
         HangupRequest  Uniqueid=1.1  Cause=17",
        "1.0 classed: SIP/a is a trunk: its context from-trunk-x matches from-trunk* [rules 2]
         1.0 began: SIP/a begins a call: nobody dialled it, and it has somewhere to go (100) [rules 1]
         1.0 caller: the caller asks not to show the number [rules 2]
         1.1 classed: SIP/b is a phone: it has no context, and it is no configured trunk [rules 2]
         1.0 tied: SIP/b belongs to the call 1.0: its Linkedid says so [rules 1]
         1.0 classed: SIP/b is a trunk: the dial string b/491711234567 has a number apart from its name [rules 2]
         1.0 dialled: 491711234567 is dialled on the trunk SIP/b [rules 3]
         1.0 gathering: the call is to be announced; that waits for the other phones of this round of ringing (there is no clock) [rules 3]
         1.0 verdict: SIP/b did not take it, and says why: busy [rules 4.3]
         1.0 direction: inbound: SIP/a, which began the call, is a trunk [rules 2]
         1.0 caller: the caller asked not to show the number: anonymous [rules 2]
         1.0 announced: a phone of the round is no longer rung, so the round is complete: announced as in, anonymous → 100 [rules 3]",
    );
}

#[test]
fn what_was_no_call_says_why() {
    concludes(
        "Newchannel  Channel=PJSIP/alice-0  ChannelState=0  CallerIDNum=101  Context=internal  Exten=s  Uniqueid=1.0  Linkedid=1.0
         DialBegin  DestChannel=PJSIP/alice-0  DestUniqueid=1.0  DialString=alice
         Hangup  Channel=PJSIP/alice-0  Uniqueid=1.0  Cause=19",
        "1.0 classed: PJSIP/alice is a phone: its context internal is no inbound context, and it is no configured trunk [rules 2]
         1.0 unannounced: never announced: PJSIP/alice was part of no call; the PBX called it (Originate) and it went nowhere from there, or its caller was never seen [rules 2]",
    );
    concludes(
        "Newchannel  Channel=PJSIP/alice-1  ChannelState=0  Context=internal  Exten=s  Uniqueid=1.1  Linkedid=1.0
         Hangup  Channel=PJSIP/alice-1  Uniqueid=1.1  Cause=19",
        "1.1 classed: PJSIP/alice is a phone: its context internal is no inbound context, and it is no configured trunk [rules 2]
         1.0 began: a leg of the call 1.0 was created, of which nothing was heard: it began before [rules 3]
         1.0 tied: PJSIP/alice belongs to the call 1.0: its Linkedid says so [rules 1]
         1.0 unannounced: never announced: legs of it were seen, but never who began it [rules 3]",
    );
}

/// What is concluded after alice took a call.
#[track_caller]
fn concludes_after_alice(story: &str, expected: &str) {
    let before = conclude(&Rules::new("pbx"), ALICE_TOOK_IT);
    concludes(&format!("{ALICE_TOOK_IT}{story}"), &format!("{before}{expected}"));
}

#[test]
fn what_changes_nothing_says_so() {
    concludes_after_alice(
        "Newchannel  Channel=PJSIP/bob-2  ChannelState=4  CallerIDNum=102  CallerIDName=Bob  Exten=*55  Uniqueid=1.2  Linkedid=1.2
         BridgeEnter  Uniqueid=1.2  BridgeUniqueid=b1  BridgeType=basic
         BlindTransfer  Result=Fail  TransfererUniqueid=1.1  TransfereeUniqueid=1.0  Extension=102
         Newexten  Channel=x  Uniqueid=1.0  Uniqueid=1.1  Application=Dial
         Newchannel  Channel=y  Uniqueid=1.9  Channel=z  Uniqueid=1.8  Exten=1
         Hangup  Uniqueid=1.2  Cause=16",
        "1.2 classed: PJSIP/bob is a phone: it has no context, and it is no configured trunk [rules 2]
         1.2 began: PJSIP/bob begins a call: nobody dialled it, and it has somewhere to go (*55) [rules 1]
         1.0 merged: the call 1.2 is a part of 1.0 now, which keeps its id: they are in one bridge [rules 1]
         1.0 notAnAnswer: PJSIP/bob joins in; PJSIP/alice still has the call [rules 3]
         1.0 ignored: the transfer did not succeed: nothing changes []
         1.0 forged: dropped: a caller has written headers of their own into this event; a list of channels makes good what it told [AMI 5]
         1.9 forged: dropped: a caller has written headers of their own into this event; a list of channels makes good what it told [AMI 5]
         1.0 left: PJSIP/bob is gone, and the call goes on without it [rules 3]",
    );
}

#[test]
fn what_was_missed_is_told_as_missed() {
    concludes_after_alice(
        "restart
         CoreShowChannel  Channel=PJSIP/trunk-0  ChannelState=6  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0  Application=Dial
         CoreShowChannelsComplete  ListItems=1
         connect 11.0.0
         CoreShowChannelsComplete  ListItems=0",
        "1.0 takenUp: taken up from the journal: an earlier process has said 3 events of it [rules 3]
         1.0 classed: PJSIP/trunk is a trunk: its context from-trunk matches from-trunk* [rules 2]
         1.0 listed: learnt from a list of channels, not seen as it happened: PJSIP/trunk is Up, in Dial [rules 3]
         1.0 tied: PJSIP/trunk belongs to the call 1.0: it is the channel that the call is named after [rules 1]
         1.0 began: PJSIP/trunk is who began the call [rules 3]
         1.0 missing: PJSIP/trunk is not in the list of channels: it ended while nobody watched [rules 3]
         1.0 over: the call is over, as normalClearing, for it was answered [rules 4.1]",
    );
}
