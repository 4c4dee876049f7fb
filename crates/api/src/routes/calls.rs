//! What was: the history of calls, and the story of each.

use std::time::Duration;

use axum::{Extension, Json, extract::State};
use jiff::Timestamp;
use ringwire_event::ExplanationStep;
use ringwire_live::Told;
use ringwire_outbox::{CallCursor, CallFilter, CallRecord};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::delivery::Delivery;
use crate::{
    access::Who,
    extract::{Asked, Named, direction, filled},
    problem::Problem,
    server::{Counter, within},
};

/// How many calls a page has unless told otherwise, and at most.
const PAGE: (usize, usize) = (100, 1000);

/// How many events and deliveries of one call are told.
const OF_ONE: usize = 1000;

/// How long the one who follows the calls is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which calls to list.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
struct Which {
    /// Begun at this time or later (RFC 3339)
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Begun before this time
    #[serde(deserialize_with = "filled")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Only those from outside that nobody took
    #[serde(deserialize_with = "filled")]
    missed: Option<bool>,
    /// With this user: part of an endpoint, extension, name, login or e-mail address
    #[serde(deserialize_with = "filled")]
    user: Option<String>,
    /// From or to this number, or one with these digits in it
    #[serde(deserialize_with = "filled")]
    number: Option<String>,
    /// In this queue last
    #[serde(deserialize_with = "filled")]
    queue: Option<String>,
    /// `in`, `out` or `internal`
    #[serde(deserialize_with = "filled")]
    direction: Option<String>,
    /// With this in a number, a name, a user, a queue or the id
    #[serde(deserialize_with = "filled")]
    q: Option<String>,
    /// At most so many: 100 unless given, 1000 at most
    #[serde(deserialize_with = "filled")]
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// The `next` of the page before
    #[serde(deserialize_with = "filled")]
    before: Option<String>,
}

/// A call, as the history has it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Call {
    #[serde(flatten)]
    record: CallRecord,
    /// Whether it came from outside, and was over before anybody took it.
    missed: bool,
    /// How long it rang, in seconds: to its answer, or to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    rang: Option<i64>,
    /// How long it was talked, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    talked: Option<i64>,
}

/// Some calls, newest first.
#[derive(Serialize, ToSchema)]
struct Calls {
    calls: Vec<Call>,
    /// To be given as `before` to read on. A page can be short, or empty, and have one all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// All that is known of one call.
#[derive(Serialize, ToSchema)]
struct Story {
    call: Call,
    /// What was said of it, in order.
    events: Vec<Told>,
    /// What became of that, in order.
    deliveries: Vec<Delivery>,
    /// What was concluded about it, and why; where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    story: Option<Vec<ExplanationStep>>,
}

pub(crate) fn agent() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(calls)).routes(routes!(call))
}

/// The history of calls, newest first, in pages
#[utoipa::path(get, path = "/api/v1/calls", tag = "history", params(Which), responses((status = 200, description = "A page of calls", body = Calls)))]
async fn calls(
    State(counter): State<Counter>,
    Extension(who): Extension<Who>,
    Asked(which): Asked<Which>,
) -> Result<Json<Calls>, Problem> {
    counter.limits().search(&who)?;
    let filter = which.filter()?;
    let page = counter.journal().read(move |reader| reader.call_page(&filter)).await?;
    let calls = page.calls.into_iter().map(Call::from).collect();
    Ok(Json(Calls { calls, next: page.next.map(|place| place.to_string()) }))
}

/// One call: its facts, what was said of it, to whom, what became of that, and its story
#[utoipa::path(get, path = "/api/v1/calls/{id}", tag = "history",
    params(("id" = String, Path, description = "The id of the call")),
    responses((status = 200, description = "The call", body = Story), (status = 404, description = "There is no such call")))]
async fn call(
    State(counter): State<Counter>,
    Extension(who): Extension<Who>,
    Named(id): Named<String>,
) -> Result<Json<Story>, Problem> {
    counter.limits().search(&who)?;
    let wanted = id.clone();
    let found = counter.journal().read(move |reader| {
        let Some(call) = reader.call(&wanted)? else { return Ok(None) };
        let events = reader.stream_of_call(&wanted, OF_ONE)?;
        let deliveries = reader.deliveries_of_call(&wanted, OF_ONE)?;
        Ok(Some((call, events, deliveries, reader.explanation(&wanted)?)))
    });
    let Some((call, events, deliveries, story)) = found.await? else {
        return Err(Problem::not_found(format!("there is no call {id:?} in the journal")));
    };
    let story = match story {
        Some(story) => Some(story),
        // It is written down when the call is over; until then it is told by who follows the call.
        None => within(PATIENCE, counter.switchboard().story(&id)).await.flatten(),
    };
    let events = events.into_iter().map(Told::from).collect();
    let deliveries = deliveries.into_iter().map(|found| Delivery::shown_to(who.role, found)).collect();
    Ok(Json(Story { call: call.into(), events, deliveries, story }))
}

impl Which {
    fn filter(self) -> Result<CallFilter, Problem> {
        let direction = self.direction.as_deref().map(direction).transpose()?;
        let before = self.before.as_deref().map(|before| {
            before.parse::<CallCursor>().map_err(|()| {
                Problem::bad_request("before is not the end of a page").hint("give what stood in next")
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

/// The digits of a number that the journal has with the country and without zeros before it.
fn digits(number: &str) -> Result<String, Problem> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    match digits.trim_start_matches('0') {
        "" => Err(Problem::bad_request(format!("there are no digits in {number:?}"))),
        digits => Ok(digits.to_owned()),
    }
}

impl From<CallRecord> for Call {
    fn from(record: CallRecord) -> Self {
        let (missed, rang, talked) = (record.is_missed(), record.ring_seconds(), record.talk_seconds());
        Self { record, missed, rang, talked }
    }
}
