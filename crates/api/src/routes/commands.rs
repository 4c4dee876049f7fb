//! Commands of the operator: left in the journal, from which the daemon takes them.

use axum::{Json, http::StatusCode};
use ringwire_outbox::{CommandReceipt, OperatorCommand};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{problem::Problem, server::Counter};

/// What became of an order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ordered {
    /// Whether the daemon has taken it up; if not, it will within moments.
    taken: bool,
}

/// Leaves an order for the daemon.
pub(crate) async fn ordered(
    counter: &Counter,
    request: OperatorCommand,
) -> Result<(StatusCode, Json<Ordered>), Problem> {
    let taken = counter.journal().order(request, counter.now()).await? != CommandReceipt::NotYet;
    Ok((StatusCode::ACCEPTED, Json(Ordered { taken })))
}
