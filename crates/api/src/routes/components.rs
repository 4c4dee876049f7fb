//! The states of PBXs and targets, commands to targets, and what `ringwire doctor` wants to know.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use ringwire_delivery::TargetName;
use ringwire_live::{PbxStatus, TargetStatus};
use ringwire_outbox::OperatorCommand;
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::commands::{CommandAccepted, leave_command};
use crate::{
    extract::PathParams,
    problem::Problem,
    server::{ApiServer, with_timeout},
};

/// How long the tracker may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) fn viewer() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(pbxs)).routes(routes!(targets))
}

pub(crate) fn admin() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(diagnosis)).routes(routes!(command_target))
}

/// The states of the connections to PBXs
#[utoipa::path(get, path = "/api/v1/pbxs", tag = "health", responses((status = 200, description = "The PBXs, by name", body = Vec<PbxStatus>)))]
async fn pbxs(State(server): State<ApiServer>) -> Json<Vec<PbxStatus>> {
    let live = server.live();
    let (mut pbxs, calls) = (live.components().pbxs(), live.calls().count_by_pbx());
    for pbx in &mut pbxs {
        pbx.calls = calls.get(&pbx.name).copied().unwrap_or(0);
    }
    Json(pbxs)
}

/// The states of the targets
#[utoipa::path(get, path = "/api/v1/targets", tag = "health", responses((status = 200, description = "The targets, by name", body = Vec<TargetStatus>)))]
async fn targets(State(server): State<ApiServer>) -> Json<Vec<TargetStatus>> {
    Json(server.live().components().targets())
}

/// What `ringwire doctor` wants to know: what each PBX sent lately, and what came of it
#[utoipa::path(get, path = "/api/v1/diagnosis", tag = "health", responses((status = 200, description = "The diagnosis", body = Object)))]
async fn diagnosis(State(server): State<ApiServer>) -> Result<Json<Value>, Problem> {
    match with_timeout(TIMEOUT, server.queries().diagnosis()).await {
        Some(diagnosis) => Ok(Json(diagnosis)),
        None => Err(Problem::no_answer("the tracker does not answer")),
    }
}

/// Retry all dead deliveries to a target; pause it, or resume it
#[utoipa::path(post, path = "/api/v1/targets/{name}/{command}", tag = "deliveries",
    params(("name" = String, Path, description = "The target"),
           ("command" = String, Path, description = "`retry`, `pause` or `resume`")),
    responses((status = 202, description = "The command was accepted", body = CommandAccepted), (status = 404, description = "There is no such target, or no such command")))]
async fn command_target(
    State(server): State<ApiServer>,
    PathParams((name, command)): PathParams<(String, String)>,
) -> Result<(StatusCode, Json<CommandAccepted>), Problem> {
    let target = TargetName::from(name.as_str());
    let request = match command.as_str() {
        "retry" => OperatorCommand::RetryAll(target),
        "pause" => OperatorCommand::Pause(target),
        "resume" => OperatorCommand::Resume(target),
        _ => {
            return Err(
                Problem::not_found(format!("there is no command {command:?}")).hint("retry, pause or resume")
            );
        }
    };
    if !server.live().components().targets().iter().any(|target| target.name == name) {
        return Err(Problem::not_found(format!("there is no target {name:?}")));
    }
    leave_command(&server, request).await
}
