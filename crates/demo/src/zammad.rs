//! A double of Zammad's generic CTI integration.
//!
//! [`ZammadState`] is the integration without a network: the caller log, its state machine, and the checks and errors
//! in their order (Zammad notes, sections 1 to 3). Time is an argument. [`ZammadServer`] puts it on a port.
//!
//! Not implemented: the Caller Log Filter, multipart bodies, the API of the log, and the sipgate and Placetel variants.

mod call_log;
mod config;
mod lookup;
mod numbers;
mod params;
mod server;
mod state;

pub use call_log::{CallLogEntry, CallLogState};
pub use config::{CallerIdRoute, ZammadConfig, ZammadPerson};
pub use numbers::numbers_in;
pub use params::RequestParams;
pub use server::{ReceivedRequest, ZammadServer};
pub use state::{ZammadReply, ZammadState};

#[cfg(test)]
mod tests;
