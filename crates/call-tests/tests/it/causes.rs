//! Why calls end, where what usually tells is missing (call rules 4).

use ringwire_ami::Frame;
use ringwire_calls::{Rules, Tracker};
use ringwire_directory::NumberPlan;

use crate::captures::{difference, expected, recordings};
use crate::scenarios::check;
use crate::support::{captures, follow_frames, frames, offices};

const CALLER_AND_ALICE: &str = "
    Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
    Newchannel  Channel=PJSIP/alice-1  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=s  Uniqueid=1.1  Linkedid=1.0
    DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.1  DialString=alice
    Newstate  ChannelState=5  Uniqueid=1.1
";

#[track_caller]
fn check_cause(scenario: &str, cause: &str) {
    check(
        &format!("{CALLER_AND_ALICE}{scenario}"),
        &format!("1.0 newCall: in 4917 to 100 [Alice]\n1.0 ringing: Alice\n1.0 hangup: {cause}"),
    );
}

#[test]
fn without_hangup_requests_who_leaves_ringing_phones_has_given_up() {
    // The caller's own channel goes while the phone is rung …
    check_cause(
        "Hangup  Uniqueid=1.0  Cause=127
         Hangup  Uniqueid=1.1  Cause=16",
        "cancel",
    );
    // … or after the dialling was cancelled, in either order.
    check_cause(
        "DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=CANCEL
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=127",
        "cancel",
    );
}

#[test]
fn without_hangup_requests_who_stays_to_the_end_has_not_given_up() {
    check_cause(
        "DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=NOANSWER
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=16",
        "noAnswer",
    );
    check_cause(
        "DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=CANCEL  Forward=102
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=17",
        "busy",
    );
}

#[test]
fn a_caller_whom_the_pbx_hangs_up_has_not_given_up() {
    check_cause(
        "SoftHangupRequest  Uniqueid=1.0  Cause=34
         DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=CANCEL
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=34",
        "congestion",
    );
    // Where requests do come, one that does not come tells the same.
    check_cause(
        "HangupRequest  Uniqueid=7.0
         DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=CANCEL
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=34",
        "congestion",
    );
}

/// Calls that nobody was rung for when the caller left: nothing tells that from a dialplan that ends.
const UNTOLD: [&str; 2] = ["/ari-stasis-held-only", "/ivr-caller-leaves"];

#[test]
fn without_hangup_requests_every_recorded_call_ends_as_it_did() {
    let is_request = |frame: &Frame| matches!(frame, Frame::Packet(packet) if packet.event_name().is_some_and(|name| name.ends_with(b"HangupRequest")));
    let mut different = Vec::new();
    for folder in [captures(), offices()] {
        let numbers = match folder == offices() {
            true => NumberPlan::new(Some("DE"), Vec::new()).unwrap(),
            false => NumberPlan::default(),
        };
        let rules = Rules { numbers, ..Rules::new("pbx") };
        for recording in recordings(&folder) {
            if UNTOLD.iter().any(|scenario| recording.name.ends_with(scenario)) {
                continue;
            }
            let sent = frames(&recording.bytes);
            let kept: Vec<_> = sent.into_iter().filter(|(frame, _)| !is_request(frame)).collect();
            for times in [recording.times.as_ref(), None] {
                let published = follow_frames(&mut Tracker::new(rules.clone()), kept.iter().cloned(), times);
                if difference(&published, &expected(&folder, &recording.name, "")).is_some() {
                    different.push(recording.name.clone());
                }
            }
        }
    }
    assert_eq!(different, [""; 0]);
}

#[test]
fn a_caller_sent_elsewhere_by_transfer_was_forwarded_on_every_release() {
    let check = |steps: &str| {
        check(
            &format!(
                "Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
                 {steps}"
            ),
            "1.0 newCall: in 4917 to 100 []\n1.0 hangup: forwarded",
        );
    };
    // On 22 the cause says so, …
    check("HangupRequest  Uniqueid=1.0  ChannelState=4  Cause=23\nHangup  Uniqueid=1.0  Cause=23");
    // … on 16 one that no caller who gives up has there, …
    check("HangupRequest  Uniqueid=1.0  ChannelState=4  Cause=16\nHangup  Uniqueid=1.0  Cause=0");
    // … and everywhere the step of the dialplan, whatever asks for the hangup then.
    check(
        "Newexten  Uniqueid=1.0  Extension=100  Application=Transfer  AppData=PJSIP/4918@trunk
         HangupRequest  Uniqueid=1.0
         Hangup  Uniqueid=1.0  Cause=0",
    );
}

#[test]
fn a_caller_who_cancels_before_anything_rings_was_not_forwarded() {
    for cause in ["", "  Cause=127", "  Cause=17"] {
        check(
            &format!(
                "Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
                 HangupRequest  Uniqueid=1.0{cause}
                 Hangup  Uniqueid=1.0  Cause=16"
            ),
            "1.0 newCall: in 4917 to 100 []\n1.0 hangup: cancel",
        );
    }
}

#[test]
fn a_phone_that_picks_up_and_presses_reject_has_not_answered() {
    // Asked at the end of a chain of Local channels: the caller's own dial ends NOANSWER.
    check(
        "Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
         Newchannel  Channel=Local/101@fm-0;1  ChannelState=0  Exten=101  Uniqueid=1.1  Linkedid=1.0
         Newchannel  Channel=Local/101@fm-0;2  ChannelState=4  Exten=101  Uniqueid=1.2  Linkedid=1.0
         DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.1  DialString=101@fm
         Newchannel  Channel=PJSIP/alice-1  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=s  Uniqueid=1.3  Linkedid=1.0
         DialBegin  Uniqueid=1.2  CallerIDNum=4917  DestUniqueid=1.3  DialString=alice
         Newstate  ChannelState=5  Uniqueid=1.3
         Newstate  ChannelState=6  Uniqueid=1.3
         DialEnd  Uniqueid=1.2  DestUniqueid=1.3  DialStatus=ANSWER
         BridgeEnter  Uniqueid=1.3  BridgeUniqueid=b1  BridgeType=basic
         BridgeEnter  Uniqueid=1.2  BridgeUniqueid=b1  BridgeType=basic
         BridgeLeave  Uniqueid=1.3  BridgeUniqueid=b1
         BridgeLeave  Uniqueid=1.2  BridgeUniqueid=b1
         Hangup  Uniqueid=1.3  Cause=16
         Hangup  Uniqueid=1.2  Cause=16
         DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=NOANSWER
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=16",
        "1.0 newCall: in 4917 to 100 [Alice]
         1.0 ringing: Alice
         1.0 hangup: noAnswer",
    );
    // Asked by a subroutine of the dial itself, which has a word of its own for how it ended.
    for status in ["NOANSWER", "CONTINUE", "ABORT", "GOTO:declined^s^1"] {
        for requested in ["HangupRequest  Uniqueid=9.9", "HangupRequest  Uniqueid=1.1  Cause=16"] {
            check_cause(
                &format!(
                    "Newstate  ChannelState=6  Uniqueid=1.1
                     DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus={status}
                     {requested}
                     Hangup  Uniqueid=1.1  Cause=16
                     Hangup  Uniqueid=1.0  Cause=16"
                ),
                "noAnswer",
            );
        }
    }
}

#[test]
fn who_hangs_up_while_a_phone_is_asked_to_accept_has_given_up() {
    check_cause(
        "Newstate  ChannelState=6  Uniqueid=1.1
         HangupRequest  Uniqueid=1.0
         DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=CANCEL
         Hangup  Uniqueid=1.1  Cause=16
         Hangup  Uniqueid=1.0  Cause=127",
        "cancel",
    );
}
