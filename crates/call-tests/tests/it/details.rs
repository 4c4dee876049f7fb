//! Parking, recordings, voicemail, conferences and queues on releases of which there is no recording, by hand.

use ringwire_calls::Rules;
use ringwire_event::{CallEvent, EventKind};

use crate::support::{follow_scenario_events, follow_scenario_fully};

#[track_caller]
fn check(scenario: &str, expected: &[&str]) {
    let events = follow_scenario_fully(&Rules::new("pbx"), scenario);
    assert_eq!(events.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn up_to_11_a_parked_call_is_known_by_its_own_channel_and_who_parks_it_by_name() {
    check(
        "connect 1.1
         Newchannel  Channel=SIP/trunk-1  ChannelState=4  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.0
         Newchannel  Channel=SIP/alice-2  ChannelState=0  Uniqueid=1.1
         Dial  SubEvent=Begin  Channel=SIP/trunk-1  Destination=SIP/alice-2  UniqueID=1.0  DestUniqueID=1.1
         Newstate  Channel=SIP/alice-2  ChannelState=6  Uniqueid=1.1
         Bridge  Bridgestate=Link  Uniqueid1=1.0  Uniqueid2=1.1
         Bridge  Bridgestate=Unlink  Uniqueid1=1.0  Uniqueid2=1.1
         ParkedCall  Exten=701  Channel=SIP/trunk-1  From=SIP/alice-2  Timeout=45  CallerIDNum=4917  Uniqueid=1.0  Parkinglot=default
         HangupRequest  Channel=SIP/alice-2  Uniqueid=1.1
         Hangup  Channel=SIP/alice-2  Uniqueid=1.1  Cause=16
         Newchannel  Channel=SIP/bob-3  ChannelState=4  CallerIDNum=102  CallerIDName=Bob  Context=internal  Exten=701  Uniqueid=1.2
         UnParkedCall  Exten=701  Channel=SIP/trunk-1  From=SIP/bob-3  CallerIDNum=4917  Uniqueid=1.0
         Bridge  Bridgestate=Link  Uniqueid1=1.0  Uniqueid2=1.2
         HangupRequest  Channel=SIP/trunk-1  Uniqueid=1.0
         Hangup  Channel=SIP/trunk-1  Uniqueid=1.0  Cause=16",
        &[
            "1.0 newCall: in 4917 to 100 [SIP/alice]",
            "1.0 answer: SIP/alice at ?",
            "1.0 parked: at 701 by SIP/alice",
            "1.0 unparked: retrieved by Bob",
            "1.0 answer: Bob at 102",
            "1.0 hangup: normalClearing",
        ],
    );
}

#[test]
fn a_call_that_is_parked_for_too_long_goes_back() {
    check(
        "Newchannel  Channel=PJSIP/trunk-1  ChannelState=4  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel=PJSIP/alice-2  ChannelState=0  Uniqueid=1.1  Linkedid=1.0
         DialBegin  Channel=PJSIP/trunk-1  Uniqueid=1.0  DestUniqueid=1.1
         BridgeEnter  Channel=PJSIP/alice-2  Uniqueid=1.1  BridgeUniqueid=b1
         BridgeEnter  Channel=PJSIP/trunk-1  Uniqueid=1.0  BridgeUniqueid=b1
         ParkedCall  ParkeeChannel=PJSIP/trunk-1  ParkeeUniqueid=1.0  ParkerDialString=PJSIP/alice  Parkinglot=default  ParkingSpace=701  ParkingTimeout=45
         ParkedCallTimeOut  ParkeeChannel=PJSIP/trunk-1  ParkeeUniqueid=1.0  ParkerDialString=PJSIP/alice  Parkinglot=default  ParkingSpace=701
         Hangup  Channel=PJSIP/trunk-1  Uniqueid=1.0  Cause=16",
        &[
            "1.0 newCall: in 4917 to 100 [PJSIP/alice]",
            "1.0 answer: PJSIP/alice at ?",
            "1.0 parked: at 701 by PJSIP/alice",
            "1.0 unparked: timedOut by ?",
            "1.0 hangup: normalClearing",
        ],
    );
}

#[test]
fn a_recording_that_starts_before_the_call_is_announced_is_published_after_it() {
    check(
        "Newchannel  Channel=PJSIP/trunk-1  ChannelState=4  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0
         Newexten  Channel=PJSIP/trunk-1  Uniqueid=1.0  Application=MixMonitor  AppData=2026/in-4917.wav,b
         MixMonitorStart  Channel=PJSIP/trunk-1  Uniqueid=1.0
         Newchannel  Channel=PJSIP/alice-2  ChannelState=0  Uniqueid=1.1  Linkedid=1.0
         DialBegin  Channel=PJSIP/trunk-1  Uniqueid=1.0  DestUniqueid=1.1
         BridgeEnter  Channel=PJSIP/alice-2  Uniqueid=1.1  BridgeUniqueid=b1
         BridgeEnter  Channel=PJSIP/trunk-1  Uniqueid=1.0  BridgeUniqueid=b1
         MixMonitorStop  Channel=PJSIP/trunk-1  Uniqueid=1.0
         Newexten  Channel=PJSIP/trunk-1  Uniqueid=1.0  Application=Monitor  AppData=wav,second
         Hangup  Channel=PJSIP/trunk-1  Uniqueid=1.0  Cause=16",
        &[
            "1.0 newCall: in 4917 to 100 [PJSIP/alice]",
            "1.0 recordingStarted: 2026/in-4917.wav",
            "1.0 answer: PJSIP/alice at ?",
            "1.0 recordingStopped: 2026/in-4917.wav",
            "1.0 recordingStarted: second",
            "1.0 recordingStopped: second",
            "1.0 hangup: normalClearing",
        ],
    );
}

#[test]
fn up_to_11_a_message_belongs_to_who_is_in_voicemail_for_that_mailbox() {
    check(
        "connect 1.3
         Newchannel  Channel=SIP/trunk-1  ChannelState=4  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.0
         Newchannel  Channel=SIP/trunk-2  ChannelState=4  CallerIDNum=4918  Context=from-trunk  Exten=200  Uniqueid=2.0
         Newexten  Channel=SIP/trunk-1  Uniqueid=1.0  Application=VoiceMail  AppData=101,su
         Newexten  Channel=SIP/trunk-2  Uniqueid=2.0  Application=VoiceMail  AppData=102@default&103@sales,u
         Newstate  Channel=SIP/trunk-1  ChannelState=6  Uniqueid=1.0
         Newstate  Channel=SIP/trunk-2  ChannelState=6  Uniqueid=2.0
         MessageWaiting  Mailbox=103@sales  Waiting=1  New=2  Old=0
         MessageWaiting  Mailbox=104@default  Waiting=1  New=1  Old=0
         MessageWaiting  Mailbox=101@default  Waiting=1  New=3  Old=1
         Hangup  Channel=SIP/trunk-1  Uniqueid=1.0  Cause=16
         Hangup  Channel=SIP/trunk-2  Uniqueid=2.0  Cause=16",
        &[
            "1.0 newCall: in 4917 to 100 []",
            "1.0 answer: voicemail",
            "2.0 newCall: in 4918 to 200 []",
            "2.0 answer: voicemail",
            "2.0 voicemailLeft: 103@sales Some(2)",
            "1.0 voicemailLeft: 101@default Some(3)",
            "1.0 hangup: normalClearing",
            "2.0 hangup: normalClearing",
        ],
    );
}

#[test]
fn a_meetme_room_is_a_conference_too() {
    check(
        "connect 1.1
         Newchannel  Channel=SIP/trunk-1  ChannelState=4  CallerIDNum=4917  Context=from-trunk  Exten=600  Uniqueid=1.0
         MeetmeJoin  Channel=SIP/trunk-1  Uniqueid=1.0  Meetme=600  Usernum=1
         MeetmeLeave  Channel=SIP/trunk-1  Uniqueid=1.0  Meetme=600  Usernum=1
         Hangup  Channel=SIP/trunk-1  Uniqueid=1.0  Cause=16",
        &[
            "1.0 newCall: in 4917 to 600 []",
            "1.0 answer: conference",
            "1.0 conferenceJoined: 600 ?",
            "1.0 conferenceLeft: 600 ?",
            "1.0 hangup: normalClearing",
        ],
    );
}

#[test]
fn a_caller_who_waits_over_a_restart_enters_the_queue_once_and_leaves_it() {
    check(
        "at 0
         Newchannel  Channel=PJSIP/trunk-1  ChannelState=4  CallerIDNum=4917  Context=from-trunk  Exten=300  Uniqueid=1.0  Linkedid=1.0
         QueueCallerJoin  Channel=PJSIP/trunk-1  Uniqueid=1.0  Queue=support  Position=2  Count=2
         at 1
         restart
         connect 9.0.0
         CoreShowChannel  Channel=PJSIP/trunk-1  ChannelState=6  CallerIDNum=4917  Context=from-trunk  Exten=300  Uniqueid=1.0  Linkedid=1.0  Application=Queue  ApplicationData=support
         CoreShowChannelsComplete  ListItems=1
         QueueEntry  Queue=support  Position=1  Channel=PJSIP/trunk-1  Uniqueid=1.0  Wait=1
         at 9
         HangupRequest  Channel=PJSIP/trunk-1  Uniqueid=1.0
         Hangup  Channel=PJSIP/trunk-1  Uniqueid=1.0  Cause=0",
        &[
            "1.0 newCall: in 4917 to 300 [] queue support",
            "1.0 queueEntered: support Some(2)",
            "1.0 queueLeft: support gaveUp",
            "1.0 hangup: cancel",
        ],
    );
}

#[test]
fn up_to_11_a_phone_that_is_hung_up_after_a_local_channel_was_dialled_has_forwarded_the_call() {
    let scenario = |between: &str| {
        let text = format!(
            "connect 1.3
             Newchannel  Channel=SIP/trunk-1  ChannelState=4  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.0
             Newchannel  Channel=SIP/alice-2  ChannelState=0  Uniqueid=1.1
             Dial  SubEvent=Begin  Channel=SIP/trunk-1  Destination=SIP/alice-2  UniqueID=1.0  DestUniqueID=1.1
             Newchannel  Channel=Local/102@internal-1;1  ChannelState=0  Uniqueid=1.2
             Newchannel  Channel=Local/102@internal-1;2  ChannelState=4  Uniqueid=1.3
             Dial  SubEvent=Begin  Channel=SIP/trunk-1  Destination=Local/102@internal-1;1  UniqueID=1.0  DestUniqueID=1.2
             {between}
             Hangup  Channel=SIP/alice-2  Uniqueid=1.1  Cause=16"
        );
        follow_scenario_fully(&Rules::new("pbx"), &text).contains("forwarded: SIP/alice to 102")
    };
    assert!(scenario(""));
    assert!(!scenario("HangupRequest  Channel=SIP/alice-2  Uniqueid=1.1"), "it declined");
    let group = "Newchannel  Channel=SIP/bob-4  ChannelState=0  Uniqueid=1.4
                 Dial  SubEvent=Begin  Channel=Local/102@internal-1;2  Destination=SIP/bob-4  UniqueID=1.3  DestUniqueID=1.4";
    assert!(!scenario(group), "a ring group that rang out");
}

#[test]
fn variables_are_carried_where_they_are_asked_for_by_name() {
    let scenario = "Newchannel  Channel=PJSIP/trunk-1  ChannelState=4  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0
         VarSet  Channel=PJSIP/trunk-1  Uniqueid=1.0  Variable=__CUSTOMER  Value=Müller & Söhne
         VarSet  Channel=PJSIP/trunk-1  Uniqueid=1.0  Variable=PIN  Value=1234
         Newchannel  Channel=PJSIP/alice-2  ChannelState=0  Uniqueid=1.1  Linkedid=1.0
         DialBegin  Channel=PJSIP/trunk-1  Uniqueid=1.0  DestUniqueid=1.1
         VarSet  Channel=PJSIP/alice-2  Uniqueid=1.1  Variable=SKILL  Value=de
         Hangup  Channel=PJSIP/trunk-1  Uniqueid=1.0  Cause=16";
    let variables = |asked: &[&str]| -> Vec<Vec<String>> {
        let variables = asked.iter().map(|name| (*name).to_owned()).collect();
        let events = follow_scenario_events(&Rules { variables, ..Rules::new("pbx") }, scenario);
        let pairs = |event: &CallEvent| {
            event.facts.variables.iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        events.iter().map(pairs).collect()
    };
    assert_eq!(variables(&[]), [Vec::<String>::new(), vec![]]);
    let both = vec!["CUSTOMER=Müller & Söhne".to_owned(), "SKILL=de".to_owned()];
    assert_eq!(variables(&["CUSTOMER", "SKILL"]), [both.clone(), both]);
}

#[test]
fn keys_are_published_where_they_are_asked_for_on_every_release_that_tells() {
    for keys in [
        "DTMFEnd  Channel=PJSIP/trunk-1  Uniqueid=1.0  Digit=5  Direction=Received  DurationMs=100
         DTMFEnd  Channel=PJSIP/trunk-1  Uniqueid=1.0  Digit=6  Direction=Sent  DurationMs=100",
        "connect 1.3
         DTMF  Channel=PJSIP/trunk-1  Uniqueid=1.0  Digit=5  Direction=Received  Begin=Yes  End=No
         DTMF  Channel=PJSIP/trunk-1  Uniqueid=1.0  Digit=5  Direction=Received  Begin=No  End=Yes",
    ] {
        let scenario = format!(
            "Newchannel  Channel=PJSIP/trunk-1  ChannelState=4  CallerIDNum=4917  Context=from-trunk  Exten=600  Uniqueid=1.0  Linkedid=1.0
             ConfbridgeJoin  Channel=PJSIP/trunk-1  Uniqueid=1.0  Conference=1
             {keys}"
        );
        let digits = |dtmf| -> Vec<String> {
            let events = follow_scenario_events(&Rules { dtmf, ..Rules::new("pbx") }, &scenario);
            let digit = |event: &CallEvent| match &event.kind {
                EventKind::Dtmf { digit, .. } => digit.as_ref().map(|digit| digit.as_str().to_owned()),
                _ => None,
            };
            events.iter().filter_map(digit).collect()
        };
        assert_eq!((digits(true), digits(false)), (vec!["5".to_owned()], vec![]), "{keys}");
    }
}
