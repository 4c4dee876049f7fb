//! The channels of the PBXs.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{QueryParams, optional},
    problem::Problem,
    server::{ApiServer, ChannelSnapshot, with_timeout},
    sources::Channel,
};

/// How old the list may be: fifty clients cost one query.
const MAX_AGE: Duration = Duration::from_secs(1);

/// How long the tracker may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Which channels to list.
#[derive(Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
struct ChannelListQuery {
    /// Only those at this PBX
    #[serde(deserialize_with = "optional")]
    pbx: Option<String>,
    /// Only those of this call
    #[serde(deserialize_with = "optional")]
    call: Option<String>,
}

/// The channels at a moment.
#[derive(Serialize, ToSchema)]
struct ChannelList {
    /// That moment.
    at: Timestamp,
    channels: Vec<Channel>,
}

pub(crate) fn viewer() -> OpenApiRouter<ApiServer> {
    OpenApiRouter::default().routes(routes!(channels))
}

/// The channels of the PBXs, at most a second old
#[utoipa::path(get, path = "/api/v1/channels", tag = "now", params(ChannelListQuery), responses((status = 200, description = "The channels", body = ChannelList)))]
async fn channels(
    State(server): State<ApiServer>,
    QueryParams(query): QueryParams<ChannelListQuery>,
) -> Result<Json<ChannelList>, Problem> {
    let snapshot = server.channels(MAX_AGE, query_tracker(&server)).await?;
    let is_wanted = |channel: &&Channel| {
        query.pbx.as_ref().is_none_or(|pbx| channel.pbx == *pbx)
            && query.call.as_ref().is_none_or(|call| channel.call.as_ref() == Some(call))
    };
    let channels = snapshot.channels.iter().filter(is_wanted).cloned().collect();
    Ok(Json(ChannelList { at: snapshot.at, channels }))
}

async fn query_tracker(server: &ApiServer) -> Result<ChannelSnapshot, Problem> {
    match with_timeout(TIMEOUT, server.queries().channels()).await {
        Some(channels) => Ok(ChannelSnapshot { at: server.now(), channels: Arc::new(channels) }),
        None => Err(Problem::no_answer("the tracker does not answer")),
    }
}
