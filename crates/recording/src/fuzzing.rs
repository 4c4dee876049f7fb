//! Checks of the anonymiser that must hold for any bytes.

use bytes::BytesMut;
use ringwire_ami::{Codec, Frame, Packet, StreamErrors};
use tokio_util::codec::Decoder;

use crate::encode::{append_packet, encode_banner};
use crate::{Anonymiser, AnonymiserSeed};

/// Anonymises `data` as a recording, and checks the result.
///
/// # Panics
///
/// If the numbers of packets, lines or headers or the kinds of packets differ, if text that was UTF-8 no longer is, or
/// if the same packet has two results.
pub fn check_anonymiser(data: &[u8]) {
    let (before, _) = frames(data);
    let mut anonymiser = Anonymiser::new(&AnonymiserSeed::new([7; 32]));
    let mut out = Vec::new();
    for frame in &before {
        match frame {
            Frame::Banner(version) => out.extend_from_slice(encode_banner(*version).as_bytes()),
            Frame::Packet(packet) => {
                let shown = anonymiser.anonymise_packet(packet);
                assert_eq!(shown, anonymiser.anonymise_packet(packet), "the same packet in two ways");
                append_packet(&shown, &mut out);
            }
        }
    }
    let (after, errors) = frames(&out);
    assert_eq!(errors, StreamErrors::default());
    assert_eq!(before.len(), after.len());
    for pair in before.iter().zip(&after) {
        match pair {
            (Frame::Banner(before), Frame::Banner(after)) => assert_eq!(before, after),
            (Frame::Packet(before), Frame::Packet(after)) => check_alike(before, after),
            _ => assert!(matches!(pair, (Frame::Banner(_), Frame::Banner(_))), "a frame of another kind"),
        }
    }
}

fn check_alike(before: &Packet, after: &Packet) {
    assert_eq!(before.event_name().is_some(), after.event_name().is_some());
    let lines =
        |packet: &Packet| packet.bytes().split(|byte| *byte == b'\n').filter(|line| line.len() > 1).count();
    assert_eq!(lines(before), lines(after));
    assert_eq!(before.headers().count(), after.headers().count());
    assert!(str::from_utf8(before.bytes()).is_err() || str::from_utf8(after.bytes()).is_ok());
    assert!(after.bytes().len() <= before.bytes().len().saturating_mul(8), "it grows without bounds");
}

fn frames(data: &[u8]) -> (Vec<Frame>, StreamErrors) {
    let mut codec = Codec::default();
    let mut buffer = BytesMut::from(data);
    let mut frames = Vec::new();
    // Only reading fails, and nothing is read.
    while let Ok(Some(frame)) = codec.decode_eof(&mut buffer) {
        frames.push(frame);
    }
    (frames, *codec.stream_errors())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes as a caller, a broken line or a strange release might make them.
    fn value() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..8),
            "[ -~]{0,12}".prop_map(String::into_bytes),
            "\\PC{0,8}".prop_map(String::into_bytes),
            "[0-9]{1,16}".prop_map(String::into_bytes),
            prop::sample::select(vec![
                "Event: Hangup\r\nPrivilege: call,all\r\n",
                "Event: ",
                "\r\n",
                "\n",
                "\r",
                "Response: Follows\r\n",
                "--END COMMAND--",
                "Asterisk Call Manager/1.3\r\n",
                "Uniqueid: 1795226702.0\r\n",
                "Value: ",
                "Variable: PASSWORD\r\n",
                "ChanVariable(SIP/1:2-0001): ",
                "sip:",
                "@",
                "\"",
                "<",
                ">",
                "%C3%BC",
                "%0A",
                "%",
                "\\n",
                "\\\"",
                "10.1.2.3",
                "2001:db8::1",
                "::",
                "::ffff:1.2.3.4",
                "00:15:65:12:34:56",
                "-0000002a",
                "PJSIP/alice",
                "token=",
                "user:secret@peer",
                "CALLERID(name)=",
                "hans@example.org",
                "Müller",
                "李",
                "d3bef502-d6ed-49a3-8ee0-77191933bfd1",
                "+49 (0) 171 / 123-45",
                "agi_calleridname%3A%20",
            ])
            .prop_map(|text| text.as_bytes().to_vec()),
        ];
        prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    fn packet() -> impl Strategy<Value = Vec<u8>> {
        let first = prop::sample::select(vec![
            "Event: Newchannel",
            "Event: VarSet",
            "Event: UserEvent",
            "Event: AsyncAGIStart",
            "Response: Success",
            "Response: Follows",
            "Event:",
            "event: x y",
            "Event: 491711234567",
        ]);
        let key = prop::sample::select(vec![
            "Privilege",
            "CallerIDName",
            "CallerIDNum",
            "Channel",
            "DestChannel",
            "Exten",
            "AppData",
            "Variable",
            "Value",
            "ChanVariable",
            "ChanVariable(IAX2/1.2.3.4:4569-5)",
            "Uniqueid",
            "BridgeUniqueid",
            "Timestamp",
            "Env",
            "Result",
            "SIPcallid",
            "Secret",
            "State",
            "AsteriskVersion",
            "Hans Müller",
            "49171 1234567",
            "",
            "Output",
        ]);
        let line = (
            key,
            prop::sample::select(vec![": ", ":", ":  ", ""]),
            value(),
            prop::sample::select(vec!["\r\n", "\n"]),
        )
            .prop_map(|(key, colon, value, end)| {
                [key.as_bytes(), colon.as_bytes(), &value, end.as_bytes()].concat()
            });
        let end = prop::sample::select(vec!["\r\n", "\n", "--END COMMAND--\r\n\r\n", ""]);
        (first, prop::collection::vec(line, 0..8), end).prop_map(|(first, lines, end)| {
            [first.as_bytes(), b"\r\n", &lines.concat(), end.as_bytes()].concat()
        })
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_anonymised(data in prop::collection::vec(any::<u8>(), 0..256)) {
            check_anonymiser(&data);
        }

        #[test]
        fn any_packets_can_be_anonymised(packets in prop::collection::vec(packet(), 0..6)) {
            check_anonymiser(&packets.concat());
        }
    }

    #[test]
    fn the_fuzzing_corpus_can_be_anonymised() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/anonymiser");
        let mut files: Vec<_> =
            std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() > 20, "{} files", files.len());
        for file in files {
            println!("{}", file.display()); // shown if it fails
            check_anonymiser(&std::fs::read(file).unwrap());
        }
    }

    #[test]
    fn an_encoded_address_creates_no_header() {
        check_anonymiser(b"Event: X\r\n%3A%3A1\r\nA: %3A%3A1\r\n\r\n");
    }

    #[test]
    fn a_masked_secret_does_not_become_the_name_of_an_event() {
        check_anonymiser(b"Event: X\r\nTokenEvent: \xfa\r\nPrivilege: call\r\n\r\n");
        check_anonymiser(b"Event: token=Event: \xfa!\r\nPrivilege: call\r\n\r\n");
    }

    #[test]
    fn replaced_addresses_do_not_exceed_the_limits() {
        let filled = |length: usize| {
            let addresses = "A: ::1 ::2 ::3";
            format!("{addresses}{}\r\n", " ".repeat(length - addresses.len() - 2))
        };
        let check = |lines: &str| {
            let data = format!("Event: X\r\n{lines}\r\n");
            assert_eq!(frames(data.as_bytes()).0.len(), 1, "{} bytes", data.len());
            check_anonymiser(data.as_bytes());
        };
        check(&filled(Codec::LINE_LIMIT));
        let lines = filled(60_000).repeat(Codec::PACKET_LIMIT / 60_000);
        check(&format!("{lines}{}", filled(Codec::PACKET_LIMIT - lines.len() - 12)));
    }
}
