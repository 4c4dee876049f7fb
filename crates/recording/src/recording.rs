//! A recording being read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use jiff::Timestamp;
use ringwire_ami::{Codec, CodecError, Frame, StreamErrors};
use tokio_util::codec::Decoder;

use crate::clock::{Clock, ClockError};

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;

/// A recording being read: raw AMI bytes, one connection or several.
pub struct Recording {
    path: PathBuf,
    input: Box<dyn Read + Send>,
    length: Option<u64>,
    codec: Codec,
    buffer: BytesMut,
    taken: u64,
    ended: bool,
    clock: Clock,
}

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file cannot be opened.
    #[error("{}: cannot be opened", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Reading failed half-way.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: CodecError,
    },
    /// The clock beside it is no clock.
    #[error(transparent)]
    Clock(#[from] ClockError),
}

impl Recording {
    /// Opens the recording at `path`, `-` for standard input, with the clock of `PATH.times` where there is one.
    /// Seconds that count from the connection count from `start` instead.
    ///
    /// # Errors
    /// The file or its clock cannot be read.
    pub fn open(path: &Path, start: Timestamp) -> Result<Self, RecordingError> {
        let open = |source| RecordingError::Open { path: path.to_owned(), source };
        if path.as_os_str() == "-" {
            return Ok(Self::new(path, Box::new(io::stdin()), None, Clock::headers()));
        }
        let file = File::open(path).map_err(open)?;
        let about = file.metadata().map_err(open)?;
        if about.is_dir() {
            return Err(open(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let clock = Clock::beside(path, start)?;
        Ok(Self::new(path, Box::new(file), about.is_file().then_some(about.len()), clock))
    }

    fn new(path: &Path, input: Box<dyn Read + Send>, length: Option<u64>, clock: Clock) -> Self {
        Self {
            path: path.to_owned(),
            input,
            length,
            codec: Codec::default(),
            buffer: BytesMut::with_capacity(CHUNK),
            taken: 0,
            ended: false,
            clock,
        }
    }

    /// The next frame, and when its last byte was received, where that is known. `None` at the end of the file;
    /// a file that has grown by the next call is read on.
    ///
    /// # Errors
    /// Reading failed.
    pub fn next_frame(&mut self) -> Result<Option<(Frame, Option<Timestamp>)>, RecordingError> {
        loop {
            if let Some(frame) = self.take(Codec::decode)? {
                return Ok(Some(frame));
            }
            if self.fill()? == 0 {
                return self.take(Codec::decode_now);
            }
        }
    }

    /// What is left once nothing more will come: a last packet that lacks its blank line.
    ///
    /// # Errors
    /// Reading failed.
    pub fn finish(&mut self) -> Result<Option<(Frame, Option<Timestamp>)>, RecordingError> {
        if std::mem::replace(&mut self.ended, true) {
            return Ok(None);
        }
        self.take(Codec::decode_eof)
    }

    /// The last moment the clock has told of.
    #[must_use]
    pub fn last_time(&self) -> Option<Timestamp> {
        self.clock.last()
    }

    /// How long the file is, in bytes, where that is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// How many bytes the frames given so far took up.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.taken
    }

    /// What was wrong with the stream so far.
    #[must_use]
    pub fn stream_errors(&self) -> &StreamErrors {
        self.codec.stream_errors()
    }

    /// The next frame of what was read, as `next` finds it.
    fn take(
        &mut self,
        next: fn(&mut Codec, &mut BytesMut) -> Result<Option<Frame>, CodecError>,
    ) -> Result<Option<(Frame, Option<Timestamp>)>, RecordingError> {
        let had = self.buffer.len();
        let frame = next(&mut self.codec, &mut self.buffer).map_err(|source| self.failed(source))?;
        self.taken += (had - self.buffer.len()) as u64;
        Ok(frame.map(|frame| {
            let time = self.clock.at(self.taken, &frame);
            (frame, time)
        }))
    }

    fn fill(&mut self) -> Result<usize, RecordingError> {
        let had = self.buffer.len();
        self.buffer.resize(had + CHUNK, 0);
        let space = self.buffer.get_mut(had..).unwrap_or_default();
        let read = loop {
            match self.input.read(space) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.buffer.truncate(had + read.as_ref().copied().unwrap_or(0));
        read.map_err(|error| self.failed(error.into()))
    }

    fn failed(&self, source: CodecError) -> RecordingError {
        RecordingError::Read { path: self.path.clone(), source }
    }
}
