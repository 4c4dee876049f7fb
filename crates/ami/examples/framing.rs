//! How fast a recorded busy hour is framed, beside what the bytes allow: `cargo run --release --example framing`.
//!
//! Each row is the best of several rounds over the same bytes, fed in 64 KiB pieces where it says "streaming".

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement: it reads the clock, prints, and stops where it is wrong"
)]

use std::hint::black_box;
use std::io::Read;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use ringwire_ami::{Codec, Frame};
use tokio_util::codec::Decoder;

const PIECE: usize = 64 << 10;
const ROUNDS: usize = 21;

fn main() {
    let packed: &[u8] = include_bytes!("../../../tests/fixtures/captures/storm-22.ami.gz");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    println!("{:34} {:>9} {:>8} {:>10}", "", "packets", "MB/s", "ns/packet");
    row("memmem: every blank line", &bytes, |bytes| memchr::memmem::find_iter(bytes, "\r\n\r\n").count());
    row("memchr: every line", &bytes, |bytes| {
        black_box(memchr::memchr_iter(b'\n', bytes).count());
        memchr::memmem::find_iter(bytes, "\r\n\r\n").count()
    });
    row("split in memory", &bytes, |bytes| split(bytes).0);
    row("split, streaming", &bytes, streaming_split);
    row("copy, streaming", &bytes, |bytes| {
        let mut buffer = BytesMut::with_capacity(PIECE);
        for piece in bytes.chunks(PIECE) {
            buffer.clear();
            buffer.extend_from_slice(black_box(piece));
        }
        0
    });
    row("framing, streaming", &bytes, |bytes| framing(bytes, |_| {}));
    row("framing + event name", &bytes, |bytes| {
        framing(bytes, |frame| {
            if let Frame::Packet(packet) = frame {
                black_box(packet.event());
            }
        })
    });
    row("framing + every header", &bytes, |bytes| {
        framing(bytes, |frame| {
            if let Frame::Packet(packet) = frame {
                black_box(packet.headers().map(|(key, value)| key.len() + value.len()).sum::<usize>());
            }
        })
    });
    row("framing + three lookups", &bytes, |bytes| {
        framing(bytes, |frame| {
            if let Frame::Packet(packet) = frame {
                black_box((packet.get("Uniqueid"), packet.get("Linkedid"), packet.get("ChannelState")));
            }
        })
    });
}

fn row(name: &str, bytes: &[u8], mut run: impl FnMut(&[u8]) -> usize) {
    let (mut best, mut packets) = (Duration::MAX, 0);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        packets = black_box(run(black_box(bytes)));
        best = best.min(begun.elapsed());
    }
    let rate = bytes.len() as f64 / best.as_secs_f64() / 1e6;
    let each = best.as_nanos() as f64 / packets.max(1) as f64;
    println!("{name:34} {packets:>9} {rate:>8.0} {each:>10.1}");
}

fn framing(bytes: &[u8], mut each: impl FnMut(&Frame)) -> usize {
    let mut codec = Codec::default();
    let mut buffer = BytesMut::with_capacity(PIECE);
    let mut count = 0;
    for piece in bytes.chunks(PIECE) {
        buffer.extend_from_slice(piece);
        while let Some(frame) = codec.decode(&mut buffer).unwrap() {
            each(black_box(&frame));
            count += usize::from(matches!(frame, Frame::Packet(_)));
        }
    }
    count
}

/// Borrowed keys and values of every line, nothing kept; how many packets, and what is left of the last.
fn split(bytes: &[u8]) -> (usize, &[u8]) {
    let (mut packets, mut begin, mut whole) = (0, 0, 0);
    for end in memchr::memchr_iter(b'\n', bytes) {
        let line = &bytes[begin..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        begin = end + 1;
        if line.is_empty() {
            packets += 1;
            whole = begin;
        } else if let Some(colon) = memchr::memchr(b':', line) {
            black_box((&line[..colon], &line[(colon + 2).min(line.len())..]));
        }
    }
    (packets, &bytes[whole..])
}

fn streaming_split(bytes: &[u8]) -> usize {
    let mut buffer = Vec::with_capacity(2 * PIECE);
    let mut packets = 0;
    for piece in bytes.chunks(PIECE) {
        buffer.extend_from_slice(piece);
        let (count, rest) = split(&buffer);
        packets += count;
        let left = rest.len();
        let whole = buffer.len() - left;
        buffer.copy_within(whole.., 0);
        buffer.truncate(left);
    }
    packets
}
