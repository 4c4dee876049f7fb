//! Whether the daemon lives, and does what it is there for; and what is counted.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Extension, Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use ringwire_live::{CONTENT_TYPE, Health};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{access::Who, problem::Problem, server::Counter};

/// How long the one who follows the calls may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// How old the count of what is owed may be: it looks at all that is open.
const FRESH: Duration = Duration::from_secs(5);

/// Whether the daemon lives.
#[derive(Serialize, ToSchema)]
struct Life {
    /// `alive`.
    status: &'static str,
}

pub(crate) fn open() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(livez)).routes(routes!(readyz))
}

pub(crate) fn viewer() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(metrics))
}

/// Whether the daemon lives: if not, it should be started anew
#[utoipa::path(get, path = "/livez", tag = "health", responses(
    (status = 200, description = "It lives", body = Life),
    (status = 503, description = "The one who follows the calls is stuck")))]
async fn livez(State(counter): State<Counter>) -> Result<Json<Life>, Problem> {
    if counter.desk().is_alive(counter.now(), SILENCE) {
        return Ok(Json(Life { status: "alive" }));
    }
    let seconds = SILENCE.as_secs();
    Err(Problem::no_answer(format!(
        "the one who follows the calls has been silent for more than {seconds} s"
    ))
    .hint("start the daemon anew; its log and a stack of its threads help to find out why"))
}

/// Whether the daemon does what it is there for, and how its parts do
///
/// Reasons and hints are told only to those who have a token.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "It does", body = Health),
    (status = 503, description = "It does not", body = Health)))]
async fn readyz(State(counter): State<Counter>, who: Option<Extension<Who>>) -> (StatusCode, Json<Health>) {
    let desk = counter.desk();
    let mut health = desk.parts().health(desk.began());
    if who.is_none() {
        for part in &mut health.parts {
            (part.reason, part.hint) = (None, None);
        }
    }
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

/// What is counted, as OpenMetrics text
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, description = "What is counted", content_type = "application/openmetrics-text", body = String)))]
async fn metrics(State(counter): State<Counter>) -> Response {
    let (desk, now) = (counter.desk(), counter.now());
    let metrics = desk.metrics();
    let calls = desk.live().by_pbx();
    for pbx in desk.parts().pbxs() {
        metrics.calls(&pbx.name, calls.get(&pbx.name).copied().unwrap_or(0));
    }
    // An endpoint that is not counted is owed nothing.
    let mut owed: BTreeMap<_, _> =
        desk.parts().endpoints().into_iter().map(|endpoint| (endpoint.name, (0, Duration::ZERO))).collect();
    for waiting in counter.pending(FRESH).await {
        let age = waiting.oldest.and_then(|oldest| now.duration_since(oldest).try_into().ok());
        owed.insert(waiting.target, (waiting.count, age.unwrap_or_default()));
    }
    metrics.outbox(owed.into_iter().map(|(endpoint, (count, oldest))| (endpoint, count, oldest)));
    metrics.journal_size(counter.journal().path());
    metrics.streams(counter.limits().streams());
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], metrics.encode()).into_response()
}
