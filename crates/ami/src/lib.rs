//! The wire: Asterisk Manager Interface framing, packets, actions and session.
//!
//! [`Codec`] cuts a stream of bytes into [`Packet`]s, whatever the server, the network or a caller did to it.

mod codec;
mod header;
mod packet;
mod resync;
mod scan;
mod text;
mod version;

pub use codec::{Codec, Frame, Oddities, WireError};
pub use header::{Headers, Kind, Variable};
pub use packet::Packet;
pub use version::Version;
