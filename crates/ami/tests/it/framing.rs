//! Each hazard of AMI notes 1.1, 1.2 and 1.8.

use ringwire_ami::{Codec, CodecError, StreamErrors};

use crate::support::{describe, frames};

const NO_ERRORS: StreamErrors =
    StreamErrors { stray_data: 0, over_limit: 0, truncated: 0, unterminated: 0, forged: 0 };

/// The frames that a stream gives, the same for whatever pieces it comes in.
#[track_caller]
fn check(stream: impl AsRef<[u8]>, expected: &[&str], expected_errors: StreamErrors) {
    let stream = stream.as_ref();
    for size in [stream.len().max(1), 1, 2, 3, 7, 64] {
        let (frames, errors) = frames(Codec::default(), stream.chunks(size));
        let shown: Vec<_> = frames.iter().map(describe).collect();
        assert_eq!(shown, expected, "in pieces of {size}");
        assert_eq!(errors, expected_errors, "in pieces of {size}");
    }
}

/// The same for a stream too long to show: only how many frames come, and the last of them.
#[track_caller]
fn check_count(stream: &[u8], count: usize, last: &str, expected_errors: StreamErrors) {
    for size in [stream.len(), 65_536, 1_460, 4_093] {
        let (frames, errors) = frames(Codec::default(), stream.chunks(size));
        assert_eq!(frames.len(), count, "in pieces of {size}");
        assert_eq!(frames.last().map(describe).as_deref(), Some(last), "in pieces of {size}");
        assert_eq!(errors, expected_errors, "in pieces of {size}");
    }
}

#[test]
fn a_banner_has_no_blank_line_and_may_come_before_any_packet() {
    check(
        "Asterisk Call Manager/1.3\r\nResponse: Success\r\n\r\nAsterisk Call Manager/11.0.0\r\nEvent: A\r\n\r\n",
        &["banner 1.3.0", "response Success", "banner 11.0.0", "event A"],
        NO_ERRORS,
    );
}

#[test]
fn a_banner_with_an_unreadable_version_counts_as_the_newest() {
    check("Asterisk Call Manager/next\r\nEvent: A\r\n\r\n", &["banner 12.0.0", "event A"], NO_ERRORS);
}

#[test]
fn a_stream_without_a_banner_is_read_as_the_newest_version() {
    let packets = crate::support::packets(b"Event: VarSet\r\nValue: a\\nb\r\n\r\n");
    assert_eq!(packets[0].version(), ringwire_ami::AmiVersion::NEWEST);
    assert_eq!(packets[0].text("Value").as_deref(), Some("a\nb"));
}

#[test]
fn lines_may_end_with_a_bare_line_feed() {
    check(
        "Event: A\nX: 1\n\nEvent: B\n\r\nEvent: C\r\nX: 2\n\nEvent: D\r\n\n",
        &["event A; X=1", "event B", "event C; X=2", "event D"],
        NO_ERRORS,
    );
}

#[test]
fn a_message_with_a_line_feed_of_its_own_ends_the_packet_once() {
    check(
        "Response: Success\r\nMessage: Park successful\n\r\n\r\nEvent: A\r\n\r\n",
        &["response Success; Message=Park successful", "event A"],
        NO_ERRORS,
    );
}

#[test]
fn a_channel_map_that_ends_with_crlf_lf_is_complete() {
    check(
        "Event: CoreShowChannelMapComplete\r\nListItems: 1\r\n\nEvent: A\r\n\r\n",
        &["event CoreShowChannelMapComplete; ListItems=1", "event A"],
        NO_ERRORS,
    );
}

#[test]
fn a_line_feed_between_two_headers_separates_them() {
    check(
        "Event: Agents\r\nCallStarted: 1\nLoggedInTime: 2\r\n\r\n",
        &["event Agents; CallStarted=1; LoggedInTime=2"],
        NO_ERRORS,
    );
}

#[test]
fn a_carriage_return_within_a_line_is_part_of_it() {
    check(
        "Event: Reload\r\nModule: DNSmgr\r/nMessage: done\r\n\r\n",
        &[r"event Reload; Module=DNSmgr\r/nMessage: done"],
        NO_ERRORS,
    );
}

#[test]
fn extra_blank_lines_between_packets_are_ignored() {
    check("\r\nEvent: A\r\n\r\n\r\n\n\r\nEvent: B\r\n\r\n\r\n", &["event A", "event B"], NO_ERRORS);
}

#[test]
fn a_response_without_its_blank_line_is_complete() {
    check(
        "Response: Success\r\nPing: Pong\r\nEvent: A\r\nPrivilege: call,all\r\n\r\n",
        &["response Success; Ping=Pong", "event A; Privilege=call,all"],
        StreamErrors { unterminated: 1, ..NO_ERRORS },
    );
}

#[test]
fn an_originate_response_is_an_event_despite_its_response_header() {
    check(
        "Event: OriginateResponse\r\nPrivilege: call,all\r\nResponse: Failure\r\n\r\n",
        &["event OriginateResponse; Privilege=call,all; Response=Failure"],
        NO_ERRORS,
    );
}

#[test]
fn the_first_key_may_be_of_any_case_and_without_a_blank() {
    check(
        "EVENT: A\r\n\r\nevent:B\r\n\r\nresponse:Success\r\n\r\n",
        &["event A", "event B", "response Success"],
        NO_ERRORS,
    );
}

#[test]
fn a_block_that_is_neither_event_nor_response_is_dropped_and_counted() {
    check(
        "ue: half a value\r\nX: 1\r\n\r\nEvents: On\r\n\r\nEvent: A\r\n\r\n",
        &["event A"],
        StreamErrors { stray_data: 2, ..NO_ERRORS },
    );
}

#[test]
fn output_of_a_command_may_have_blank_lines_and_colons() {
    check(
        "Response: Follows\r\nPrivilege: Command\r\nActionID: 7\r\nEvent: not one\n\nResponse: nor this\n--END COMMAND--\r\n\r\nEvent: A\r\n\r\n",
        &["response Follows; Privilege=Command; ActionID=7; Event=not one", "event A"],
        NO_ERRORS,
    );
}

#[test]
fn the_end_mark_of_output_may_follow_on_its_last_line() {
    check(
        "Response: Follows\r\nPrivilege: Command\r\nno newline--END COMMAND--\r\n\r\nEvent: A\r\n\r\n",
        &["response Follows; Privilege=Command", "event A"],
        NO_ERRORS,
    );
}

#[test]
fn output_without_its_end_mark_swallows_no_event() {
    check(
        "Response: Follows\r\nPrivilege: Command\r\ntext\r\n\r\nEvent: A\r\nPrivilege: call,all\r\n\r\nEvent: B\r\n\r\n",
        &["event A; Privilege=call,all", "event B"],
        StreamErrors { truncated: 1, ..NO_ERRORS },
    );
}

#[test]
fn an_event_truncated_by_the_next_is_dropped_and_the_next_one_kept() {
    check(
        "Asterisk Call Manager/5.0.2\r\nEvent: Newstate\r\nPrivilege: call,all\r\nCallerIDNum: 49Event: Hangup\r\nPrivilege: call,all\r\nUniqueid: 1.1\r\n\r\nEvent: B\r\n\r\n",
        &["banner 5.0.2", "event Hangup; Privilege=call,all; Uniqueid=1.1", "event B"],
        StreamErrors { truncated: 1, ..NO_ERRORS },
    );
}

#[test]
fn an_event_truncated_at_a_line_end_is_dropped() {
    check(
        "Event: Newstate\r\nPrivilege: call,all\r\nEvent: Hangup\r\nPrivilege: call,all\r\nUniqueid: 1.1\r\n\r\n",
        &["event Hangup; Privilege=call,all; Uniqueid=1.1"],
        StreamErrors { truncated: 1, ..NO_ERRORS },
    );
}

#[test]
fn the_rest_of_a_truncated_event_is_stray_data_and_the_next_event_is_kept() {
    check(
        "lerIDNum: 49Event: Hangup\r\nPrivilege: call,all\r\n\r\n",
        &["event Hangup; Privilege=call,all"],
        StreamErrors { stray_data: 1, ..NO_ERRORS },
    );
}

#[test]
fn a_callers_name_cannot_begin_an_event() {
    check(
        "Event: Newchannel\r\nCallerIDName: Event: Hangup\r\nUniqueid: 1.1\r\n\r\n",
        &["event Newchannel; CallerIDName=Event: Hangup; Uniqueid=1.1"],
        NO_ERRORS,
    );
    check(
        "Event: Dial\r\nPrivilege: call,all\r\nSubEvent: Begin\r\nChannel: SIP/1\r\n\r\n",
        &["event Dial; Privilege=call,all; SubEvent=Begin; Channel=SIP/1"],
        NO_ERRORS,
    );
}

#[test]
fn an_event_forged_in_a_number_is_dropped_because_of_the_rest_after_it() {
    let check = |written: &str, forged, stray_data| {
        let newchannel = format!("Event: Newchannel\r\nX: {}\r\nCallerIDNum: 49", "x".repeat(300));
        check(
            format!("{newchannel}{written}\r\nCallerIDName: x\r\n\r\nEvent: B\r\n\r\n"),
            &[
                &newchannel
                    .replace("Event: N", "event N")
                    .replace("\r\n", "; ")
                    .replace(": ", "=")
                    .replace("event=", "event "),
                "event B",
            ],
            StreamErrors { forged, stray_data, ..NO_ERRORS },
        );
    };
    check("\r\n\r\nEvent: Hangup\r\nUniqueid: 1.1\r\n", 1, 1);
    check("\r\n\r\nResponse: Goodbye\r\n", 1, 1);
    check("\n\nevent:Hangup\nUniqueid: 1.1\n", 1, 1);
    check("\r\n\r\nEvent: Hangup\r\nUniqueid: 1.1\r\n\r\nEvent: A\r\n", 2, 1);
    check("\r\n\r\nEvent: Hangup\r\nUniqueid: 1.1\r\n\r\nX: y\r\n", 1, 2);
}

#[test]
fn packets_too_long_to_be_forged_are_kept_before_stray_data() {
    let long = format!("Event: A\r\nX: {}\r\n\r\n", "x".repeat(256));
    check_count(
        format!("{long}lerIDNum: 49Event: Hangup\r\nPrivilege: call,all\r\n\r\n").as_bytes(),
        2,
        "event Hangup; Privilege=call,all",
        StreamErrors { stray_data: 1, ..NO_ERRORS },
    );
    check(
        "Event: A\r\n\r\nResponse: Follows\r\nPrivilege: Command\r\n\r\ntext\r\n--END COMMAND--\r\n\r\n",
        &["event A", "response Follows; Privilege=Command"],
        NO_ERRORS,
    );
    check(
        "Response: Follows\r\nPrivilege: Command\r\n--END COMMAND--\r\n\r\ntext\r\n\r\nEvent: A\r\n\r\n",
        &["response Follows; Privilege=Command", "event A"],
        StreamErrors { stray_data: 1, ..NO_ERRORS },
    );
}

#[test]
fn a_short_packet_waits_for_the_next_only_while_more_bytes_may_come() {
    use tokio_util::codec::Decoder;
    let mut codec = Codec::default();
    let mut buffer = bytes::BytesMut::from("Event: A\r\n\r\n");
    assert_eq!(codec.decode(&mut buffer).unwrap(), None);
    assert_eq!(codec.decode_now(&mut buffer).unwrap().as_ref().map(describe).as_deref(), Some("event A"));
    buffer.extend_from_slice(b"CallerIDName: x\r\n\r\n");
    assert_eq!(codec.decode_now(&mut buffer).unwrap(), None);
    assert_eq!(*codec.stream_errors(), StreamErrors { stray_data: 1, ..NO_ERRORS });
}

#[test]
fn a_callers_name_is_not_taken_for_a_banner() {
    check(
        "Event: A\r\nCallerIDName: x\r\nAsterisk Call Manager/1.0\r\nX: 1\r\n\r\n",
        &["event A; CallerIDName=x; X=1"],
        NO_ERRORS,
    );
}

#[test]
fn a_last_packet_of_whole_lines_is_kept() {
    let errors = StreamErrors { unterminated: 1, ..NO_ERRORS };
    check("Event: A\r\n\r\nEvent: B\r\nX: 1\r\n", &["event A", "event B; X=1"], errors);
    check("Event: B\r\nX: 1\r\n\r", &["event B; X=1"], errors);
}

#[test]
fn a_last_packet_that_stops_within_a_line_is_dropped() {
    check(
        "Event: A\r\n\r\nEvent: B\r\nUniqueid: 1.1",
        &["event A"],
        StreamErrors { truncated: 1, ..NO_ERRORS },
    );
    check("Event: A\r\n\r\nEve", &["event A"], StreamErrors { stray_data: 1, ..NO_ERRORS });
    check("Response: Follows\r\ntext\r\n\r\nmore\r\n", &[], StreamErrors { truncated: 1, ..NO_ERRORS });
}

#[test]
fn a_truncated_event_at_the_end_of_the_stream_is_dropped() {
    check(
        "Event: A\r\nX: 1Event: B\r\nPrivilege: call,all\r\nX: 2\r\n",
        &["event B; Privilege=call,all; X=2"],
        StreamErrors { truncated: 1, unterminated: 1, ..NO_ERRORS },
    );
}

#[test]
fn a_line_over_the_limit_drops_only_its_packet() {
    let errors = StreamErrors { over_limit: 1, ..NO_ERRORS };
    let line = |length: usize| format!("Event: A\r\nX: {}\r\n\r\nEvent: B\r\n\r\n", "x".repeat(length));
    check_count(line(Codec::LINE_LIMIT - 4).as_bytes(), 2, "event B", NO_ERRORS);
    check_count(line(Codec::LINE_LIMIT).as_bytes(), 1, "event B", errors);
}

#[test]
fn a_packet_over_the_limit_is_skipped_and_the_stream_goes_on() {
    let header = format!("X: {}\r\n", "x".repeat(60_000));
    let stream = |headers: usize| format!("Event: A\r\n{}\r\nEvent: B\r\n\r\n", header.repeat(headers));
    check_count(stream(69).as_bytes(), 2, "event B", NO_ERRORS);
    check_count(stream(70).as_bytes(), 1, "event B", StreamErrors { over_limit: 1, ..NO_ERRORS });
    check_count(stream(200).as_bytes(), 1, "event B", StreamErrors { over_limit: 1, ..NO_ERRORS });
}

#[test]
fn output_over_the_limit_is_skipped_and_the_stream_goes_on() {
    let output = "some text\n".repeat(Codec::PACKET_LIMIT / 10);
    let stream = format!("Response: Follows\r\n{output}--END COMMAND--\r\n\r\nEvent: B\r\n\r\n");
    check_count(stream.as_bytes(), 1, "event B", StreamErrors { over_limit: 1, ..NO_ERRORS });
}

#[test]
fn too_many_headers_drop_only_their_packet() {
    let stream = |headers: usize| format!("Event: A\r\n{}\r\nEvent: B\r\n\r\n", "X:\r\n".repeat(headers));
    check_count(stream(Codec::HEADER_LIMIT - 1).as_bytes(), 2, "event B", NO_ERRORS);
    check_count(
        stream(Codec::HEADER_LIMIT).as_bytes(),
        1,
        "event B",
        StreamErrors { over_limit: 1, ..NO_ERRORS },
    );
}

#[test]
fn a_stream_without_any_end_keeps_memory_bounded() {
    use tokio_util::codec::Decoder;
    let mut codec = Codec::default();
    let mut buffer = bytes::BytesMut::from(&b"Event: A\r\nX: "[..]);
    for _ in 0..2_000 {
        buffer.extend_from_slice(&[b'x'; 16_384]);
        assert!(codec.decode(&mut buffer).unwrap().is_none());
        assert!(buffer.len() <= Codec::PACKET_LIMIT);
    }
    buffer.extend_from_slice(b"\r\n\r\nEvent: B\r\n\r\n");
    assert_eq!(codec.decode_now(&mut buffer).unwrap().as_ref().map(describe).as_deref(), Some("event B"));
    assert_eq!(codec.stream_errors().over_limit, 1);
}

#[test]
fn a_connection_must_begin_with_a_banner() {
    let check = |stream: &str, seen: &str| {
        use tokio_util::codec::Decoder;
        match Codec::for_connection().decode(&mut stream.as_bytes().into()) {
            Err(CodecError::NotAmi(text)) => assert_eq!(text, seen),
            other => panic!("{other:?}"),
        }
    };
    check("SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2");
    check("HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", "HTTP/1.1 400 Bad Request");
    check("\x15\x03\x01\x00\x02\x02\x28", "......(");
    check("Event: A\r\n\r\n", "Event: A");
}

#[test]
fn a_blank_line_before_the_banner_of_a_connection_may_come_in_pieces() {
    let stream = "\n\r\nAsterisk Call Manager/11.0.0\r\nEvent: A\r\n\r\n";
    let whole = frames(Codec::for_connection(), [stream.as_bytes()]);
    assert_eq!(whole.0.len(), 2);
    assert_eq!(frames(Codec::for_connection(), stream.as_bytes().chunks(1)), whole);
}

#[test]
fn a_second_banner_on_a_connection_is_forged() {
    let stream = "Asterisk Call Manager/11.0.0\r\nEvent: A\r\n\r\nAsterisk Call Manager/1.0\r\nEvent: B\r\n\r\nEvent: C\r\n\r\n";
    let (frames, errors) = frames(Codec::for_connection(), [stream.as_bytes()]);
    let shown: Vec<_> = frames.iter().map(describe).collect();
    assert_eq!(shown, ["banner 11.0.0", "event C"]);
    assert_eq!(errors, StreamErrors { stray_data: 1, forged: 1, ..NO_ERRORS });
}
