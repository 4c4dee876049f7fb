//! Recordings of a manager connection: the bytes as they came, and beside them when they came.
//!
//! A recording `FILE` holds what a server said, one connection or several one after the other. `FILE.times` beside it,
//! if there is one, is its clock: for each chunk received a line with its byte offset and the seconds since the
//! connection. [`Recording`] reads the two, [`Writer`] writes them, and [`Anonymiser`]
//! takes the numbers and names out of them.

mod anonymise;
mod clock;
mod frame;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod recording;
mod writer;

pub use anonymise::{Anonymiser, NoRandomness, Seed};
pub use clock::{Clock, ClockError, is_offset};
pub use recording::{Recording, RecordingError};
pub use writer::{WriteError, Writer, WriterOptions};
