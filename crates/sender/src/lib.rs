//! Sends requests to targets over HTTP: clients, TLS, allowed addresses, credentials and signatures, and what a reply,
//! or its absence, means for the delivery.
//!
//! A [`Sender`] makes one attempt and returns its result; when to retry is decided elsewhere. No secret of a target
//! appears in what it returns. It depends on the dialects and the configuration of targets.

mod address_guard;
#[cfg(feature = "brokers")]
mod broker;
#[cfg(not(feature = "brokers"))]
#[path = "no_broker.rs"]
mod broker;
mod failure;
mod headers;
mod redaction;
mod reply;
mod scheme;
mod sender;
mod tokens;
mod transport;
mod user_list;

pub use failure::RequestFailure;
pub use reply::{ReceivedReply, SendResult};
pub use sender::Sender;
