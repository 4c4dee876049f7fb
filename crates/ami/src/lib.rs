//! A client for the Asterisk Manager Interface (AMI): framing, packets, actions and session.
//!
//! [`Codec`] cuts a stream of bytes into [`Packet`]s, whatever the server, the network or a caller did to it; a packet
//! shares the bytes it arrived in and parses only what is asked for. [`Action`] is a request to a server that cannot be
//! turned into another one by the values in it. [`AmiSession`] is login and keep-alive, and [`ReconnectBackoff`] the
//! delay between connections: both are pure, with the time as an argument. [`AmiClient`] connects them to a socket, over
//! TLS if [`TlsOptions`] are given; it is the only part that does input and output.
//!
//! This crate does not know what packets mean for calls.

mod action;
mod backoff;
mod banner;
mod client;
mod codec;
mod command_output;
mod connection;
mod error;
mod error_kind;
mod event_filters;
mod event_start;
mod frame;
mod handshake;
mod header;
mod lines;
mod login;
mod lookahead;
mod mark_scanner;
mod options;
mod packet;
mod queue;
mod read_buffer;
mod resync;
mod session;
mod stream_errors;
mod text;
mod tls;
mod version;

pub use action::{Action, ActionHeaderError, HeaderErrorReason};
pub use backoff::ReconnectBackoff;
pub use client::{AmiClient, IncomingPackets, SendActionError};
pub use codec::Codec;
pub use error::{ConnectError, DisconnectError, LoginError};
pub use error_kind::ConnectionErrorKind;
pub use event_filters::{EVENT_FILTERS, event_filter_actions};
pub use frame::Frame;
pub use header::{ChannelVariable, PacketHeaders, PacketKind};
pub use login::{AmiLogin, LoginMethod};
pub use options::{AmiOptions, AmiTimeouts};
pub use packet::Packet;
pub use queue::PacketBacklog;
pub use resync::{RESYNC_ACTIONS, is_list_end, resync_actions};
pub use session::{AmiSession, FrameOwner, SessionOutput};
pub use stream_errors::{CodecError, StreamErrors};
pub use tls::{Fingerprint, FingerprintError, TlsError, TlsOptions, TlsTrust, UntrustedReason, validity_dates};
pub use version::AmiVersion;
