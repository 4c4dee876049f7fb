//! The live state of the daemon: what is going on now, for whoever looks.
//!
//! The daemon updates one [`LiveState`]: it holds the live calls, queues and users ([`LiveCalls`]), the state of each
//! component ([`Components`]), the charts of the last hour ([`Charts`]) and the metrics ([`Metrics`]), and passes every
//! change on to listeners ([`Feed`]). An update never waits for anybody who looks or listens.
//!
//! What an operator may learn from the daemon is an [`InternalEvent`]: emitting it through an [`EventEmitter`] logs it,
//! counts it and updates the state.
//!
//! Nothing here knows of HTTP, of sockets or of the page: the API server and `ringwire demo` read this state.

mod call;
mod calls;
mod charts;
mod components;
mod diagnosis;
mod feed;
mod internal_events;
mod metrics;
mod observations;
mod queues;
mod state;
mod status;
mod users;

pub use self::{
    call::{CallState, LastTransfer, LiveCall},
    calls::LiveCalls,
    charts::{ChartMinute, Charts},
    components::{Components, Trouble},
    diagnosis::{CallCounts, Diagnosis, EventCounts, InternalContext, PbxDiagnosis, UnknownUser},
    feed::{DeliveryProgress, EventDelivery, Feed, FeedFrame, PublishedEvent, sse_frame},
    internal_events::{
        ApiEvent, DaemonEvent, DeliveryEvent, EventEmitter, InternalEvent, JournalEvent, PbxEvent,
        TargetEvent, TrackerEvent,
    },
    metrics::{AttemptOutcome, DeadReason, METRICS_CONTENT_TYPE, Metrics},
    observations::Observations,
    queues::{LiveQueue, WaitingCaller, queues},
    state::LiveState,
    status::{CircuitBreaker, Component, HealthReport, PbxState, PbxStatus, TargetStatus},
    users::{LiveUser, UserState},
};
