//! Calls that Originate begins with the customer: call-backs, diallers, and calls between two outside numbers.

use crate::originate::{
    DIALS_OUT, alice_picks_up, all_pairs_hang_up, dials_bob, inner_pairs_are_optimised_away,
    rings_alice_through,
};
use crate::scenarios::check;

const TRUNK: &str = "Newchannel  Channel=PJSIP/trunk-7  ChannelState=0  Exten=s  Context=from-trunk";

/// Originate calls a customer directly, who is shown the caller ID that it was given.
fn customer_is_called() -> String {
    format!(
        "{TRUNK}  Uniqueid=2.0  Linkedid=2.0
         NewCallerid  CallerIDNum=4930100  Uniqueid=2.0
         DialBegin  DestUniqueid=2.0  DialString=491761234567@trunk
         Newstate  ChannelState=5  CallerIDNum=4930100  Uniqueid=2.0
        "
    )
}

/// The same through Local channels.
fn customer_is_called_through(pairs: u32) -> String {
    rings_alice_through(pairs)
        .replace("PJSIP/alice-1", "PJSIP/trunk-1")
        .replace("CallerIDNum=101  CallerIDName=Alice  Exten=s", "Exten=s  Context=from-trunk")
        .replace("DialString=alice", "DialString=491761234567@trunk")
}

#[test]
fn a_customer_who_is_called_first_is_whom_the_call_is_about() {
    let called = format!("at 1\n{}\nat 1.3", customer_is_called());
    check(&called, "2.0 newCall: out 4930100 to 491761234567 []");
    check(
        &format!(
            "{called}
             Newstate  ChannelState=6  Uniqueid=2.0
             DialEnd  DestUniqueid=2.0  DialStatus=ANSWER
             Newchannel  Channel=PJSIP/alice-1  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=s  Uniqueid=2.1  Linkedid=2.0
             Newchannel  Channel=PJSIP/bob-1  ChannelState=0  CallerIDNum=102  CallerIDName=Bob  Exten=s  Uniqueid=2.2  Linkedid=2.0
             DialBegin  Uniqueid=2.0  CallerIDNum=4930100  DestUniqueid=2.1  DialString=alice
             DialBegin  Uniqueid=2.0  CallerIDNum=4930100  DestUniqueid=2.2  DialString=bob
             Newstate  ChannelState=5  Uniqueid=2.1
             Newstate  ChannelState=5  Uniqueid=2.2
             Newstate  ChannelState=6  Uniqueid=2.2
             DialEnd  Uniqueid=2.0  DestUniqueid=2.1  DialStatus=CANCEL
             DialEnd  Uniqueid=2.0  DestUniqueid=2.2  DialStatus=ANSWER
             Hangup  Uniqueid=2.1  Cause=26
             BridgeEnter  Uniqueid=2.2  BridgeUniqueid=far  BridgeType=basic
             BridgeEnter  Uniqueid=2.0  BridgeUniqueid=far  BridgeType=basic
             Hangup  Uniqueid=2.0  Cause=16
             Hangup  Uniqueid=2.2  Cause=16"
        ),
        "2.0 newCall: out 4930100 to 491761234567 []
         2.0 ringing: Alice
         2.0 ringing: Bob
         2.0 answer: Bob at 102
         2.0 hangup: normalClearing",
    );
    for (status, code, cause) in [("BUSY", 17, "busy"), ("NOANSWER", 0, "noAnswer")] {
        check(
            &format!(
                "{called}
                 HangupRequest  Uniqueid=2.0  Cause={code}
                 DialEnd  DestUniqueid=2.0  DialStatus={status}
                 Hangup  Uniqueid=2.0  Cause={code}"
            ),
            &format!("2.0 newCall: out 4930100 to 491761234567 []\n2.0 hangup: {cause}"),
        );
    }
}

#[test]
fn a_customer_who_is_called_first_through_local_channels_is_so_all_the_same() {
    for pairs in 1..=3 {
        for kept in [true, false] {
            let optimised = if kept { String::new() } else { inner_pairs_are_optimised_away(pairs) };
            check(
                &format!(
                    "{}{}{optimised}{}{}Hangup  Uniqueid=2.0  Cause=16",
                    customer_is_called_through(pairs),
                    alice_picks_up(pairs),
                    dials_bob("s"),
                    all_pairs_hang_up(pairs)
                ),
                "1.0 newCall: out 4930100 to 491761234567 []
                 1.0 ringing: Bob
                 1.0 answer: Bob at 102
                 1.0 hangup: normalClearing",
            );
        }
    }
}

#[test]
fn a_call_between_two_outside_numbers_names_both() {
    // Directly …
    check(
        &format!(
            "{}
             Newstate  ChannelState=6  CallerIDNum=4930100  Uniqueid=2.0
             DialEnd  DestUniqueid=2.0  DialStatus=ANSWER
             {TRUNK}  Uniqueid=2.1  Linkedid=2.0
             DialBegin  Uniqueid=2.0  Exten=491719876543  CallerIDNum=4930100  DestUniqueid=2.1  DialString=491719876543@trunk
             BridgeEnter  Uniqueid=2.1  BridgeUniqueid=far  BridgeType=basic
             BridgeEnter  Uniqueid=2.0  BridgeUniqueid=far  BridgeType=basic
             Hangup  Uniqueid=2.0  Cause=16
             Hangup  Uniqueid=2.1  Cause=16",
            customer_is_called()
        ),
        "2.0 newCall: out 4930100 to 491761234567 []
         2.0 answer: number 491719876543
         2.0 hangup: normalClearing",
    );
    // … and through Local channels on either side, optimised away or not.
    for pairs in 1..=3 {
        for kept in [true, false] {
            let optimised = if kept { String::new() } else { inner_pairs_are_optimised_away(pairs) };
            check(
                &format!(
                    "{}{}{optimised}{DIALS_OUT}
                     BridgeEnter  Uniqueid=2.1  BridgeUniqueid=far  BridgeType=basic
                     BridgeEnter  Uniqueid=1.0  BridgeUniqueid=far  BridgeType=basic
                     Hangup  Uniqueid=2.1  Cause=16
                     {}Hangup  Uniqueid=2.0  Cause=16",
                    customer_is_called_through(pairs),
                    alice_picks_up(pairs),
                    all_pairs_hang_up(pairs)
                ),
                "1.0 newCall: out 4930100 to 491761234567 []
                 1.0 answer: number 491719876543
                 1.0 hangup: normalClearing",
            );
        }
    }
}
