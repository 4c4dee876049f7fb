//! How PBXs and endpoints do, and what `ringwire doctor` wants to know.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use ringwire_delivery::TargetName;
use ringwire_live::{EndpointStatus, PbxStatus};
use ringwire_outbox::OperatorCommand;
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::commands::{Ordered, ordered};
use crate::{
    extract::Named,
    problem::Problem,
    server::{Counter, within},
};

/// How long the one who follows the calls is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn viewer() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(pbxs)).routes(routes!(endpoints))
}

pub(crate) fn admin() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(diagnosis)).routes(routes!(order_endpoint))
}

/// How the connections to the PBXs stand
#[utoipa::path(get, path = "/api/v1/pbxs", tag = "health", responses((status = 200, description = "The PBXs, by name", body = Vec<PbxStatus>)))]
async fn pbxs(State(counter): State<Counter>) -> Json<Vec<PbxStatus>> {
    let desk = counter.desk();
    let (mut pbxs, calls) = (desk.parts().pbxs(), desk.live().by_pbx());
    for pbx in &mut pbxs {
        pbx.calls = calls.get(&pbx.name).copied().unwrap_or(0);
    }
    Json(pbxs)
}

/// How the endpoints do
#[utoipa::path(get, path = "/api/v1/endpoints", tag = "health", responses((status = 200, description = "The endpoints, by name", body = Vec<EndpointStatus>)))]
async fn endpoints(State(counter): State<Counter>) -> Json<Vec<EndpointStatus>> {
    Json(counter.desk().parts().endpoints())
}

/// What `ringwire doctor` wants to know: what each PBX said lately, and what became of it
#[utoipa::path(get, path = "/api/v1/diagnosis", tag = "health", responses((status = 200, description = "The diagnosis", body = Object)))]
async fn diagnosis(State(counter): State<Counter>) -> Result<Json<Value>, Problem> {
    match within(PATIENCE, counter.switchboard().diagnosis()).await {
        Some(diagnosis) => Ok(Json(diagnosis)),
        None => Err(Problem::no_answer("the one who follows the calls does not answer")),
    }
}

/// Retry all that was given up to an endpoint; pause it, or resume it
#[utoipa::path(post, path = "/api/v1/endpoints/{name}/{order}", tag = "deliveries",
    params(("name" = String, Path, description = "The endpoint"),
           ("order" = String, Path, description = "`retry`, `pause` or `resume`")),
    responses((status = 202, description = "It was ordered", body = Ordered), (status = 404, description = "There is no such endpoint, or no such order")))]
async fn order_endpoint(
    State(counter): State<Counter>,
    Named((name, order)): Named<(String, String)>,
) -> Result<(StatusCode, Json<Ordered>), Problem> {
    let endpoint = TargetName::from(name.as_str());
    let request = match order.as_str() {
        "retry" => OperatorCommand::RetryAll(endpoint),
        "pause" => OperatorCommand::Pause(endpoint),
        "resume" => OperatorCommand::Resume(endpoint),
        _ => return Err(Problem::not_found(format!("{order:?} is no order")).hint("retry, pause or resume")),
    };
    if !counter.desk().parts().endpoints().iter().any(|endpoint| endpoint.name == name) {
        return Err(Problem::not_found(format!("there is no endpoint {name:?}")));
    }
    ordered(&counter, request).await
}
