//! The memory: what happened, who is owed it, in which order, and when to try again.
//!
//! The [`store`] is the journal on disk: every event is committed there, with what is owed of it, before anybody
//! is told. [`delivery`] decides what is sent when, as pure code over a window of what is stored. Neither knows
//! dialects or HTTP: who owns them sends, and says what came of it.

pub mod delivery;
mod name;
mod schedule;
pub mod store;

pub use name::EndpointName;
pub use schedule::{Jitter, Schedule};
