//! The wire as its users see it: real recordings, the hazards of AMI contract 1, sessions and a loopback client.

mod captures;
mod framing;
mod packets;
mod support;
