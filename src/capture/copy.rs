//! Anonymising recordings that are there.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use ringwire_ami::{Frame, Packet};
use ringwire_recording::Recording;
use ringwire_terminal::{Code, Failure};

use super::Tape;
use crate::playback;

/// How many packets of the same time are written at once.
const AT_ONCE: usize = 1024;

/// Copies the recordings `from`, one after the other.
pub(super) fn all(from: &[PathBuf], tape: &mut Tape) -> Result<(), Failure> {
    let mut start = Timestamp::UNIX_EPOCH;
    let mut copy = Copy { tape, origin: None, at: None, packets: Vec::new() };
    for path in from {
        let mut recording = Recording::open(path, start).map_err(playback::unreadable)?;
        loop {
            let Some((frame, time)) = playback::next(&mut recording)? else { break };
            copy.take(frame, time)?;
        }
        start = recording.last_time().unwrap_or(start);
        copy.tape.lost += recording.stream_errors().lost_packets();
    }
    copy.write()?;
    if tape.writer.is_none() {
        let names: Vec<_> = from.iter().map(|path| path.display().to_string()).collect();
        let error = anyhow::anyhow!("{}: not a recording of a manager connection", names.join(", "));
        return Err(Failure::new(Code::Data, error).hint("expected a file written by `ringwire capture`"));
    }
    Ok(())
}

struct Copy<'a> {
    tape: &'a mut Tape,
    /// When the copy's clock begins.
    origin: Option<Timestamp>,
    /// The time of the packets that wait to be written.
    at: Option<Duration>,
    packets: Vec<Packet>,
}

impl Copy<'_> {
    fn take(&mut self, frame: Frame, time: Option<Timestamp>) -> Result<(), Failure> {
        let at = time.map(|time| self.since_origin(time));
        let packet = match frame {
            Frame::Banner(version) => {
                self.write()?;
                return self.tape.connected(version, at);
            }
            Frame::Packet(packet) => packet,
        };
        if self.tape.writer.is_none() {
            self.tape.connected(packet.version(), at)?;
        }
        if at != self.at || self.packets.len() >= AT_ONCE {
            self.write()?;
            self.at = at;
        }
        self.packets.push(packet);
        Ok(())
    }

    fn write(&mut self) -> Result<(), Failure> {
        self.tape.write(self.at, &self.packets)?;
        self.packets.clear();
        Ok(())
    }

    /// The time since the connection: since 1970 where a recording counts from there, as it was told to.
    fn since_origin(&mut self, time: Timestamp) -> Duration {
        let from_start =
            if ringwire_recording::is_relative_time(time) { Timestamp::UNIX_EPOCH } else { time };
        let origin = *self.origin.get_or_insert(from_start);
        Duration::try_from(time.duration_since(origin)).unwrap_or_default()
    }
}
