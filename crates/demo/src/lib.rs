//! The peers of the demo: a PBX that plays recordings, and a Zammad that keeps its state machine.
//!
//! Both behave well, listen on the loopback interface only, and share no code with the daemon: what they do
//! comes from the contracts, so that a misunderstanding on one side shows.

pub mod player;
pub mod zammad;
