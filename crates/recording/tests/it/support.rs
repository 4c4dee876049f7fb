//! Reads the captures.

use std::fs;
use std::io::Read;
use std::path::Path;

use bytes::BytesMut;
use ringwire_ami::{Codec, Frame, Packet};
use ringwire_recording::{Anonymiser, AnonymiserSeed};
use tokio_util::codec::Decoder;

/// Every recorded call: its name and its frames.
pub(crate) fn captures() -> Vec<(String, Vec<Frame>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/captures");
    let mut captures = Vec::new();
    for release in ["11", "16", "22"] {
        for entry in fs::read_dir(root.join(release)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "ami") {
                let name = format!("{release}/{}", path.file_stem().unwrap().to_string_lossy());
                captures.push((name, frames(&fs::read(&path).unwrap())));
            }
        }
    }
    assert!(captures.len() > 90);
    captures
}

/// The frames of the recorded busy hour, up to `count`.
pub(crate) fn busy_hour(count: usize) -> Vec<Frame> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/captures/storm-22.ami.gz");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    let mut frames = frames(&bytes);
    frames.truncate(count);
    frames
}

pub(crate) fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut codec = Codec::default();
    let mut buffer = BytesMut::from(bytes);
    std::iter::from_fn(|| codec.decode_eof(&mut buffer).unwrap()).collect()
}

pub(crate) fn anonymiser(seed: &str) -> Anonymiser {
    Anonymiser::new(&AnonymiserSeed::from_text(seed))
}

/// The anonymised frames.
pub(crate) fn anonymised(frames: &[Frame], anonymiser: &mut Anonymiser) -> Vec<Frame> {
    let packet =
        |packet: &Packet| Packet::new(anonymiser.anonymise_packet(packet), packet.version()).unwrap();
    let mut packet = packet;
    frames
        .iter()
        .map(|frame| match frame {
            Frame::Banner(version) => Frame::Banner(*version),
            Frame::Packet(before) => Frame::Packet(packet(before)),
        })
        .collect()
}
