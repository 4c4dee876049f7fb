//! Peers for tests of faults: an Asterisk and a receiver that misbehave as they are told.
//!
//! [`FakeAsterisk`] follows a script a connection, or lets a well-behaved [`player::PlaybackPbx`] speak and does harm on
//! the way. [`Receiver`] answers posts, badly. Both listen on the loopback interface, need no sleeping to be
//! waited for, and are gone when dropped. The well-behaved peers come along: [`player`] and [`zammad`].
//!
//! [`Exchange`] is an Asterisk with calls of its own, hundreds a second, that go on whether or not anybody listens,
//! and [`TallyServer`] counts what is posted of them. A [`soak::Soak`] puts the daemon between the two, makes trouble,
//! and holds what was posted against what happened.

mod asterisk;
mod exchange;
mod gate;
mod receiver;
pub mod soak;
mod tally;

pub use asterisk::{FakeAsterisk, Script, Step, Trouble, When};
pub use exchange::{Cut, Entry, Exchange, ExchangeCounts, ExchangeOptions, Told};
pub use gate::Gate;
pub use receiver::{Act, Receiver, Reply, Request};
pub use ringwire_demo::{player, zammad};
pub use tally::{Post, Posts, Tally, TallyServer};
