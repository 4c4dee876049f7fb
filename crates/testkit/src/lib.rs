//! Peers for fault tests: an Asterisk and an HTTP receiver that misbehave as scripted, and a simulated PBX.
//!
//! [`FakeAsterisk`] follows a script on each connection, or puts faults between a client and a well-behaved
//! [`player::PlaybackPbx`]. [`Receiver`] receives HTTP requests and misbehaves. Both listen on the loopback interface,
//! can be awaited without sleeping, and stop when they are dropped. The well-behaved peers are re-exported: [`player`]
//! and [`zammad`].
//!
//! [`PbxSimulator`] is an Asterisk with hundreds of its own calls per second, which go on whether or not a client is
//! connected, and [`PostLogServer`] logs what is posted about them. A [`soak::SoakTest`] puts the daemon between the
//! two, causes connection faults, and compares the posts with the calls.

mod asterisk;
mod gate;
mod post_log;
mod receiver;
mod simulator;
pub mod soak;

pub use asterisk::{ConnectionFault, ConnectionScript, FakeAsterisk, FaultTrigger, ScriptStep};
pub use gate::Gate;
pub use post_log::{CallPosts, PostKind, PostLog, PostLogServer};
pub use receiver::{HttpReply, HttpRequest, Receiver, ReceiverAction};
pub use ringwire_demo::{player, zammad};
pub use simulator::{
    ConnectionCut, PbxSimulator, SentEvents, SimulatedCall, SimulatorCounts, SimulatorOptions,
};
