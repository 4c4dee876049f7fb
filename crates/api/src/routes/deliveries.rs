//! What is owed to whom, and orders about it.

use axum::{Extension, Json, extract::State, http::StatusCode};
use ringwire_delivery::DeliveryId;
use ringwire_outbox::{DeliveryFilter, DeliveryRecord, DeliveryTally, OperatorCommand, StoredDeliveryState};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    commands::{Ordered, ordered},
    delivery::Delivery,
};
use crate::{
    access::Who,
    extract::{Asked, Named, filled, words},
    problem::Problem,
    server::Counter,
};

/// How many are listed unless told otherwise, and at most.
const PAGE: (usize, usize) = (100, 1000);

/// Which deliveries to list.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
struct Which {
    /// To this endpoint
    #[serde(deserialize_with = "filled")]
    endpoint: Option<String>,
    /// In one of these states, with commas between: `pending`, `retry`, `delivered`, `dead`, `expired`, `dropped`, `paused`
    #[serde(deserialize_with = "words")]
    #[param(value_type = Option<String>)]
    state: Vec<String>,
    /// Of this call
    #[serde(deserialize_with = "filled")]
    call: Option<String>,
    /// At most so many: 100 unless given, 1000 at most
    #[serde(deserialize_with = "filled")]
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// Some deliveries, and how many there are.
#[derive(Serialize, ToSchema)]
struct Deliveries {
    /// Newest first.
    deliveries: Vec<DeliveryRecord>,
    /// How many there are to each endpoint in each state but `delivered`.
    tallies: Vec<DeliveryTally>,
}

/// All that is known of one delivery.
#[derive(Serialize, ToSchema)]
struct Detail {
    #[serde(flatten)]
    delivery: Delivery,
    /// The event that is told.
    #[schema(value_type = Object)]
    told: Value,
}

pub(crate) fn agent() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(deliveries)).routes(routes!(delivery))
}

pub(crate) fn admin() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(order_delivery))
}

/// What is owed, or was, newest first
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "deliveries", params(Which),
    responses((status = 200, description = "The deliveries", body = Deliveries)))]
async fn deliveries(
    State(counter): State<Counter>,
    Extension(who): Extension<Who>,
    Asked(which): Asked<Which>,
) -> Result<Json<Deliveries>, Problem> {
    counter.limits().search(&who)?;
    let filter = which.filter()?;
    let read = move |reader: &_| found(reader, &filter);
    counter.journal().read(read).await.map(Json)
}

fn found(reader: &ringwire_outbox::StoreReader, filter: &DeliveryFilter) -> rusqlite::Result<Deliveries> {
    let (mut deliveries, tallies) = (reader.deliveries(filter)?, reader.tallies()?);
    deliveries.reverse();
    Ok(Deliveries { deliveries, tallies })
}

/// One delivery: the event, and each try
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", tag = "deliveries",
    params(("id" = i64, Path, description = "The number of the delivery")),
    responses((status = 200, description = "The delivery", body = Detail), (status = 404, description = "There is no such delivery")))]
async fn delivery(
    State(counter): State<Counter>,
    Extension(who): Extension<Who>,
    Named(id): Named<i64>,
) -> Result<Json<Detail>, Problem> {
    let found = counter.journal().read(move |reader| reader.delivery(DeliveryId(id))).await?;
    let Some(found) = found else { return Err(unknown(id)) };
    let delivery = Delivery::shown_to(who.role, (found.delivery, found.attempts));
    Ok(Json(Detail { delivery, told: found.sent_event }))
}

/// Try a delivery again from the first try, or take it out
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/{order}", tag = "deliveries",
    params(("id" = i64, Path, description = "The number of the delivery"),
           ("order" = String, Path, description = "`retry` or `drop`")),
    responses((status = 202, description = "It was ordered", body = Ordered),
        (status = 404, description = "There is no such delivery, or no such order"),
        (status = 409, description = "The endpoint has it already")))]
async fn order_delivery(
    State(counter): State<Counter>,
    Named((id, order)): Named<(i64, String)>,
) -> Result<(StatusCode, Json<Ordered>), Problem> {
    let request = match order.as_str() {
        "retry" => OperatorCommand::Retry(DeliveryId(id)),
        "drop" => OperatorCommand::Drop(DeliveryId(id)),
        _ => return Err(Problem::not_found(format!("{order:?} is no order")).hint("retry or drop")),
    };
    let found = counter.journal().read(move |reader| reader.delivery(DeliveryId(id))).await?;
    match found {
        None => Err(unknown(id)),
        Some(found) if found.delivery.state == StoredDeliveryState::Delivered.as_str() => {
            Err(Problem::new(StatusCode::CONFLICT, format!("delivery {id} is with its endpoint already")))
        }
        Some(_) => ordered(&counter, request).await,
    }
}

fn unknown(id: i64) -> Problem {
    Problem::not_found(format!("there is no delivery {id} in the journal"))
}

impl Which {
    fn filter(self) -> Result<DeliveryFilter, Problem> {
        let mut filter = DeliveryFilter {
            target: self.endpoint,
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
                    let problem = Problem::bad_request(format!("{word:?} is no state of a delivery"));
                    return Err(problem.hint(format!("{all} or paused")));
                }
            }
        }
        Ok(filter)
    }
}
