//! Calls that Originate begins: the phone of the agent is called first, then the number that was asked for.

use crate::scenarios::check;

/// Originate rings alice through pairs of Local channels, each of which dials the next; the last one dials her phone. The
/// Uniqueids are 1.0 and 1.1 for the first pair, and so on.
pub(crate) fn rings_alice_through(pairs: u32) -> String {
    let mut scenario = String::new();
    for pair in 0..pairs {
        let (one, two) = (2 * pair, 2 * pair + 1);
        let caller = match pair {
            0 => String::new(),
            _ => format!("Channel=Local/101@fm-{};2  Uniqueid=1.{}  Exten=101  ", pair - 1, one - 1),
        };
        scenario.push_str(&format!(
            "Newchannel  Channel=Local/101@fm-{pair};1  ChannelState=0  Exten=101  Uniqueid=1.{one}  Linkedid=1.0
             Newchannel  Channel=Local/101@fm-{pair};2  ChannelState=4  Exten=101  Uniqueid=1.{two}  Linkedid=1.0
             LocalBridge  LocalOneUniqueid=1.{one}  LocalTwoUniqueid=1.{two}
             DialBegin  {caller}DestUniqueid=1.{one}  DialString=101@fm
            "
        ));
    }
    let last = 2 * pairs - 1;
    scenario.push_str(&format!(
        "Newchannel  Channel=PJSIP/alice-1  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=s  Uniqueid=2.0  Linkedid=1.0
         DialBegin  Channel=Local/101@fm;2  Uniqueid=1.{last}  Exten=101  CallerIDNum=4930100  DestUniqueid=2.0  DialString=alice
         Newstate  ChannelState=5  Uniqueid=2.0
        "
    ));
    scenario
}

/// Alice picks up, and each pair is bridged with the next.
pub(crate) fn alice_picks_up(pairs: u32) -> String {
    let last = 2 * pairs - 1;
    let mut scenario = format!(
        "Newstate  ChannelState=6  Uniqueid=2.0
         DialEnd  Uniqueid=1.{last}  DestUniqueid=2.0  DialStatus=ANSWER
         BridgeEnter  Uniqueid=2.0  BridgeUniqueid=b{pairs}  BridgeType=basic
         BridgeEnter  Uniqueid=1.{last}  BridgeUniqueid=b{pairs}  BridgeType=basic
        "
    );
    for pair in (0..pairs).rev() {
        let one = 2 * pair;
        scenario.push_str(&format!("Newstate  ChannelState=6  Uniqueid=1.{one}\n"));
        if pair == 0 {
            scenario.push_str("DialEnd  DestUniqueid=1.0  DialStatus=ANSWER\n");
        } else {
            scenario.push_str(&format!(
                "DialEnd  Uniqueid=1.{}  DestUniqueid=1.{one}  DialStatus=ANSWER
                 BridgeEnter  Uniqueid=1.{one}  BridgeUniqueid=b{pair}  BridgeType=basic
                 BridgeEnter  Uniqueid=1.{}  BridgeUniqueid=b{pair}  BridgeType=basic
                ",
                one - 1,
                one - 1
            ));
        }
    }
    scenario
}

/// The inner pairs are optimised away, one by one, until alice is bridged with the second half of the first.
pub(crate) fn inner_pairs_are_optimised_away(pairs: u32) -> String {
    let mut scenario = String::new();
    for pair in (1..pairs).rev() {
        let (one, two) = (2 * pair, 2 * pair + 1);
        scenario.push_str(&format!(
            "BridgeLeave  Uniqueid=2.0  BridgeUniqueid=b{}
             BridgeLeave  Uniqueid=1.{one}  BridgeUniqueid=b{pair}
             BridgeEnter  Uniqueid=2.0  BridgeUniqueid=b{pair}  BridgeType=basic  SwapUniqueid=1.{one}
             BridgeLeave  Uniqueid=1.{two}  BridgeUniqueid=b{}
             Hangup  Uniqueid=1.{one}  Cause=16
             Hangup  Uniqueid=1.{two}  Cause=16
            ",
            pair + 1,
            pair + 1
        ));
    }
    scenario
}

pub(crate) fn all_pairs_hang_up(pairs: u32) -> String {
    (0..2 * pairs).map(|half| format!("Hangup  Uniqueid=1.{half}  Cause=16\n")).collect()
}

pub(crate) const DIALS_OUT: &str = "
    Newchannel  Channel=PJSIP/trunk-3  ChannelState=0  Exten=s  Context=from-trunk  Uniqueid=2.1  Linkedid=1.0
    DialBegin  Channel=Local/101@fm-0;1  Uniqueid=1.0  Exten=001719876543  CallerIDNum=4930100  DestUniqueid=2.1  DialString=491719876543@trunk
    Newstate  ChannelState=5  Uniqueid=2.1
";

#[test]
fn local_channels_of_an_originate_do_not_matter_however_many_and_kept_or_not() {
    for pairs in 1..=4 {
        for kept in [true, false] {
            let optimised = if kept { String::new() } else { inner_pairs_are_optimised_away(pairs) };
            check(
                &format!(
                    "{}{}{optimised}{DIALS_OUT}
                     BridgeEnter  Uniqueid=2.1  BridgeUniqueid=far  BridgeType=basic
                     BridgeEnter  Uniqueid=1.0  BridgeUniqueid=far  BridgeType=basic
                     Hangup  Uniqueid=2.1  Cause=16
                     {}Hangup  Uniqueid=2.0  Cause=16",
                    rings_alice_through(pairs),
                    alice_picks_up(pairs),
                    all_pairs_hang_up(pairs)
                ),
                "1.0 newCall: out 4930100 to 491719876543 [Alice]
                 1.0 answer: number 491719876543
                 1.0 hangup: normalClearing",
            );
        }
    }
}

#[test]
fn a_phone_that_never_picks_up_was_no_call_however_many_local_channels_it_was_called_through() {
    for pairs in 1..=4 {
        let last = 2 * pairs - 1;
        check(
            &format!(
                "at 1
                 {}
                 at 20
                 DialEnd  Uniqueid=1.{last}  DestUniqueid=2.0  DialStatus=CANCEL
                 DialEnd  DestUniqueid=1.0  DialStatus=NOANSWER
                 HangupRequest  Uniqueid=1.1  Cause=0
                 {}Hangup  Uniqueid=2.0  Cause=16
                 at 30",
                rings_alice_through(pairs),
                all_pairs_hang_up(pairs)
            ),
            "",
        );
    }
}

#[test]
fn who_hangs_up_the_phone_that_originate_called_first_gives_the_call_up() {
    for pairs in [1, 3] {
        check(
            &format!(
                "at 1
                 {}{}{DIALS_OUT}
                 at 5
                 HangupRequest  Uniqueid=2.0  Cause=16
                 Hangup  Uniqueid=2.0  Cause=16
                 {}Hangup  Uniqueid=2.1  Cause=0",
                rings_alice_through(pairs),
                alice_picks_up(pairs),
                all_pairs_hang_up(pairs)
            ),
            "1.0 newCall: out 4930100 to 491719876543 [Alice]
             1.0 hangup: cancel",
        );
    }
}

#[test]
fn the_phone_that_takes_the_place_of_a_local_channel_is_the_caller_from_then_on() {
    check(
        &format!(
            "{}{}{DIALS_OUT}
             BridgeEnter  Uniqueid=2.1  BridgeUniqueid=far  BridgeType=basic
             BridgeEnter  Uniqueid=1.0  BridgeUniqueid=far  BridgeType=basic
             BridgeLeave  Uniqueid=1.0  BridgeUniqueid=far
             BridgeEnter  Uniqueid=2.0  BridgeUniqueid=far  BridgeType=basic  SwapUniqueid=1.0
             Hangup  Uniqueid=1.0  Cause=16
             Hangup  Uniqueid=1.1  Cause=16
             BlindTransfer  Result=Success  TransfererUniqueid=2.0  TransfereeUniqueid=2.1  Extension=102
             BridgeLeave  Uniqueid=2.1  BridgeUniqueid=far
             BridgeLeave  Uniqueid=2.0  BridgeUniqueid=far
             Hangup  Uniqueid=2.0  Cause=16
             Hangup  Uniqueid=2.1  Cause=16",
            rings_alice_through(1),
            alice_picks_up(1)
        ),
        "1.0 newCall: out 4930100 to 491719876543 [Alice]
         1.0 answer: number 491719876543
         1.0 transfer: Blind by Alice to 102
         1.0 hangup: normalClearing",
    );
}

#[test]
fn of_several_phones_that_originate_rings_the_one_that_picks_up_calls() {
    check(
        &format!(
            "{}
             Newchannel  Channel=PJSIP/desk-1  ChannelState=0  CallerIDNum=109  CallerIDName=Desk  Exten=s  Uniqueid=2.9  Linkedid=1.0
             DialBegin  Channel=Local/101@fm;2  Uniqueid=1.1  Exten=101  CallerIDNum=4930100  DestUniqueid=2.9  DialString=desk
             Newstate  ChannelState=6  Uniqueid=2.9
             DialEnd  Uniqueid=1.1  DestUniqueid=2.9  DialStatus=ANSWER
             DialEnd  DestUniqueid=1.0  DialStatus=ANSWER
             BridgeEnter  Uniqueid=2.9  BridgeUniqueid=b1  BridgeType=basic
             BridgeEnter  Uniqueid=1.1  BridgeUniqueid=b1  BridgeType=basic
             {DIALS_OUT}
             DialEnd  Uniqueid=1.1  DestUniqueid=2.0  DialStatus=CANCEL
             Hangup  Uniqueid=2.0  Cause=26
             DialEnd  Uniqueid=1.0  DestUniqueid=2.1  DialStatus=BUSY
             Hangup  Uniqueid=2.1  Cause=17
             Hangup  Uniqueid=1.0  Cause=17
             Hangup  Uniqueid=1.1  Cause=16
             Hangup  Uniqueid=2.9  Cause=16",
            rings_alice_through(1)
        ),
        "1.0 newCall: out 4930100 to 491719876543 [Desk]
         1.0 hangup: busy",
    );
}

/// The first Local channel runs the dialplan at an extension and dials bob.
pub(crate) fn dials_bob(exten: &str) -> String {
    format!(
        "Newchannel  Channel=PJSIP/bob-3  ChannelState=0  CallerIDNum=102  CallerIDName=Bob  Exten=s  Uniqueid=2.1  Linkedid=1.0
         DialBegin  Channel=Local/101@fm-0;1  Uniqueid=1.0  Exten={exten}  CallerIDNum=4930100  DestUniqueid=2.1  DialString=bob
         Newstate  ChannelState=5  Uniqueid=2.1
         DialEnd  Uniqueid=1.0  DestUniqueid=2.1  DialStatus=ANSWER
         BridgeEnter  Uniqueid=2.1  BridgeUniqueid=far  BridgeType=basic
         BridgeEnter  Uniqueid=1.0  BridgeUniqueid=far  BridgeType=basic
         Hangup  Uniqueid=2.1  Cause=16
        "
    )
}

#[test]
fn an_internal_originate_has_the_dialled_extension_as_to() {
    // In a subroutine the extension is `s`: then the phone's own.
    for (exten, to) in [("602", "602"), ("s", "102")] {
        for pairs in [1, 3] {
            check(
                &format!(
                    "{}{}{}{}Hangup  Uniqueid=2.0  Cause=16",
                    rings_alice_through(pairs),
                    alice_picks_up(pairs),
                    dials_bob(exten),
                    all_pairs_hang_up(pairs)
                ),
                &format!(
                    "1.0 newCall: internal 101 to {to} [Bob]
                     1.0 ringing: Bob
                     1.0 answer: Bob at 102
                     1.0 hangup: normalClearing"
                ),
            );
        }
    }
    let without_local = dials_bob("602").replace("Uniqueid=1.0", "Uniqueid=2.0");
    check(
        &format!(
            "Newchannel  Channel=PJSIP/alice-1  ChannelState=0  CallerIDNum=101  CallerIDName=Alice  Exten=s  Uniqueid=2.0  Linkedid=2.0
             DialBegin  DestUniqueid=2.0  DialString=alice
             Newstate  ChannelState=5  Uniqueid=2.0
             Newstate  ChannelState=6  Uniqueid=2.0
             DialEnd  DestUniqueid=2.0  DialStatus=ANSWER
             {without_local}
             Hangup  Uniqueid=2.0  Cause=16"
        ),
        "2.0 newCall: internal 101 to 602 [Bob]
         2.0 ringing: Bob
         2.0 answer: Bob at 102
         2.0 hangup: normalClearing",
    );
}

#[test]
fn an_internal_originate_through_local_channels_on_both_sides_names_who_is_called() {
    let worker = "
        Newchannel  Channel=Local/202@int-7;1  ChannelState=0  Exten=202  Uniqueid=3.0  Linkedid=1.0
        Newchannel  Channel=Local/202@int-7;2  ChannelState=4  Exten=202  Uniqueid=3.1  Linkedid=1.0
        LocalBridge  LocalOneUniqueid=3.0  LocalTwoUniqueid=3.1
        DialBegin  Uniqueid=1.0  Exten=ID400377  CallerIDNum=201  DestUniqueid=3.0  DialString=202@int
        Newchannel  Channel=PJSIP/bob-3  ChannelState=0  CallerIDName=Bob  Exten=s  Uniqueid=2.1  Linkedid=1.0
        DialBegin  Uniqueid=3.1  Exten=202  CallerIDNum=201  DestUniqueid=2.1  DialString=bob
        Newstate  ChannelState=5  Uniqueid=2.1
        DialEnd  Uniqueid=3.1  DestUniqueid=2.1  DialStatus=BUSY
        Hangup  Uniqueid=2.1  Cause=17
        Hangup  Uniqueid=3.1  Cause=17
        Hangup  Uniqueid=3.0  Cause=17
    ";
    check(
        &format!(
            "{}{}{worker}{}Hangup  Uniqueid=2.0  Cause=16",
            rings_alice_through(3),
            alice_picks_up(3),
            all_pairs_hang_up(3)
        ),
        "1.0 newCall: internal 101 to 202 [Bob]
         1.0 ringing: Bob
         1.0 hangup: busy",
    );
}
