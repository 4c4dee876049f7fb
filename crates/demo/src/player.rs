//! An Asterisk that plays recordings of its manager interface.
//!
//! A [`PlaybackRecording`] is what one client received. Only its events are played, because the rest was meant for that
//! client alone. A [`PlaybackPbx`] speaks the manager interface (AMI notes 1) to one or more connections: it
//! logs a client in, answers the actions of a bridge, and plays its recordings to each client from the login on. A
//! [`PlaybackServer`] puts it on a port.

mod action;
mod block;
mod event_mask;
mod live_channels;
mod login;
mod message;
mod options;
mod pbx;
mod playback;
mod recording;
mod responses;
mod server;
mod session;
mod state;
mod uniqueids;
mod version;

pub use action::{ActionReader, ClientAction};
pub use options::{PlaybackOptions, PlaybackSpeed};
pub use pbx::PlaybackPbx;
pub use recording::PlaybackRecording;
pub use server::PlaybackServer;

#[cfg(test)]
mod tests;
