//! The program as a whole: as people and scripts use it, its daemon over real sockets, and its page in a browser.
//!
//! One binary for all of it: while one test waits for a socket, another computes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]
#![allow(clippy::print_stdout, reason = "figures, with --nocapture")]

#[path = "../browser/mod.rs"]
mod browser;
mod calls;
mod capture;
mod check;
#[path = "../daemon/mod.rs"]
mod daemon;
mod deliveries;
mod demo;
mod dialect;
mod doctor;
mod documentation;
mod explain;
mod journal;
mod push;
mod replay;
mod sessions;
mod support;
mod tail;
mod top;
