//! Sends requests to targets over HTTP: clients, TLS, the guard over addresses, credentials and signatures, and what an
//! answer, or its absence, means for the delivery.
//!
//! One [`Sender`] makes one attempt and says what came of it; when to try again is decided elsewhere. No secret that it
//! knows appears in anything that it gives away. It knows the dialects and the configuration of targets.

mod guard;
mod headers;
mod hush;
mod sender;
mod unsent;

pub use sender::{Answer, Sender, Sent};
pub use unsent::Unsent;
