//! Reads recordings.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use jiff::Timestamp;
use ringwire_ami::{Codec, CodecError, Frame, StreamErrors};
use tokio_util::codec::Decoder;

use crate::clock::{RecordingClock, RecordingClockError};

/// How many bytes are read at once.
const CHUNK: usize = 64 * 1024;

/// A recording that is being read: raw AMI bytes of one connection or several.
pub struct Recording {
    path: PathBuf,
    input: Box<dyn Read + Send>,
    length: Option<u64>,
    codec: Codec,
    buffer: BytesMut,
    /// How many bytes the decoded frames took up.
    position: u64,
    is_finished: bool,
    clock: RecordingClock,
}

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Reading failed.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: CodecError,
    },
    /// Its `.times` file cannot be used.
    #[error(transparent)]
    Clock(#[from] RecordingClockError),
}

impl Recording {
    /// Opens the recording at `path`, or standard input if that is `-`, and the clock in `PATH.times` if that exists.
    /// The seconds in that file count from `start`.
    ///
    /// # Errors
    ///
    /// If the file or its clock cannot be read.
    pub fn open(path: &Path, start: Timestamp) -> Result<Self, RecordingError> {
        let open_error = |source| RecordingError::Open { path: path.to_owned(), source };
        if path.as_os_str() == "-" {
            return Ok(Self::new(path, Box::new(io::stdin()), None, RecordingClock::from_headers()));
        }
        let file = File::open(path).map_err(open_error)?;
        let metadata = file.metadata().map_err(open_error)?;
        if metadata.is_dir() {
            return Err(open_error(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let clock = RecordingClock::open(path, start)?;
        Ok(Self::new(path, Box::new(file), metadata.is_file().then_some(metadata.len()), clock))
    }

    fn new(path: &Path, input: Box<dyn Read + Send>, length: Option<u64>, clock: RecordingClock) -> Self {
        Self {
            path: path.to_owned(),
            input,
            length,
            codec: Codec::default(),
            buffer: BytesMut::with_capacity(CHUNK),
            position: 0,
            is_finished: false,
            clock,
        }
    }

    /// Reads the next frame, with the time at which its last byte was received, if that is known. It returns `None` at
    /// the end of the file; if the file has grown by the next call, reading goes on.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn next_frame(&mut self) -> Result<Option<(Frame, Option<Timestamp>)>, RecordingError> {
        loop {
            if let Some(frame) = self.decode_with(Codec::decode)? {
                return Ok(Some(frame));
            }
            if self.fill_buffer()? == 0 {
                return self.decode_with(Codec::decode_now);
            }
        }
    }

    /// Returns a last packet without a blank line, when the file will not grow any more.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn finish(&mut self) -> Result<Option<(Frame, Option<Timestamp>)>, RecordingError> {
        if std::mem::replace(&mut self.is_finished, true) {
            return Ok(None);
        }
        self.decode_with(Codec::decode_eof)
    }

    /// The time of the last frame that had one.
    #[must_use]
    pub fn last_time(&self) -> Option<Timestamp> {
        self.clock.last_time()
    }

    /// The length of the file in bytes, if it is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The number of bytes that the frames returned so far took up.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The errors of the stream so far.
    #[must_use]
    pub fn stream_errors(&self) -> &StreamErrors {
        self.codec.stream_errors()
    }

    /// Decodes the next frame in the buffer with `decode`.
    fn decode_with(
        &mut self,
        decode: fn(&mut Codec, &mut BytesMut) -> Result<Option<Frame>, CodecError>,
    ) -> Result<Option<(Frame, Option<Timestamp>)>, RecordingError> {
        let had = self.buffer.len();
        let frame = decode(&mut self.codec, &mut self.buffer).map_err(|source| self.read_error(source))?;
        self.position += (had - self.buffer.len()) as u64;
        Ok(frame.map(|frame| {
            let time = self.clock.time_of(self.position, &frame);
            (frame, time)
        }))
    }

    fn fill_buffer(&mut self) -> Result<usize, RecordingError> {
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
        read.map_err(|error| self.read_error(error.into()))
    }

    fn read_error(&self, source: CodecError) -> RecordingError {
        RecordingError::Read { path: self.path.clone(), source }
    }
}
