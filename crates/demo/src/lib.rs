//! The peers of the demo: a PBX that plays recordings, and a double of Zammad.
//!
//! Both behave correctly, listen on the loopback interface only, and share no code with the daemon: they implement the
//! contracts independently, so that tests find misunderstandings.

pub mod player;
pub mod zammad;
