//! What comes late, twice, alone or under a name used before: calls written by hand.

use crate::scenarios::{ALICE_TOOK_IT, ALICE_TOOK_IT_EVENTS, check, check_after_alice};

#[test]
fn events_after_the_hangup_of_a_channel_do_nothing() {
    check_after_alice(
        "Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=16
         Newstate  ChannelState=5  Uniqueid=1.1
         NewCallerid  Uniqueid=1.0  CallerIDNum=4918
         Newexten  Uniqueid=1.0  Extension=100  Application=Dial
         DialBegin  Uniqueid=1.0  DestUniqueid=1.1  DialString=alice
         DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=ANSWER
         BridgeEnter  Uniqueid=1.1  BridgeUniqueid=b1  BridgeType=basic
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b1  BridgeType=basic
         BridgeLeave  Uniqueid=1.0  BridgeUniqueid=b1  Exten=103
         LocalBridge  LocalOneUniqueid=1.0  LocalTwoUniqueid=1.1
         Hold  Uniqueid=1.1
         Unhold  Uniqueid=1.1
         QueueCallerJoin  Uniqueid=1.0  Queue=support
         QueueCallerLeave  Uniqueid=1.0  Queue=support
         AgentCalled  Uniqueid=1.0  DestUniqueid=1.1
         AgentConnect  Uniqueid=1.0  DestUniqueid=1.1
         BlindTransfer  Result=Success  TransfererUniqueid=1.1  TransfereeUniqueid=1.0  Extension=700
         AttendedTransfer  Result=Success  OrigTransfererUniqueid=1.1  TransfereeUniqueid=1.0
         Pickup  Uniqueid=1.1  TargetUniqueid=1.0
         ConfbridgeJoin  Uniqueid=1.0
         Rename  Uniqueid=1.0  Channel=PJSIP/trunk-0  Newname=PJSIP/trunk-1
         HangupRequest  Uniqueid=1.0
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 hangup: normalClearing",
    );
}

#[test]
fn a_dial_end_without_its_begin_does_no_harm() {
    check(
        "Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
         DialEnd  Uniqueid=1.0  DestUniqueid=1.7  DialStatus=BUSY
         DialEnd  DestUniqueid=1.0  DialStatus=BUSY
         Newchannel  Channel=PJSIP/alice-1  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=s  Uniqueid=1.1  Linkedid=1.0
         DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=BUSY
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.1  DialString=alice
         Newstate  ChannelState=5  Uniqueid=1.1
         DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=NOANSWER
         DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=CONGESTION
         Hangup  Uniqueid=1.1  Cause=0
         Hangup  Uniqueid=1.0  Cause=0",
        "1.0 newCall: in 4917 to 100 [Alice]
         1.0 ringing: Alice
         1.0 hangup: noAnswer",
    );
    check(
        "connect 1.1
         Newchannel  Channel=SIP/trunk-1  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=9.1
         Dial  SubEvent=End  Channel=SIP/trunk-1  UniqueID=9.1  DialStatus=BUSY
         Dial  SubEvent=End  Channel=SIP/other-1  UniqueID=9.7  DialStatus=BUSY
         Hangup  Channel=SIP/trunk-1  Uniqueid=9.1  Cause=18",
        "9.1 newCall: in 4917 to 100 []
         9.1 hangup: noAnswer",
    );
}

/// A caller rings a phone behind a Local channel; up to 1.8 nothing but the name says which halves are a pair.
fn through_a_local_channel(caller: &str, first: u32, phone: &str) -> String {
    let [zero, one, two, three] = [first, first + 1, first + 2, first + 3];
    format!(
        "Newchannel  Channel=SIP/trunk-{zero}  ChannelState=4  CallerIDNum={caller}  Exten=100  Context=from-trunk  Uniqueid=1.{zero}
         Newchannel  Channel=Local/101@i-0;1  ChannelState=0  Exten=101  Uniqueid=1.{one}
         Newchannel  Channel=Local/101@i-0;2  ChannelState=4  Exten=101  Uniqueid=1.{two}
         Dial  SubEvent=Begin  UniqueID=1.{zero}  DestUniqueID=1.{one}  Dialstring=101@i
         Newchannel  Channel=SIP/{phone}-{three}  ChannelState=0  CallerIDName={phone}  Exten=  Uniqueid=1.{three}
         Dial  SubEvent=Begin  UniqueID=1.{two}  DestUniqueID=1.{three}  Dialstring={phone}
         Newstate  ChannelState=5  Uniqueid=1.{three}
"
    )
}

#[test]
fn a_phone_behind_a_local_channel_rings_for_the_caller_where_nothing_links_the_legs() {
    check(
        &format!(
            "connect 1.1
             {}
             Newstate  ChannelState=6  Uniqueid=1.3
             Hangup  Uniqueid=1.3  Cause=18
             Hangup  Uniqueid=1.2  Cause=18
             Hangup  Uniqueid=1.1  Cause=18
             Hangup  Uniqueid=1.0  Cause=18",
            through_a_local_channel("4917", 0, "alice")
        ),
        "1.0 newCall: in 4917 to 100 [alice]
         1.0 ringing: alice
         1.0 hangup: noAnswer",
    );
}

#[test]
fn a_local_pair_of_a_name_used_again_is_another_pair() {
    let scenarios = [
        // The hangups of the first pair come late, and in part before the second.
        ("", "Hangup  Uniqueid=1.1  Cause=18\nHangup  Uniqueid=1.2  Cause=18"),
        ("Hangup  Uniqueid=1.1  Cause=18", "Hangup  Uniqueid=1.2  Cause=18"),
        ("Hangup  Uniqueid=1.2  Cause=18", "Hangup  Uniqueid=1.1  Cause=18"),
    ];
    for (before, after) in scenarios {
        check(
            &format!(
                "connect 1.1
                 {}
                 {before}
                 {}
                 {after}
                 Hangup  Uniqueid=1.3  Cause=17
                 Hangup  Uniqueid=1.0  Cause=17
                 Hangup  Uniqueid=1.13  Cause=18
                 Hangup  Uniqueid=1.12  Cause=18
                 Hangup  Uniqueid=1.11  Cause=18
                 Hangup  Uniqueid=1.10  Cause=18",
                through_a_local_channel("4917", 0, "alice"),
                through_a_local_channel("4918", 10, "bob"),
            ),
            "1.0 newCall: in 4917 to 100 [alice]
             1.0 ringing: alice
             1.0 hangup: busy
             1.10 newCall: in 4918 to 100 [bob]
             1.10 ringing: bob
             1.10 hangup: noAnswer",
        );
    }
}

#[test]
fn halves_said_to_be_a_pair_are_parted_from_those_they_were_paired_with() {
    check(
        "Newchannel  Channel=Local/101@i-0;1  ChannelState=0  Exten=101  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel=Local/101@i-0;2  ChannelState=4  Exten=101  Uniqueid=1.1  Linkedid=1.0
         Newchannel  Channel=Local/101@i-0;1  ChannelState=0  Exten=101  Uniqueid=1.2  Linkedid=1.2
         LocalBridge  LocalOneUniqueid=1.2  LocalTwoUniqueid=1.1
         Hangup  Uniqueid=1.0  Cause=16
         Hangup  Uniqueid=1.1  Cause=16
         Newchannel  Channel=PJSIP/trunk-3  ChannelState=0  Exten=s  Uniqueid=1.3  Linkedid=1.2
         DialBegin  Uniqueid=1.2  CallerIDNum=4930100  DestUniqueid=1.3  DialString=491719876543@trunk
         Hangup  Uniqueid=1.2  Cause=16
         Hangup  Uniqueid=1.3  Cause=16",
        "1.2 newCall: out 4930100 to 491719876543 []
         1.2 hangup: cancel",
    );
}

#[test]
fn both_halves_of_a_local_pair_are_in_the_call_of_the_one_that_joined_a_queue() {
    check(
        "connect 1.1
         Newchannel  Channel=Local/100@i-0;1  ChannelState=0  Exten=100  Uniqueid=1.0
         Newchannel  Channel=Local/100@i-0;2  ChannelState=4  Exten=100  Uniqueid=1.1
         Join  Channel=Local/100@i-0;1  Queue=support  Uniqueid=1.0
         Newchannel  Channel=SIP/alice-2  ChannelState=0  CallerIDName=Alice  Exten=  Uniqueid=1.2
         Dial  SubEvent=Begin  UniqueID=1.1  DestUniqueID=1.2  Dialstring=alice
         Hangup  Uniqueid=1.2  Cause=16
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 newCall: internal anonymous to 100 [] queue support
         1.0 hangup: congestion",
    );
}

#[test]
fn a_listed_caller_who_joins_a_queue_before_the_list_ends_is_in_one_call() {
    check(
        "connect 11.0.0
         CoreShowChannel  Channel=PJSIP/trunk-1  ChannelState=6  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.1  Linkedid=1.0  Application=Dial
         QueueCallerJoin  Uniqueid=1.1  Queue=support
         CoreShowChannelsComplete  ListItems=1
         HangupRequest  Uniqueid=1.1
         Hangup  Uniqueid=1.1  Cause=16",
        "1.1 newCall: in 4917 to 100 [] queue support (recovered)
         1.1 hangup: cancel",
    );
}

#[test]
fn a_call_that_was_deflected_stays_so_while_it_hangs_up() {
    let check = |steps: &str, cause: &str| {
        check(
            &format!(
                "Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
                 Newexten  Uniqueid=1.0  Extension=100  Application=Transfer  AppData=PJSIP/4918@trunk
                 {steps}
                 Hangup  Uniqueid=1.0  Cause=17"
            ),
            &format!("1.0 newCall: in 4917 to 100 []\n1.0 hangup: {cause}"),
        );
    };
    check("Newexten  Uniqueid=1.0  Extension=h  Application=NoOp", "forwarded");
    check("Newexten  Uniqueid=1.0  Exten=h  Extension=h  Application=Playback", "forwarded");
    check("Newexten  Uniqueid=1.0  Extension=100  Application=Set", "forwarded");
    check("Newexten  Uniqueid=1.0  Extension=100  Application=Hangup", "forwarded");
    // What comes after a deflection that failed.
    check("Newexten  Uniqueid=1.0  Extension=100  Application=Busy", "busy");
}

#[test]
fn a_list_that_never_ends_says_nothing_and_the_next_one_counts() {
    let endless =
        "CoreShowChannel  Channel=PJSIP/trunk-7  ChannelState=6  Context=from-trunk  Exten=100  Uniqueid=1.7  Linkedid=1.7\n"
            .repeat(5_000);
    check(
        &format!(
            "{ALICE_TOOK_IT}
             connect 11.0.0
             {endless}
             connect 11.0.0
             CoreShowChannelsComplete  ListItems=0"
        ),
        &format!("{ALICE_TOOK_IT_EVENTS}1.0 hangup: normalClearing (recovered)"),
    );
}

#[test]
fn a_masquerade_that_was_missed_is_seen_by_the_names_of_a_list() {
    check(
        "connect 1.3
         Newchannel  Channel=SIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0
         Newchannel  Channel=SIP/alice-1  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=  Uniqueid=1.1
         Dial  SubEvent=Begin  UniqueID=1.0  DestUniqueID=1.1  Dialstring=alice
         Bridge  Bridgestate=Link  Uniqueid1=1.0  Uniqueid2=1.1
         Newchannel  Channel=SIP/alice-2  ChannelState=4  CallerIDNum=101  CallerIDName=Alice  Exten=102  Context=internal  Uniqueid=1.2
         Newchannel  Channel=SIP/bob-3  ChannelState=0  CallerIDNum=102  CallerIDName=Bob  Exten=  Uniqueid=1.3
         Dial  SubEvent=Begin  UniqueID=1.2  DestUniqueID=1.3  Dialstring=bob
         connect 1.3
         CoreShowChannel  Channel=SIP/trunk-0  ChannelState=6  CallerIDnum=101  Context=internal  Extension=102  UniqueID=1.2  Application=Dial  BridgedUniqueID=1.3
         CoreShowChannel  Channel=SIP/bob-3  ChannelState=6  CallerIDnum=102  Context=internal  Extension=  UniqueID=1.3  Application=AppDial  BridgedUniqueID=1.2
         CoreShowChannelsComplete  ListItems=2
         Hangup  Uniqueid=1.2  Cause=16
         Hangup  Uniqueid=1.3  Cause=16",
        "1.0 newCall: in 4917 to 100 [Alice]
         1.0 answer: Alice at 101
         1.0 answer: Bob at 102 (recovered)
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_caller_listed_before_it_calls_in_begins_its_call_when_it_does() {
    check(
        "connect 1.3
         CoreShowChannel  Channel=SIP/trunk-0  ChannelState=0  CallerIDnum=4917  Context=from-trunk  Extension=100  UniqueID=1.0
         CoreShowChannel  Channel=SIP/alice-1  ChannelState=5  CallerIDnum=101  Context=internal  Extension=  UniqueID=1.1
         CoreShowChannelsComplete  ListItems=2
         Newstate  ChannelState=4  ChannelStateDesc=Ring  Uniqueid=1.0
         Hangup  Uniqueid=1.0  Cause=17
         Hangup  Uniqueid=1.1  Cause=17",
        "1.0 newCall: in 4917 to 100 []
         1.0 hangup: busy",
    );
}

#[test]
fn a_leg_of_a_call_of_which_nothing_else_is_known_says_nothing() {
    check(
        "at 1
         connect 11.0.0
         CoreShowChannel  Channel=PJSIP/bob-2  ChannelState=5  CallerIDNum=102  CallerIDName=Bob  Exten=100  Uniqueid=1.2  Linkedid=1.0  Application=AppDial
         CoreShowChannelsComplete  ListItems=1
         DialEnd  DestUniqueid=1.9  DialStatus=CANCEL
         Newchannel  Channel=PJSIP/carol-3  ChannelState=0  CallerIDNum=103  CallerIDName=Carol  Exten=s  Uniqueid=1.3  Linkedid=1.0
         DialBegin  Uniqueid=1.0  DestUniqueid=1.3  DialString=carol
         at 2
         DialEnd  Uniqueid=1.0  DestUniqueid=1.2  DialStatus=CANCEL
         Hangup  Uniqueid=1.2  Cause=16
         Hangup  Uniqueid=1.3  Cause=16",
        "",
    );
}
