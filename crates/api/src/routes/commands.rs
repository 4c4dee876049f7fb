//! Commands of the operator: left in the journal, from which the daemon takes them.

use axum::{Json, http::StatusCode};
use ringwire_outbox::{CommandReceipt, OperatorCommand};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{problem::Problem, server::ApiServer};

/// A command that was accepted.
#[derive(Serialize, ToSchema)]
pub(crate) struct CommandAccepted {
    /// Whether the daemon has it already; otherwise it will within moments.
    taken: bool,
}

/// Leaves a command for the daemon.
pub(crate) async fn leave_command(
    server: &ApiServer,
    request: OperatorCommand,
) -> Result<(StatusCode, Json<CommandAccepted>), Problem> {
    let taken = server.journal().leave_command(request, server.now()).await? != CommandReceipt::NotYet;
    Ok((StatusCode::ACCEPTED, Json(CommandAccepted { taken })))
}
