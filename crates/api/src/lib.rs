//! The HTTP API server: where operators, the desk and programs ask what is going on.
//!
//! An [`ApiServer`] answers from the live state (`ringwire-live`), from the journal's readers (`ringwire-outbox`) and
//! from the tracker task ([`ApiQueries`]): JSON, Server-Sent Events that resume without a gap, metrics, and the files of
//! the desk. It is served at a unix socket and, if so configured, on the loopback interface, where a token says who a
//! client is. Its OpenAPI document is made of the routes themselves.
//!
//! Modules from the bottom up: `problem` and `access` know nothing of the rest; `server` holds what all requests share;
//! each file of `routes` is one subject; `router` says which role a route needs; `guard` enforces that; `serve` handles
//! the connections.

mod access;
mod cache;
mod client_address;
mod connection;
mod cookie;
mod extract;
mod guard;
mod journal;
mod limits;
mod openapi;
mod origins;
mod page;
mod places;
mod problem;
mod router;
mod routes;
mod serve;
mod server;
mod sessions;
mod sources;
mod unknown_tokens;

pub use self::{
    access::{Access, Role, Token},
    connection::ListenerKind,
    server::ApiServer,
    sources::{ApiQueries, ApiSources, Channel, ChannelKind},
};
