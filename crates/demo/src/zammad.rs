//! A double of Zammad's generic CTI endpoint.
//!
//! [`ZammadState`] is the endpoint without its network: the call log, its state machine, the checks and errors
//! in their order (Zammad contract, sections 1 to 3). Time is passed in. [`ZammadServer`] puts it on a port.
//!
//! Not part of it: the Caller Log Filter, multipart bodies, the log's own API, and the sipgate and Placetel
//! variants.

mod config;
mod numbers;
mod params;
mod people;
mod row;
mod server;
mod state;

pub use config::{Person, Route, ZammadConfig};
pub use numbers::numbers_in;
pub use params::Params;
pub use row::{Row, State};
pub use server::{Received, ZammadServer};
pub use state::{Answer, ZammadState};

#[cfg(test)]
mod tests;
