//! Who is told what, and when: the deliveries as a state machine.
//!
//! The store is the truth: every delivery is a row there, written before anybody hears of it. A [`Machine`] holds
//! a **window** of those rows in memory and [asks](Machine::poll_want) for more when it runs low, so a million
//! waiting deliveries cost no more than a few thousand. What becomes of a row goes back as a [`Change`].
//!
//! Within the window there is one **lane** for each call and endpoint. Only the head of a lane is ever on its
//! way, so an endpoint hears of a call in the order in which it happened, while other calls and other endpoints
//! go on beside it. Each endpoint has a [breaker](BreakerState) that spares it while it is down, a limit of
//! requests at once that follows its response times, and a [`Standing`] that the operator, or the endpoint
//! itself, may change.
//!
//! It is pure: nothing is sent, stored, logged or timed here. Who owns it takes a [`Delivery`], sends it and
//! [settles](Machine::settle) it with an [`Outcome`]; the time is an argument, and chance comes from a seed.
//! After each call, [`Machine::poll_want`], [`Machine::poll_change`] and [`Machine::poll_notice`] are to be
//! emptied and [`Machine::take`] asked for what may go out.

mod breaker;
mod endpoint;
mod exchange;
mod gate;
mod lane;
mod lifetimes;
mod limit;
mod machine;
mod outcome;
mod row;
mod standing;
mod window;

pub use breaker::BreakerState;
pub use exchange::{Change, More, Notice, Order, State, Want};
pub use lifetimes::{Late, Lifetimes};
pub use machine::{Limits, Machine, Terms};
pub use outcome::Outcome;
pub use row::{Delivery, DeliveryId, Owed};
pub use standing::{Counts, PausedBy, Standing, Status};
