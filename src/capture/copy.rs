//! Anonymising existing recordings.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use ringwire_ami::{Frame, Packet};
use ringwire_recording::Recording;
use ringwire_terminal::{Code, Failure};

use super::capture_file::CaptureFile;
use crate::playback;

/// The largest number of packets that are written at once.
const AT_ONCE: usize = 1024;

/// Writes anonymised copies of the recordings `from` to `file`, one after the other.
pub(super) fn anonymise_recordings(from: &[PathBuf], file: &mut CaptureFile) -> Result<(), Failure> {
    let mut start = Timestamp::UNIX_EPOCH;
    let mut copy = RecordingCopy { file, origin: None, at: None, packets: Vec::new() };
    for path in from {
        let mut recording = Recording::open(path, start).map_err(playback::recording_failure)?;
        loop {
            let Some((frame, time)) = playback::next_frame(&mut recording)? else { break };
            copy.add_frame(frame, time)?;
        }
        start = recording.last_time().unwrap_or(start);
        copy.file.add_lost_packets(recording.stream_errors().lost_packets());
    }
    copy.flush()?;
    if !file.is_created() {
        let names: Vec<_> = from.iter().map(|path| path.display().to_string()).collect();
        let error = anyhow::anyhow!("{}: not a recording of a manager connection", names.join(", "));
        return Err(Failure::new(Code::Data, error).hint("expected a file written by `ringwire capture`"));
    }
    Ok(())
}

struct RecordingCopy<'a> {
    file: &'a mut CaptureFile,
    /// The time at which the copy's clock starts.
    origin: Option<Timestamp>,
    /// The time of the packets that are not written yet.
    at: Option<Duration>,
    packets: Vec<Packet>,
}

impl RecordingCopy<'_> {
    fn add_frame(&mut self, frame: Frame, time: Option<Timestamp>) -> Result<(), Failure> {
        let at = time.map(|time| self.since_origin(time));
        let packet = match frame {
            Frame::Banner(version) => {
                self.flush()?;
                return self.file.write_banner(version, at);
            }
            Frame::Packet(packet) => packet,
        };
        if !self.file.is_created() {
            self.file.write_banner(packet.version(), at)?;
        }
        if at != self.at || self.packets.len() >= AT_ONCE {
            self.flush()?;
            self.at = at;
        }
        self.packets.push(packet);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.file.write_packets(self.at, &self.packets)?;
        self.packets.clear();
        Ok(())
    }

    /// The time since the connection; a recording with relative times counts from 1970.
    fn since_origin(&mut self, time: Timestamp) -> Duration {
        let from_start =
            if ringwire_recording::is_relative_time(time) { Timestamp::UNIX_EPOCH } else { time };
        let origin = *self.origin.get_or_insert(from_start);
        Duration::try_from(time.duration_since(origin)).unwrap_or_default()
    }
}
