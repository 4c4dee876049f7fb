//! One unit of the stream: a banner or a packet.

use crate::packet::Packet;
use crate::version::AmiVersion;

/// What [`Codec`](crate::Codec) reads from a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The banner with which a server begins; the packets after it are of this version.
    Banner(AmiVersion),
    /// An event or a response.
    Packet(Packet),
}
