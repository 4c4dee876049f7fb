//! What is going on now.

use axum::{Json, extract::State};
use jiff::Timestamp;
use ringwire_live::{LiveCall, LiveQueue, LiveUser, queues};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::ApiServer;

/// What is going on.
#[derive(Serialize, ToSchema)]
struct LiveView {
    /// The cursor up to which this is current: with it as `Last-Event-ID`, `/events` continues from here.
    cursor: i64,
    /// The clock of the daemon.
    now: Timestamp,
    /// The calls, oldest first.
    calls: Vec<LiveCall>,
    /// The queues with calls.
    queues: Vec<LiveQueue>,
    /// The known users.
    users: Vec<LiveUser>,
}

pub(crate) fn viewer() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(live))
}

/// The live calls, queues and users
#[utoipa::path(get, path = "/api/v1/live", tag = "now", responses((status = 200, description = "What is going on", body = LiveView)))]
async fn live(State(server): State<ApiServer>) -> Json<LiveView> {
    let live = server.live();
    // The cursor first: a later event may be in the calls already, and comes again.
    let cursor = live.feed().last();
    let calls = live.calls().all();
    let (queues, users) = (queues(&calls), live.calls().users(&calls));
    Json(LiveView { cursor, now: server.now(), calls, queues, users })
}
