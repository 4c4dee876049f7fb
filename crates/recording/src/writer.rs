//! A recording being written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ringwire_ami::AmiVersion;

use crate::frame;

/// Writes what a server says, with the clock of it beside.
///
/// What it is given is in the files when the call returns, so that another program can read along. The files are
/// readable by their owner alone, for they hold numbers and names, and they are always made anew: nothing is written
/// to what a link points to.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    options: WriterOptions,
    version: AmiVersion,
    part: Part,
    /// The file being written, from 0.
    number: u32,
    /// Whether that has no packet yet.
    fresh: bool,
    /// Where the clock of that counts from, and when something came last; since the connection.
    origin: Duration,
    last: Option<Duration>,
    written: u64,
    buffer: Vec<u8>,
}

/// How a recording is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriterOptions {
    /// Whether regular files that are there are replaced.
    pub replace: bool,
    /// The most bytes that go into one file before another is begun; a packet that is larger has a file to itself.
    pub rotate: Option<u64>,
}

/// Why a recording cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is a file of that name.
    #[error("{}: exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// There is something of that name which is no regular file, and is not replaced.
    #[error("{}: is not a regular file", path.display())]
    Irregular {
        /// What is there.
        path: PathBuf,
    },
    /// The file cannot be made.
    #[error("{}: cannot be created", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Writing failed. What had been written whole is there and can be replayed.
    #[error("{}: cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Writer {
    /// Begins the recording of a connection to a server of this version at `path`. Where there is no clock, `at` is
    /// `None` here and in what follows, and there is no file for it.
    ///
    /// With rotation `path` is followed by `path.1`, `path.2` and so on, each with its clock. Each begins with the
    /// banner, and its time where the one before it ended: together, or each by itself, they are replayed as successive
    /// connections are.
    ///
    /// # Errors
    /// The file, or with rotation the next one, is there already, or cannot be made.
    pub fn create(
        path: &Path,
        version: AmiVersion,
        at: Option<Duration>,
        options: WriterOptions,
    ) -> Result<Self, WriteError> {
        let next = beside(path, ".1");
        if options.rotate.is_some() && !options.replace && fs::symlink_metadata(&next).is_ok() {
            return Err(WriteError::Exists { path: next });
        }
        let mut writer = Self {
            path: path.to_owned(),
            options,
            version,
            part: Part::create(path, options.replace)?,
            number: 0,
            fresh: true,
            origin: Duration::ZERO,
            last: None,
            written: 0,
            buffer: Vec::new(),
        };
        writer.connected(version, at)?;
        Ok(writer)
    }

    /// Writes that the server was connected to anew, `at` the time on the clock that began with the recording.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn connected(&mut self, version: AmiVersion, at: Option<Duration>) -> Result<(), WriteError> {
        self.version = version;
        self.buffer.extend_from_slice(frame::banner(version).as_bytes());
        self.flush(at)
    }

    /// Writes packets that were received together, `at` the time since the connection. Gives whether another file was
    /// begun, in which nothing yet says what is going on.
    ///
    /// # Errors
    /// A file cannot be written or made.
    pub fn write<'a>(
        &mut self,
        at: Option<Duration>,
        packets: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<bool, WriteError> {
        let number = self.number;
        for packet in packets {
            let begin = self.buffer.len();
            frame::packet(packet, &mut self.buffer);
            let length = self.part.ami.length + self.buffer.len() as u64;
            if !self.fresh && self.options.rotate.is_some_and(|limit| length > limit) {
                let packet = self.buffer.split_off(begin);
                self.flush(at)?;
                self.rotate()?;
                self.buffer.extend_from_slice(&packet);
            }
            self.fresh = false;
        }
        self.flush(at)?;
        Ok(self.number > number)
    }

    /// How many bytes were written, those of the clocks not counted.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// How many files were written, the clocks not counted.
    #[must_use]
    pub fn files(&self) -> u32 {
        self.number + 1
    }

    fn rotate(&mut self) -> Result<(), WriteError> {
        self.part =
            Part::create(&beside(&self.path, &format!(".{}", self.number + 1)), self.options.replace)?;
        self.number += 1;
        self.origin = self.last.unwrap_or_default();
        self.fresh = true;
        self.connected(self.version, self.last)
    }

    /// Writes what waits in the buffer.
    fn flush(&mut self, at: Option<Duration>) -> Result<(), WriteError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        // The clock of a recording never runs backwards.
        let at = at.max(self.last);
        if let Some(at) = at {
            // The time first: who finds the packets finds their time.
            self.part.at(at.saturating_sub(self.origin))?;
        }
        self.part.ami.append(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.last = at;
        self.buffer.clear();
        Ok(())
    }
}

/// One file of a recording, and its clock.
#[derive(Debug)]
struct Part {
    ami: Appended,
    clock: PathBuf,
    times: Option<Appended>,
    /// The time written last.
    time: Option<Duration>,
}

impl Part {
    fn create(path: &Path, replace: bool) -> Result<Self, WriteError> {
        let clock = beside(path, ".times");
        let there = [path, &clock].map(|path| room(path, replace).map(|is_there| is_there.then_some(path)));
        for there in there.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
            fs::remove_file(there).map_err(|source| WriteError::Create { path: there.to_owned(), source })?;
        }
        Ok(Self { ami: Appended::create(path)?, clock, times: None, time: None })
    }

    /// Notes the time of what is written next.
    fn at(&mut self, time: Duration) -> Result<(), WriteError> {
        if self.time == Some(time) {
            return Ok(());
        }
        let times = match &mut self.times {
            Some(times) => times,
            none => none.insert(Appended::create(&self.clock)?),
        };
        times.append(format!("{} {:.6}\n", self.ami.length, time.as_secs_f64()).as_bytes())?;
        self.time = Some(time);
        Ok(())
    }
}

/// A file that holds what was appended whole, and nothing of what was not.
#[derive(Debug)]
struct Appended {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Appended {
    fn create(path: &Path) -> Result<Self, WriteError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => WriteError::Exists { path: path.to_owned() },
            _ => WriteError::Create { path: path.to_owned(), source },
        };
        // A new file, or none: what was put there in the meantime is neither written to nor followed.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, length: 0 })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if let Err(source) = self.file.write_all(bytes) {
            // Nothing can be done if that fails too; a reader copes with half a packet.
            let _ = self.file.set_len(self.length);
            return Err(WriteError::Write { path: self.path.clone(), source });
        }
        self.length += bytes.len() as u64;
        Ok(())
    }
}

/// Whether there is a file at `path`, which may be replaced.
fn room(path: &Path, replace: bool) -> Result<bool, WriteError> {
    match fs::symlink_metadata(path) {
        Err(_) => Ok(false), // whatever is wrong, creating the file tells
        Ok(_) if !replace => Err(WriteError::Exists { path: path.to_owned() }),
        Ok(there) if !there.is_file() => Err(WriteError::Irregular { path: path.to_owned() }),
        Ok(_) => Ok(true),
    }
}

/// `path` with `ending` added to its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;
