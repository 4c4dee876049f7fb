//! The daemon over real sockets: the whole path, in trouble, and killed at any instant.
//!
//! One binary for all of it: while one test waits for a socket, another computes.

#![cfg(test)]

mod end_to_end;
mod oracle;
mod soak;
