//! The daemon over real sockets: the whole path, in trouble, and killed at any instant.

mod end_to_end;
mod faults;
mod logged;
mod oracle;
mod small_system;
mod soak;
mod steps;
mod support;
