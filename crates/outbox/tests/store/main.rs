//! The journal on disk, as its users see it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by failing")]

mod orders;
mod places;
mod reading;
mod retention;
mod stories;
mod support;
mod upgrade;
mod writing;
