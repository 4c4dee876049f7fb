//! Recordings of a manager connection: the bytes as they came, and beside them when they came.
//!
//! A recording `FILE` holds what a server said, one connection or several one after the other. `FILE.times` beside it,
//! if there is one, is its clock: for each chunk received a line with its byte offset and the seconds since the
//! connection. [`Recording`] reads the two, [`Writer`] writes them.

mod clock;
mod frame;
mod recording;
mod writer;

pub use clock::{Clock, ClockError, is_offset};
pub use recording::{Recording, RecordingError};
pub use writer::{WriteError, Writer, WriterOptions};
