//! What the tracker records about its decisions.

use std::collections::{BTreeMap, BTreeSet};

use ringwire_ami::Frame;
use ringwire_calls::{Rules, Tracker};
use ringwire_event::{CallEvent, Decision, Explanation};

use crate::captures::{for_every_capture, storm};
use crate::scenarios::ALICE_TOOK_IT;
use crate::support::{Times, explain, frames};

/// What a recording gives.
struct Played {
    events: Vec<CallEvent>,
    finished: Vec<Explanation>,
    unfinished: Vec<Explanation>,
}

fn play(bytes: &[u8], times: Option<&Times>, explain: bool) -> Played {
    let mut tracker = Tracker::new(Rules::new("pbx"));
    tracker.explain(explain);
    let (mut events, mut finished) = (Vec::new(), Vec::new());
    let mut take = |tracker: &mut Tracker| {
        events.extend(std::iter::from_fn(|| tracker.poll_event()));
        finished.extend(std::iter::from_fn(|| tracker.poll_explanation()));
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
    Played { events, finished, unfinished: tracker.take_unfinished_explanations() }
}

#[track_caller]
fn check(name: &str, played: &Played) {
    let mut of_calls: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for event in &played.events {
        of_calls.entry(&event.call).or_default().push(&event.id);
    }
    let ended: BTreeSet<_> =
        played.events.iter().filter(|event| event.kind.name() == "hangup").map(|event| &event.call).collect();
    for explanation in &played.finished {
        let steps = explanation.steps();
        let decisions: Vec<_> = steps.iter().map(|step| step.decision).collect();
        let count = |wanted| decisions.iter().filter(|decision| **decision == wanted).count();
        let Some(call) = &explanation.call else {
            let last = decisions.last().unwrap();
            assert!(
                matches!(last, Decision::Unannounced | Decision::Auxiliary | Decision::Forged),
                "{name} {}: {last:?}",
                explanation.uniqueid
            );
            continue;
        };
        let events: Vec<_> = steps.iter().filter_map(|step| step.event.as_deref()).collect();
        assert_eq!(Some(&events), of_calls.get(call.as_str()), "{name} {call}");
        for once in [Decision::Announced, Decision::Direction, Decision::Ended] {
            assert_eq!(count(once), 1, "{name} {call} {once:?} {decisions:#?}");
        }
        assert!(count(Decision::Started) >= 1, "{name} {call}: {decisions:?}");
        assert!(steps.iter().all(|step| !step.text.is_empty() && step.text.len() <= 400));
        check_stored_form(explanation);
    }
    let explained: Vec<_> =
        played.finished.iter().filter_map(|explanation| explanation.call.as_ref()).collect();
    assert_eq!(
        explained.iter().copied().collect::<BTreeSet<_>>(),
        ended,
        "{name}: each call that is over has one"
    );
    assert_eq!(explained.len(), ended.len(), "{name}");
}

#[track_caller]
fn check_stored_form(explanation: &Explanation) {
    let json = serde_json::to_string(explanation).unwrap();
    let read: Explanation = serde_json::from_str(&json).unwrap();
    assert_eq!(read.steps(), explanation.steps(), "{json}");
    let rendered = serde_json::to_string(&explanation.steps()).unwrap();
    assert!(json.len() < rendered.len(), "{json}");
}

#[test]
fn each_ended_call_has_one_explanation_and_each_other_channel_the_reason_why_it_was_no_call() {
    for_every_capture(|name, bytes, times| {
        for times in [times, None] {
            check(name, &play(bytes, times, true));
        }
    });
}

#[test]
fn a_busy_hour_leaves_no_explanation_open() {
    let played = play(&storm(), None, true);
    check("storm", &played);
    assert!(played.unfinished.is_empty(), "{:#?}", played.unfinished);
}

#[test]
fn explaining_changes_no_event() {
    for_every_capture(|name, bytes, times| {
        let with = play(bytes, times, true);
        let without = play(bytes, times, false);
        assert_eq!(with.events, without.events, "{name}");
        assert!(without.finished.is_empty() && without.unfinished.is_empty());
    });
}

/// Holds what is decided about `scenario` against `expected`, a line a step.
#[track_caller]
fn explains(scenario: &str, expected: &str) {
    let lines =
        |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let (actual, expected): (Vec<String>, Vec<String>) =
        (lines(&explain(&Rules::new("pbx"), scenario)), lines(expected));
    assert!(actual == expected, "expected\n{}\nactual\n{}", expected.join("\n"), actual.join("\n"));
}

#[test]
fn a_call_in_no_inbound_context_says_which_context_it_is_in() {
    explains(
        "at 1
         Newchannel  Channel=PJSIP/provider-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-provider  Uniqueid=1.0  Linkedid=1.0
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 classified: PJSIP/provider is a phone: its context from-provider is not an inbound context, and it is not a configured trunk [rules 2]
         1.0 started: PJSIP/provider starts a call: nobody dialled it, and it goes to 100 [rules 1]
         1.0 direction: internal: PJSIP/provider, which started the call, is not a trunk (its context from-provider is not an inbound context), and no trunk is dialled [rules 2]
         1.0 announced: the call is announced as internal, 4917 → 100: the call ends [rules 3]
         1.0 ended: the caller is gone: the call ends as congestion, because nobody answered, and nothing says why [rules 4.4]",
    );
}

#[test]
fn a_number_apart_and_a_number_withheld_are_explained() {
    explains(
        "Newchannel  Channel=SIP/a-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk-x  Uniqueid=1.0  Linkedid=1.0
         NewCallerid  Channel=SIP/a-0  Uniqueid=1.0  CallerIDNum=4917  CID-CallingPres=32 (Presentation Prohibited)
         Newchannel  Channel=SIP/b-1  ChannelState=0  Uniqueid=1.1  Linkedid=1.0
         DialBegin  Uniqueid=1.0  DestUniqueid=1.1  DialString=b/491711234567
         Hangup  Uniqueid=1.1  Cause=17",
        "1.0 classified: SIP/a is a trunk: its context from-trunk-x matches from-trunk* [rules 2]
         1.0 started: SIP/a starts a call: nobody dialled it, and it goes to 100 [rules 1]
         1.0 caller: the caller withholds the number [rules 2]
         1.0 classified: SIP/b is a phone: it has no context, and it is not a configured trunk [rules 2]
         1.0 joined: SIP/b joins the call 1.0: its Linkedid says so [rules 1]
         1.0 classified: SIP/b is a trunk: the dial string b/491711234567 has a number apart from the endpoint's name [rules 2]
         1.0 dialled: 491711234567 is dialled on the trunk SIP/b [rules 3]
         1.0 gathering: the announcement waits for the other phones of this ring round (there is no clock) [rules 3]
         1.0 legResult: SIP/b did not answer: busy [rules 4.3]
         1.0 direction: inbound: SIP/a, which started the call, is a trunk [rules 2]
         1.0 caller: the caller withheld the number, so it is published as anonymous [rules 2]
         1.0 announced: the call is announced as inbound, anonymous → 100: no phone of the ring round rings any more [rules 3]",
    );
}

#[test]
fn what_was_no_call_says_why() {
    explains(
        "Newchannel  Channel=PJSIP/alice-0  ChannelState=0  CallerIDNum=101  Context=internal  Exten=s  Uniqueid=1.0  Linkedid=1.0
         DialBegin  DestChannel=PJSIP/alice-0  DestUniqueid=1.0  DialString=alice
         Hangup  Channel=PJSIP/alice-0  Uniqueid=1.0  Cause=19",
        "1.0 classified: PJSIP/alice is a phone: its context internal is not an inbound context, and it is not a configured trunk [rules 2]
         1.0 unannounced: PJSIP/alice was part of no call and is never announced: the PBX called it (Originate) and it went no further, or its caller was never seen [rules 2]",
    );
    explains(
        "Newchannel  Channel=PJSIP/alice-1  ChannelState=0  Context=internal  Exten=s  Uniqueid=1.1  Linkedid=1.0
         Hangup  Channel=PJSIP/alice-1  Uniqueid=1.1  Cause=19",
        "1.0 classified: PJSIP/alice is a phone: its context internal is not an inbound context, and it is not a configured trunk [rules 2]
         1.0 started: a leg of the call 1.0 was created, but the start of that call was not seen [rules 3]
         1.0 joined: PJSIP/alice joins the call 1.0: its Linkedid says so [rules 1]
         1.0 unannounced: the call was never announced: legs of it were seen, but never the channel that started it [rules 3]",
    );
}

/// What is decided after alice answered a call.
#[track_caller]
fn explains_after_alice(scenario: &str, expected: &str) {
    let before = explain(&Rules::new("pbx"), ALICE_TOOK_IT);
    explains(&format!("{ALICE_TOOK_IT}{scenario}"), &format!("{before}{expected}"));
}

#[test]
fn what_changes_nothing_says_so() {
    explains_after_alice(
        "Newchannel  Channel=PJSIP/bob-2  ChannelState=4  CallerIDNum=102  CallerIDName=Bob  Exten=*55  Uniqueid=1.2  Linkedid=1.2
         BridgeEnter  Uniqueid=1.2  BridgeUniqueid=b1  BridgeType=basic
         BlindTransfer  Result=Fail  TransfererUniqueid=1.1  TransfereeUniqueid=1.0  Extension=102
         Newexten  Channel=x  Uniqueid=1.0  Uniqueid=1.1  Application=Dial
         Newchannel  Channel=y  Uniqueid=1.9  Channel=z  Uniqueid=1.8  Exten=1
         Hangup  Uniqueid=1.2  Cause=16",
        "1.0 classified: PJSIP/bob is a phone: it has no context, and it is not a configured trunk [rules 2]
         1.0 started: PJSIP/bob starts a call: nobody dialled it, and it goes to *55 [rules 1]
         1.0 merged: the call 1.2 becomes part of 1.0, which keeps its id: they are in one bridge [rules 1]
         1.0 notAnAnswer: PJSIP/bob joins in; PJSIP/alice still has the call [rules 3]
         1.0 ignored: the transfer failed: nothing changes []
         1.0 forged: the event is dropped: a caller wrote headers of their own into it; the next channel list makes up for it [AMI 5]
         1.0 left: PJSIP/bob leaves, and the call goes on without it [rules 3]
         1.9 forged: the event is dropped: a caller wrote headers of their own into it; the next channel list makes up for it [AMI 5]",
    );
}

#[test]
fn what_was_missed_is_seen_as_missed() {
    explains_after_alice(
        "restart
         CoreShowChannel  Channel=PJSIP/trunk-0  ChannelState=6  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0  Application=Dial
         CoreShowChannelsComplete  ListItems=1
         connect 11.0.0
         CoreShowChannelsComplete  ListItems=0",
        "1.0 resumed: the call is resumed from the journal: an earlier process published 3 events of it [rules 3]
         1.0 classified: PJSIP/trunk is a trunk: its context from-trunk matches from-trunk* [rules 2]
         1.0 listed: PJSIP/trunk was learnt from a channel list, not seen as it happened: it is Up, in Dial [rules 3]
         1.0 joined: PJSIP/trunk joins the call 1.0: it is the channel that the call is named after [rules 1]
         1.0 started: PJSIP/trunk started the call [rules 3]
         1.0 missing: PJSIP/trunk is missing from the channel list: it ended unseen [rules 3]
         1.0 ended: the call ends as normalClearing, because it was answered [rules 4.1]",
    );
}
