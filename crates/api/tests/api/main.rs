//! The API server, as clients see it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by failing"
)]

mod access;
mod asking;
mod contract;
mod load;
mod serving;
mod sessions;
mod streams;
mod support;
