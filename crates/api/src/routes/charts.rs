//! The last hour.

use axum::{Json, extract::State};
use ringwire_live::ChartMinute;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::ApiServer;

/// The last hour.
#[derive(Serialize, ToSchema)]
struct ChartHour {
    /// Its sixty minutes, oldest first.
    minutes: Vec<ChartMinute>,
}

pub(crate) fn viewer() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(charts))
}

/// The last hour, minute by minute: ringing and talking times in seconds, delivery delays in milliseconds
#[utoipa::path(get, path = "/api/v1/charts", tag = "health", responses((status = 200, description = "The last hour", body = ChartHour)))]
async fn charts(State(server): State<ApiServer>) -> Json<ChartHour> {
    Json(ChartHour { minutes: server.live().charts().minutes(server.now()) })
}
