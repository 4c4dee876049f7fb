//! What can be asked of one packet (AMI notes 1.2 and 1.3).

use bytes::Bytes;
use ringwire_ami::{AmiVersion, ChannelVariable, Packet, PacketKind};

fn packet(text: &str) -> Packet {
    of(text, AmiVersion::NEWEST)
}

fn of(text: &str, version: AmiVersion) -> Packet {
    Packet::new(Bytes::copy_from_slice(text.as_bytes()), version).unwrap()
}

#[test]
fn a_packet_is_an_event_or_a_response() {
    assert_eq!(packet("Event: Hangup\r\nX: 1\r\n\r\n").kind(), PacketKind::Event(b"Hangup"));
    assert_eq!(packet("Response: Success\r\n\r\n").kind(), PacketKind::Response(b"Success"));
    assert_eq!(packet("Response: Success\r\n\r\n").event_name(), None);
    assert_eq!(packet("Event: Hangup").event_name(), Some(&b"Hangup"[..]));
    for other in ["", "\r\n", "Eventual: x\r\n\r\n", "Channel: x\r\nEvent: y\r\n\r\n"] {
        assert_eq!(
            Packet::new(Bytes::copy_from_slice(other.as_bytes()), AmiVersion::NEWEST),
            None,
            "{other:?}"
        );
    }
}

#[test]
fn the_error_message_of_a_response_is_printable() {
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(packet(text).error_message().as_deref(), expected, "{text:?}");
    };
    check("Response: Error\r\nMessage: Permission denied\r\n\r\n", Some("Permission denied"));
    check("Response: Error\r\nMessage: no\x1b[2J\r\n\r\n", Some("no.[2J"));
    check("Response: Error\r\n\r\n", Some(""));
    check("Response: Success\r\nMessage: Success\r\n\r\n", None);
    check("Event: OriginateResponse\r\nResponse: Error\r\n\r\n", None);
}

#[test]
fn keys_ignore_case_and_the_first_of_several_is_used() {
    let packet = packet("Event: TestEvent\r\nState: one\r\nstate: two\r\nCallerIDNum: 1\r\n\r\n");
    assert_eq!(packet.get("STATE"), Some(&b"one"[..]));
    assert_eq!(packet.get_all("State").collect::<Vec<_>>(), [b"one", b"two"]);
    assert_eq!(packet.get("CallerIDnum"), Some(&b"1"[..]));
    assert_eq!(packet.get("CallerID"), None);
}

#[test]
fn values_keep_their_blanks_and_may_be_empty() {
    let packet = packet("Event: VarSet\r\nA:  two\r\nB:none\r\nC: x: y=z \r\nD:\r\nValue: \r\n\r\n");
    assert_eq!(packet.get("A"), Some(&b" two"[..]));
    assert_eq!(packet.get("B"), Some(&b"none"[..]));
    assert_eq!(packet.get("C"), Some(&b"x: y=z "[..]));
    assert_eq!(packet.get("D"), Some(&b""[..]));
    assert_eq!(packet.get("Value"), Some(&b""[..]));
    assert_eq!(packet.text("Value"), None);
}

#[test]
fn lines_without_a_colon_are_skipped() {
    let packet = packet("Event: A\r\njunk\r\nX: 1\r\n\r\nY: 2\r\n");
    assert_eq!(packet.headers().collect::<Vec<_>>(), [(&b"Event"[..], &b"A"[..]), (b"X", b"1")]);
}

#[test]
fn channel_variables_are_read_in_both_forms() {
    let packet = packet(
        "Event: Rename\r\nChanVariable(IAX2/1.2.3.4:4569-5): CDR(x)=a=b\r\nChanVariable: lang=de\r\n\
         DestChanVariable: lang=\r\nChanVariable: junk\r\nChanVariable(SIP/1:2-3):y=z\r\n\r\n",
    );
    let expected = [
        ChannelVariable {
            prefix: b"",
            channel: Some(b"IAX2/1.2.3.4:4569-5"),
            name: b"CDR(x)",
            value: b"a=b",
        },
        ChannelVariable { prefix: b"", channel: None, name: b"lang", value: b"de" },
        ChannelVariable { prefix: b"Dest", channel: None, name: b"lang", value: b"" },
        ChannelVariable { prefix: b"", channel: Some(b"SIP/1:2-3"), name: b"y", value: b"z" },
    ];
    assert_eq!(packet.variables().collect::<Vec<_>>(), expected);
}

#[test]
fn all_placeholders_for_unknown_are_none() {
    for value in ["<unknown>", "<Unknown>", "unknown", "<null>", ""] {
        assert_eq!(packet(&format!("Event: A\r\nX: {value}\r\n\r\n")).text("X"), None, "{value:?}");
    }
    assert_eq!(packet("Event: VarSet\r\nChannel: none\r\n\r\n").text("Channel"), None);
    assert_eq!(packet("Event: VarSet\r\nValue: none\r\n\r\n").text("Value").as_deref(), Some("none"));
}

#[test]
fn text_is_utf8_or_latin1() {
    let packet = |name: &[u8]| {
        let bytes = [b"Event: A\r\nCallerIDName: ", name, b"\r\n\r\n"].concat();
        Packet::new(Bytes::from(bytes), AmiVersion::NEWEST).unwrap()
    };
    assert_eq!(packet("Jörg".as_bytes()).text("CallerIDName").as_deref(), Some("Jörg"));
    assert_eq!(packet(b"J\xf6rg").text("CallerIDName").as_deref(), Some("Jörg"));
}

#[test]
fn only_headers_that_the_version_escapes_are_unescaped() {
    let check = |event: &str, key: &str, version, expected: &str| {
        let packet = of(&format!("Event: {event}\r\n{key}: O\\'Brien\\?\r\n\r\n"), version);
        assert_eq!(packet.text(key).as_deref(), Some(expected), "{event} {key} {version}");
    };
    let (old, new) = (AmiVersion::new(2, 7, 0), AmiVersion::new(2, 8, 0));
    let (escaped, plain) = ("O\\'Brien\\?", "O'Brien?");
    for key in ["CallerIDName", "DestConnectedLineName", "OrigTransfererCallerIDName", "ChanVariable"] {
        check("Hangup", key, new, plain);
        check("Hangup", key, old, escaped);
    }
    check("VarSet", "Value", new, plain);
    check("VarSet", "Value", old, escaped);
    check("PresenceStateChange", "Message", new, plain);
    check("UserEvent", "Value", new, escaped);
    for key in ["CallerIDNum", "Exten", "Channel", "AppData", "AccountCode", "Subtype"] {
        check("Hangup", key, new, escaped);
    }
    for event in ["QueueEntry", "OriginateResponse", "MessageWaiting"] {
        check(event, "CallerIDName", new, escaped);
    }
}

#[test]
fn an_unknown_newer_version_is_read_as_the_newest_known() {
    for version in [AmiVersion::new(13, 0, 0), AmiVersion::new(99, 1, 0), AmiVersion::new(u16::MAX, 0, 0)] {
        assert!(version.has_channel_snapshots() && version.has_escapes() && version > AmiVersion::NEWEST);
        let text = "Event: Hangup\r\nCallerIDName: O\\'Brien\r\nExten: a\\?\r\nChanVariable: x=\\\\\r\n\r\n";
        let (future, newest) = (of(text, version), packet(text));
        for key in ["CallerIDName", "Exten", "ChanVariable"] {
            assert_eq!(future.text(key), newest.text(key), "{key} {version}");
        }
        assert_eq!(
            ringwire_ami::event_filter_actions(version, &ringwire_ami::WantedEvents::default()).len(),
            ringwire_ami::event_filter_actions(AmiVersion::NEWEST, &ringwire_ami::WantedEvents::default())
                .len()
        );
    }
}

#[test]
fn a_packet_shares_the_bytes_it_was_received_in() {
    let bytes = Bytes::from_static(b"Event: A\r\n\r\n");
    let packet = Packet::new(bytes.clone(), AmiVersion::NEWEST).unwrap();
    assert_eq!(packet.bytes().as_ptr(), bytes.as_ptr());
    assert_eq!(format!("{packet:?}"), r#"Packet("Event: A\r\n\r\n")"#);
}

#[test]
fn an_event_with_repeated_identity_headers_is_detected() {
    let check = |text: &str, expected| assert_eq!(packet(text).has_repeated_identity(), expected, "{text:?}");
    check("Event: Hangup\r\nUniqueid: 1.1\r\nCallerIDNum: 49\r\nUniqueID: 2.2\r\n\r\n", true);
    check("Event: Hangup\r\nChannel: SIP/1\r\nEvent: Dial\r\n\r\n", true);
    check(
        "Event: DialBegin\r\nUniqueid: 1.1\r\nDestUniqueid: 1.2\r\nLinkedid: 1.1\r\nDestLinkedid: 1.1\r\n\r\n",
        false,
    );
    check("Event: TestEvent\r\nState: a\r\nState: b\r\n\r\n", false);
    check("Event: UserEvent\r\nChannel: a\r\nChannel: b\r\n\r\n", false);
}

proptest::proptest! {
    #[test]
    fn any_bytes_can_be_read_as_a_packet(body in "(Event|Response|ChanVariable|[A-Za-z]{0,3}|[():=\\\\ \r\n\u{0}\u{ff}]){0,40}") {
        let bytes = Bytes::from(format!("Event: VarSet\r\n{body}").into_bytes());
        let packet = Packet::new(bytes, AmiVersion::NEWEST).unwrap();
        for (key, _) in packet.headers() {
            let key = String::from_utf8_lossy(key);
            let first = packet.headers().find(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes()));
            assert_eq!(packet.get(&key), first.map(|(_, value)| value));
            let _ = packet.text(&key);
        }
        let _ = (packet.variables().count(), packet.has_repeated_identity(), format!("{packet:?}"));
    }
}
