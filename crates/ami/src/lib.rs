//! A client for the Asterisk Manager Interface (AMI): framing, packets, actions and session.
//!
//! [`Codec`] cuts a stream of bytes into [`Packet`]s, whatever the server, the network or a caller did to it; a packet
//! shares the bytes it arrived in and parses only what is asked for. [`Action`] is a request to a server that cannot be
//! turned into another one by the values in it. [`AmiSession`] is login and keep-alive, and [`ReconnectBackoff`] the
//! delay between connections: both are pure, with the time as an argument. [`AmiClient`] connects them to a socket,
//! over TLS if [`TlsOptions`] are given; it is the only part that does input and output.
//!
//! This crate does not know what packets mean for calls. `AMI notes 1.2` is a section of docs/asterisk-manager.md.

mod action;
mod backoff;
mod banner;
#[cfg(feature = "client")]
mod client;
mod codec;
mod command_output;
#[cfg(feature = "client")]
mod connect_error;
#[cfg(feature = "client")]
mod connection;
mod error;
mod error_kind;
mod event_filters;
mod event_start;
mod frame;
#[cfg(feature = "client")]
mod handshake;
mod header;
mod lines;
mod login;
mod lookahead;
mod mark_scanner;
#[cfg(feature = "client")]
mod options;
mod packet;
#[cfg(feature = "client")]
mod queue;
#[cfg(feature = "client")]
mod read_buffer;
mod resync;
mod session;
mod stream_errors;
mod text;
mod timeouts;
#[cfg(feature = "client")]
mod tls;
mod version;

pub use action::{Action, ActionHeaderError, HeaderErrorReason};
pub use backoff::ReconnectBackoff;
#[cfg(feature = "client")]
pub use client::{AmiClient, IncomingPackets, SendActionError};
pub use codec::Codec;
#[cfg(feature = "client")]
pub use connect_error::ConnectError;
pub use error::{DisconnectError, LoginError};
pub use error_kind::ConnectionErrorKind;
pub use event_filters::{EVENT_FILTERS, WantedEvents, event_filter_actions, variable_filters};
pub use frame::Frame;
pub use header::{ChannelVariable, PacketHeaders, PacketKind};
pub use login::{AmiLogin, LoginMethod};
#[cfg(feature = "client")]
pub use options::AmiOptions;
pub use packet::Packet;
#[cfg(feature = "client")]
pub use queue::PacketBacklog;
pub use resync::{RESYNC_ACTIONS, is_list_end, resync_actions};
pub use session::{AmiSession, FrameOwner, SessionOutput};
pub use stream_errors::{CodecError, StreamErrors};
pub use timeouts::AmiTimeouts;
#[cfg(feature = "client")]
pub use tls::{Fingerprint, FingerprintError, TlsError, TlsOptions, TlsTrust, UntrustedReason};
pub use version::AmiVersion;
