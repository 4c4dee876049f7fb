//! Whether the daemon lives and is ready; and the metrics.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Extension, Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use ringwire_live::{HealthReport, METRICS_CONTENT_TYPE};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{access::Principal, problem::Problem, server::ApiServer};

/// How old the last heartbeat of the tracker may be.
const SILENCE: Duration = Duration::from_secs(30);

/// How old the count of pending deliveries may be: counting reads all of them.
const MAX_AGE: Duration = Duration::from_secs(5);

/// The path that says whether the daemon lives.
pub(crate) const LIVEZ: &str = "/livez";

/// The path that says whether it is ready.
pub(crate) const READYZ: &str = "/readyz";

/// Whether the daemon lives.
#[derive(Serialize, ToSchema)]
struct Liveness {
    /// `alive`.
    status: &'static str,
}

pub(crate) fn open() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(livez)).routes(routes!(readyz))
}

pub(crate) fn viewer() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(metrics))
}

/// Whether the daemon lives; if not, it should be restarted
#[utoipa::path(get, path = "/livez", tag = "health", responses(
    (status = 200, description = "It lives", body = Liveness),
    (status = 503, description = "The tracker is stuck")))]
async fn livez(State(server): State<ApiServer>) -> Result<Json<Liveness>, Problem> {
    if server.live().is_alive(server.now(), SILENCE) {
        return Ok(Json(Liveness { status: "alive" }));
    }
    let seconds = SILENCE.as_secs();
    Err(Problem::no_answer(format!("the tracker has given no sign of life for more than {seconds} s"))
        .hint("restart the daemon; its log and the stacks of its threads help to find the cause"))
}

/// Whether the daemon is ready, and the state of each component
///
/// Only clients with a token see reasons and hints.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "It is ready", body = HealthReport),
    (status = 503, description = "It is not ready", body = HealthReport)))]
async fn readyz(
    State(server): State<ApiServer>,
    client: Option<Extension<Principal>>,
) -> (StatusCode, Json<HealthReport>) {
    let live = server.live();
    let mut health = live.components().report(live.started_at());
    if client.is_none() {
        for component in &mut health.components {
            (component.reason, component.hint) = (None, None);
        }
    }
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

/// The metrics, as OpenMetrics text
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, description = "The metrics", content_type = "application/openmetrics-text", body = String)))]
async fn metrics(State(server): State<ApiServer>) -> Response {
    let (live, now) = (server.live(), server.now());
    let metrics = live.metrics();
    let calls = live.calls().count_by_pbx();
    for pbx in live.components().pbxs() {
        metrics.set_calls(&pbx.name, calls.get(&pbx.name).copied().unwrap_or(0));
    }
    // Targets that the journal does not count have nothing pending.
    let mut pending: BTreeMap<_, _> =
        live.components().targets().into_iter().map(|target| (target.name, (0, Duration::ZERO))).collect();
    for waiting in server.pending(MAX_AGE).await {
        let age = waiting.oldest.and_then(|oldest| now.duration_since(oldest).try_into().ok());
        pending.insert(waiting.target, (waiting.count, age.unwrap_or_default()));
    }
    metrics.set_pending(pending.into_iter().map(|(target, (count, oldest))| (target, count, oldest)));
    metrics.set_journal_size(server.journal().path());
    metrics.set_streams(server.limits().streams());
    ([(header::CONTENT_TYPE, METRICS_CONTENT_TYPE)], metrics.encode()).into_response()
}
