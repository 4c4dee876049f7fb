//! Data fetched from the daemon.

use ringwire_client::{
    ApiClient, ApiError, CallDetail, Channel, Channels, ChartMinute, Charts, LiveView, PbxStatus,
    TargetStatus, segment,
};

/// The data on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TopData {
    /// Calls and queues.
    pub(super) live: LiveView,
    /// The id of the selected call and its channels.
    pub(super) channels: Option<(String, Vec<Channel>)>,
    /// The PBXs.
    pub(super) pbxs: Vec<PbxStatus>,
    /// The endpoints.
    pub(super) endpoints: Vec<TargetStatus>,
    /// The last hour.
    pub(super) minutes: Vec<ChartMinute>,
}

/// Fetches the data, with the channels of the selected call.
///
/// # Errors
/// The daemon does not answer.
pub(super) async fn snapshot(client: &ApiClient, selected: Option<&str>) -> Result<TopData, ApiError> {
    let (live, channels, pbxs, endpoints, charts) = tokio::join!(
        client.get::<LiveView>("/api/v1/live", &[]),
        channels(client, selected),
        client.get("/api/v1/pbxs", &[]),
        client.get("/api/v1/targets", &[]),
        client.get::<Charts>("/api/v1/charts", &[]),
    );
    Ok(TopData {
        live: live?,
        channels: channels?,
        pbxs: pbxs?,
        endpoints: endpoints?,
        minutes: charts?.minutes,
    })
}

async fn channels(
    client: &ApiClient,
    selected: Option<&str>,
) -> Result<Option<(String, Vec<Channel>)>, ApiError> {
    let Some(call) = selected else { return Ok(None) };
    let channels = client.get::<Channels>("/api/v1/channels", &[("call", call)]).await;
    // The PBX may be too busy to say; calls are known without it.
    let channels = match channels {
        Err(error) if error.status().is_some() => Vec::new(),
        channels => channels?.channels,
    };
    Ok(Some((call.to_owned(), channels)))
}

/// Fetches the details of the call `id`.
///
/// # Errors
/// The daemon does not answer, does not know it, or may not tell us.
pub(super) async fn call_details(client: &ApiClient, id: &str) -> Result<CallDetail, ApiError> {
    client.get(&format!("/api/v1/calls/{}", segment(id)), &[]).await
}
