//! The wire as its users see it: real recordings, the hazards of AMI notes 1, sessions, TLS and a loopback client.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails should stop there"
)]
#![allow(clippy::large_futures, reason = "tests move few futures")]

mod captures;
mod certificates;
mod client;
mod corpus;
mod event_filters;
mod framing;
mod hazards;
mod packets;
mod server;
mod session;
mod support;
mod tls;
