//! The file that is written.

use std::{
    io::Write,
    path::PathBuf,
    time::{Duration, Instant},
};

use bytes::Bytes;
use ringwire_ami::{AmiVersion, Packet};
use ringwire_recording::{Anonymiser, RecordingWriteError, RecordingWriter, RecordingWriterOptions};
use ringwire_terminal::{Code, Failure};

/// A recording that is being written, and the figures for its summary.
pub(super) struct CaptureFile {
    path: PathBuf,
    options: RecordingWriterOptions,
    anonymiser: Option<Anonymiser>,
    /// `None` until the server has sent its greeting.
    writer: Option<RecordingWriter>,
    started: Instant,
    packets: u64,
    /// How many parts of the stream were not packets.
    lost_packets: u64,
}

impl CaptureFile {
    /// A recording at `path`, which is created with the server's greeting.
    pub(super) fn new(
        path: PathBuf,
        options: RecordingWriterOptions,
        anonymiser: Option<Anonymiser>,
    ) -> Self {
        Self { path, options, anonymiser, writer: None, started: Instant::now(), packets: 0, lost_packets: 0 }
    }

    /// Measures the time from now on.
    pub(super) fn start_clock(&mut self) {
        self.started = Instant::now();
    }

    /// Whether the file was created.
    pub(super) fn is_created(&self) -> bool {
        self.writer.is_some()
    }

    /// Counts parts of the stream that were not packets.
    pub(super) fn add_lost_packets(&mut self, count: u64) {
        self.lost_packets += count;
    }

    /// Writes the greeting of a server, received `at` this time of the recording's clock, if it has one.
    pub(super) fn write_banner(&mut self, version: AmiVersion, at: Option<Duration>) -> Result<(), Failure> {
        match &mut self.writer {
            Some(writer) => writer.write_banner(version, at).map_err(write_failure),
            none => {
                *none = Some(
                    RecordingWriter::create(&self.path, version, at, self.options).map_err(write_failure)?,
                );
                Ok(())
            }
        }
    }

    /// Writes packets that were received together. Returns whether a new file was started.
    pub(super) fn write_packets(
        &mut self,
        at: Option<Duration>,
        packets: &[Packet],
    ) -> Result<bool, Failure> {
        let Some(writer) = &mut self.writer else { return Ok(false) };
        self.packets += packets.len() as u64;
        let written = match &mut self.anonymiser {
            Some(anonymiser) => {
                let shown: Vec<Bytes> =
                    packets.iter().map(|packet| anonymiser.anonymise_packet(packet)).collect();
                writer.write_packets(at, shown.iter().map(|packet| &packet[..]))
            }
            None => writer.write_packets(at, packets.iter().map(|packet| &packet.bytes()[..])),
        };
        written.map_err(write_failure)
    }

    /// Prints what was recorded.
    pub(super) fn print_summary(&self) -> Result<(), Failure> {
        let Some(writer) = &self.writer else { return Ok(()) };
        let (packets, bytes) = (self.packets, writer.written_bytes());
        let seconds = self.started.elapsed().as_secs_f64();
        let mut line =
            format!("{packets} packets, {bytes} bytes in {seconds:.1} seconds: {}", self.path.display());
        match writer.file_count() - 1 {
            0 => {}
            1 => line.push_str(" and 1 more file"),
            more => line.push_str(&format!(" and {more} more files")),
        }
        if self.lost_packets > 0 {
            line.push_str(&format!("; skipped {} parts that are not packets", self.lost_packets));
        }
        Ok(writeln!(anstream::stderr(), "{line}")?)
    }
}

/// The recording cannot be written.
fn write_failure(error: RecordingWriteError) -> Failure {
    let hint = match &error {
        RecordingWriteError::Exists { .. } => "choose another name, or overwrite it with --force",
        RecordingWriteError::Irregular { .. } => {
            "choose another name: links, pipes and directories are not supported"
        }
        RecordingWriteError::Create { .. } => "the directory must exist and be writable",
        RecordingWriteError::Write { .. } => {
            "check whether the disk is full; what was recorded so far can be replayed"
        }
    };
    Failure::new(Code::Io, error).hint(hint)
}
