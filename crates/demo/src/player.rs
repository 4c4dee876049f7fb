//! An Asterisk that plays recordings of its manager interface.
//!
//! A [`Recording`] is what one client once received; of it, only the events are played, for the rest was said
//! to that client alone. A [`Pbx`] speaks the manager interface (AMI contract, section 1) to one connection at
//! a time or many: it logs a client in, answers what a bridge asks, and plays its recordings to each client
//! from the login on. A [`PbxServer`] puts it on a port.

mod action;
mod answers;
mod block;
mod ids;
mod live;
mod login;
mod mask;
mod options;
mod pbx;
mod playback;
mod recording;
mod server;
mod session;

pub use action::{Action, ActionReader};
pub use options::{PlayOptions, Speed};
pub use pbx::Pbx;
pub use recording::Recording;
pub use server::PbxServer;

#[cfg(test)]
mod tests;
