//! Calls written by hand: what no recording at hand shows.

use ringwire_calls::Rules;

use crate::support::follow_scenario;

/// Holds what is said of `scenario` against `expected`, a line an event.
#[track_caller]
pub(crate) fn check(scenario: &str, expected: &str) {
    check_with(&Rules::new("pbx"), scenario, expected);
}

#[track_caller]
pub(crate) fn check_with(rules: &Rules, scenario: &str, expected: &str) {
    let expected: String =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).map(|l| format!("{l}\n")).collect();
    let actual = follow_scenario(rules, scenario);
    assert!(actual == expected, "expected\n{expected}actual\n{actual}");
}

#[test]
fn on_1_8_a_dial_cancelled_by_the_caller_is_the_sign_that_the_caller_gave_up() {
    check(
        "connect 1.1
         Newchannel  Channel=SIP/trunk-1  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=9.1
         Newchannel  Channel=SIP/alice-2  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=  Uniqueid=9.2
         Dial  SubEvent=Begin  Channel=SIP/trunk-1  Destination=SIP/alice-2  UniqueID=9.1  DestUniqueID=9.2  Dialstring=alice
         Newstate  Channel=SIP/alice-2  ChannelState=5  ChannelStateDesc=Ringing  Uniqueid=9.2
         Hangup  Channel=SIP/alice-2  Uniqueid=9.2  Cause=0
         Dial  SubEvent=End  Channel=SIP/trunk-1  UniqueID=9.1  DialStatus=CANCEL
         Hangup  Channel=SIP/trunk-1  Uniqueid=9.1  Cause=0",
        "9.1 newCall: in 4917 to 100 [Alice]
         9.1 ringing: Alice
         9.1 hangup: cancel",
    );
}

#[test]
fn an_originate_through_a_local_channel_is_announced_when_the_number_is_dialled() {
    check(
        "Newchannel  Channel=Local/101@internal-0;1  ChannelState=0  Exten=101  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel=Local/101@internal-0;2  ChannelState=4  Exten=101  Uniqueid=1.1  Linkedid=1.0
         LocalBridge  LocalOneUniqueid=1.0  LocalTwoUniqueid=1.1
         DialBegin  DestChannel=Local/101@internal-0;1  DestUniqueid=1.0  DialString=101@internal
         Newchannel  Channel=PJSIP/alice-2  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=s  Uniqueid=1.2  Linkedid=1.0
         DialBegin  Channel=Local/101@internal-0;2  Uniqueid=1.1  DestChannel=PJSIP/alice-2  DestUniqueid=1.2  DialString=alice
         Newstate  Channel=PJSIP/alice-2  ChannelState=5  Uniqueid=1.2
         Newstate  Channel=PJSIP/alice-2  ChannelState=6  Uniqueid=1.2
         DialEnd  DestUniqueid=1.2  DialStatus=ANSWER
         BridgeEnter  Channel=PJSIP/alice-2  Uniqueid=1.2  BridgeUniqueid=b1  BridgeType=basic
         BridgeEnter  Channel=Local/101@internal-0;2  Uniqueid=1.1  BridgeUniqueid=b1  BridgeType=basic
         DialEnd  DestUniqueid=1.0  DialStatus=ANSWER
         Newchannel  Channel=PJSIP/trunk-3  ChannelState=0  Exten=s  Context=from-trunk  Uniqueid=1.3  Linkedid=1.0
         DialBegin  Channel=Local/101@internal-0;1  Uniqueid=1.0  CallerIDNum=4930100  DestUniqueid=1.3  DialString=491719876543@trunk
         BridgeEnter  Channel=PJSIP/trunk-3  Uniqueid=1.3  BridgeUniqueid=b2  BridgeType=basic
         BridgeEnter  Channel=Local/101@internal-0;1  Uniqueid=1.0  BridgeUniqueid=b2  BridgeType=basic
         Hangup  Uniqueid=1.3  Cause=16
         Hangup  Uniqueid=1.0  Cause=16
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.2  Cause=16",
        "1.0 newCall: out 4930100 to 491719876543 [Alice]
         1.0 answer: number 491719876543
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_phone_that_never_picks_up_an_originate_was_no_call() {
    check(
        "Newchannel  Channel=PJSIP/alice-0  ChannelState=0  CallerIDNum=101  Exten=s  Uniqueid=1.0  Linkedid=1.0
         DialBegin  DestChannel=PJSIP/alice-0  DestUniqueid=1.0  DialString=alice
         Newstate  Channel=PJSIP/alice-0  ChannelState=5  Uniqueid=1.0
         DialEnd  DestUniqueid=1.0  DialStatus=NOANSWER
         Hangup  Channel=PJSIP/alice-0  Uniqueid=1.0  Cause=19",
        "",
    );
}

/// An inbound call that alice took: what many scenarios begin with.
pub(crate) const ALICE_TOOK_IT: &str = "
    Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
    Newchannel  Channel=PJSIP/alice-1  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=s  Uniqueid=1.1  Linkedid=1.0
    DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.1  DialString=alice
    Newstate  ChannelState=5  Uniqueid=1.1
    Newstate  ChannelState=6  Uniqueid=1.1
    DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=ANSWER
    Newstate  ChannelState=6  CallerIDNum=4917  Uniqueid=1.0
    BridgeEnter  Uniqueid=1.1  BridgeUniqueid=b1  BridgeType=basic
    BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b1  BridgeType=basic  Exten=100
";

pub(crate) const ALICE_TOOK_IT_EVENTS: &str = "
    1.0 newCall: in 4917 to 100 [Alice]
    1.0 ringing: Alice
    1.0 answer: Alice at 101
";

#[track_caller]
pub(crate) fn check_after_alice(scenario: &str, expected: &str) {
    check(&format!("{ALICE_TOOK_IT}{scenario}"), &format!("{ALICE_TOOK_IT_EVENTS}{expected}"));
}

#[test]
fn a_parked_call_is_answered_again_by_who_retrieves_it() {
    check_after_alice(
        "BlindTransfer  Result=Success  TransfererUniqueid=1.1  TransfereeUniqueid=1.0  Extension=700
         BridgeLeave  Uniqueid=1.0  BridgeUniqueid=b1  Exten=700
         BridgeLeave  Uniqueid=1.1  BridgeUniqueid=b1
         Hangup  Uniqueid=1.1  Cause=16
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=p1  BridgeType=parking  BridgeCreator=Parking  BridgeTechnology=holding_bridge
         ParkedCall  ParkeeUniqueid=1.0  ParkingSpace=701
         Newchannel  Channel=PJSIP/bob-2  ChannelState=4  CallerIDNum=102  CallerIDName=Bob  Exten=701  Uniqueid=1.2  Linkedid=1.2
         BridgeLeave  Uniqueid=1.0  BridgeUniqueid=p1
         UnParkedCall  ParkeeUniqueid=1.0  RetrieverUniqueid=1.2
         BridgeEnter  Uniqueid=1.2  BridgeUniqueid=b2  BridgeType=basic
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b2  BridgeType=basic
         Hangup  Uniqueid=1.0  Cause=16
         Hangup  Uniqueid=1.2  Cause=16",
        "1.0 transfer: Blind by Alice to 700
         1.0 answer: Bob at 102
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_caller_lost_while_parked_ends_an_answered_call() {
    check_after_alice(
        "BridgeLeave  Uniqueid=1.0  BridgeUniqueid=b1
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=p1  BridgeType=parking  BridgeTechnology=holding_bridge
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=0",
        "1.0 hangup: normalClearing",
    );
}

#[test]
fn hold_is_said_once_each_way_and_an_unhold_without_a_hold_is_not() {
    check_after_alice(
        "Unhold  Uniqueid=1.1
         Hold  Uniqueid=1.1
         Hold  Uniqueid=1.1
         Unhold  Uniqueid=1.1
         Unhold  Uniqueid=1.1
         Hangup  Uniqueid=1.0  Cause=16
         Hangup  Uniqueid=1.1  Cause=16",
        "1.0 hold: Alice
         1.0 unhold: Alice
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_blonde_transfer_is_answered_by_the_phone_that_was_ringing() {
    check_after_alice(
        "Hold  Uniqueid=1.1
         Newchannel  Channel=PJSIP/alice-2  ChannelState=4  CallerIDNum=101  CallerIDName=Alice  Exten=102  Uniqueid=1.2  Linkedid=1.2
         Newchannel  Channel=PJSIP/bob-3  ChannelState=0  CallerIDNum=102  CallerIDName=Bob  Exten=s  Uniqueid=1.3  Linkedid=1.2
         DialBegin  Uniqueid=1.2  CallerIDNum=101  DestUniqueid=1.3  DialString=bob
         Newstate  ChannelState=5  Uniqueid=1.3
         Unhold  Uniqueid=1.1
         AttendedTransfer  Result=Success  OrigTransfererUniqueid=1.1  SecondTransfererUniqueid=1.2  TransfereeUniqueid=1.0  DestType=App  DestApp=Dial
         BridgeLeave  Uniqueid=1.1  BridgeUniqueid=b1
         Hangup  Uniqueid=1.1  Cause=16
         DialEnd  Uniqueid=1.2  DestUniqueid=1.3  DialStatus=NOANSWER
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.3  DialString=bob
         Hangup  Uniqueid=1.2  Cause=16
         DialEnd  Uniqueid=1.0  DestUniqueid=1.3  DialStatus=ANSWER
         BridgeLeave  Uniqueid=1.0  BridgeUniqueid=b1
         BridgeEnter  Uniqueid=1.3  BridgeUniqueid=b2  BridgeType=basic
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b2  BridgeType=basic
         Hangup  Uniqueid=1.0  Cause=16
         Hangup  Uniqueid=1.3  Cause=16",
        "1.0 hold: Alice
         1.0 unhold: Alice
         1.0 ringing: Bob
         1.0 transfer: Attended by Alice to 102
         1.0 answer: Bob at 102
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_call_sent_out_again_is_answered_by_a_number_and_no_user() {
    check(
        "Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=4930900  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel=PJSIP/trunk-1  ChannelState=0  Exten=s  Context=from-trunk  Uniqueid=1.1  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.1  DialString=491711234567@trunk
         DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=ANSWER
         BridgeEnter  Uniqueid=1.1  BridgeUniqueid=b1  BridgeType=basic
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b1  BridgeType=basic
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 newCall: in 4917 to 4930900 []
         1.0 answer: number 491711234567
         1.0 hangup: normalClearing",
    );
}

#[test]
fn an_outbound_call_passed_on_is_no_second_answer_and_ends_with_the_far_party() {
    check(
        "Newchannel  Channel=PJSIP/alice-0  ChannelState=4  CallerIDNum=101  CallerIDName=Alice  Exten=0491719876543  Context=internal  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel=PJSIP/trunk-1  ChannelState=0  Exten=s  Context=from-trunk  Uniqueid=1.1  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=101  DestUniqueid=1.1  DialString=491719876543@trunk
         DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=ANSWER
         BridgeEnter  Uniqueid=1.1  BridgeUniqueid=b1  BridgeType=basic
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b1  BridgeType=basic
         BlindTransfer  Result=Success  TransfererUniqueid=1.0  TransfereeUniqueid=1.1  Extension=102
         BridgeLeave  Uniqueid=1.1  BridgeUniqueid=b1  Exten=102
         BridgeLeave  Uniqueid=1.0  BridgeUniqueid=b1
         Hangup  Uniqueid=1.0  Cause=16
         Newchannel  Channel=PJSIP/bob-2  ChannelState=0  CallerIDNum=102  CallerIDName=Bob  Exten=s  Uniqueid=1.2  Linkedid=1.0
         DialBegin  Uniqueid=1.1  DestUniqueid=1.2  DialString=bob
         BridgeEnter  Uniqueid=1.2  BridgeUniqueid=b2  BridgeType=basic
         BridgeEnter  Uniqueid=1.1  BridgeUniqueid=b2  BridgeType=basic
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.2  Cause=16",
        "1.0 newCall: out 101 to 491719876543 [Alice]
         1.0 answer: number 491719876543
         1.0 transfer: Blind by Alice to 102
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_second_trunk_tried_after_the_first_is_the_same_call() {
    check(
        "Newchannel  Channel=PJSIP/alice-0  ChannelState=4  CallerIDNum=101  CallerIDName=Alice  Exten=0491719876543  Context=internal  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel=PJSIP/one-1  ChannelState=0  Uniqueid=1.1  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=101  DestUniqueid=1.1  DialString=491719876543@one
         HangupRequest  Uniqueid=1.1  Cause=34
         DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=CONGESTION
         Hangup  Uniqueid=1.1  Cause=34
         Newchannel  Channel=PJSIP/two-2  ChannelState=0  Uniqueid=1.2  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=101  DestUniqueid=1.2  DialString=491719876543@two
         BridgeEnter  Uniqueid=1.2  BridgeUniqueid=b1  BridgeType=basic
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b1  BridgeType=basic
         Hangup  Uniqueid=1.2  Cause=16
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 newCall: out 101 to 491719876543 [Alice]
         1.0 answer: number 491719876543
         1.0 hangup: normalClearing",
    );
}

#[test]
fn users_stand_in_the_order_of_dialling_a_phone_behind_a_local_channel_where_its_local_does() {
    check(
        "at 1
         Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel=Local/101@i-0;1  ChannelState=0  Exten=101  Uniqueid=1.1  Linkedid=1.0
         Newchannel  Channel=Local/101@i-0;2  ChannelState=4  Exten=101  Uniqueid=1.2  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.1  DialString=101@i
         Newchannel  Channel=PJSIP/bob-1  ChannelState=0  CallerIDName=Bob  Uniqueid=1.3  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.3  DialString=bob
         at 1.1
         Newchannel  Channel=PJSIP/alice-2  ChannelState=0  CallerIDName=Alice  Uniqueid=1.4  Linkedid=1.0
         DialBegin  Uniqueid=1.2  CallerIDNum=4917  DestUniqueid=1.4  DialString=alice
         at 1.24
         Newchannel  Channel=PJSIP/carol-3  ChannelState=0  CallerIDName=Carol  Uniqueid=1.5  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.5  DialString=carol
         at 1.26
         Newchannel  Channel=PJSIP/late-4  ChannelState=0  CallerIDName=Late  Uniqueid=1.6  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.6  DialString=late",
        "1.0 newCall: in 4917 to 100 [Alice, Bob, Carol]",
    );
}

#[test]
fn a_redirect_is_said_where_the_release_shows_it() {
    check_after_alice(
        "BridgeLeave  Uniqueid=1.0  BridgeUniqueid=b1  Exten=103
         BridgeLeave  Uniqueid=1.1  BridgeUniqueid=b1
         Hangup  Uniqueid=1.1  Cause=16
         Newchannel  Channel=PJSIP/carol-2  ChannelState=0  CallerIDNum=103  CallerIDName=Carol  Uniqueid=1.2  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.2  DialString=carol
         BridgeEnter  Uniqueid=1.2  BridgeUniqueid=b2  BridgeType=basic
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b2  BridgeType=basic  Exten=103
         Hangup  Uniqueid=1.0  Cause=16
         Hangup  Uniqueid=1.2  Cause=16",
        "1.0 transfer: Redirect by ? to 103
         1.0 answer: Carol at 103
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_third_party_that_joins_in_has_not_taken_the_call_over() {
    check_after_alice(
        "Newchannel  Channel=PJSIP/bob-2  ChannelState=4  CallerIDNum=102  CallerIDName=Bob  Exten=*55  Uniqueid=1.2  Linkedid=1.2
         BridgeEnter  Uniqueid=1.2  BridgeUniqueid=b1  BridgeType=basic
         BridgeLeave  Uniqueid=1.2  BridgeUniqueid=b1
         Hangup  Uniqueid=1.2  Cause=16
         Hangup  Uniqueid=1.0  Cause=16
         Hangup  Uniqueid=1.1  Cause=16",
        "1.0 hangup: normalClearing",
    );
}

#[test]
fn a_uniqueid_that_comes_again_after_a_restart_is_another_call() {
    check_after_alice(
        &format!("connect 11.0.0\n{ALICE_TOOK_IT}"),
        "1.0 hangup: normalClearing (recovered)
         1.0~2 newCall: in 4917 to 100 [Alice]
         1.0~2 ringing: Alice
         1.0~2 answer: Alice at 101",
    );
}

#[test]
fn a_restart_of_the_pbx_ends_what_it_held() {
    check_after_alice(
        "connect 11.0.0
         FullyBooted  Uptime=0
         CoreShowChannelsComplete  EventList=Complete  ListItems=0",
        "1.0 hangup: normalClearing (recovered)",
    );
}

#[test]
fn a_changed_start_time_ends_what_was_held_and_an_unchanged_one_does_not() {
    check(
        &format!(
            "connect 11.0.0
             Response  CoreStartupDate=2026-11-20  CoreStartupTime=08:00:00
             {ALICE_TOOK_IT}
             connect 11.0.0
             Response  CoreStartupDate=2026-11-20  CoreStartupTime=08:00:00
             Hold  Uniqueid=1.1
             connect 11.0.0
             Response  CoreStartupDate=2026-11-21  CoreStartupTime=09:30:00"
        ),
        &format!(
            "{ALICE_TOOK_IT_EVENTS}
             1.0 hold: Alice
             1.0 hangup: normalClearing (recovered)"
        ),
    );
}

#[test]
fn a_list_that_lacks_items_ends_nothing() {
    check_after_alice(
        "connect 11.0.0
         CoreShowChannelsComplete  EventList=Complete  ListItems=2
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 hangup: normalClearing",
    );
}

#[test]
fn a_later_list_must_miss_a_channel_twice_for_its_hangup_may_be_on_its_way() {
    check(
        &format!(
            "connect 11.0.0
             CoreShowChannelsComplete  ListItems=0
             {ALICE_TOOK_IT}
             CoreShowChannelsComplete  ListItems=0
             CoreShowChannelsComplete  ListItems=0
             CoreShowChannelsComplete  ListItems=0"
        ),
        &format!("{ALICE_TOOK_IT_EVENTS}1.0 hangup: normalClearing (recovered)"),
    );
}

#[test]
fn what_is_older_than_a_list_moves_nothing_back() {
    check(
        &format!(
            "connect 11.0.0
             CoreShowChannel  Channel=PJSIP/trunk-0  ChannelState=6  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0  Application=Dial  BridgeId=b1
             CoreShowChannel  Channel=PJSIP/alice-1  ChannelState=6  CallerIDNum=101  CallerIDName=Alice  Exten=  Uniqueid=1.1  Linkedid=1.0  Application=AppDial  BridgeId=b1
             CoreShowChannelsComplete  ListItems=2
             {ALICE_TOOK_IT}
             Hangup  Uniqueid=1.0  Cause=16"
        ),
        "1.0 newCall: in 4917 to 100 [Alice] (recovered)
         1.0 answer: Alice at 101 (recovered)
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_leg_may_come_before_the_list_tells_who_began_the_call() {
    check(
        "connect 11.0.0
         Newchannel  Channel=PJSIP/bob-2  ChannelState=0  CallerIDNum=102  CallerIDName=Bob  Exten=s  Uniqueid=1.2  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.2  DialString=bob
         CoreShowChannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0  Application=Dial
         CoreShowChannel  Channel=PJSIP/bob-2  ChannelState=5  CallerIDNum=102  CallerIDName=Bob  Exten=  Uniqueid=1.2  Linkedid=1.0  Application=AppDial
         CoreShowChannelsComplete  ListItems=2
         BridgeEnter  Uniqueid=1.2  BridgeUniqueid=b2  BridgeType=basic
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b2  BridgeType=basic
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 newCall: in 4917 to 100 [Bob] (recovered)
         1.0 ringing: Bob (recovered)
         1.0 answer: Bob at 102
         1.0 hangup: normalClearing",
    );
}

#[test]
fn callers_who_wait_in_a_queue_are_learnt_from_a_list() {
    check(
        "connect 11.0.0
         CoreShowChannel  Channel=PJSIP/trunk-0  ChannelState=6  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0  Application=Queue  ApplicationData=support,tT,,,25
         CoreShowChannelsComplete  ListItems=1
         HangupRequest  Uniqueid=1.0
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 newCall: in 4917 to 100 [] queue support (recovered)
         1.0 hangup: cancel",
    );
}

#[test]
fn status_serves_where_the_list_of_channels_is_not_allowed() {
    check(
        "connect 1.3
         Status  Privilege=Call  Channel=SIP/trunk-9  CallerIDNum=4917  ChannelState=6  Context=from-trunk  Extension=100  BridgedUniqueid=9.1  Uniqueid=9.0
         Status  Privilege=Call  Channel=SIP/alice-a  CallerIDNum=101  CallerIDName=Alice  State=Up  BridgedUniqueid=9.0  Uniqueid=9.1
         StatusComplete  Items=2
         Hangup  Uniqueid=9.0  Cause=16",
        "9.0 newCall: in 4917 to 100 [Alice] (recovered)
         9.0 answer: Alice at 101 (recovered)
         9.0 hangup: normalClearing",
    );
}

#[test]
fn withheld_numbers_are_anonymous_however_they_are_withheld() {
    for caller in ["CallerIDNum=<unknown>", "CallerIDNum=", "CallerIDNum=anonymous", "CallerIDNum=Restricted"]
    {
        check(
            &format!(
                "Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  {caller}  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
                 Hangup  Uniqueid=1.0  Cause=1"
            ),
            "1.0 newCall: in anonymous to 100 []
             1.0 hangup: notFound",
        );
    }
    check(
        "Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
         NewCallerid  Uniqueid=1.0  CallerIDNum=4917  CID-CallingPres=35 (Presentation Prohibited, Network Number)
         Hangup  Uniqueid=1.0  Cause=1",
        "1.0 newCall: in anonymous to 100 []
         1.0 hangup: notFound",
    );
}

#[test]
fn a_caller_deflected_elsewhere_was_forwarded() {
    check(
        "Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
         Newexten  Uniqueid=1.0  Application=Transfer  AppData=PJSIP/4918@trunk
         Hangup  Uniqueid=1.0  Cause=0",
        "1.0 newCall: in 4917 to 100 []
         1.0 hangup: forwarded",
    );
}

#[test]
fn a_call_without_a_number_that_was_dialled_goes_to_what_is_known() {
    check(
        "Newchannel  Channel=DAHDI/1-1  ChannelState=4  CallerIDNum=4917  Exten=s  Context=from-zaptel  Uniqueid=1.0
         HangupRequest  Uniqueid=1.0
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 newCall: in 4917 to DAHDI/1 []
         1.0 hangup: cancel",
    );
    for exten in ["s", ""] {
        check(
            &format!(
                "Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten={exten}  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
                 QueueCallerJoin  Uniqueid=1.0  Queue=support
                 HangupRequest  Uniqueid=1.0
                 Hangup  Uniqueid=1.0  Cause=16"
            ),
            "1.0 newCall: in 4917 to trunk [] queue support
             1.0 hangup: cancel",
        );
    }
}

#[test]
fn ids_stand_behind_the_name_of_the_pbx_where_there_are_several() {
    let rules = Rules { prefix_ids: true, ..Rules::new("berlin") };
    check_with(
        &rules,
        "Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
         Hangup  Uniqueid=1.0  Cause=17",
        "berlin-1.0 newCall: in 4917 to 100 []
         berlin-1.0 hangup: busy",
    );
}

#[test]
fn a_pbx_that_plays_busy_or_congestion_may_ask_for_the_hangup_before_it_says_so() {
    for (cause, name) in [(17, "busy"), (34, "congestion")] {
        check(
            &format!(
                "connect 5.0.4
                 Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=4930997  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
                 HangupRequest  Channel=PJSIP/trunk-0  ChannelState=4  Uniqueid=1.0  Linkedid=1.0  Cause={cause}
                 Newstate  Channel=PJSIP/trunk-0  ChannelState=7  ChannelStateDesc=Busy  Uniqueid=1.0  Linkedid=1.0
                 SoftHangupRequest  Channel=PJSIP/trunk-0  ChannelState=7  Uniqueid=1.0  Linkedid=1.0  Cause=16
                 Hangup  Channel=PJSIP/trunk-0  ChannelState=7  Uniqueid=1.0  Linkedid=1.0  Cause={cause}"
            ),
            &format!(
                "1.0 newCall: in 4917 to 4930997 []
                 1.0 hangup: {name}"
            ),
        );
    }
}

#[test]
fn an_event_that_a_caller_has_written_into_is_dropped() {
    check_after_alice(
        "HangupRequest  Uniqueid=1.0  CallerIDNum=49  Uniqueid=1.1
         Hangup  Channel=PJSIP/trunk-0  CallerIDNum=49  Channel=PJSIP/other-7  Uniqueid=1.0  Cause=16
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 hangup: normalClearing",
    );
}
