//! The binary, as people and scripts use it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod capture;
mod demo;
mod push;
mod replay;
mod support;
mod tail;
