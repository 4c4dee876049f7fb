//! Deliveries, and commands to them.

use axum::{Extension, Json, extract::State, http::StatusCode};
use ringwire_delivery::DeliveryId;
use ringwire_outbox::{DeliveryFilter, DeliveryRecord, DeliveryTally, OperatorCommand, StoredDeliveryState};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    commands::{CommandAccepted, leave_command},
    delivery::{Delivery, hide_replies},
};
use crate::{
    access::Principal,
    extract::{PathParams, QueryParams, comma_separated, optional},
    problem::Problem,
    server::ApiServer,
};

/// The default and the greatest number of listed deliveries.
const PAGE: (usize, usize) = (100, 1000);

/// Which deliveries to list.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
struct DeliveryListQuery {
    /// To this target
    #[serde(deserialize_with = "optional")]
    target: Option<String>,
    /// In one of these states, with commas between: `pending`, `retry`, `delivered`, `dead`, `expired`, `dropped`, `unknown`, `paused`
    #[serde(deserialize_with = "comma_separated")]
    #[param(value_type = Option<String>)]
    state: Vec<String>,
    /// Of this call
    #[serde(deserialize_with = "optional")]
    call: Option<String>,
    /// At most this many: 100 by default, 1000 at most
    #[serde(deserialize_with = "optional")]
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// Deliveries, and how many there are.
#[derive(Serialize, ToSchema)]
struct DeliveryList {
    /// Newest first.
    deliveries: Vec<DeliveryRecord>,
    /// How many there are for each target in each state but `delivered`.
    tallies: Vec<DeliveryTally>,
}

/// All that is known of one delivery.
#[derive(Serialize, ToSchema)]
struct DeliveryDetail {
    #[serde(flatten)]
    delivery: Delivery,
    /// The event itself.
    #[schema(value_type = Object)]
    #[serde(rename = "sentEvent")]
    sent_event: Value,
}

pub(crate) fn agent() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(deliveries)).routes(routes!(delivery))
}

pub(crate) fn admin() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(command_delivery))
}

/// Deliveries, newest first
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "deliveries", params(DeliveryListQuery),
    responses((status = 200, description = "The deliveries", body = DeliveryList)))]
async fn deliveries(
    State(server): State<ApiServer>,
    Extension(client): Extension<Principal>,
    QueryParams(query): QueryParams<DeliveryListQuery>,
) -> Result<Json<DeliveryList>, Problem> {
    server.limits().search(&client)?;
    let filter = query.filter()?;
    let read = move |reader: &_| found(reader, &filter);
    let mut list = server.journal().read(read).await?;
    list.deliveries.iter_mut().for_each(|delivery| hide_replies(client.role, delivery));
    Ok(Json(list))
}

fn found(reader: &ringwire_outbox::StoreReader, filter: &DeliveryFilter) -> rusqlite::Result<DeliveryList> {
    let (mut deliveries, tallies) = (reader.deliveries(filter)?, reader.tallies()?);
    deliveries.reverse();
    Ok(DeliveryList { deliveries, tallies })
}

/// One delivery: the event, and each attempt
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", tag = "deliveries",
    params(("id" = i64, Path, description = "The number of the delivery")),
    responses((status = 200, description = "The delivery", body = DeliveryDetail), (status = 404, description = "There is no such delivery")))]
async fn delivery(
    State(server): State<ApiServer>,
    Extension(client): Extension<Principal>,
    PathParams(id): PathParams<i64>,
) -> Result<Json<DeliveryDetail>, Problem> {
    let found = server.journal().read(move |reader| reader.delivery(DeliveryId(id))).await?;
    let Some(found) = found else { return Err(unknown(id)) };
    let delivery = Delivery::shown_to(client.role, (found.delivery, found.attempts));
    Ok(Json(DeliveryDetail { delivery, sent_event: found.sent_event }))
}

/// Retry a delivery from the first attempt, or drop it
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/{command}", tag = "deliveries",
    params(("id" = i64, Path, description = "The number of the delivery"),
           ("command" = String, Path, description = "`retry` or `drop`")),
    responses((status = 202, description = "The command was accepted", body = CommandAccepted),
        (status = 404, description = "There is no such delivery, or no such command"),
        (status = 409, description = "The target has it already")))]
async fn command_delivery(
    State(server): State<ApiServer>,
    PathParams((id, command)): PathParams<(i64, String)>,
) -> Result<(StatusCode, Json<CommandAccepted>), Problem> {
    let request = match command.as_str() {
        "retry" => OperatorCommand::Retry(DeliveryId(id)),
        "drop" => OperatorCommand::Drop(DeliveryId(id)),
        _ => return Err(Problem::not_found(format!("there is no command {command:?}")).hint("retry or drop")),
    };
    let found = server.journal().read(move |reader| reader.delivery(DeliveryId(id))).await?;
    match found {
        None => Err(unknown(id)),
        Some(found) if found.delivery.state == StoredDeliveryState::Delivered.as_str() => {
            Err(Problem::new(StatusCode::CONFLICT, format!("delivery {id} was delivered already")))
        }
        Some(_) => leave_command(&server, request).await,
    }
}

fn unknown(id: i64) -> Problem {
    Problem::not_found(format!("there is no delivery {id} in the journal"))
}

impl DeliveryListQuery {
    fn filter(self) -> Result<DeliveryFilter, Problem> {
        let mut filter = DeliveryFilter {
            target: self.target,
            states: Vec::new(),
            paused: false,
            call: self.call,
            limit: self.limit.unwrap_or(PAGE.0).clamp(1, PAGE.1),
        };
        for word in &self.state {
            match StoredDeliveryState::parse(word) {
                Some(state) => filter.states.push(state),
                None if word == "paused" => filter.paused = true,
                None => {
                    let all = StoredDeliveryState::ALL.map(StoredDeliveryState::as_str).join(", ");
                    let problem = Problem::bad_request(format!("{word:?} is not a state of a delivery"));
                    return Err(problem.hint(format!("{all} or paused")));
                }
            }
        }
        Ok(filter)
    }
}
