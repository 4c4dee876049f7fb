//! The last hour.

use axum::{Json, extract::State};
use ringwire_live::Minute;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::Counter;

/// The last hour.
#[derive(Serialize, ToSchema)]
struct Hour {
    /// Its sixty minutes, oldest first.
    minutes: Vec<Minute>,
}

pub(crate) fn viewer() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(charts))
}

/// The last hour, minute by minute: times of ringing and talking in seconds, delays of delivery in milliseconds
#[utoipa::path(get, path = "/api/v1/charts", tag = "health", responses((status = 200, description = "The last hour", body = Hour)))]
async fn charts(State(counter): State<Counter>) -> Json<Hour> {
    Json(Hour { minutes: counter.desk().charts().minutes(counter.now()) })
}
