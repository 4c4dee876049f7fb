//! The binary, as people and scripts use it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod calls;
mod capture;
mod check;
mod deliveries;
mod demo;
mod doctor;
mod documentation;
mod explain;
mod journal;
mod push;
mod replay;
mod support;
mod tail;
mod top;
