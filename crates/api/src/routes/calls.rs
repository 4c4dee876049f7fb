//! Past calls, and the explanation of each.

use std::time::Duration;

use axum::{Extension, Json, extract::State};
use jiff::Timestamp;
use ringwire_event::ExplanationStep;
use ringwire_live::PublishedEvent;
use ringwire_outbox::{CallCursor, CallFilter, CallRecord};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::delivery::Delivery;
use crate::{
    access::Principal,
    extract::{PathParams, QueryParams, direction, optional},
    problem::Problem,
    server::{ApiServer, with_timeout},
};

/// The default and the greatest number of calls of a page.
const PAGE: (usize, usize) = (100, 1000);

/// How many events and deliveries of one call are shown.
const OF_ONE_CALL: usize = 1000;

/// How long the tracker may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Which calls to list.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
struct CallListQuery {
    /// Started at this time or later (RFC 3339)
    #[serde(deserialize_with = "optional")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Started before this time
    #[serde(deserialize_with = "optional")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Only inbound calls that nobody answered
    #[serde(deserialize_with = "optional")]
    missed: Option<bool>,
    /// With this user: part of an endpoint, extension, name, login or e-mail address
    #[serde(deserialize_with = "optional")]
    user: Option<String>,
    /// From or to this number, or one with these digits in it
    #[serde(deserialize_with = "optional")]
    number: Option<String>,
    /// Last in this queue
    #[serde(deserialize_with = "optional")]
    queue: Option<String>,
    /// `in`, `out` or `internal`
    #[serde(deserialize_with = "optional")]
    direction: Option<String>,
    /// With this text in a number, a name, a user, a queue or the id
    #[serde(deserialize_with = "optional")]
    q: Option<String>,
    /// At most this many: 100 by default, 1000 at most
    #[serde(deserialize_with = "optional")]
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// The `next` of the page before
    #[serde(deserialize_with = "optional")]
    before: Option<String>,
}

/// A call, as the journal has it.
#[derive(Serialize, ToSchema)]
pub(crate) struct PastCall {
    #[serde(flatten)]
    record: CallRecord,
    /// Whether it was inbound and ended unanswered.
    missed: bool,
    /// How long it rang, in seconds: until it was answered, or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    rang: Option<i64>,
    /// How long it was talked, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    talked: Option<i64>,
}

/// A page of calls, newest first.
#[derive(Serialize, ToSchema)]
struct CallPage {
    calls: Vec<PastCall>,
    /// The `before` of the next page. A page can be short, or empty, and still have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// All that is known of one call.
#[derive(Serialize, ToSchema)]
struct CallDetail {
    call: PastCall,
    /// Its events, in order.
    events: Vec<PublishedEvent>,
    /// Their deliveries, in order.
    deliveries: Vec<Delivery>,
    /// Each decision about it and the reason, if they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Vec<ExplanationStep>>,
}

pub(crate) fn agent() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(calls)).routes(routes!(call))
}

/// Past calls, newest first, in pages
#[utoipa::path(get, path = "/api/v1/calls", tag = "history", params(CallListQuery), responses((status = 200, description = "A page of calls", body = CallPage)))]
async fn calls(
    State(server): State<ApiServer>,
    Extension(client): Extension<Principal>,
    QueryParams(query): QueryParams<CallListQuery>,
) -> Result<Json<CallPage>, Problem> {
    server.limits().search(&client)?;
    let filter = query.filter()?;
    let page = server.journal().read(move |reader| reader.call_page(&filter)).await?;
    let calls = page.calls.into_iter().map(PastCall::from).collect();
    Ok(Json(CallPage { calls, next: page.next.map(|next| next.to_string()) }))
}

/// One call: its facts, its events, their deliveries, and the explanation
#[utoipa::path(get, path = "/api/v1/calls/{id}", tag = "history",
    params(("id" = String, Path, description = "The id of the call")),
    responses((status = 200, description = "The call", body = CallDetail), (status = 404, description = "There is no such call")))]
async fn call(
    State(server): State<ApiServer>,
    Extension(client): Extension<Principal>,
    PathParams(id): PathParams<String>,
) -> Result<Json<CallDetail>, Problem> {
    server.limits().search(&client)?;
    let wanted = id.clone();
    let found = server.journal().read(move |reader| {
        let Some(call) = reader.call(&wanted)? else { return Ok(None) };
        let events = reader.stream_of_call(&wanted, OF_ONE_CALL)?;
        let deliveries = reader.deliveries_of_call(&wanted, OF_ONE_CALL)?;
        Ok(Some((call, events, deliveries, reader.explanation(&wanted)?)))
    });
    let Some((call, events, deliveries, explanation)) = found.await? else {
        return Err(Problem::not_found(format!("there is no call {id:?} in the journal")));
    };
    let explanation = match explanation {
        Some(explanation) => Some(explanation),
        // It is written when the call has ended; until then the tracker has it.
        None => with_timeout(TIMEOUT, server.queries().explanation(&id)).await.flatten(),
    };
    let events = events.into_iter().map(PublishedEvent::from).collect();
    let deliveries = deliveries.into_iter().map(|found| Delivery::shown_to(client.role, found)).collect();
    Ok(Json(CallDetail { call: call.into(), events, deliveries, explanation }))
}

impl CallListQuery {
    fn filter(self) -> Result<CallFilter, Problem> {
        let direction = self.direction.as_deref().map(direction).transpose()?;
        let before = self.before.as_deref().map(|before| {
            before.parse::<CallCursor>().map_err(|()| {
                Problem::bad_request("before is not the end of a page").hint("use the value of next")
            })
        });
        let number = self.number.as_deref().map(digits).transpose()?;
        Ok(CallFilter {
            since: self.since,
            until: self.until,
            missed: self.missed.unwrap_or(false),
            user: self.user,
            numbers: number.into_iter().collect(),
            queue: self.queue,
            direction,
            text: self.q,
            live: false,
            before: before.transpose()?,
            limit: self.limit.unwrap_or(PAGE.0).clamp(1, PAGE.1),
        })
    }
}

/// The digits of a number, which the journal has with the country code and without leading zeros.
fn digits(number: &str) -> Result<String, Problem> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    match digits.trim_start_matches('0') {
        "" => Err(Problem::bad_request(format!("there are no digits in {number:?}"))),
        digits => Ok(digits.to_owned()),
    }
}

impl From<CallRecord> for PastCall {
    fn from(record: CallRecord) -> Self {
        let (missed, rang, talked) = (record.is_missed(), record.ring_seconds(), record.talk_seconds());
        Self { record, missed, rang, talked }
    }
}
