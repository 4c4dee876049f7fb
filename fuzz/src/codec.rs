//! Any bytes in any pieces: no panic, the same frames and counters, within the limits, and nothing kept beyond them.

use bytes::BytesMut;
use ringwire_ami::{Codec, CodecError, Frame, Packet, StreamErrors, is_list_end};
use tokio_util::codec::Decoder;

/// Frames a stream whole and in pieces, for a recording and for a connection.
///
/// So that short inputs reach the limits, `0xFE 0xFE n` stands for `n` KiB of one line, and `0xFF 0xFF n` for `16 n`
/// short lines.
pub fn run(data: &[u8]) {
    let stream = expand(data);
    let long = stream.len() > 16 * SHORT_STREAM;
    let codecs: &[fn() -> Codec] =
        if long { &[Codec::default] } else { &[Codec::default, Codec::for_connection] };
    let largest: &[usize] = if long { &[65_536] } else { &[7, 64, 4_096] };
    for codec in codecs {
        let whole = frames(codec(), [&stream[..]]);
        check(&whole, stream.len());
        if stream.len() <= SHORT_STREAM {
            assert_eq!(whole, frames(codec(), stream.chunks(1)), "byte by byte");
        }
        for largest in largest.iter().filter(|largest| **largest <= stream.len()) {
            assert_eq!(whole, frames(codec(), pieces(&stream, hash(data), *largest)), "up to {largest}");
        }
    }
}

/// Streams up to this many bytes are cut into single bytes; longer ones would be slow.
const SHORT_STREAM: usize = 1 << 10;
/// Streams longer than this reach no further limit, in bytes.
const LONGEST_STREAM: usize = 5 << 20;

/// The frames and errors of a stream, and whether it could be read to its end.
#[derive(Debug, PartialEq)]
struct FramedStream {
    frames: Vec<Frame>,
    stream_errors: StreamErrors,
    is_complete: bool,
}

fn frames<'a>(mut codec: Codec, pieces: impl IntoIterator<Item = &'a [u8]>) -> FramedStream {
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    let read = || -> Result<(), CodecError> {
        for piece in pieces {
            buffer.extend_from_slice(piece);
            while let Some(frame) = codec.decode(&mut buffer)? {
                frames.push(frame);
            }
            assert!(buffer.len() <= Codec::PACKET_LIMIT, "{} bytes are kept", buffer.len());
        }
        while let Some(frame) = codec.decode_eof(&mut buffer)? {
            frames.push(frame);
        }
        assert!(buffer.is_empty(), "{} bytes are left at the end", buffer.len());
        Ok(())
    };
    let is_complete = read().is_ok();
    FramedStream { frames, stream_errors: *codec.stream_errors(), is_complete }
}

fn check(outcome: &FramedStream, length: usize) {
    let packets = || {
        outcome.frames.iter().filter_map(|frame| match frame {
            Frame::Packet(packet) => Some(packet),
            Frame::Banner(_) => None,
        })
    };
    assert!(
        packets().map(|packet| packet.bytes().len()).sum::<usize>() <= length,
        "more came out than went in"
    );
    packets().for_each(check_packet);
}

/// Checks that all methods of a packet work and agree.
fn check_packet(packet: &Packet) {
    let bytes = packet.bytes();
    assert!(bytes.len() <= Codec::PACKET_LIMIT);
    assert!(bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= Codec::LINE_LIMIT + 1));
    let headers: Vec<_> = packet.headers().collect();
    assert!(headers.len() <= Codec::HEADER_LIMIT);
    assert!(Packet::new(bytes.clone(), packet.version()).as_ref() == Some(packet));
    for (key, _) in headers.iter().take(64) {
        let Ok(key) = str::from_utf8(key) else { continue };
        let first = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(key.as_bytes()));
        assert_eq!(packet.get(key), first.map(|(_, value)| *value), "{key:?} in {packet:?}");
        assert!(packet.get_all(key).next() == packet.get(key));
        let _ = packet.text(key);
    }
    let _ = (
        packet.variables().count(),
        packet.has_repeated_identity(),
        packet.error_message(),
        is_list_end(packet),
    );
}

fn expand(data: &[u8]) -> Vec<u8> {
    let mut stream = Vec::with_capacity(data.len());
    let mut rest = data;
    while let [byte, after @ ..] = rest {
        let (count, after) = match (byte, after) {
            (0xfe | 0xff, [second, count, after @ ..]) if byte == second && stream.len() < LONGEST_STREAM => {
                (usize::from(*count), after)
            }
            (byte, after) => {
                stream.push(*byte);
                rest = after;
                continue;
            }
        };
        match byte {
            0xfe => stream.resize(stream.len() + (count << 10), b'x'),
            _ => stream.extend(b"\nX:".iter().cycle().take(count * 16 * 3)),
        }
        rest = after;
    }
    stream
}

/// The stream in pieces of up to `largest` bytes, the same for the same seed.
fn pieces(stream: &[u8], seed: u64, largest: usize) -> impl Iterator<Item = &[u8]> {
    let (mut rest, mut state) = (stream, seed);
    std::iter::from_fn(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let length = 1 + (state >> 33) as usize % largest;
        let (piece, after) = rest.split_at(length.min(rest.len()));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// FNV-1a: the cuts depend only on the input.
fn hash(data: &[u8]) -> u64 {
    data.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
