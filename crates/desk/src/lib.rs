//! The counter at which operators, agents and programs ask what is going on.
//!
//! The daemon tells a [`Desk`] what happens: what was committed, what became of deliveries, how PBXs and endpoints do.
//! It keeps the calls as they stand ([`Live`]), passes everything on to those who listen ([`Feed`]), counts
//! ([`Metrics`], [`Charts`]), and knows how each part does ([`Parts`]). Nobody who looks or listens can make those
//! wait who tell.
//!
//! A [`Counter`] is where it is asked: an HTTP API with its OpenAPI document, streams of events that resume without a
//! gap, metrics, and the desk, which is a web page. It is served at a unix socket and, if so configured, on the
//! loopback interface, where a token says who asks.

mod api;
mod charts;
mod desk;
mod feed;
mod live;
mod metrics;
mod page;
mod parts;

pub use self::{
    api::{Access, Channel, ChannelKind, Counter, Door, Role, Sources, Switchboard, Token},
    charts::{Charts, Minute},
    desk::Desk,
    feed::{Feed, Frame, Owing, Settled, Told},
    live::{CallState, Live, LiveCall, Queue, Transferred, User, UserState, Waiting, queues},
    metrics::{AttemptOutcome, CONTENT_TYPE, DeadReason, Metrics},
    parts::{EndpointStatus, Health, Part, Parts, PbxState, PbxStatus},
};
