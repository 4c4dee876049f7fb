//! The daemon: tasks around the pure crates, and the wiring between them. No call logic is here.
//!
//! Each PBX has a [`link`] that connects and hands packets on; one task owns all trackers ([`mod@follow`]) and one the
//! outbox ([`dispatch`]), from which each request runs as a task of its own. They talk over bounded channels, in
//! one direction. If one cannot keep up, those before it wait, and at the far end the connection's own queue fills
//! up, ends the connection and so leads to a reconciliation: the socket to the PBX is read all the same.

mod clock;
mod daemon;
mod dispatch;
mod follow;
mod journal;
mod link;
mod log;
mod messages;
mod notify;
mod push;
mod recipients;
mod router;
mod shutdown;
mod switchboard;
#[cfg(feature = "otel")]
mod traces;
mod window;

pub use self::{
    daemon::{run, serve},
    log::Logging,
    push::Pusher,
    shutdown::{Signal, signals},
};
