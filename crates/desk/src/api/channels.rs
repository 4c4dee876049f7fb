//! The channels of the PBXs, as they stand.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{sync::Mutex, time::Instant};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Counter,
    asked::{Asked, filled},
    problem::Problem,
    within,
};

/// How old what is told may be: fifty who look cost one question.
const FRESH: Duration = Duration::from_secs(1);

/// How long the one who follows the calls is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// A channel of a PBX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// The PBX.
    pub pbx: String,
    /// Its id there.
    pub uniqueid: String,
    /// Its name there.
    pub name: String,
    /// The endpoint it belongs to.
    pub endpoint: String,
    /// What it is.
    pub kind: ChannelKind,
    /// `Down`, `Ring`, `Ringing`, `Up` or `Busy`, as Asterisk says.
    pub state: String,
    /// The call it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// The number at its other end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Where in the dialplan it is.
    pub context: String,
    /// At which extension there.
    pub exten: String,
    /// The bridge it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<String>,
    /// Whether it is on hold.
    pub hold: bool,
    /// Its place in the order in which channels were born.
    pub born: u64,
}

/// What a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// A trunk: the other end is outside.
    External,
    /// A device of the PBX.
    Device,
    /// A part of the PBX itself, never a party.
    Helper,
}

/// The channels as they stood a moment ago.
#[derive(Default)]
pub(super) struct Channels(Mutex<Option<(Instant, Seen)>>);

/// What was seen, and when.
#[derive(Clone)]
struct Seen {
    at: Timestamp,
    channels: Arc<Vec<Channel>>,
}

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

pub(super) fn viewer() -> OpenApiRouter<Counter> {
    OpenApiRouter::default().routes(routes!(channels))
}

/// The channels of the PBXs, at most a second old
#[utoipa::path(get, path = "/api/v1/channels", tag = "now", params(Which), responses((status = 200, description = "The channels", body = Standing)))]
async fn channels(
    State(counter): State<Counter>,
    Asked(which): Asked<Which>,
) -> Result<Json<Standing>, Problem> {
    let seen = counter.0.channels.seen(&counter).await?;
    let meant = |channel: &&Channel| {
        which.pbx.as_ref().is_none_or(|pbx| channel.pbx == *pbx)
            && which.call.as_ref().is_none_or(|call| channel.call.as_ref() == Some(call))
    };
    let channels = seen.channels.iter().filter(meant).cloned().collect();
    Ok(Json(Standing { at: seen.at, channels }))
}

impl Channels {
    async fn seen(&self, counter: &Counter) -> Result<Seen, Problem> {
        // Whoever comes while somebody asks waits for that answer.
        let mut known = self.0.lock().await;
        if let Some((when, seen)) = &*known
            && when.elapsed() < FRESH
        {
            return Ok(seen.clone());
        }
        let Some(channels) = within(PATIENCE, counter.0.switchboard.channels()).await else {
            return Err(Problem::no_answer("the one who follows the calls does not answer"));
        };
        let seen = Seen { at: counter.now(), channels: Arc::new(channels) };
        *known = Some((Instant::now(), seen.clone()));
        Ok(seen)
    }
}
