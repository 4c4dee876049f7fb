//! What is asked of the daemon.

use ringwire_client::{
    ApiError, CallDetail, Channel, Channels, ChartMinute, Charts, Client, LiveView, PbxStatus, TargetStatus,
    segment,
};

/// How things stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Picture {
    /// Calls and queues.
    pub(super) live: LiveView,
    /// The legs of the chosen call, and whose they are.
    pub(super) legs: Option<(String, Vec<Channel>)>,
    /// The PBXs.
    pub(super) pbxs: Vec<PbxStatus>,
    /// The endpoints.
    pub(super) endpoints: Vec<TargetStatus>,
    /// The last hour.
    pub(super) minutes: Vec<ChartMinute>,
}

/// How things stand, with the legs of the call `chosen`.
///
/// # Errors
/// The daemon does not answer.
pub(super) async fn picture(client: &Client, chosen: Option<&str>) -> Result<Picture, ApiError> {
    let (live, legs, pbxs, endpoints, charts) = tokio::join!(
        client.get::<LiveView>("/api/v1/live", &[]),
        legs(client, chosen),
        client.get("/api/v1/pbxs", &[]),
        client.get("/api/v1/targets", &[]),
        client.get::<Charts>("/api/v1/charts", &[]),
    );
    Ok(Picture { live: live?, legs: legs?, pbxs: pbxs?, endpoints: endpoints?, minutes: charts?.minutes })
}

async fn legs(client: &Client, chosen: Option<&str>) -> Result<Option<(String, Vec<Channel>)>, ApiError> {
    let Some(call) = chosen else { return Ok(None) };
    let channels = client.get::<Channels>("/api/v1/channels", &[("call", call)]).await;
    // The PBX may be too busy to say; calls are known without it.
    let channels = match channels {
        Err(error) if error.status().is_some() => Vec::new(),
        channels => channels?.channels,
    };
    Ok(Some((call.to_owned(), channels)))
}

/// What is known of the call `id`.
///
/// # Errors
/// The daemon does not answer, does not know it, or may not tell us.
pub(super) async fn story(client: &Client, id: &str) -> Result<CallDetail, ApiError> {
    client.get(&format!("/api/v1/calls/{}", segment(id)), &[]).await
}
