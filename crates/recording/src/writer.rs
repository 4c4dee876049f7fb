//! Writes recordings.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ringwire_ami::AmiVersion;

use crate::encode::{append_packet, encode_banner};

/// Writes a recording and its clock.
///
/// The packets are in the files when a call returns, so that another program can read them meanwhile. Only the owner
/// can read the files, because they contain phone numbers and names. They are always created: a symbolic link is never
/// followed.
#[derive(Debug)]
pub struct RecordingWriter {
    path: PathBuf,
    options: RecordingWriterOptions,
    version: AmiVersion,
    file: RecordingFile,
    /// The number of that file, counted from 0.
    number: u32,
    /// Whether that file has no packet yet.
    is_empty: bool,
    /// The time at which that file's clock starts, since the connection was made.
    origin: Duration,
    /// The time of the last packet, since the connection was made.
    last: Option<Duration>,
    written: u64,
    buffer: Vec<u8>,
}

/// How a recording is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordingWriterOptions {
    /// Whether existing regular files are replaced.
    pub replace: bool,
    /// The size limit of each file, in bytes, after which another file is started. A larger packet gets a file of its
    /// own.
    pub rotate: Option<u64>,
}

/// Why a recording cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum RecordingWriteError {
    /// A file of that name exists.
    #[error("{} already exists", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Something of that name exists that is not a regular file, and is not replaced.
    #[error("cannot replace {}: not a regular file", path.display())]
    Irregular {
        /// The path.
        path: PathBuf,
    },
    /// The file cannot be created.
    #[error("cannot create {}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Writing failed. The packets written before are complete and can be replayed.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

impl RecordingWriter {
    /// Starts the recording of a connection to a server of this version at `path`. Without a clock, `at` is `None` here
    /// and in all later calls, and no `.times` file is created.
    ///
    /// With rotation, `path` is followed by `path.1`, `path.2` and so on, each with its clock. Each begins with the
    /// banner, and its clock starts where the previous one ended: the files can be replayed one by one, or in sequence
    /// as several connections.
    ///
    /// # Errors
    ///
    /// If the file, or with rotation the next one, exists or cannot be created.
    pub fn create(
        path: &Path,
        version: AmiVersion,
        at: Option<Duration>,
        options: RecordingWriterOptions,
    ) -> Result<Self, RecordingWriteError> {
        let next = with_suffix(path, ".1");
        if options.rotate.is_some() && !options.replace && fs::symlink_metadata(&next).is_ok() {
            return Err(RecordingWriteError::Exists { path: next });
        }
        let mut writer = Self {
            path: path.to_owned(),
            options,
            version,
            file: RecordingFile::create(path, options.replace)?,
            number: 0,
            is_empty: true,
            origin: Duration::ZERO,
            last: None,
            written: 0,
            buffer: Vec::new(),
        };
        writer.write_banner(version, at)?;
        Ok(writer)
    }

    /// Writes the banner of a new connection to the server, made at `at` on the clock of the recording.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write_banner(
        &mut self,
        version: AmiVersion,
        at: Option<Duration>,
    ) -> Result<(), RecordingWriteError> {
        self.version = version;
        self.buffer.extend_from_slice(encode_banner(version).as_bytes());
        self.flush(at)
    }

    /// Writes packets that were received together, at `at` since the connection was made. It returns whether another
    /// file was started, which does not yet contain the state of the server.
    ///
    /// # Errors
    ///
    /// If a file cannot be created or written.
    pub fn write_packets<'a>(
        &mut self,
        at: Option<Duration>,
        packets: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<bool, RecordingWriteError> {
        let number = self.number;
        for packet in packets {
            let begin = self.buffer.len();
            append_packet(packet, &mut self.buffer);
            let length = self.file.packets.length + self.buffer.len() as u64;
            if !self.is_empty && self.options.rotate.is_some_and(|limit| length > limit) {
                let packet = self.buffer.split_off(begin);
                self.flush(at)?;
                self.rotate()?;
                self.buffer.extend_from_slice(&packet);
            }
            self.is_empty = false;
        }
        self.flush(at)?;
        Ok(self.number > number)
    }

    /// The number of bytes written, without the clocks.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.written
    }

    /// The number of files written, without the clocks.
    #[must_use]
    pub fn file_count(&self) -> u32 {
        self.number + 1
    }

    fn rotate(&mut self) -> Result<(), RecordingWriteError> {
        let path = with_suffix(&self.path, &format!(".{}", self.number + 1));
        self.file = RecordingFile::create(&path, self.options.replace)?;
        self.number += 1;
        self.origin = self.last.unwrap_or_default();
        self.is_empty = true;
        self.write_banner(self.version, self.last)
    }

    /// Writes the buffer to the file.
    fn flush(&mut self, at: Option<Duration>) -> Result<(), RecordingWriteError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        // The clock of a recording never runs backwards.
        let at = at.max(self.last);
        if let Some(at) = at {
            // The time first, so that a reader of the packets finds their time.
            self.file.write_time(at.saturating_sub(self.origin))?;
        }
        self.file.packets.append(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.last = at;
        self.buffer.clear();
        Ok(())
    }
}

/// One file of a recording, and its clock.
#[derive(Debug)]
struct RecordingFile {
    packets: AtomicAppendFile,
    times_path: PathBuf,
    times: Option<AtomicAppendFile>,
    /// The last time written.
    last_time: Option<Duration>,
}

impl RecordingFile {
    fn create(path: &Path, replace: bool) -> Result<Self, RecordingWriteError> {
        let times_path = with_suffix(path, ".times");
        let existing = [path, &times_path]
            .map(|path| exists_replaceable(path, replace).map(|exists| exists.then_some(path)));
        for path in existing.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
            fs::remove_file(path)
                .map_err(|source| RecordingWriteError::Create { path: path.to_owned(), source })?;
        }
        Ok(Self { packets: AtomicAppendFile::create(path)?, times_path, times: None, last_time: None })
    }

    /// Writes the time of the packets that are written next.
    fn write_time(&mut self, time: Duration) -> Result<(), RecordingWriteError> {
        if self.last_time == Some(time) {
            return Ok(());
        }
        let times = match &mut self.times {
            Some(times) => times,
            none => none.insert(AtomicAppendFile::create(&self.times_path)?),
        };
        times.append(format!("{} {:.6}\n", self.packets.length, time.as_secs_f64()).as_bytes())?;
        self.last_time = Some(time);
        Ok(())
    }
}

/// A file to which bytes are appended either completely or not at all.
#[derive(Debug)]
struct AtomicAppendFile {
    path: PathBuf,
    file: File,
    length: u64,
}

impl AtomicAppendFile {
    fn create(path: &Path) -> Result<Self, RecordingWriteError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => RecordingWriteError::Exists { path: path.to_owned() },
            _ => RecordingWriteError::Create { path: path.to_owned(), source },
        };
        // `create_new` neither writes to nor follows what appeared there meanwhile.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, length: 0 })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), RecordingWriteError> {
        if let Err(source) = self.file.write_all(bytes) {
            // Nothing can be done if this fails too; a reader can handle half a packet.
            let _ = self.file.set_len(self.length);
            return Err(RecordingWriteError::Write { path: self.path.clone(), source });
        }
        self.length += bytes.len() as u64;
        Ok(())
    }
}

/// Whether a file that may be replaced exists at `path`.
fn exists_replaceable(path: &Path, replace: bool) -> Result<bool, RecordingWriteError> {
    match fs::symlink_metadata(path) {
        Err(_) => Ok(false), // creating the file reports any other error
        Ok(_) if !replace => Err(RecordingWriteError::Exists { path: path.to_owned() }),
        Ok(metadata) if !metadata.is_file() => Err(RecordingWriteError::Irregular { path: path.to_owned() }),
        Ok(_) => Ok(true),
    }
}

/// `path` with `suffix` appended to its name.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;
