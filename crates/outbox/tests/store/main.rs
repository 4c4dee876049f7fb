//! The journal on disk, as its users see it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by failing")]

mod commands;
mod erasure;
mod explanations;
mod locations;
mod loss;
mod reading;
mod retention;
mod steps;
mod support;
mod upgrade;
mod writing;
