//! What is going on now.

use axum::{Json, extract::State};
use jiff::Timestamp;
use ringwire_live::{LiveCall, Queue, User, queues};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::Counter;

/// What is going on.
#[derive(Serialize, ToSchema)]
struct Now {
    /// The place of the journal up to which this holds: with it as `Last-Event-ID`, `/events` tells all that comes after.
    journal: i64,
    /// The time here.
    now: Timestamp,
    /// The calls, oldest first.
    calls: Vec<LiveCall>,
    /// The queues with calls.
    queues: Vec<Queue>,
    /// The users who are known.
    users: Vec<User>,
}

pub(crate) fn viewer() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(live))
}

/// The calls, queues and users as they stand
#[utoipa::path(get, path = "/api/v1/live", tag = "now", responses((status = 200, description = "What is going on", body = Now)))]
async fn live(State(counter): State<Counter>) -> Json<Now> {
    let desk = counter.desk();
    // The place first: what happens from here on may be in the calls already, and is told again.
    let journal = desk.feed().last();
    let calls = desk.live().calls();
    let (queues, users) = (queues(&calls), desk.live().users(&calls));
    Json(Now { journal, now: counter.now(), calls, queues, users })
}
