//! The HTTP API server: where operators, the desk and programs ask what is going on.
//!
//! A [`Counter`] answers from the live state (`ringwire-live`), from the journal's readers (`ringwire-outbox`) and from
//! the task that follows the calls (a [`Switchboard`]): JSON, Server-Sent Events that resume without a gap, metrics, and
//! the files of the desk. It is served at a unix socket and, if so configured, on the loopback interface, where a token
//! says who asks. Its OpenAPI document is made of the routes themselves.
//!
//! Read it from the bottom: `problem` and `access` know nothing of the rest; `server` holds what all requests
//! share; each file of `routes` is one subject; `router` says which role a route needs, `guard` sees to it, and
//! `serve` does the connections.

mod access;
mod cache;
mod connection;
mod cookie;
mod extract;
mod guard;
mod journal;
mod limits;
mod openapi;
mod origins;
mod page;
mod problem;
mod router;
mod routes;
mod serve;
mod server;
mod sources;

pub use self::{
    access::{Access, Role, Token},
    connection::Door,
    server::Counter,
    sources::{Channel, ChannelKind, Sources, Switchboard},
};
