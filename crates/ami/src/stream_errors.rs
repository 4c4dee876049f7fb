//! What can be wrong with a stream of bytes.

use std::io;

/// How many errors of each kind a stream had. Each counter counts packets or blocks since the stream began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamErrors {
    /// Blocks that begin with neither `Event` nor `Response`; they are dropped.
    pub stray_data: u64,
    /// Packets over a limit of [`Codec`](crate::Codec); they are dropped.
    pub over_limit: u64,
    /// Packets that stop in the middle, because the next one follows on the same line or the stream ends; they are
    /// dropped.
    pub truncated: u64,
    /// Packets of whole lines without a blank line after them; they are kept.
    pub unterminated: u64,
    /// Packets that a caller may have written into an event; they are dropped (AMI notes 5.7).
    ///
    /// They are recognised by the rest of the event that follows them. The beginning of that event is dropped too where
    /// it is short. An [`AmiClient`](crate::AmiClient) also counts responses and list items here that answer none of
    /// its actions.
    pub forged: u64,
}

impl StreamErrors {
    /// The number of packets that were dropped, at least. If it grows, events may be missing.
    #[must_use]
    pub fn lost_packets(&self) -> u64 {
        self.stray_data + self.over_limit + self.truncated + self.forged
    }
}

/// Why a stream cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// A connection does not begin with a banner. It holds the first line received, made printable, at most 80
    /// characters. Only [`Codec::for_connection`](crate::Codec::for_connection) requires a banner.
    #[error("not an Asterisk manager: the first line is {0:?}")]
    NotAmi(String),
    /// Reading failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}
