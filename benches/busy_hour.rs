//! How fast a recorded busy hour is worked through, and what live calls cost: `cargo bench --bench busy_hour`.
//!
//! The hour is 1,000 mixed real calls of Asterisk 22 (tests/fixtures/captures/storm-22.ami.gz). Rows are medians of
//! several rounds over the same bytes in one process and on one core, floors among them, so compare rows of one run.

#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement: it prints, and stops where it is wrong"
)]

use std::fs;
use std::hint::black_box;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use ringwire_ami::{AmiVersion, Codec, Frame, Packet};
use ringwire_calls::{Rules, Tracker};
use tokio_util::codec::Decoder;

const PIECE: usize = 64 << 10;
const ROUNDS: usize = 15;

/// Has this program measure live calls only.
const LIVE: &str = "--live";

fn main() {
    if let [_, flag, calls, explain] = std::env::args().collect::<Vec<_>>().as_slice()
        && flag == LIVE
    {
        return live(calls.parse().unwrap(), explain.parse().unwrap());
    }
    let bytes = busy_hour();
    let packets = framing(&bytes, |_| {});
    println!("one busy hour: {} bytes, {packets} packets\n", bytes.len());
    println!("{:44} {:>12} {:>8} {:>10}", "", "packets/s", "MB/s", "ns/packet");
    let row = |name, run: &mut dyn FnMut()| row(name, bytes.len(), packets, run);
    let file = std::env::temp_dir().join(format!("ringwire-busy-hour-{}.ami", std::process::id()));
    fs::write(&file, &bytes).unwrap();
    row("floor: read the file in 64 KiB pieces", &mut || read(&file));
    row("floor: memmem every blank line", &mut || {
        black_box(memchr::memmem::find_iter(&bytes, "\r\n\r\n").count());
    });
    row("floor: memchr every newline", &mut || {
        black_box(memchr::memchr_iter(b'\n', &bytes).count());
    });
    row("floor: borrowed split of every line, in memory", &mut || {
        black_box(split(&bytes));
    });
    row("floor: the same, streaming 64 KiB pieces", &mut || streaming_split(&bytes));
    row("framing, streaming", &mut || {
        black_box(framing(&bytes, |_| {}));
    });
    let without = row("framing + tracking, without explanations", &mut || track(&bytes, false));
    let with = row("framing + tracking, with explanations", &mut || track(&bytes, true));
    println!("{:44} {:>11.1}%", "share of the explanations", (with - without) / with * 100.0);
    row("ringwire replay --to zammad --json, process", &mut || replay(&file));
    fs::remove_file(&file).unwrap();

    println!("\n{:44} {:>12} {:>12} {:>10}", "", "bytes/call", "ns/event", "peak MB");
    for explain in [false, true] {
        for calls in [10, 1_000, 5_000] {
            live_apart(calls, explain);
        }
    }
}

/// Measures live calls in a process of their own: what one has freed and not given back would be taken for nothing.
fn live_apart(calls: usize, explain: bool) {
    let program = std::env::current_exe().unwrap();
    let status =
        Command::new(program).args([LIVE, &calls.to_string(), &explain.to_string()]).status().unwrap();
    assert!(status.success());
}

fn busy_hour() -> Vec<u8> {
    let packed: &[u8] = include_bytes!("../tests/fixtures/captures/storm-22.ami.gz");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Prints the median of several rounds; gives it, in seconds.
fn row(name: &str, bytes: usize, packets: usize, run: &mut dyn FnMut()) -> f64 {
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let median = times[ROUNDS / 2];
    let (rate, speed) = (packets as f64 / median, bytes as f64 / median / 1e6);
    println!("{name:44} {rate:>12.0} {speed:>8.0} {:>10.1}", median * 1e9 / packets as f64);
    median
}

fn read(file: &std::path::Path) {
    let mut file = fs::File::open(file).unwrap();
    let mut buffer = vec![0; PIECE];
    while file.read(&mut buffer).unwrap() > 0 {
        black_box(&buffer);
    }
}

/// Borrowed keys and values of every line, nothing kept; gives what is left of the last packet.
fn split(bytes: &[u8]) -> &[u8] {
    let (mut begin, mut whole) = (0, 0);
    for end in memchr::memchr_iter(b'\n', bytes) {
        let line = &bytes[begin..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        begin = end + 1;
        if line.is_empty() {
            whole = begin;
        } else if let Some(colon) = memchr::memchr(b':', line) {
            black_box((&line[..colon], &line[(colon + 2).min(line.len())..]));
        }
    }
    &bytes[whole..]
}

fn streaming_split(bytes: &[u8]) {
    let mut buffer = Vec::with_capacity(2 * PIECE);
    for piece in bytes.chunks(PIECE) {
        buffer.extend_from_slice(piece);
        let left = split(&buffer).len();
        let whole = buffer.len() - left;
        buffer.copy_within(whole.., 0);
        buffer.truncate(left);
    }
}

fn framing(bytes: &[u8], mut each: impl FnMut(Frame)) -> usize {
    let mut codec = Codec::default();
    let mut buffer = BytesMut::with_capacity(PIECE);
    let mut count = 0;
    let mut take = |frame| {
        count += usize::from(matches!(frame, Frame::Packet(_)));
        each(black_box(frame));
    };
    for piece in bytes.chunks(PIECE) {
        buffer.extend_from_slice(piece);
        while let Some(frame) = codec.decode(&mut buffer).unwrap() {
            take(frame);
        }
    }
    while let Some(frame) = codec.decode_eof(&mut buffer).unwrap() {
        take(frame);
    }
    count
}

fn track(bytes: &[u8], explain: bool) {
    let mut followed = Followed::new(explain);
    framing(bytes, |frame| match frame {
        Frame::Banner(version) => followed.tracker.connected(version, None),
        Frame::Packet(packet) => followed.take(&packet),
    });
}

/// A tracker whose events and explanations are taken out.
struct Followed {
    tracker: Tracker,
}

impl Followed {
    fn new(explain: bool) -> Self {
        let mut tracker = Tracker::new(Rules::new("pbx"));
        tracker.explain(explain);
        Self { tracker }
    }

    fn take(&mut self, packet: &Packet) {
        self.tracker.apply(packet, None);
        while let Some(event) = self.tracker.poll_event() {
            black_box(event);
        }
        while let Some(explanation) = self.tracker.poll_explanation() {
            black_box(explanation);
        }
    }
}

fn replay(file: &std::path::Path) {
    let status = Command::new(env!("CARGO_BIN_EXE_ringwire"))
        .args(["replay", "--to", "zammad", "--json"])
        .arg(file)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}

/// What a live, answered call costs in memory, and an event of it in time, while `calls` are in progress.
fn live(calls: usize, explain: bool) {
    let mut followed = Followed::new(explain);
    let before = resident();
    for call in 0..calls {
        for text in answered(call) {
            followed.take(&packet(text));
        }
    }
    let each = resident().saturating_sub(before) as f64 / calls as f64;
    assert_eq!(followed.tracker.live_calls(), calls);
    let events: Vec<_> = (0..20_000).flat_map(|n| held(n % calls)).map(packet).collect();
    let begun = Instant::now();
    for packet in &events {
        followed.take(packet);
    }
    let cost = begun.elapsed().as_nanos() as f64 / events.len() as f64;
    println!(
        "{:44} {each:>12.0} {cost:>12.0} {:>10.1}",
        format!("{calls} live calls{}", if explain { ", with explanations" } else { "" }),
        resident() as f64 / 1e6
    );
    std::io::stdout().flush().unwrap();
}

fn packet(text: String) -> Packet {
    Packet::new(Bytes::from(text), AmiVersion::NEWEST).unwrap()
}

/// An inbound call that a phone took, with the fields that Asterisk 22 sends.
fn answered(call: usize) -> Vec<String> {
    let trunk = leg(call, "trunk", 0, &format!("4917{call:08}"), "from-trunk", "4930100");
    let phone = leg(call, "alice", 1, "101", "internal", "s");
    let dest = phone.replace("\r\n", "\r\nDest").replacen("Channel", "DestChannel", 1);
    let dest = dest.trim_end_matches("Dest");
    let bridge = format!("BridgeUniqueid: {call:08x}-77dc-4cbd-8f62-9cf96adbacae\r\nBridgeType: basic\r\n");
    vec![
        format!("Event: Newchannel\r\n{trunk}\r\n"),
        format!("Event: Newchannel\r\n{phone}\r\n"),
        format!("Event: DialBegin\r\n{trunk}{dest}DialString: alice\r\n\r\n"),
        format!("Event: DialEnd\r\n{trunk}{dest}DialStatus: ANSWER\r\n\r\n"),
        format!("Event: BridgeEnter\r\n{bridge}{phone}\r\n"),
        format!("Event: BridgeEnter\r\n{bridge}{trunk}\r\n"),
    ]
}

fn held(call: usize) -> Vec<String> {
    let phone = leg(call, "alice", 1, "101", "internal", "");
    vec![format!("Event: Hold\r\n{phone}\r\n"), format!("Event: Unhold\r\n{phone}\r\n")]
}

fn leg(call: usize, endpoint: &str, half: usize, number: &str, context: &str, exten: &str) -> String {
    let serial = 2 * call + half;
    format!(
        "Channel: PJSIP/{endpoint}-{serial:08x}\r\nChannelState: {}\r\nCallerIDNum: {number}\r\n\
         CallerIDName: Somebody Somewhere\r\nConnectedLineNum: <unknown>\r\nLanguage: en\r\nAccountCode: \r\n\
         Context: {context}\r\nExten: {exten}\r\nPriority: 1\r\nUniqueid: pbx1-1795226702.{serial}\r\n\
         Linkedid: pbx1-1795226702.{}\r\n",
        if half == 0 { 4 } else { 0 },
        2 * call,
    )
}

/// The memory this process has in use, in bytes.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages * 4096
}
