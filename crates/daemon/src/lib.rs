//! The daemon: tasks around the pure crates, and the wiring between them. No call logic is here.
//!
//! Each PBX has a `pbx_link` that connects and hands packets on; one task owns all trackers (`tracker_task`) and one the
//! outbox (`delivery_task`), from which each request runs as a task of its own. They talk over bounded channels, in
//! one direction. If one cannot keep up, those before it wait, and at the far end the connection's own queue fills
//! up, ends the connection and so leads to a resync: the socket to the PBX is read all the same.

mod api_listener;
mod api_queries;
#[cfg(feature = "otel")]
mod call_traces;
mod clock;
mod daemon;
mod delivery_task;
mod event_router;
mod journal;
mod log;
mod messages;
mod notify;
mod pbx_link;
mod push;
mod shutdown;
mod target_clients;
mod tracker_task;

pub use self::{
    daemon::{run, serve},
    log::Logging,
    push::Pusher,
    shutdown::{Signal, signals},
};
