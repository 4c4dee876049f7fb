//! `/events`: call events as they happen, from any cursor on (Server-Sent Events).

mod filter;
mod schema;
mod stream;
#[cfg(test)]
mod tests;

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use self::stream::StreamHello;
use self::{
    filter::EventFilter,
    stream::{EventStream, StreamStart},
};
use crate::{
    access::{Principal, Role},
    connection::Stop,
    extract::{QueryParams, comma_separated, optional},
    problem::Problem,
    server::ApiServer,
};

/// Which events to send, and from where.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
struct EventStreamQuery {
    /// With one of these users in the event: parts of an endpoint, extension, name, login or e-mail address
    #[serde(deserialize_with = "comma_separated")]
    #[param(value_type = Option<String>)]
    user: Vec<String>,
    /// In one of these queues
    #[serde(deserialize_with = "comma_separated")]
    #[param(value_type = Option<String>)]
    queue: Vec<String>,
    /// `in`, `out`, `internal`
    #[serde(deserialize_with = "comma_separated")]
    #[param(value_type = Option<String>)]
    direction: Vec<String>,
    /// `newCall`, `ringing`, `answer`, `hangup` and others (docs/events.md)
    #[serde(deserialize_with = "comma_separated")]
    #[param(value_type = Option<String>)]
    event: Vec<String>,
    /// Of one of these calls
    #[serde(deserialize_with = "comma_separated")]
    #[param(value_type = Option<String>)]
    call: Vec<String>,
    /// Also what happens to agents and devices, where the configuration of the PBX has it followed
    #[serde(deserialize_with = "optional")]
    agents: Option<bool>,
    /// Also the progress of deliveries
    #[serde(deserialize_with = "optional")]
    deliveries: Option<bool>,
    /// The cursor after which to start, for clients that cannot send the header `Last-Event-ID`
    #[serde(deserialize_with = "optional")]
    last_event_id: Option<i64>,
}

pub(crate) fn viewer() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(events)).routes(routes!(schema::event_schema))
}

/// Call events as they happen (Server-Sent Events)
///
/// With `Last-Event-ID`, everything after that cursor comes first, then what happens from now on, without a gap and
/// without a repetition. The events are `hello` (data: StreamHello), `call` (PublishedEvent, its cursor as id),
/// `delivery` (DeliveryProgress, if requested), `agent` (AgentEvent, if requested), `health` (HealthReport), and `reset` if the cursor is not in this
/// journal, or is further back than a viewer may look, which is one hour: then load everything again.
#[utoipa::path(get, path = "/events", tag = "now",
    params(EventStreamQuery, ("Last-Event-ID" = Option<i64>, Header, description = "The cursor after which to start")),
    responses((status = 200, description = "A stream without an end", content_type = "text/event-stream", body = String)))]
async fn events(
    State(server): State<ApiServer>,
    Extension(client): Extension<Principal>,
    stop: Option<Extension<Stop>>,
    headers: HeaderMap,
    QueryParams(query): QueryParams<EventStreamQuery>,
) -> Result<Response, Problem> {
    let after = match headers.get("last-event-id").filter(|id| !id.is_empty()) {
        Some(id) => Some(cursor(id)?),
        None => query.last_event_id,
    };
    let filter = EventFilter::new(query.user, query.queue, &query.direction, query.event, query.call)?;
    let permit = server.limits().stream(&client)?;
    let stop = stop.map_or_else(CancellationToken::new, |Extension(Stop(stop))| stop);
    let start = StreamStart {
        after,
        is_viewer: client.role == Role::Viewer,
        wants_agents: query.agents.unwrap_or(false),
    };
    let deliveries = query.deliveries.unwrap_or(false);
    let access_end = server.access_end(&client);
    let stream = EventStream::new(server, start, filter, deliveries, access_end, (stop, permit));
    let frames = futures_util::stream::unfold(stream, async |mut stream| {
        let frames = stream.next().await?;
        Some((Ok::<_, std::convert::Infallible>(frames), stream))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        // A proxy before the daemon must not buffer.
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(frames)).into_response())
}

fn cursor(id: &HeaderValue) -> Result<i64, Problem> {
    id.to_str().ok().and_then(|id| id.trim().parse().ok()).ok_or_else(|| {
        Problem::bad_request("Last-Event-ID is not a cursor")
            .hint("it is a number: the id of the last event that was received")
    })
}
