//! Transfers: to where, and who takes over (call rules 3.1).

use std::collections::BTreeMap;

use ringwire_calls::Rules;
use ringwire_event::{EventKind, TransferKind};

use crate::captures::for_every_capture;
use crate::scenarios::{check, check_after_alice};
use crate::support::follow;

#[test]
fn the_target_of_a_transfer_is_the_same_on_every_release() {
    let mut found: BTreeMap<String, Vec<(TransferKind, Option<String>)>> = BTreeMap::new();
    for_every_capture(|name, bytes, times| {
        for times in [times, None] {
            let published = follow(Rules::new("pbx"), &[(bytes, times)]);
            let transfers: Vec<_> = published
                .into_iter()
                .filter_map(|event| match event.kind {
                    EventKind::Transfer { kind, transfer_target, .. } => Some((kind, transfer_target)),
                    _ => None,
                })
                .collect();
            let (release, scenario) = name.split_once('/').unwrap();
            // Up to 11 nothing shows a redirect.
            let is_shown = release != "11" || scenario != "transfer-redirect-by-ami";
            if scenario.starts_with("transfer-") && is_shown {
                let known = found.entry(scenario.to_owned()).or_insert_with(|| transfers.clone());
                assert_eq!(*known, transfers, "{name}");
            }
        }
    });
    let expected = [
        ("transfer-attended", TransferKind::Attended, "102"),
        ("transfer-attended-by-phone", TransferKind::Attended, "102"),
        ("transfer-blind", TransferKind::Blind, "102"),
        ("transfer-redirect-by-ami", TransferKind::Redirect, "103"),
    ];
    for (scenario, kind, target) in expected {
        assert_eq!(found[scenario], [(kind, Some(target.to_owned()))], "{scenario}");
    }
}

#[test]
fn a_blind_transfer_reported_after_the_target_is_dialled_is_no_redirect() {
    check_after_alice(
        "BridgeLeave  Uniqueid=1.0  BridgeUniqueid=b1  Exten=102
         BridgeLeave  Uniqueid=1.1  BridgeUniqueid=b1
         Newchannel  Channel=PJSIP/bob-2  ChannelState=0  CallerIDNum=102  CallerIDName=Bob  Exten=s  Uniqueid=1.2  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.2  DialString=bob
         BlindTransfer  Result=Success  TransfererUniqueid=1.1  TransfereeUniqueid=1.0  Extension=102
         Hangup  Uniqueid=1.1  Cause=16
         BridgeEnter  Uniqueid=1.2  BridgeUniqueid=b2  BridgeType=basic
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b2  BridgeType=basic
         Hangup  Uniqueid=1.0  Cause=16
         Hangup  Uniqueid=1.2  Cause=16",
        "1.0 transfer: Blind by Alice to 102
         1.0 answer: Bob at 102
         1.0 hangup: normalClearing",
    );
}

#[test]
fn a_transfer_while_it_still_rings_names_the_extension_that_was_dialled() {
    let check = |headers: &str, target: &str| {
        check_after_alice(
            &format!(
                "Newchannel  Channel=PJSIP/alice-2  ChannelState=4  CallerIDNum=101  CallerIDName=Alice  Exten=200  Uniqueid=1.2  Linkedid=1.2
                 Newchannel  Channel=PJSIP/bob-3  ChannelState=0  CallerIDNum=102  CallerIDName=Bob  Exten=s  Uniqueid=1.3  Linkedid=1.2
                 DialBegin  Uniqueid=1.2  CallerIDNum=101  DestUniqueid=1.3  DialString=bob
                 AttendedTransfer  Result=Success  OrigTransfererUniqueid=1.1  SecondTransfererUniqueid=1.2  TransfereeUniqueid=1.0  DestType=App{headers}
                 BridgeLeave  Uniqueid=1.1  BridgeUniqueid=b1
                 Hangup  Uniqueid=1.1  Cause=16
                 Hangup  Uniqueid=1.2  Cause=16
                 BridgeLeave  Uniqueid=1.0  BridgeUniqueid=b1
                 BridgeEnter  Uniqueid=1.3  BridgeUniqueid=b2  BridgeType=basic
                 BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b2  BridgeType=basic
                 Hangup  Uniqueid=1.0  Cause=16
                 Hangup  Uniqueid=1.3  Cause=16"
            ),
            &format!(
                "1.0 transfer: Attended by Alice to {target}
                 1.0 answer: Bob at 102
                 1.0 hangup: normalClearing"
            ),
        );
    };
    check("  SecondTransfererExten=200", "200");
    check("", "200");
    check("  SecondTransfererExten=", "200");
}

/// Alice calls out, and is through.
const ALICE_CALLED_OUT: &str = "
    Newchannel  Channel=PJSIP/alice-0  ChannelState=4  CallerIDNum=101  CallerIDName=Alice  Exten=0491719876543  Context=internal  Uniqueid=1.0  Linkedid=1.0
    Newchannel  Channel=PJSIP/trunk-1  ChannelState=0  Exten=s  Context=from-trunk  Uniqueid=1.1  Linkedid=1.0
    DialBegin  Uniqueid=1.0  CallerIDNum=101  DestUniqueid=1.1  DialString=491719876543@trunk
    DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=ANSWER
    BridgeEnter  Uniqueid=1.1  BridgeUniqueid=b1  BridgeType=basic
    BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b1  BridgeType=basic
";

#[track_caller]
fn check_after_calling_out(scenario: &str, expected: &str) {
    check(
        &format!("{ALICE_CALLED_OUT}{scenario}"),
        &format!(
            "1.0 newCall: out 101 to 491719876543 [Alice]
             1.0 answer: number 491719876543
             {expected}
             1.0 hangup: normalClearing"
        ),
    );
}

#[test]
fn an_outbound_call_transferred_to_a_group_names_who_takes_it() {
    check_after_calling_out(
        "BlindTransfer  Result=Success  TransfererUniqueid=1.0  TransfereeUniqueid=1.1  Extension=200
         BridgeLeave  Uniqueid=1.1  BridgeUniqueid=b1  Exten=200
         BridgeLeave  Uniqueid=1.0  BridgeUniqueid=b1
         Hangup  Uniqueid=1.0  Cause=16
         Newchannel  Channel=PJSIP/bob-2  ChannelState=0  CallerIDNum=102  CallerIDName=Bob  Exten=s  Uniqueid=1.2  Linkedid=1.0
         Newchannel  Channel=PJSIP/carol-3  ChannelState=0  CallerIDNum=103  CallerIDName=Carol  Exten=s  Uniqueid=1.3  Linkedid=1.0
         DialBegin  Uniqueid=1.1  DestUniqueid=1.2  DialString=bob
         DialBegin  Uniqueid=1.1  DestUniqueid=1.3  DialString=carol
         DialEnd  Uniqueid=1.1  DestUniqueid=1.2  DialStatus=CANCEL
         BridgeEnter  Uniqueid=1.3  BridgeUniqueid=b2  BridgeType=basic
         BridgeEnter  Uniqueid=1.1  BridgeUniqueid=b2  BridgeType=basic
         Hangup  Uniqueid=1.2  Cause=16
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.3  Cause=16",
        "1.0 transfer: Blind by Alice to 200
         1.0 transfer: Blind by Alice to 103",
    );
}

#[test]
fn an_outbound_call_transferred_while_it_still_rings_names_who_takes_it() {
    let blonde = |exten: &str| {
        format!(
            "Newchannel  Channel=PJSIP/alice-2  ChannelState=4  CallerIDNum=101  CallerIDName=Alice  Exten={exten}  Uniqueid=1.2  Linkedid=1.2
             Newchannel  Channel=PJSIP/bob-3  ChannelState=0  CallerIDNum=102  CallerIDName=Bob  Exten=s  Uniqueid=1.3  Linkedid=1.2
             DialBegin  Uniqueid=1.2  CallerIDNum=101  DestUniqueid=1.3  DialString=bob
             AttendedTransfer  Result=Success  OrigTransfererUniqueid=1.0  SecondTransfererUniqueid=1.2  TransfereeUniqueid=1.1  DestType=App  SecondTransfererExten={exten}
             BridgeLeave  Uniqueid=1.1  BridgeUniqueid=b1
             Hangup  Uniqueid=1.2  Cause=16
             BridgeLeave  Uniqueid=1.0  BridgeUniqueid=b1
             Hangup  Uniqueid=1.0  Cause=16
             DialEnd  Uniqueid=1.1  DestUniqueid=1.3  DialStatus=ANSWER
             BridgeEnter  Uniqueid=1.3  BridgeUniqueid=b2  BridgeType=basic
             BridgeEnter  Uniqueid=1.1  BridgeUniqueid=b2  BridgeType=basic
             Hangup  Uniqueid=1.1  Cause=16
             Hangup  Uniqueid=1.3  Cause=16"
        )
    };
    check_after_calling_out(&blonde("102"), "1.0 transfer: Attended by Alice to 102");
    check_after_calling_out(
        &blonde("200"),
        "1.0 transfer: Attended by Alice to 200
         1.0 transfer: Attended by Alice to 102",
    );
}

#[test]
fn an_internal_call_that_the_caller_hands_over_names_who_takes_it() {
    check(
        "Newchannel  Channel=PJSIP/alice-0  ChannelState=4  CallerIDNum=101  CallerIDName=Alice  Exten=102  Context=internal  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel=PJSIP/bob-1  ChannelState=0  CallerIDNum=102  CallerIDName=Bob  Exten=s  Uniqueid=1.1  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=101  DestUniqueid=1.1  DialString=bob
         BridgeEnter  Uniqueid=1.1  BridgeUniqueid=b1  BridgeType=basic
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=b1  BridgeType=basic
         BlindTransfer  Result=Success  TransfererUniqueid=1.0  TransfereeUniqueid=1.1  Extension=200
         BridgeLeave  Uniqueid=1.1  BridgeUniqueid=b1  Exten=200
         BridgeLeave  Uniqueid=1.0  BridgeUniqueid=b1
         Hangup  Uniqueid=1.0  Cause=16
         Newchannel  Channel=PJSIP/carol-2  ChannelState=0  CallerIDNum=103  CallerIDName=Carol  Exten=s  Uniqueid=1.2  Linkedid=1.0
         DialBegin  Uniqueid=1.1  DestUniqueid=1.2  DialString=carol
         BridgeEnter  Uniqueid=1.2  BridgeUniqueid=b2  BridgeType=basic
         BridgeEnter  Uniqueid=1.1  BridgeUniqueid=b2  BridgeType=basic
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.2  Cause=16",
        "1.0 newCall: internal 101 to 102 [Bob]
         1.0 answer: Bob at 102
         1.0 transfer: Blind by Alice to 200
         1.0 transfer: Blind by Alice to 103
         1.0 hangup: normalClearing",
    );
}
