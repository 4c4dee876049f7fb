//! The dialects: what each system wants to be told, and what its replies mean.
//!
//! A [`Dialect`] turns a call event into the request to send, and the reply to it into a [`Verdict`] with
//! [`Directive`]s for the PBX. Nothing here opens a socket: the daemon sends, the replay prints, the tests compare.

mod dialect;
mod encode;
mod excerpt;
mod filter;
mod registry;
mod status;
mod zammad;

pub use dialect::{Body, Dialect, Directive, Reply, Request, Verdict};
pub use excerpt::excerpt;
pub use registry::{by_name, names};
pub use zammad::{Format, To, Zammad, ZammadOptions};
