//! The memory: what is owed to whom, in which order, and when to try again.
//!
//! An [`Outbox`] holds one **lane** for each call and endpoint. Only the head of a lane is ever on its way, so an
//! endpoint hears of a call in the order in which it happened, while other calls and other endpoints go on
//! beside it. What is owed leaves a lane when the endpoint has it, or when it is given up; both are counted, and
//! the second is reported as a [`Notice`].
//!
//! It is pure: nothing is sent, stored, logged or timed here. Who owns it takes a [`Delivery`], sends it and
//! [settles](Outbox::settle) it with an [`Outcome`]; the time is an argument, and chance comes from a seed.
//!
//! Today the lanes live in memory, so what is owed when the process ends is lost. The interface is the one that
//! the stored outbox keeps: an event is committed once, under its own id, before anybody is told.

pub mod delivery;
mod endpoint;
mod lane;
mod name;
mod outbox;
mod outcome;
mod schedule;

pub use name::EndpointName;
pub use outbox::{Limits, Outbox};
pub use outcome::{Counts, Delivery, DeliveryId, Health, Notice, Outcome};
pub use schedule::{Jitter, Schedule};
