//! The model: AMI packets in, call events out.
//!
//! [`Tracker`] follows channels by Uniqueid, ties them into calls and says what happens to each call. It is pure:
//! time is an argument, nothing is read or written, so the same packets at the same times give the same events
//! in production, in a replay and in a test.

mod directory;
mod model;
mod numbers;
mod recorder;
mod rules;
mod tracker;

pub use directory::{Directory, User};
pub use numbers::{NumberPlan, UnknownCountry};
pub use rules::{Pattern, Rules};
pub use tracker::{Outline, Tracker};
