//! The live state of the daemon: what is going on now, for whoever looks.
//!
//! The daemon reports to one [`Desk`]: events that were committed, deliveries that got further, how PBXs and endpoints
//! do. From that it keeps the live calls, queues and users ([`Live`]), the health of each component ([`Parts`]), the
//! charts of the last hour ([`Charts`]) and the metrics ([`Metrics`]), and passes every change on to listeners
//! ([`Feed`]). Reporting never waits for anybody who looks or listens.
//!
//! Nothing here knows of HTTP, of sockets or of the page: the API server and `ringwire demo` read this state.

mod calls;
mod charts;
mod diagnosis;
mod feed;
mod health;
mod metrics;
mod observations;
mod state;

pub use self::{
    calls::{CallState, Live, LiveCall, Queue, Transferred, User, UserState, Waiting, queues},
    charts::{Charts, Minute},
    diagnosis::{CallCounts, Diagnosis, EventCounts, InternalContext, PbxDiagnosis, UnknownUser},
    feed::{Feed, Frame, Owing, Settled, Told, wire},
    health::{EndpointStatus, Health, Part, Parts, PbxState, PbxStatus},
    metrics::{AttemptOutcome, CONTENT_TYPE, DeadReason, Metrics},
    observations::Observations,
    state::Desk,
};
