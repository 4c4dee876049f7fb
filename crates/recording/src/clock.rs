//! The times at which the packets of a recording were received.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use ringwire_ami::Frame;

/// After this many events without a `Timestamp` header, a recording counts as having none.
const EVENTS_WITHOUT_TIMESTAMP: u32 = 32;

/// The clock of a recording.
///
/// `Timestamp` headers (manager.conf `timestampevents = yes`) take precedence over the `.times` file, because they are
/// the times at which things happened rather than those at which they were received.
#[derive(Debug)]
pub struct RecordingClock {
    times: Vec<(u64, Timestamp)>,
    /// The index in `times` of the last lookup: frames come in order.
    position: usize,
    timestamp_headers: TimestampHeaders,
    last: Option<Timestamp>,
}

#[derive(Debug, PartialEq, Eq)]
enum TimestampHeaders {
    /// None was found yet, in this many events.
    Unknown(u32),
    Present,
    Absent,
}

/// Why a `.times` file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordingClockError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A line is not an offset and seconds.
    #[error("{}:{line}: expected a byte offset and the seconds since the connection, both increasing", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, counted from 1.
        line: usize,
    },
}

impl RecordingClock {
    /// The clock of a recording without a `.times` file.
    #[must_use]
    pub fn from_headers() -> Self {
        Self { times: Vec::new(), position: 0, timestamp_headers: TimestampHeaders::Unknown(0), last: None }
    }

    /// Reads the clock of the recording at `path` from `PATH.times`, if that file exists. Its seconds count from
    /// `start`.
    ///
    /// # Errors
    ///
    /// If the file exists but cannot be read or parsed.
    pub fn open(path: &Path, start: Timestamp) -> Result<Self, RecordingClockError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".times");
        let path = PathBuf::from(name);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::from_headers()),
            Err(source) => return Err(RecordingClockError::Read { path, source }),
        };
        let mut times: Vec<(u64, Timestamp)> = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let entry = parse_line(line, start)
                .filter(|(offset, time)| times.last().is_none_or(|(last, at)| offset >= last && time >= at));
            times.push(
                entry.ok_or_else(|| RecordingClockError::Line { path: path.clone(), line: index + 1 })?,
            );
        }
        Ok(Self { times, ..Self::from_headers() })
    }

    /// The time at which `frame`, which ends at byte `end`, was received or happened.
    pub fn time_of(&mut self, end: u64, frame: &Frame) -> Option<Timestamp> {
        let time = self.timestamp_of(frame).or_else(|| self.received_at(end)).or(self.last);
        // Time never runs backwards, even if it does in the recording.
        self.last = self.last.max(time);
        self.last
    }

    /// The last time returned by [`RecordingClock::time_of`].
    #[must_use]
    pub fn last_time(&self) -> Option<Timestamp> {
        self.last
    }

    fn timestamp_of(&mut self, frame: &Frame) -> Option<Timestamp> {
        let Frame::Packet(packet) = frame else { return None };
        if self.timestamp_headers == TimestampHeaders::Absent || packet.event_name().is_none() {
            return None;
        }
        let time = packet.text("Timestamp").and_then(|text| parse_seconds(&text));
        self.timestamp_headers = match (&self.timestamp_headers, time) {
            (_, Some(_)) | (TimestampHeaders::Present, None) => TimestampHeaders::Present,
            (TimestampHeaders::Unknown(events), None) if *events < EVENTS_WITHOUT_TIMESTAMP => {
                TimestampHeaders::Unknown(events + 1)
            }
            _ => TimestampHeaders::Absent,
        };
        Timestamp::UNIX_EPOCH.checked_add(time?).ok()
    }

    /// The time at which the byte before `end` was received.
    fn received_at(&mut self, end: u64) -> Option<Timestamp> {
        while self.times.get(self.position + 1).is_some_and(|(offset, _)| *offset < end) {
            self.position += 1;
        }
        self.times.get(self.position).map(|(_, time)| *time)
    }
}

/// Whether a time counts from the start of a recording rather than from 1970.
#[must_use]
pub fn is_relative_time(time: Timestamp) -> bool {
    // Asterisk did not exist in 1970, so a time in that year counts from the start.
    time.as_second() < 365 * 24 * 3600
}

fn parse_line(line: &str, start: Timestamp) -> Option<(u64, Timestamp)> {
    let (offset, time) = line.trim().split_once(' ')?;
    Some((offset.parse().ok()?, start.checked_add(parse_seconds(time.trim())?).ok()?))
}

fn parse_seconds(text: &str) -> Option<SignedDuration> {
    SignedDuration::try_from_secs_f64(text.trim().parse().ok()?).ok().filter(|time| !time.is_negative())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use ringwire_ami::{AmiVersion, Packet};

    use super::*;

    fn event(headers: &str) -> Frame {
        let bytes = Bytes::from(format!("Event: X\r\n{headers}\r\n"));
        Frame::Packet(Packet::new(bytes, AmiVersion::NEWEST).unwrap())
    }

    fn milliseconds(time: Option<Timestamp>) -> Option<i64> {
        time.map(Timestamp::as_millisecond)
    }

    #[test]
    fn a_frame_has_the_time_of_its_last_byte() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ami");
        fs::write(dir.path().join("x.ami.times"), "0 0.5\n30 1.25\n60 2\n").unwrap();
        let mut clock = RecordingClock::open(&path, Timestamp::UNIX_EPOCH).unwrap();
        for (end, expected) in [(10, 500), (30, 500), (31, 1250), (60, 1250), (61, 2000), (1000, 2000)] {
            assert_eq!(milliseconds(clock.time_of(end, &event(""))), Some(expected), "the byte before {end}");
        }
    }

    #[test]
    fn timestamp_headers_take_precedence_and_time_never_runs_backwards() {
        let mut clock = RecordingClock::from_headers();
        assert_eq!(clock.time_of(1, &event("")), None);
        assert_eq!(
            milliseconds(clock.time_of(2, &event("Timestamp: 1795226702.25\r\n"))),
            Some(1_795_226_702_250)
        );
        assert_eq!(
            milliseconds(clock.time_of(3, &event("Timestamp: 1795226701.0\r\n"))),
            Some(1_795_226_702_250)
        );
        assert_eq!(
            milliseconds(clock.time_of(4, &event("Timestamp: nonsense\r\n"))),
            Some(1_795_226_702_250)
        );
    }

    #[test]
    fn an_invalid_times_file_is_rejected_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        for text in [
            "0 0.1\nx 0.2\n",
            "0 0.1\n5\n",
            "9 0.1\n5 0.2\n",
            "0 2\n5 1\n",
            "0 0.1\n5 -1\n",
            "0 0.1\n5 NaN\n",
        ] {
            fs::write(dir.path().join("x.ami.times"), text).unwrap();
            let error = RecordingClock::open(&dir.path().join("x.ami"), Timestamp::UNIX_EPOCH).unwrap_err();
            assert!(matches!(error, RecordingClockError::Line { line: 2, .. }), "{text:?}: {error}");
        }
    }
}
