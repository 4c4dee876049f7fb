//! Anonymised packets with one seed: the same seed gives the same result in every release.

use ringwire_ami::AmiVersion;

use super::*;

/// Checks the result for an event with `lines`, which end with `|`.
#[track_caller]
fn check(event: &str, lines: &str, expected: &str) {
    let bytes = format!("Event: {event}|{lines}||").replace('|', "\r\n");
    let packet = Packet::new(Bytes::from(bytes), AmiVersion::NEWEST).unwrap();
    let shown = Anonymiser::new(&AnonymiserSeed::from_text("a seed for tests")).anonymise_packet(&packet);
    let shown = String::from_utf8(shown.to_vec()).unwrap().replace("\r\n", "|");
    assert_eq!(
        shown.strip_prefix(&format!("Event: {event}|")).unwrap().strip_suffix("||").unwrap(),
        expected
    );
}

#[test]
fn the_same_text_has_the_same_replacement_everywhere() {
    check(
        "X",
        "CallerIDNum: 491761234567|Channel: PJSIP/491761234567-0000002a|DialString: 491761234567@trunk|\
         AppData: PJSIP/491761234567@trunk,20,tT|URI: sip:491761234567@example.com;user=phone|\
         CallerID: \"491761234567\" <491761234567>|AccountCode: +491761234567|ChanVariable: X=00491761234567|\
         DestExten: 01761234567",
        "CallerIDNum: 495077306406|Channel: PJSIP/495077306406-0000002a|DialString: 495077306406@trunk|AppData: PJSIP/495077306406@trunk,20,tT|URI: sip:495077306406@example.com;user=phone|CallerID: \"495077306406\" <495077306406>|AccountCode: +495077306406|ChanVariable: X=00495077306406|DestExten: 05077306406",
    );
    check(
        "X",
        "CallerIDName: Alice Adams|Channel: PJSIP/alice-0000002a|Channel1: SIP/ALICE-081b2f48|MemberName: Alice|\
         AppData: SIP/alice&SIP/bob,15,tT|ChanVariable(SIP/alice-0000002a): MEMBERNAME=Alice|Output: Adams, A.",
        "CallerIDName: Xkvex Xeaen|Channel: PJSIP/xkvex-0000002a|Channel1: SIP/XKVEX-081b2f48|MemberName: Xkvex|AppData: SIP/xkvex&SIP/gem,15,tT|ChanVariable(SIP/xkvex-0000002a): MEMBERNAME=Xkvex|Output: Xeaen, A.",
    );
}

#[test]
fn values_chosen_by_the_server_are_kept() {
    let lines = "Privilege: call,all|ChannelStateDesc: Ringing|Context: from-trunk|Exten: s|Priority: 1|\
                 Uniqueid: pbx1-1795226702.0|Linkedid: 1795226702.12|BridgeUniqueid: 4b270983-0c1a-42ba-83de-5d07c5f55c79|\
                 Cause: 16|Cause-txt: Normal Clearing|AsteriskVersion: 22.10.1+dfsg+~cs6.17.60671434-1|\
                 Timestamp: 1795226672.998896|EventTV: 2026-11-21T02:12:13.827+0000|CallID: [C-00000016]|\
                 CallerIDNum: 101|CallerIDName: <unknown>|ConnectedLineNum: anonymous|ConnectedLineName: Anonymous|\
                 Application: AppDial|AppData: (Outgoing Line)|Channel: Local/101@from-queue-0000002a;2<ZOMBIE>|\
                 Variable: DIALSTATUS|Value: CHANUNAVAIL|DestChannel: DAHDI/i1/4930-5|X: |Y:z";
    check("X", lines, lines);
    check("QueueMemberPause", "Reason: lunch|Status: Fully Booted", "Reason: vfeee|Status: Fully Booted");
    check("DTMFBegin", "Digit: 4|Direction: Received", "Digit: x|Direction: Received");
}

#[test]
fn ids_from_elsewhere_are_replaced() {
    check(
        "X",
        "Uniqueid: acme-berlin-1795226702.0|Linkedid: crm-491761234567|DestUniqueid: 1795226702|\
         BridgeUniqueid: 6ba7b810-9dad-11d1-80b4-00c04fd430c8|Uniqueid: none",
        "Uniqueid: zibx-dexdhq-1795226702.0|Linkedid: lhb-495077306406|DestUniqueid: 1810872701|BridgeUniqueid: 2af2c355-7cbc-66a9-01d3-23a26ab939d6|Uniqueid: none",
    );
}

#[test]
fn names_are_replaced_in_all_notations() {
    check(
        "X",
        "CallerIDName: O\\'Brien, J. (0171/123 45-67)|ConnectedLineName: Müller, \\\"Ärger\\\" GmbH|\
         MemberName: Support Agent|CallerIDName: 李小龍 Lee|X: \"Support\" <101>, \"off\"|\
         AppData: CALLERID(name)=Support Line|Y: CALLERID(name)",
        "CallerIDName: V\\'Anxwg, Q. (0472/776 90-06)|ConnectedLineName: Iïipvs, \\\"Ôvpba\\\" DtxF|MemberName: Vduquex Yyidq|CallerIDName: 妊垁宄 Wkl|X: \"Vduquex\" <101>, \"off\"|AppData: CALLERID(name)=Vduquex Ugfe|Y: CALLERID(name)",
    );
}

#[test]
fn addresses_become_documentation_addresses() {
    check(
        "X",
        "RemoteAddress: IPV4/TCP/10.1.2.3/45530|A: 10.1.2.3:5060|B: [2001:4860::8888]:5060|C: ::ffff:10.1.2.3, 0.0.0.0|\
         D: 00:15:65:12:34:56|E: hans.maier@firma.example.de, sip:trunk@10.1.2.3|F: 12:34:56|G: Foo::bar",
        "RemoteAddress: IPV4/TCP/198.51.100.29/45530|A: 198.51.100.29:5060|B: [2001:db8::f14d:b421]:5060|C: 2001:db8::a771:dba1, 0.0.0.0|D: 14:11:22:99:07:08|E: zfrz.dqmex@oxyic.ldbduhz.de, sip:trunk@198.51.100.29|F: 12:34:56|G: Fks::jtk",
    );
}

#[test]
fn ids_without_meaning_are_replaced_completely() {
    check(
        "X",
        "SIPcallid: 2b3deb8d735c3c3c04d9e56b1dd0456c@10.1.2.3:5060|SessionID: 0x7ffb6c0021d0|\
         Contact: alice@@aa469eafec5300d94d7649344311d1fc|Fingerprint: AA:BB:01|Variable: SIPCALLID|Value: 36deb7ceaa98b58e@10.1.2.3",
        "SIPcallid: 4c8edf6a616d9f2c15f8b60d0ab5052c@198.51.100.29:4307|SessionID: 8p9nct9q8037j6|Contact: xkvex@@fb763efadf7924a50b9342206188c1fe|Fingerprint: FA:DD:20|Variable: SIPCALLID|Value: 15dcc4cbfd70d64f@198.51.100.29",
    );
}

#[test]
fn secrets_are_masked() {
    check(
        "VarSet",
        "Variable: __DB_PASSWORD|Value: hunter2!|Secret: hunter2|ApiToken: a b c|AppData: X_TOKEN=hunter2,b&key=\"hunter2\"|\
         DialString: user:hunter2@peer/491719876543|A: sip:alice@home|ChanVariable: VM_PIN=1234|B: password: hunter2",
        "Variable: __DB_PASSWORD|Value: xxxxxxxx|Secret: xxxxxxx|ApiToken: xxxxx|AppData: X_TOKEN=xxxxxxx,b&key=\"xxxxxxx\"|DialString: user:xxxxxxx@peer/496388226357|A: sip:xkvex@home|ChanVariable: VM_PIN=xxxx|B: password: xxxxxxx",
    );
}

#[test]
fn an_agi_environment_is_anonymised_line_by_line() {
    check(
        "AsyncAGIStart",
        "Env: agi_request%3A%20async%0Aagi_channel%3A%20SIP%2Falice-00000003%0Aagi_uniqueid%3A%201795226702.3%0A\
         agi_callerid%3A%20491761234567%0Aagi_calleridname%3A%20J%C3%BCrgen%20Park%0A%0A|Result: 200%20result%3D1%0A",
        "Env: agi_request%3A%20async%0Aagi_channel%3A%20SIP%2Fxkvex-00000003%0Aagi_uniqueid%3A%201795226702.3%0Aagi_callerid%3A%20495077306406%0Aagi_calleridname%3A%20W%C3%A0kazy%20Smry%0A%0A|Result: 200%20result%3D1%0A",
    );
}

#[test]
fn numbers_are_replaced_in_all_notations() {
    check(
        "X",
        "A: 030 123 45 67|B: 101/102 103|C: 1001-1002|D: +49 (171) 123-45|E: x491761234567y|F: 12345|G: 000000|\
         H: 0171 12|I: DAHDI/12345-1|CallerIDName: 101 102|J: 4930100-5",
        "A: 020 719 07 99|B: 101/102 103|C: 1001-4673|D: +49 (155) 766-13|E: x495077306406y|F: 12345|G: 000000|H: 0171 12|I: DAHDI/12345-1|CallerIDName: 512 472|J: 4911883-5",
    );
}

#[test]
fn the_headers_of_a_user_event_are_free_text() {
    check(
        "UserEvent",
        "UserEvent: Hello|State: Alice|Alice Adams: Alice|491761234567: x|no header of Alice",
        "UserEvent: Nfbgr|State: Xkvex|Xkvex Xeaen: Xkvex|495077306406: x|no dgntqc of Xkvex",
    );
}

#[test]
fn the_output_of_a_command_keeps_its_end_mark() {
    let bytes = "Response: Follows\r\nPrivilege: Command\r\nalice  10.1.2.3\r\n\r\ntoken=--END COMMAND--";
    let packet = Packet::new(Bytes::from_static(bytes.as_bytes()), AmiVersion::new(1, 3, 0)).unwrap();
    let shown = Anonymiser::new(&AnonymiserSeed::from_text("a seed for tests")).anonymise_packet(&packet);
    assert_eq!(
        shown,
        "Response: Follows\r\nPrivilege: Command\r\nxkvex  198.51.100.29\r\n\r\ntoken=--END COMMAND--"
    );
}

#[test]
fn bytes_that_are_not_utf8_are_kept_so() {
    let packet =
        Packet::new(Bytes::from_static(b"Event: X\r\nCallerIDName: J\xf6rg\r\n"), AmiVersion::NEWEST)
            .unwrap();
    let mut anonymiser = Anonymiser::new(&AnonymiserSeed::from_text("a seed for tests"));
    let shown = anonymiser.anonymise_packet(&packet);
    let packet = Packet::new(shown, AmiVersion::NEWEST).unwrap();
    assert!(str::from_utf8(packet.bytes()).is_err());
    assert_eq!(packet.text("CallerIDName").unwrap(), anonymiser.anonymise_name("Jörg"));
}

#[test]
fn debug_output_never_shows_the_seed() {
    assert_eq!(format!("{:?}", AnonymiserSeed::from_text("a seed for tests")), "AnonymiserSeed(_)");
    assert_ne!(AnonymiserSeed::random().unwrap().bytes(), AnonymiserSeed::random().unwrap().bytes());
}
