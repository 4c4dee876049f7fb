//! Peers for tests of faults: an Asterisk and a receiver that misbehave as they are told.
//!
//! [`FakeAsterisk`] follows a script a connection, or lets a well-behaved [`player::Pbx`] speak and does harm on
//! the way. [`Receiver`] answers posts, badly. Both listen on the loopback interface, need no sleeping to be
//! waited for, and are gone when dropped. The well-behaved peers come along: [`player`] and [`zammad`].

mod asterisk;
mod gate;
mod receiver;

pub use asterisk::{FakeAsterisk, Script, Step, Trouble, When};
pub use gate::Gate;
pub use receiver::{Act, Receiver, Reply, Request};
pub use ringwire_demo::{player, zammad};
