//! Reading recordings, and writing calls by hand.

use std::path::{Path, PathBuf};

use bytes::BytesMut;
use jiff::{SignedDuration, Timestamp};
use ringwire_ami::{Codec, Frame};
use ringwire_calls::{Rules, Tracker};
use ringwire_event::CallEvent;
use tokio_util::codec::Decoder;

/// Where the recordings are.
pub(crate) fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/captures")
}

/// The frames of a stream, each with the offset of its end.
pub(crate) fn frames(bytes: &[u8]) -> Vec<(Frame, u64)> {
    let mut codec = Codec::default();
    let mut buffer = BytesMut::from(bytes);
    let mut frames = Vec::new();
    loop {
        match codec.decode_eof(&mut buffer) {
            Ok(Some(frame)) => frames.push((frame, (bytes.len() - buffer.len()) as u64)),
            Ok(None) => return frames,
            Err(error) => panic!("a recording does not frame: {error}"),
        }
    }
}

/// The clock that a `.times` file gives: for each chunk received, its offset and seconds since the connection.
pub(crate) struct Times(Vec<(u64, f64)>);

impl Times {
    pub(crate) fn parse(text: &str) -> Self {
        Self(
            text.lines()
                .filter_map(|line| line.split_once(' '))
                .map(|(offset, seconds)| (offset.parse().unwrap(), seconds.parse().unwrap()))
                .collect(),
        )
    }

    /// When the byte before `end` was received.
    pub(crate) fn at(&self, end: u64) -> Timestamp {
        let next = self.0.partition_point(|(offset, _)| *offset < end);
        let seconds = self.0[next.saturating_sub(1)].1;
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs_f64(seconds)
    }
}

/// What a tracker with `rules` says of streams, one connection each.
pub(crate) fn follow(rules: Rules, connections: &[(&[u8], Option<&Times>)]) -> Vec<CallEvent> {
    let mut tracker = Tracker::new(rules);
    let mut said = Vec::new();
    for (bytes, times) in connections {
        for (frame, end) in frames(bytes) {
            let now = times.map(|times| times.at(end));
            match frame {
                Frame::Banner(version) => tracker.connected(version, now),
                Frame::Packet(packet) => tracker.apply(&packet, now),
            }
            said.extend(std::iter::from_fn(|| tracker.poll_event()));
        }
        while let Some(due) = times.and_then(|_| tracker.next_deadline()) {
            tracker.tick(due);
        }
        said.extend(std::iter::from_fn(|| tracker.poll_event()));
    }
    said
}
