//! `/events`: what happens, as it happens, and from any place of the journal on (Server-Sent Events).

mod filter;
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

pub(crate) use self::stream::Hello;
use self::{
    filter::Filter,
    stream::{Listener, Place},
};
use crate::{
    access::{Role, Who},
    connection::Stop,
    extract::{Asked, filled, words},
    problem::Problem,
    server::Counter,
};

/// What to tell, and from where.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
struct Which {
    /// With this user in the event: part of an endpoint, extension, name, login or e-mail address; any of several with
    /// commas between
    #[serde(deserialize_with = "words")]
    #[param(value_type = Option<String>)]
    user: Vec<String>,
    /// In one of these queues
    #[serde(deserialize_with = "words")]
    #[param(value_type = Option<String>)]
    queue: Vec<String>,
    /// `in`, `out`, `internal`
    #[serde(deserialize_with = "words")]
    #[param(value_type = Option<String>)]
    direction: Vec<String>,
    /// `newCall`, `ringing`, `answer`, `hold`, `unhold`, `transfer`, `hangup`
    #[serde(deserialize_with = "words")]
    #[param(value_type = Option<String>)]
    event: Vec<String>,
    /// Of one of these calls
    #[serde(deserialize_with = "words")]
    #[param(value_type = Option<String>)]
    call: Vec<String>,
    /// Also how deliveries get on
    #[serde(deserialize_with = "filled")]
    deliveries: Option<bool>,
    /// The place of the journal after which to begin, for those who cannot send the header `Last-Event-ID`
    #[serde(deserialize_with = "filled")]
    last_event_id: Option<i64>,
}

pub(crate) fn viewer() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(events))
}

/// What happens, as it happens (Server-Sent Events)
///
/// With `Last-Event-ID` everything after that place of the journal comes first, then what happens from now on, without a
/// gap and without a repetition. The events are `hello` (data: Hello), `call` (Told, with its place as id), `delivery`
/// (Settled, where asked for), `health` (Health), and `reset` when the place asked for is not in this journal, or further
/// back than a viewer may look, which is one hour: then what is known is to be loaded anew.
#[utoipa::path(get, path = "/events", tag = "now",
    params(Which, ("Last-Event-ID" = Option<i64>, Header, description = "The place of the journal after which to begin")),
    responses((status = 200, description = "The stream, which does not end", content_type = "text/event-stream", body = String)))]
async fn events(
    State(counter): State<Counter>,
    Extension(who): Extension<Who>,
    stop: Option<Extension<Stop>>,
    headers: HeaderMap,
    Asked(which): Asked<Which>,
) -> Result<Response, Problem> {
    let after = match headers.get("last-event-id").filter(|id| !id.is_empty()) {
        Some(id) => Some(place(id)?),
        None => which.last_event_id,
    };
    let filter = Filter::new(which.user, which.queue, &which.direction, which.event, which.call)?;
    let stream = counter.limits().stream(&who)?;
    let stop = stop.map_or_else(CancellationToken::new, |Extension(Stop(stop))| stop);
    let from = Place { after, viewer: who.role == Role::Viewer };
    let deliveries = which.deliveries.unwrap_or(false);
    let listener = Listener::new(counter, from, filter, deliveries, !who.local, (stop, stream));
    let frames = futures_util::stream::unfold(listener, async |mut listener| {
        let frames = listener.next().await?;
        Some((Ok::<_, std::convert::Infallible>(frames), listener))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        // A proxy before the daemon is not to keep anything back.
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(frames)).into_response())
}

fn place(id: &HeaderValue) -> Result<i64, Problem> {
    id.to_str().ok().and_then(|id| id.trim().parse().ok()).ok_or_else(|| {
        Problem::bad_request("Last-Event-ID is no place of the journal")
            .hint("it is a number, as in the id of an event")
    })
}
