//! What is dialled is a phone or a trunk: by whom, by which dial string, by what else is known of the channel.

use ringwire_calls::Rules;
use ringwire_directory::{Directory, Pattern, User};

use crate::scenarios::{check, check_with};

#[test]
fn an_ari_application_rings_a_phone_for_the_call_whose_linkedid_that_has() {
    let rings = "at 1
         Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
         Newexten  Uniqueid=1.0  Extension=100  Application=Stasis  AppData=desk
         Newstate  ChannelState=6  Uniqueid=1.0
         Newchannel  Channel=PJSIP/alice-1  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=s  Uniqueid=1.1  Linkedid=1.0
         DialBegin  DestChannel=PJSIP/alice-1  DestUniqueid=1.1  DialString=alice
         Newstate  ChannelState=5  Uniqueid=1.1
         at 1.3";
    let announced = "1.0 newCall: in 4917 to 100 [Alice]\n1.0 ringing: Alice";
    check(rings, announced);
    check(
        &format!(
            "{rings}
             Newstate  ChannelState=6  Uniqueid=1.1
             DialEnd  DestUniqueid=1.1  DialStatus=ANSWER
             BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b1  BridgeType=stasis
             BridgeEnter  Uniqueid=1.1  BridgeUniqueid=b1  BridgeType=stasis
             Hangup  Uniqueid=1.0  Cause=16"
        ),
        &format!("{announced}\n1.0 answer: Alice at 101\n1.0 hangup: normalClearing"),
    );
    check(
        &format!(
            "{rings}
             DialEnd  DestUniqueid=1.1  DialStatus=NOANSWER
             Hangup  Uniqueid=1.1  Cause=19
             Hangup  Uniqueid=1.0  Cause=16"
        ),
        &format!("{announced}\n1.0 hangup: noAnswer"),
    );
}

#[test]
fn an_ari_application_may_call_out_for_a_phone() {
    check(
        "Newchannel  Channel=PJSIP/alice-0  ChannelState=4  CallerIDNum=101  CallerIDName=Alice  Exten=0491719876543  Context=internal  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel=PJSIP/trunk-1  ChannelState=0  Exten=s  Uniqueid=1.1  Linkedid=1.0
         DialBegin  DestChannel=PJSIP/trunk-1  DestUniqueid=1.1  DialString=491719876543@trunk
         DialEnd  DestUniqueid=1.1  DialStatus=ANSWER
         BridgeEnter  Uniqueid=1.1  BridgeUniqueid=b1  BridgeType=stasis
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b1  BridgeType=stasis
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 newCall: out 101 to 491719876543 [Alice]
         1.0 answer: number 491719876543
         1.0 hangup: normalClearing",
    );
}

/// Alice calls an extension, which is dialled on a channel of `endpoint` as `dial_string`.
#[track_caller]
fn check_dialled(rules: &Rules, endpoint: &str, own_number: &str, dial_string: &str, direction: &str) {
    let scenario = format!(
        "Newchannel  Channel=PJSIP/alice-0  ChannelState=4  CallerIDNum=101  CallerIDName=Alice  Exten=150  Context=internal  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel={endpoint}-1  ChannelState=0  CallerIDNum={own_number}  CallerIDName=Bob  Exten=s  Context=internal  Uniqueid=1.1  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=101  Exten=150  DestUniqueid=1.1  DialString={dial_string}
         DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=BUSY
         Hangup  Uniqueid=1.1  Cause=17
         Hangup  Uniqueid=1.0  Cause=17"
    );
    check_with(rules, &scenario, &format!("1.0 newCall: {direction}\n1.0 hangup: busy"));
}

#[test]
fn phones_dialled_by_their_contact_are_phones() {
    let internal = "internal 101 to 150 [Bob]";
    let unknown = Rules::new("pbx");
    let directory = Directory::new(vec![User { endpoint: Some("PJSIP/bob".into()), ..User::default() }]);
    let known = Rules { directory, ..Rules::new("pbx") };
    // Fewer than six digits, or the phone's own number.
    check_dialled(&unknown, "PJSIP/bob", "102", "bob/sip:102@10.0.0.5:5061", internal);
    check_dialled(&unknown, "PJSIP/bob", "", "bob/sip:102@10.0.0.5:5061;transport=tcp", internal);
    check_dialled(&unknown, "PJSIP/bob", "4930511", "PJSIP/bob/sip:4930511@10.0.0.5", internal);
    check_dialled(&unknown, "SIP/bob", "102", "bob/102", internal);
    // An endpoint of the directory is a phone, whatever is dialled.
    check_dialled(&known, "PJSIP/bob", "102", "bob/sip:48213977@10.0.0.5", internal);
    check_dialled(&known, "PJSIP/bob", "102", "bob/sip:4915112345678@10.0.0.5", internal);
    // A trunk may be given the number in the same form.
    let out = "out 101 to 491719876543 [Alice]";
    check_dialled(&known, "PJSIP/trunk", "", "trunk/sip:491719876543@10.0.0.1:5060", out);
    check_dialled(&unknown, "PJSIP/trunk", "", "491719876543@trunk", out);
    check_dialled(&unknown, "SIP/trunk", "", "trunk/112", "out 101 to 112 [Alice]");
}

#[test]
fn a_configured_trunk_is_given_even_a_short_number_in_a_contact() {
    let trunks = vec![Pattern::new("PJSIP/trunk")];
    let rules = Rules { trunks, ..Rules::new("pbx") };
    check_dialled(&rules, "PJSIP/trunk", "", "trunk/sip:112@10.0.0.1", "out 101 to 112 [Alice]");
}

/// A call that rings alice and carol, dialled by their contacts, and that bob picks up: 12 and 13 dial him with the dial
/// string of a phone that rings.
fn bob_picks_up(caller: &str, dial_string: &str) -> String {
    format!(
        "connect 2.10.6
         {caller}
         Newchannel  Channel=SIP/alice-1  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=s  Uniqueid=1.1  Linkedid=1.0
         Newchannel  Channel=SIP/carol-2  ChannelState=0  CallerIDNum=103  CallerIDName=Carol  Exten=s  Uniqueid=1.2  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.1  DialString={dial_string}
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.2  DialString=carol
         Newstate  ChannelState=5  Uniqueid=1.1
         Newstate  ChannelState=5  Uniqueid=1.2
         Newchannel  Channel=SIP/bob-3  ChannelState=0  CallerIDNum=102  CallerIDName=Bob  Exten=*8  Context=internal  Uniqueid=1.3  Linkedid=1.3
         Newstate  ChannelState=4  Uniqueid=1.3
         Newstate  ChannelState=6  Uniqueid=1.3
         DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=CANCEL
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.3  DestChannelState=6  DialString={dial_string}
         Pickup  Uniqueid=1.3  TargetUniqueid=1.1
         Hangup  Uniqueid=1.1  Cause=26
         DialEnd  Uniqueid=1.0  DestUniqueid=1.2  DialStatus=CANCEL
         Hangup  Uniqueid=1.2  Cause=26
         DialEnd  Uniqueid=1.0  DestUniqueid=1.3  DialStatus=ANSWER
         BridgeEnter  Uniqueid=1.3  BridgeUniqueid=b1  BridgeType=basic
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b1  BridgeType=basic
         Hangup  Uniqueid=1.0  Cause=16
         Hangup  Uniqueid=1.3  Cause=16"
    )
}

#[test]
fn who_picks_up_on_12_and_13_is_no_trunk_by_the_dial_string_of_the_phone_that_rings() {
    let outside = "Newchannel  Channel=SIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0";
    let inside = "Newchannel  Channel=SIP/dave-0  ChannelState=4  CallerIDNum=104  CallerIDName=Dave  Exten=100  Context=internal  Uniqueid=1.0  Linkedid=1.0";
    for dial_string in ["alice", "alice/sip:101@10.0.0.5", "alice/101/172.20.0.13!!101"] {
        for (caller, call) in [(outside, "in 4917 to 100"), (inside, "internal 104 to 100")] {
            check(
                &bob_picks_up(caller, dial_string),
                &format!(
                    "1.0 newCall: {call} [Alice, Carol]
                     1.0 ringing: Alice
                     1.0 ringing: Carol
                     1.0 answer: Bob at 102
                     1.0 hangup: normalClearing"
                ),
            );
        }
    }
}
