//! Calls that a list of channels shows: what was dialled, and for whom, stands in it.

use ringwire_calls::Rules;
use ringwire_directory::NumberPlan;

use crate::scenarios::check_with;

/// Holds what is published of a list, and of what follows it, against `expected`. Numbers are written as in Germany.
#[track_caller]
fn check_listed(version: &str, before: &str, list: &str, after: &str, expected: &str) {
    let rules = Rules { numbers: NumberPlan::new(Some("DE"), Vec::new()).unwrap(), ..Rules::new("pbx") };
    let count = list.lines().filter(|line| !line.trim().is_empty()).count();
    let scenario =
        format!("{before}\nconnect {version}\n{list}\nCoreShowChannelsComplete  ListItems={count}\n{after}");
    check_with(&rules, &scenario, expected);
}

/// Alice calls out: what a list shows of her channel and of the trunk's, which are bridged where they talk.
fn alice_calls_out(exten: &str, data: &str, trunk: &str, state: u32) -> String {
    let bridge = if state == 6 { "BridgeId=b1" } else { "" };
    format!(
        "CoreShowChannel  Channel=PJSIP/alice-0  ChannelState={state}  CallerIDNum=4930100  CallerIDName=Alice  Context=internal  Exten={exten}  Uniqueid=1.0  Linkedid=1.0  Application=Dial  ApplicationData={data}  {bridge}
         CoreShowChannel  Channel={trunk}-1  ChannelState={state}  CallerIDNum=01719876543  ConnectedLineNum=4930100  Context=from-trunk  Exten=  Uniqueid=1.1  Linkedid=1.0  Application=AppDial  ApplicationData=(Outgoing Line)  {bridge}
        "
    )
}

const BOTH_HANG_UP: &str = "Hangup  Uniqueid=1.1  Cause=16\nHangup  Uniqueid=1.0  Cause=16";

#[test]
fn a_listed_outbound_call_has_the_number_that_was_dialled_whatever_the_exten() {
    let talk = "
        1.0 newCall: out 4930100 to 491719876543 [Alice] (recovered)
        1.0 answer: number 491719876543 (recovered)
        1.0 hangup: normalClearing";
    for (data, trunk) in [
        ("PJSIP/01719876543@trunk,20,tT", "PJSIP/trunk"),
        ("SIP/trunk/01719876543,300,Tb(func-apply-sipheaders^s^1)", "SIP/trunk"),
        ("IAX2/user:secret@peer/01719876543@out,20", "IAX2/peer"),
        ("PJSIP/trunk/sip:01719876543@10.0.0.1:5060", "PJSIP/trunk"),
        ("DAHDI/g1/01719876543,20", "DAHDI/i1/7"),
        ("PJSIP/bob&PJSIP/01719876543@trunk,20", "PJSIP/trunk"),
    ] {
        for exten in ["s", "001719876543", "4930100"] {
            check_listed("11.0.0", "", &alice_calls_out(exten, data, trunk, 6), BOTH_HANG_UP, talk);
        }
    }
}

#[test]
fn a_listed_outbound_call_that_still_rings_has_the_number_that_was_dialled() {
    check_listed(
        "11.0.0",
        "",
        &alice_calls_out("s", "PJSIP/01719876543@trunk,20", "PJSIP/trunk", 5).replace("State=5", "State=4"),
        "HangupRequest  Uniqueid=1.0\nHangup  Uniqueid=1.1  Cause=0\nHangup  Uniqueid=1.0  Cause=16",
        "1.0 newCall: out 4930100 to 491719876543 [Alice] (recovered)
         1.0 hangup: cancel",
    );
}

#[test]
fn a_listed_trunk_is_one_by_what_was_dialled_where_its_context_does_not_tell() {
    let list = alice_calls_out("s", "PJSIP/01719876543@trunk,20", "PJSIP/trunk", 6);
    check_listed(
        "11.0.0",
        "",
        &list.replace("Context=from-trunk", "Context=internal"),
        BOTH_HANG_UP,
        "1.0 newCall: out 4930100 to 491719876543 [Alice] (recovered)
         1.0 answer: number 491719876543 (recovered)
         1.0 hangup: normalClearing",
    );
}

#[test]
fn up_to_11_a_list_has_no_linkedids_and_yet_what_was_dialled() {
    check_listed(
        "1.3",
        "",
        "CoreShowChannel  Channel=SIP/alice-0  UniqueID=1.0  Context=internal  Extension=s  ChannelState=6  Application=Dial  ApplicationData=SIP/trunk/01719876543,20  CallerIDnum=4930100  CallerIDname=Alice  BridgedChannel=SIP/trunk-1  BridgedUniqueID=1.1
         CoreShowChannel  Channel=SIP/trunk-1  UniqueID=1.1  Context=from-trunk  Extension=  ChannelState=6  Application=AppDial  ApplicationData=(Outgoing Line)  CallerIDnum=01719876543  BridgedChannel=SIP/alice-0  BridgedUniqueID=1.0",
        BOTH_HANG_UP,
        "1.0 newCall: out 4930100 to 491719876543 [Alice] (recovered)
         1.0 answer: number 491719876543 (recovered)
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_listed_inbound_call_that_is_sent_out_is_answered_by_the_number_that_was_dialled() {
    let list = alice_calls_out("4930511", "PJSIP/01719876543@trunk,20", "PJSIP/trunk", 6)
        .replace("PJSIP/alice", "PJSIP/trunk")
        .replace("CallerIDNum=4930100", "CallerIDNum=01761234567")
        .replace("Context=internal", "Context=from-trunk")
        .replace("CallerIDNum=01719876543", "CallerIDNum=4930511");
    check_listed(
        "11.0.0",
        "",
        &list,
        BOTH_HANG_UP,
        "1.0 newCall: in 491761234567 to 4930511 [] (recovered)
         1.0 answer: number 491719876543 (recovered)
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_listed_queue_call_that_is_answered_keeps_its_queue() {
    check_listed(
        "11.0.0",
        "",
        "CoreShowChannel  Channel=PJSIP/trunk-0  ChannelState=6  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0  Application=Queue  ApplicationData=support,tT  BridgeId=b1
         CoreShowChannel  Channel=PJSIP/alice-1  ChannelState=6  CallerIDNum=101  CallerIDName=Alice  Exten=  Uniqueid=1.1  Linkedid=1.0  Application=AppQueue  ApplicationData=(Outgoing Line)  BridgeId=b1",
        BOTH_HANG_UP,
        "1.0 newCall: in 4917 to 100 [Alice] queue support (recovered)
         1.0 answer: Alice at 101 (recovered)
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_channel_that_is_known_learns_from_a_list_what_a_new_one_would() {
    let alice = "Newchannel  Channel=PJSIP/alice-0  ChannelState=4  CallerIDNum=101  CallerIDName=Alice  Exten=001719876543  Context=internal  Uniqueid=1.0  Linkedid=1.0";
    let trunk = "Newchannel  Channel=PJSIP/trunk-1  ChannelState=0  Exten=s  Context=internal  Uniqueid=1.1  Linkedid=1.0";
    let list = alice_calls_out("s", "PJSIP/01719876543@trunk,20", "PJSIP/trunk", 6)
        .replace("Context=from-trunk", "Context=internal");
    for before in [alice.to_owned(), format!("{alice}\n{trunk}")] {
        check_listed(
            "11.0.0",
            &before,
            &list,
            BOTH_HANG_UP,
            "1.0 newCall: out 4930100 to 491719876543 [Alice] (recovered)
             1.0 answer: number 491719876543 (recovered)
             1.0 hangup: normalClearing",
        );
    }
    // A caller who waits in a queue that nobody saw begin.
    check_listed(
        "11.0.0",
        "Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0",
        "CoreShowChannel  Channel=PJSIP/trunk-0  ChannelState=6  CallerIDNum=4917  Context=from-trunk  Exten=100  Uniqueid=1.0  Linkedid=1.0  Application=Queue  ApplicationData=support,tT  BridgeId=b1
         CoreShowChannel  Channel=PJSIP/alice-1  ChannelState=6  CallerIDNum=101  CallerIDName=Alice  Exten=  Uniqueid=1.1  Linkedid=1.0  Application=AppQueue  BridgeId=b1",
        BOTH_HANG_UP,
        "1.0 newCall: in 4917 to 100 [Alice] queue support (recovered)
         1.0 answer: Alice at 101 (recovered)
         1.0 hangup: normalClearing",
    );
}

/// Originate has rung alice through two pairs of Local channels, which are kept; the first half of the first one dials.
const CLICK_TO_CALL: &str = "
    CoreShowChannel  Channel=PJSIP/alice-1  ChannelState=6  CallerIDNum=101  CallerIDName=Alice  Exten=  Uniqueid=2.0  Linkedid=1.0  Application=AppDial  BridgeId=b2
    CoreShowChannel  Channel=Local/101@fm-1;2  ChannelState=6  Exten=101  Uniqueid=1.3  Linkedid=1.0  Application=Dial  ApplicationData=PJSIP/alice,20  BridgeId=b2
    CoreShowChannel  Channel=Local/101@fm-1;1  ChannelState=6  Exten=  Uniqueid=1.2  Linkedid=1.0  Application=AppDial  BridgeId=b1
    CoreShowChannel  Channel=Local/101@fm-0;2  ChannelState=6  Exten=101  Uniqueid=1.1  Linkedid=1.0  Application=Dial  ApplicationData=Local/101@fm/n,20  BridgeId=b1
    CoreShowChannel  Channel=Local/101@fm-0;1  ChannelState=6  CallerIDNum=4930100  Exten=001719876543  Uniqueid=1.0  Linkedid=1.0  Application=Dial  ApplicationData=PJSIP/01719876543@trunk,20  BridgeId=far
    CoreShowChannel  Channel=PJSIP/trunk-3  ChannelState=6  CallerIDNum=001719876543  Context=from-trunk  Exten=  Uniqueid=2.1  Linkedid=1.0  Application=AppDial  BridgeId=far
";

#[test]
fn a_listed_click_to_call_is_made_from_the_phone_behind_its_local_channels() {
    let hang_up = "Hangup  Uniqueid=2.1  Cause=16
        Hangup  Uniqueid=1.0  Cause=16
        Hangup  Uniqueid=1.1  Cause=16
        Hangup  Uniqueid=1.2  Cause=16
        Hangup  Uniqueid=1.3  Cause=16
        Hangup  Uniqueid=2.0  Cause=16";
    let expected = "1.0 newCall: out 4930100 to 491719876543 [Alice] (recovered)
         1.0 answer: number 491719876543 (recovered)
         1.0 hangup: normalClearing";
    check_listed("11.0.0", "", CLICK_TO_CALL, hang_up, expected);
    let reversed: Vec<_> = CLICK_TO_CALL.trim().lines().rev().collect();
    check_listed("11.0.0", "", &reversed.join("\n"), hang_up, expected);
    // Her phone still rings: that is no call yet, and none if she does not pick up.
    let ringing: Vec<_> = CLICK_TO_CALL.lines().filter(|line| !line.contains("trunk")).collect();
    let ringing =
        ringing.join("\n").replace("BridgeId", "Ignored").replace("ChannelState=6", "ChannelState=5");
    check_listed("11.0.0", "", &ringing, hang_up, "");
}

#[test]
fn click_to_call_whose_dialling_was_missed_is_learnt_from_a_list() {
    check_listed(
        "11.0.0",
        "Newchannel  Channel=PJSIP/alice-0  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=s  Uniqueid=1.0  Linkedid=1.0
         DialBegin  DestUniqueid=1.0  DialString=alice
         Newstate  ChannelState=6  Uniqueid=1.0",
        &alice_calls_out("001719876543", "PJSIP/01719876543@trunk,20", "PJSIP/trunk", 6),
        BOTH_HANG_UP,
        "1.0 newCall: out 4930100 to 491719876543 [Alice] (recovered)
         1.0 answer: number 491719876543 (recovered)
         1.0 hangup: normalClearing",
    );
}
