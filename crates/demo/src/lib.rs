//! The peers of the demo: a PBX that plays recordings, and a double of Zammad.
//!
//! Both behave correctly, listen on the loopback interface only, and share no code with the daemon: they implement the
//! notes of docs/asterisk-manager.md (`AMI notes`) and docs/zammad.md (`Zammad notes`) independently, so that tests
//! find misunderstandings.

pub mod player;
pub mod zammad;
