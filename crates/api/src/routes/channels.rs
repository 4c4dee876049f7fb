//! The channels of the PBXs, as they stand.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Asked, filled},
    problem::Problem,
    server::{Counter, SeenChannels, within},
    sources::Channel,
};

/// How old what is told may be: fifty who look cost one question.
const FRESH: Duration = Duration::from_secs(1);

/// How long the one who follows the calls is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which channels to tell of.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
struct Which {
    /// Only those at this PBX
    #[serde(deserialize_with = "filled")]
    pbx: Option<String>,
    /// Only those of this call
    #[serde(deserialize_with = "filled")]
    call: Option<String>,
}

/// The channels, as they stood at `at`.
#[derive(Serialize, ToSchema)]
struct Standing {
    at: Timestamp,
    channels: Vec<Channel>,
}

pub(crate) fn viewer() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(channels))
}

/// The channels of the PBXs, at most a second old
#[utoipa::path(get, path = "/api/v1/channels", tag = "now", params(Which), responses((status = 200, description = "The channels", body = Standing)))]
async fn channels(
    State(counter): State<Counter>,
    Asked(which): Asked<Which>,
) -> Result<Json<Standing>, Problem> {
    let seen = counter.seen_channels(FRESH, ask(&counter)).await?;
    let meant = |channel: &&Channel| {
        which.pbx.as_ref().is_none_or(|pbx| channel.pbx == *pbx)
            && which.call.as_ref().is_none_or(|call| channel.call.as_ref() == Some(call))
    };
    let channels = seen.channels.iter().filter(meant).cloned().collect();
    Ok(Json(Standing { at: seen.at, channels }))
}

async fn ask(counter: &Counter) -> Result<SeenChannels, Problem> {
    match within(PATIENCE, counter.switchboard().channels()).await {
        Some(channels) => Ok(SeenChannels { at: counter.now(), channels: Arc::new(channels) }),
        None => Err(Problem::no_answer("the one who follows the calls does not answer")),
    }
}
