//! Real recordings: nothing odd, nothing lost, the same however they are cut.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use proptest::prelude::*;
use ringwire_ami::{Codec, Frame, StreamErrors};

use crate::support::{frames, recordings, storm};

/// All recordings of whole scenarios.
static CAPTURES: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(|| {
    let folders = ["11", "16", "22"].map(|release| fs::read_dir(recordings().join(release)).unwrap());
    let files = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut captures: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|end| end == "ami")).collect();
    captures.sort();
    captures.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
});

/// The packets of a clean recording by another and simpler rule.
fn blocks(bytes: &[u8]) -> Vec<&[u8]> {
    let body = &bytes[bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1..];
    let ends = memchr::memmem::find_iter(body, b"\r\n\r\n").map(|at| at + 4);
    let mut begin = 0;
    ends.map(|end| body[std::mem::replace(&mut begin, end)..end].trim_ascii()).collect()
}

#[track_caller]
fn check(name: &str, bytes: &[u8], pieces: Vec<&[u8]>) {
    let (frames, errors) = frames(Codec::default(), pieces);
    assert_eq!(errors, StreamErrors::default(), "{name}");
    let [Frame::Banner(_), packets @ ..] = &frames[..] else { panic!("{name}: no banner") };
    let expected = blocks(bytes);
    assert_eq!(packets.len(), expected.len(), "{name}");
    for (frame, block) in packets.iter().zip(expected) {
        let Frame::Packet(packet) = frame else { panic!("{name}: a second banner") };
        assert_eq!(packet.bytes().trim_ascii(), block, "{name}");
        assert!(!packet.has_repeated_identity(), "{name}: {packet:?}");
        let lines = block.split(|byte| *byte == b'\n').filter(|line| line.contains(&b':'));
        assert_eq!(packet.headers().count(), lines.count(), "{name}: {packet:?}");
    }
}

#[test]
fn every_recording_is_framed_without_errors() {
    assert!(CAPTURES.len() >= 90, "{}", CAPTURES.len());
    for (path, bytes) in CAPTURES.iter() {
        check(&path.display().to_string(), bytes, vec![bytes]);
    }
}

#[test]
fn a_busy_hour_is_framed_without_errors() {
    let bytes = storm();
    check("storm", &bytes, bytes.chunks(1_460).collect());
}

#[test]
fn packets_forged_on_a_real_server_are_dropped_in_any_pieces() {
    for (name, forged, stray_data) in
        [("hangup", 63, 38), ("hangup-with-privilege", 53, 38), ("list", 61, 38), ("cut", 0, 0)]
    {
        let bytes = fs::read(recordings().join(format!("../forged/{name}-22.ami"))).unwrap();
        let whole = frames(Codec::default(), [&bytes[..]]);
        assert_eq!(whole.1, StreamErrors { forged, stray_data, ..StreamErrors::default() }, "{name}");
        for size in [1, 64, 1_460] {
            assert_eq!(frames(Codec::default(), bytes.chunks(size)), whole, "{name} in pieces of {size}");
        }
    }
}

#[test]
fn recordings_read_byte_by_byte_give_the_same_packets() {
    for (path, bytes) in CAPTURES.iter().step_by(8) {
        check(&path.display().to_string(), bytes, bytes.chunks(1).collect());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn recordings_give_the_same_packets_in_any_pieces(
        which in any::<prop::sample::Index>(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..200),
    ) {
        let (path, bytes) = which.get(&CAPTURES);
        check(&path.display().to_string(), bytes, pieces(bytes, &cuts));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn hostile_bytes_give_the_same_frames_in_any_pieces(
        tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..60),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let bytes = tokens.concat();
        prop_assert_eq!(frames(Codec::default(), pieces(&bytes, &cuts)), frames(Codec::default(), [&bytes[..]]));
    }
}

/// What framing depends on, and what looks like it.
const TOKENS: &[&[u8]] = &[
    b"\n",
    b"\r",
    b"\r\n",
    b"\r\n\r\n",
    b"\n\n",
    b"Event: ",
    b"Event: A\r\nPrivilege: call,all\r\n",
    b"Event: B\r\nX: 1\r\n\r\n",
    b"Response: Follows\r\n",
    b"Response: ",
    b"Success",
    b"Follows",
    b"--END COMMAND--",
    b"Asterisk Call Manager/",
    b"1.3",
    b"Privilege: ",
    b"X: ",
    b"y",
    b"\xff",
    b"Event",
    b"--END",
];

fn pieces<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let mut begin = 0;
    cuts.into_iter().chain([bytes.len()]).map(|end| &bytes[std::mem::replace(&mut begin, end)..end]).collect()
}
