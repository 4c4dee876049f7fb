//! The wire: Asterisk Manager Interface framing, packets, actions and session.
//!
//! [`Codec`] cuts a stream of bytes into [`Packet`]s, whatever the server, the network or a caller did to it; a packet
//! shares the bytes it came in and is read only where it is asked. [`Action`] is what can be said to a server and cannot
//! become something else. [`Session`] is login and keep-alive, and [`Backoff`] the patience between connections: both
//! are pure, with the time as an argument. [`Client`] joins them to a socket, over [`Tls`] if it is told so, and is the
//! only part here that has one.
//!
//! What the bytes mean for calls is not known here.

mod action;
mod backoff;
mod client;
mod codec;
mod economy;
mod error;
mod header;
mod link;
mod login;
mod opening;
mod outlook;
mod packet;
mod queue;
mod reconcile;
mod resync;
mod scan;
mod session;
mod text;
mod tls;
mod version;

pub use action::{Action, ActionError, Refusal};
pub use backoff::Backoff;
pub use client::{Client, Incoming, Options, SendError};
pub use codec::{Codec, Frame, Oddities, WireError};
pub use economy::{ECONOMY, economy};
pub use error::{ConnectError, ErrorKind, LinkError, LoginError};
pub use header::{Headers, Kind, Variable};
pub use login::{Login, Method, Timing};
pub use packet::Packet;
pub use queue::Backlog;
pub use reconcile::{RECONCILIATION, ends_list, reconciliation};
pub use session::{Output, Owner, Session};
pub use tls::{Distrust, Fingerprint, FingerprintError, Tls, TlsError, Trust};
pub use version::Version;
