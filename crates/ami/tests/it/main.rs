//! The wire as its users see it: real recordings, the hazards of AMI contract 1, sessions and a loopback client.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails should stop there"
)]

mod captures;
mod client;
mod framing;
mod packets;
mod session;
mod support;
