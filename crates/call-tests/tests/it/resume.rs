//! What another process published is taken up: calls go on under their old ids, and those that are gone end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use bytes::Bytes;
use ringwire_ami::{AmiVersion, Frame, Packet};
use ringwire_calls::{Rules, Tracker};
use ringwire_event::{CallEvent, EventKind};

use crate::scenarios::{ALICE_TOOK_IT, ALICE_TOOK_IT_EVENTS, check, check_after_alice};
use crate::support::{Times, captures, follow, frames};

#[test]
fn a_call_that_still_lives_goes_on_and_ends_once() {
    check_after_alice(
        "restart
         connect 2.10
         CoreShowChannel  Channel=PJSIP/trunk-0  ChannelState=6  CallerIDNum=4917  ConnectedLineNum=101  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0  Application=Dial  BridgeId=b1
         CoreShowChannel  Channel=PJSIP/alice-1  ChannelState=6  CallerIDNum=101  CallerIDName=Alice  ConnectedLineNum=4917  Context=internal  Exten=  Uniqueid=1.1  Linkedid=1.0  Application=AppDial  BridgeId=b1
         CoreShowChannelsComplete  ListItems=2
         Hold  Channel=PJSIP/alice-1  Uniqueid=1.1
         BridgeLeave  Uniqueid=1.1  BridgeUniqueid=b1
         Hangup  Channel=PJSIP/alice-1  Uniqueid=1.1  Cause=16
         Hangup  Channel=PJSIP/trunk-0  Uniqueid=1.0  Cause=16",
        "1.0 hold: Alice
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_call_that_is_gone_ends_with_the_first_full_list() {
    check_after_alice(
        "restart
         connect 2.10
         CoreShowChannelsComplete  ListItems=0
         CoreShowChannelsComplete  ListItems=0",
        "1.0 hangup: normalClearing (recovered)",
    );
}

#[test]
fn a_phone_that_was_said_to_ring_is_not_said_to_ring_again() {
    check(
        "at 0
         Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel=PJSIP/alice-1  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=s  Uniqueid=1.1  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.1  DialString=alice
         Newstate  ChannelState=5  Uniqueid=1.1
         at 2
         restart
         connect 2.10
         CoreShowChannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  ConnectedLineNum=101  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0  Application=Dial
         CoreShowChannel  Channel=PJSIP/alice-1  ChannelState=5  CallerIDNum=101  CallerIDName=Alice  ConnectedLineNum=4917  Context=internal  Exten=  Uniqueid=1.1  Linkedid=1.0  Application=AppDial
         CoreShowChannelsComplete  ListItems=2
         Hangup  Channel=PJSIP/alice-1  Uniqueid=1.1  Cause=19
         Hangup  Channel=PJSIP/trunk-0  Uniqueid=1.0  Cause=16",
        "1.0 newCall: in 4917 to 100 [Alice]
         1.0 ringing: Alice
         1.0 hangup: noAnswer",
    );
}

#[test]
fn a_list_that_is_not_whole_ends_nothing() {
    check_after_alice("restart\nconnect 2.10\nCoreShowChannelsComplete  ListItems=2", "");
}

#[test]
fn an_id_that_another_process_gave_is_not_given_again() {
    check(
        &format!(
            "{ALICE_TOOK_IT}\nHangup  Uniqueid=1.1  Cause=16\nHangup  Uniqueid=1.0  Cause=16\nrestart\nconnect 2.10\n{ALICE_TOOK_IT}"
        ),
        &format!(
            "{ALICE_TOOK_IT_EVENTS}\n1.0 hangup: normalClearing\n{}",
            ALICE_TOOK_IT_EVENTS.replace("1.0 ", "1.0~2 ")
        ),
    );
}

/// Whatever part of the events is still known after a start, none that follows has an id that was given before, and each
/// call counts the events of that start from 1.
#[test]
fn no_id_returns_whatever_is_left_of_the_journal() {
    let mut checked = 0;
    for (scenario, [(one, one_times), (two, two_times)]) in scenarios_of_two_connections() {
        let published = follow(rules(), &[(&one, Some(&one_times))]);
        let given: BTreeSet<_> = published.iter().map(|event| &event.id).collect();
        for left in 0..=published.len() {
            let after = take_up(&published[..left], &two, &two_times, Some("mark"));
            let mut numbers = BTreeMap::<_, u32>::new();
            for event in &after {
                assert!(!given.contains(&event.id), "{scenario} with {left} events: {} returns", event.id);
                let number = numbers.entry((&event.call, event.mark())).or_default();
                *number += 1;
                assert_eq!(event.id, CallEvent::id_of(&event.call, event.mark(), *number), "{scenario}");
            }
            checked += usize::from(after.iter().any(|event| event.mark() == Some("mark")));
        }
    }
    assert!(checked > 10, "only {checked} starts took up a call");
}

#[test]
fn events_of_a_call_that_is_taken_up_carry_the_mark_of_the_start() {
    let mut tracker = Tracker::new(rules());
    tracker.set_start_mark("m1");
    tracker.connected(AmiVersion::NEWEST, None);
    for text in [
        "Event: CoreShowChannel\r\nChannel: PJSIP/trunk-0\r\nChannelState: 4\r\nCallerIDNum: 4917\r\n\
         Context: from-trunk\r\nExten: 100\r\nUniqueid: 1.0\r\nLinkedid: 1.0\r\nApplication: Queue\r\n",
        "Event: CoreShowChannelsComplete\r\nListItems: 1\r\n",
        "Event: Hangup\r\nChannel: PJSIP/trunk-0\r\nUniqueid: 1.0\r\nCause: 16\r\n",
        "Event: Newchannel\r\nChannel: PJSIP/trunk-1\r\nChannelState: 4\r\nCallerIDNum: 4918\r\n\
         Context: from-trunk\r\nExten: 100\r\nUniqueid: 2.0\r\nLinkedid: 2.0\r\n",
        "Event: Hangup\r\nChannel: PJSIP/trunk-1\r\nUniqueid: 2.0\r\nCause: 16\r\n",
    ] {
        tracker.apply(&Packet::new(Bytes::from(text), AmiVersion::NEWEST).unwrap(), None);
    }
    let events: Vec<_> = std::iter::from_fn(|| tracker.poll_event()).collect();
    let ids: Vec<_> = events.iter().map(|event| (&*event.id, event.seq)).collect();
    assert_eq!(
        ids,
        [("1.0/m1-1", 1), ("1.0/m1-2", 2), ("1.0/m1-3", 3), ("1.0/m1-4", 4), ("2.0/1", 1), ("2.0/2", 2)]
    );
}

/// Where the process ends between two connections, the recordings of both give the same as without that.
#[test]
fn a_restart_between_two_connections_changes_nothing_but_what_was_not_yet_said() {
    let mut checked = 0;
    for (scenario, [(one, one_times), (two, two_times)]) in scenarios_of_two_connections() {
        let without = follow(rules(), &[(&one, Some(&one_times)), (&two, Some(&two_times))]);
        let mut with = follow(rules(), &[(&one, Some(&one_times))]);
        with.extend(take_up(&with, &two, &two_times, None));
        let lasting = |events: &[CallEvent]| -> Vec<(String, String)> {
            let outlasts = |event: &&CallEvent| !matches!(event.kind, EventKind::Ringing { .. });
            events
                .iter()
                .filter(outlasts)
                .map(|event| (event.call.clone(), event.kind.name().to_owned()))
                .collect()
        };
        assert_eq!(lasting(&with), lasting(&without), "{scenario}");
        checked += 1;
    }
    assert!(checked >= 3, "only {checked} scenarios have two connections");
}

/// The bytes of a connection, and when they came.
type Stream = (Vec<u8>, Times);

/// The recordings in which the connection was lost, each with its name.
fn scenarios_of_two_connections() -> Vec<(String, [Stream; 2])> {
    let mut scenarios = Vec::new();
    for release in ["11", "16", "22"] {
        for file in fs::read_dir(captures().join(release)).unwrap() {
            let after = file.unwrap().path();
            let Some(scenario) = after.to_str().unwrap().strip_suffix(".after-reconnect.ami") else {
                continue;
            };
            let stream = |path: &str| {
                (fs::read(path).unwrap(), Times::parse(&fs::read_to_string(format!("{path}.times")).unwrap()))
            };
            let streams = [stream(&format!("{scenario}.ami")), stream(after.to_str().unwrap())];
            scenarios.push((scenario.to_owned(), streams));
        }
    }
    scenarios
}

fn rules() -> Rules {
    Rules::new("pbx")
}

fn take_up(published: &[CallEvent], bytes: &[u8], times: &Times, mark: Option<&str>) -> Vec<CallEvent> {
    let mut tracker = Tracker::new(rules());
    if let Some(mark) = mark {
        tracker.set_start_mark(mark);
    }
    tracker.resume(published, &[]);
    let mut more = Vec::new();
    for (frame, end) in frames(bytes) {
        match frame {
            Frame::Banner(version) => tracker.connected(version, Some(times.at(end))),
            Frame::Packet(packet) => tracker.apply(&packet, Some(times.at(end))),
        }
        more.extend(std::iter::from_fn(|| tracker.poll_event()));
    }
    while let Some(due) = tracker.next_deadline() {
        tracker.tick(due);
    }
    more.extend(std::iter::from_fn(|| tracker.poll_event()));
    more
}
