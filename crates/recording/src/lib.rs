//! Recordings of manager connections: the received bytes, and the time at which they were received.
//!
//! A recording `FILE` holds the bytes that a server sent, of one connection or of several in sequence. An optional file
//! `FILE.times` next to it is its clock: one line for each received chunk, with the chunk's byte offset and the seconds
//! since the connection was made. [`Recording`] reads both files, [`RecordingWriter`] writes them, and [`Anonymiser`]
//! replaces the phone numbers and names in them.

mod anonymise;
mod clock;
mod encode;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod recording;
mod writer;

pub use anonymise::{Anonymiser, AnonymiserSeed, SeedError};
pub use clock::{RecordingClock, RecordingClockError, is_relative_time};
pub use recording::{Recording, RecordingError};
pub use writer::{RecordingWriteError, RecordingWriter, RecordingWriterOptions};
