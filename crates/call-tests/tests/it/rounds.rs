//! Ring rounds: which phones are named when a call is announced (call rules 3.2).

use crate::scenarios::check;

const CALLER: &str = "
    Newchannel  Channel=PJSIP/trunk-0  ChannelState=4  CallerIDNum=4917  Exten=100  Context=from-trunk  Uniqueid=1.0  Linkedid=1.0
";

fn phone(name: &str, number: u32) -> String {
    format!(
        "Newchannel  Channel=PJSIP/{name}-{number}  ChannelState=0  CallerIDName={name}  Exten=s  Uniqueid=1.{number}  Linkedid=1.0\n"
    )
}

fn dial(name: &str, number: u32) -> String {
    format!("DialBegin  Uniqueid=1.0  CallerIDNum=4917  DestUniqueid=1.{number}  DialString={name}\n")
}

#[test]
fn a_phone_that_refuses_at_once_does_not_end_the_round_for_the_others() {
    let (alice, bob) = (phone("alice", 1), phone("bob", 2));
    let (dial_alice, dial_bob) = (dial("alice", 1), dial("bob", 2));
    let refused = "HangupRequest  Uniqueid=1.1  Cause=19\n";
    let ended =
        "DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=NOANSWER\nHangup  Uniqueid=1.1  Cause=19\n";
    let rest = "DialEnd  Uniqueid=1.0  DestUniqueid=1.2  DialStatus=NOANSWER
                Hangup  Uniqueid=1.2  Cause=19
                Hangup  Uniqueid=1.0  Cause=16";
    for round in [
        // The others are rung already, are about to be, or are created only then.
        format!("{alice}{bob}{dial_alice}{dial_bob}{refused}{ended}"),
        format!("{alice}{bob}{dial_alice}{refused}{dial_bob}{ended}"),
        format!("{alice}{dial_alice}{refused}{bob}{dial_bob}{ended}"),
        format!("{alice}{bob}{dial_alice}{dial_bob}{ended}"),
    ] {
        for clock in ["", "at 0.01\n"] {
            check(
                &format!("{clock}{CALLER}{round}{rest}"),
                "1.0 newCall: in 4917 to 100 [alice, bob]\n1.0 hangup: noAnswer",
            );
        }
    }
}

#[test]
fn a_round_of_which_no_phone_is_rung_any_more_is_announced_at_once() {
    let (alice, bob) = (phone("alice", 1), phone("bob", 2));
    let (dial_alice, dial_bob) = (dial("alice", 1), dial("bob", 2));
    check(
        &format!(
            "at 0.01
             {CALLER}{alice}{dial_alice}
             DialEnd  Uniqueid=1.0  DestUniqueid=1.1  DialStatus=BUSY
             Hangup  Uniqueid=1.1  Cause=17
             {bob}{dial_bob}
             Newstate  ChannelState=5  Uniqueid=1.2
             HangupRequest  Uniqueid=1.0
             Hangup  Uniqueid=1.0  Cause=127"
        ),
        "1.0 newCall: in 4917 to 100 [alice]
         1.0 ringing: bob
         1.0 hangup: cancel",
    );
}

#[test]
fn a_number_that_the_dialplan_withholds_is_anonymous() {
    let check_set = |data: &str, from: &str| {
        check(
            &format!(
                "{CALLER}
                 Newexten  Uniqueid=1.0  Extension=100  Application=Set  AppData={data}
                 Hangup  Uniqueid=1.0  Cause=17"
            ),
            &format!("1.0 newCall: in {from} to 100 []\n1.0 hangup: busy"),
        );
    };
    check_set("CALLERID(num-pres)=prohib", "anonymous");
    check_set("CALLERPRES()=prohib_passed_screen", "anonymous");
    check_set("CALLERID(num-pres)=allowed", "4917");
    check_set("CALLERID(name-pres)=prohib", "4917");
}
