//! When the packets of a recording were received.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use ringwire_ami::Frame;

/// How many events without a `Timestamp` header show that a recording has none.
const PATIENCE: u32 = 32;

/// The clock of a recording.
///
/// `Timestamp` headers (manager.conf `timestampevents = yes`) count before the `.times` file, for they tell when a
/// thing happened rather than when it was received.
#[derive(Debug)]
pub struct Clock {
    times: Vec<(u64, Timestamp)>,
    /// The place in `times` of what was asked last: frames come in order.
    place: usize,
    headers: Headers,
    last: Option<Timestamp>,
}

#[derive(Debug, PartialEq, Eq)]
enum Headers {
    /// So many events had none.
    Unknown(u32),
    Used,
    Absent,
}

/// A `.times` file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// It cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A line is not an offset and seconds.
    #[error("{}:{line}: expected a byte offset and the seconds since the connection, both rising", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
}

impl Clock {
    /// The clock of a recording that has no `.times` file.
    #[must_use]
    pub fn headers() -> Self {
        Self { times: Vec::new(), place: 0, headers: Headers::Unknown(0), last: None }
    }

    /// The clock of the recording at `path`: of `PATH.times` beside it, if there is one, its seconds counting from
    /// `start`.
    ///
    /// # Errors
    /// There is one and it is no clock.
    pub fn beside(path: &Path, start: Timestamp) -> Result<Self, ClockError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".times");
        let path = PathBuf::from(name);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::headers()),
            Err(source) => return Err(ClockError::Read { path, source }),
        };
        let mut times: Vec<(u64, Timestamp)> = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let entry = entry(line, start)
                .filter(|(offset, time)| times.last().is_none_or(|(last, at)| offset >= last && time >= at));
            times.push(entry.ok_or_else(|| ClockError::Line { path: path.clone(), line: index + 1 })?);
        }
        Ok(Self { times, ..Self::headers() })
    }

    /// When `frame`, which ends at byte `end`, was received.
    pub fn at(&mut self, end: u64, frame: &Frame) -> Option<Timestamp> {
        let time = self.header(frame).or_else(|| self.received(end)).or(self.last);
        // Time does not run backwards, whatever a recording says.
        self.last = self.last.max(time);
        self.last
    }

    /// The last moment told of.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.last
    }

    fn header(&mut self, frame: &Frame) -> Option<Timestamp> {
        let Frame::Packet(packet) = frame else { return None };
        if self.headers == Headers::Absent || packet.event_name().is_none() {
            return None;
        }
        let time = packet.text("Timestamp").and_then(|text| seconds(&text));
        self.headers = match (&self.headers, time) {
            (_, Some(_)) | (Headers::Used, None) => Headers::Used,
            (Headers::Unknown(events), None) if *events < PATIENCE => Headers::Unknown(events + 1),
            _ => Headers::Absent,
        };
        Timestamp::UNIX_EPOCH.checked_add(time?).ok()
    }

    /// When the byte before `end` was received.
    fn received(&mut self, end: u64) -> Option<Timestamp> {
        while self.times.get(self.place + 1).is_some_and(|(offset, _)| *offset < end) {
            self.place += 1;
        }
        self.times.get(self.place).map(|(_, time)| *time)
    }
}

/// Whether a time counts from the start of a recording rather than from 1970.
#[must_use]
pub fn is_offset(time: Timestamp) -> bool {
    // No Asterisk was there to be recorded in the year 1970.
    time.as_second() < 365 * 24 * 3600
}

fn entry(line: &str, start: Timestamp) -> Option<(u64, Timestamp)> {
    let (offset, time) = line.trim().split_once(' ')?;
    Some((offset.parse().ok()?, start.checked_add(seconds(time.trim())?).ok()?))
}

fn seconds(text: &str) -> Option<SignedDuration> {
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
    fn a_frame_was_received_with_its_last_byte() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.ami");
        fs::write(dir.path().join("x.ami.times"), "0 0.5\n30 1.25\n60 2\n").unwrap();
        let mut clock = Clock::beside(&path, Timestamp::UNIX_EPOCH).unwrap();
        for (end, expected) in [(10, 500), (30, 500), (31, 1250), (60, 1250), (61, 2000), (1000, 2000)] {
            assert_eq!(milliseconds(clock.at(end, &event(""))), Some(expected), "the byte before {end}");
        }
    }

    #[test]
    fn a_timestamp_header_counts_before_the_file_and_time_never_runs_backwards() {
        let mut clock = Clock::headers();
        assert_eq!(clock.at(1, &event("")), None);
        assert_eq!(
            milliseconds(clock.at(2, &event("Timestamp: 1795226702.25\r\n"))),
            Some(1_795_226_702_250)
        );
        assert_eq!(milliseconds(clock.at(3, &event("Timestamp: 1795226701.0\r\n"))), Some(1_795_226_702_250));
        assert_eq!(milliseconds(clock.at(4, &event("Timestamp: nonsense\r\n"))), Some(1_795_226_702_250));
    }

    #[test]
    fn a_file_that_is_no_clock_is_refused_with_its_line() {
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
            let error = Clock::beside(&dir.path().join("x.ami"), Timestamp::UNIX_EPOCH).unwrap_err();
            assert!(matches!(error, ClockError::Line { line: 2, .. }), "{text:?}: {error}");
        }
    }
}
