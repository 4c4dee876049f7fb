//! What the tests share: cutting bytes into frames, and frames as text.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use bytes::BytesMut;
use flate2::read::GzDecoder;
use ringwire_ami::{Codec, Frame, Packet, PacketKind, StreamErrors};
use tokio_util::codec::Decoder;

/// All frames of a stream that arrives in these pieces, and what was odd about it.
pub(crate) fn frames<'a>(
    mut codec: Codec,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Frame>, StreamErrors) {
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        while let Some(frame) = codec.decode(&mut buffer).unwrap() {
            frames.push(frame);
        }
    }
    while let Some(frame) = codec.decode_eof(&mut buffer).unwrap() {
        frames.push(frame);
    }
    (frames, *codec.stream_errors())
}

/// The packets of a recording that is in memory.
pub(crate) fn packets(bytes: &[u8]) -> Vec<Packet> {
    let (frames, _) = frames(Codec::default(), [bytes]);
    let packets = frames.into_iter().filter_map(|frame| match frame {
        Frame::Packet(packet) => Some(packet),
        Frame::Banner(_) => None,
    });
    packets.collect()
}

/// A frame on one line: `banner 1.3.0`, `event Hangup; Channel=SIP/1; …`.
pub(crate) fn describe(frame: &Frame) -> String {
    let packet = match frame {
        Frame::Banner(version) => return format!("banner {version}"),
        Frame::Packet(packet) => packet,
    };
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let first = match packet.kind() {
        PacketKind::Event(name) => format!("event {}", text(name)),
        PacketKind::Response(outcome) => format!("response {}", text(outcome)),
    };
    let headers = packet.headers().skip(1).map(|(key, value)| format!("; {}={}", text(key), text(value)));
    headers.fold(first, |line, header| line + &header)
}

/// The repository's recordings.
pub(crate) fn recordings() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/captures"))
}

/// The recording of a busy hour.
pub(crate) fn storm() -> Vec<u8> {
    let mut bytes = Vec::new();
    let packed = fs::File::open(recordings().join("storm-22.ami.gz")).unwrap();
    GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    bytes
}
