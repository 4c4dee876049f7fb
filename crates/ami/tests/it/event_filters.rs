//! What the server is asked to keep to itself, and what not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};
use ringwire_ami::{EVENT_FILTERS, Packet, variable_filters};

use crate::support::{packets, recordings, storm};

/// The filters as regular expressions like those of POSIX: `.` is any byte, and `^` the beginning of the text.
static FILTERS: LazyLock<Vec<Regex>> = LazyLock::new(|| EVENT_FILTERS.into_iter().map(expression).collect());

/// A filter as a regular expression like those of POSIX.
fn expression(pattern: &str) -> Regex {
    let mut builder = RegexBuilder::new(pattern.strip_prefix('!').unwrap());
    builder.unicode(false).dot_matches_new_line(true).build().unwrap()
}

#[test]
fn the_variables_that_are_asked_for_are_sent_and_no_other() {
    let names = ["CUSTOMER_ID", "CUSTOMER", "X", "not one"].map(str::to_owned);
    let filters: Vec<_> = variable_filters(&names).iter().map(|pattern| expression(pattern)).collect();
    let is_sent = |name: &str| {
        let text = format!(
            "Event: VarSet\r\nPrivilege: dialplan,all\r\nVariable: {name}\r\nValue: CUSTOMER\r\n\r\n"
        );
        !filters.iter().any(|filter| filter.is_match(text.as_bytes()))
    };
    for name in ["CUSTOMER_ID", "_CUSTOMER_ID", "__CUSTOMER_ID", "CUSTOMER", "__X", "X"] {
        assert!(is_sent(name), "{name}");
    }
    for name in
        ["CUSTOMER_I", "CUSTOMER_IDS", "CUSTOMERS", "___X", "XX", "Y", "", "_", "DIALSTATUS", "customer"]
    {
        assert!(!is_sent(name), "{name}");
    }
    assert_eq!(variable_filters(&[]), EVENT_FILTERS[..1]);
}

fn is_sent(packet: &Packet) -> bool {
    !FILTERS.iter().any(|filter| filter.is_match(packet.bytes()))
}

#[test]
fn dialplan_steps_that_move_a_call_are_sent_and_others_are_filtered() {
    let check = |text: &str, expected: bool| {
        let packet = &packets(format!("Event: {text}\r\n\r\n").as_bytes())[0];
        assert_eq!(is_sent(packet), expected, "{text:?}");
    };
    let step = |application: &str| {
        format!(
            "Newexten\r\nPrivilege: dialplan,all\r\nCallerIDName: J\u{f6}rg\r\nApplication: {application}\r\nAppData: (x)"
        )
    };
    for sent in ["VoiceMail", "Transfer", "Dial", "Queue", "Hangup", "Congestion", "Busy", "Playback"] {
        check(&step(sent), true);
    }
    let sets = |data: &str| step("Set").replace("(x)", data);
    for data in ["CALLERID(num-pres)=prohib", "CALLERPRES()=prohib"] {
        check(&sets(data), true);
    }
    for data in ["__TRUNK=1", "CDR(x)=1", "CHANNEL(language)=de"] {
        check(&sets(data), false);
    }
    for kept in [
        "Set",
        "SIPAddHeader",
        "NoOp",
        "Verbose",
        "GotoIf",
        "Gosub",
        "Return",
        "ExecIf",
        "MacroExit",
        "AppDial",
        "Wait",
    ] {
        check(&step(kept), false);
    }
    check("VarSet\r\nPrivilege: dialplan,all\r\nVariable: x", false);
    check("RTCPSent\r\nPrivilege: reporting,all", false);
    check("Newchannel\r\nPrivilege: call,all\r\nCallerIDName: Event: VarSet", true);
    check("Newexten\r\nCallerIDName: Application: Set\r\nApplication: VoiceMail", true);
    check("UserEvent\r\nPrivilege: user,all\r\nApplication: Set", true);
}

#[test]
fn filters_exclude_most_of_a_busy_hour_but_no_call_event() {
    let (mut all, mut sent, mut kept) = (0, 0, BTreeSet::new());
    for packet in packets(&storm()) {
        all += packet.bytes().len();
        if is_sent(&packet) {
            sent += packet.bytes().len();
        } else {
            kept.insert(String::from_utf8_lossy(packet.event_name().unwrap()).into_owned());
        }
    }
    assert_eq!(
        kept.iter().map(String::as_str).collect::<Vec<_>>(),
        ["DeviceStateChange", "Newexten", "QueueMemberStatus", "TestEvent", "VarSet"]
    );
    assert!(sent * 3 < all, "{sent} of {all} bytes");
}

#[test]
fn recordings_contain_these_filtered_dialplan_steps() {
    let mut steps: BTreeMap<bool, BTreeSet<String>> = BTreeMap::new();
    for release in ["11", "16", "22"] {
        for entry in std::fs::read_dir(recordings().join(release)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "ami") {
                for packet in packets(&std::fs::read(path).unwrap()) {
                    if let (Some(b"Newexten"), Some(step)) = (packet.event_name(), packet.text("Application"))
                    {
                        steps.entry(is_sent(&packet)).or_default().insert(step.into_owned());
                    }
                }
            }
        }
    }
    let steps = |sent| steps[&sent].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(steps(true), ["ConfBridge", "Congestion", "Dial", "Hangup", "Queue", "Set", "VoiceMail"]);
    assert_eq!(steps(false), ["AGI", "Answer", "AppDial", "AppDial2", "AppQueue", "Goto", "NoOp", "Wait"]);
}
