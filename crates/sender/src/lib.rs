//! Sends requests to targets over HTTP: clients, TLS, allowed addresses, credentials and signatures, and what a reply,
//! or its absence, means for the delivery.
//!
//! A [`Sender`] makes one attempt and returns its result; when to retry is decided elsewhere. No secret of a target
//! appears in what it returns. It depends on the dialects and the configuration of targets.

mod address_guard;
mod failure;
mod headers;
mod redaction;
mod sender;

pub use failure::RequestFailure;
pub use sender::{ReceivedReply, SendOptions, SendResult, Sender};
