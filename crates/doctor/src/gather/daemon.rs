//! Queries the daemon.

use std::{io::ErrorKind, time::Duration};

use jiff::Timestamp;
use ringwire_client::{ApiAddress, ApiClient, ApiError};
use serde::Deserialize;
use tokio::{net::UnixStream, time::timeout};

use crate::facts::daemon::{DaemonAnswer, DaemonFacts, DaemonReply, Readiness};

/// What is known of the daemon without querying it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownState {
    /// Whether a daemon uses the journal.
    pub(crate) has_journal: bool,
    /// Whether systemd reports it as running.
    pub(crate) is_active: bool,
    /// When the configuration, or a file that it names, was last changed.
    pub(crate) changed: Option<Timestamp>,
}

/// Asks the daemon whether it is ready and which events it received; without a `client` it has no API.
pub(crate) async fn query_daemon(
    client: Option<&ApiClient>,
    known: KnownState,
    step_timeout: Duration,
) -> DaemonFacts {
    let reply = match client {
        Some(client) => match timeout(step_timeout, Box::pin(request_reply(client))).await {
            Ok(reply) => reply,
            Err(_) => DaemonReply::NoResponse,
        },
        None => DaemonReply::NoApi,
    };
    DaemonFacts {
        address: client.map(|client| client.address().to_string()).unwrap_or_default(),
        reply,
        has_journal: known.has_journal,
        is_active: known.is_active,
        changed: known.changed,
        version: env!("CARGO_PKG_VERSION"),
    }
}

async fn request_reply(client: &ApiClient) -> DaemonReply {
    let is_socket = matches!(client.address(), ApiAddress::Socket(_));
    if let ApiAddress::Socket(path) = client.address()
        && let Err(error) = UnixStream::connect(path).await
    {
        return match error.kind() {
            ErrorKind::PermissionDenied => DaemonReply::PermissionDenied,
            ErrorKind::NotFound => DaemonReply::NoSocket,
            _ => DaemonReply::Refused,
        };
    }
    let ready: Readiness = match client.get("/readyz", &[]).await {
        Ok(ready) => ready,
        Err(ApiError::TimedOut { .. } | ApiError::Ended(_)) => return DaemonReply::NoResponse,
        // A process listens on the socket, as the connection above shows.
        Err(ApiError::Unreachable { .. }) if !is_socket => return DaemonReply::Refused,
        Err(ApiError::Unreachable { why, .. }) => return DaemonReply::OtherProgram(why),
        Err(ApiError::UnexpectedResponse { what, .. }) => return DaemonReply::OtherProgram(what),
        Err(ApiError::Refused { status, why, .. }) => {
            return DaemonReply::OtherProgram(format!("HTTP {status}: {why}"));
        }
    };
    let diagnosis = client.get("/api/v1/diagnosis", &[]).await.ok();
    DaemonReply::Answered(Box::new(DaemonAnswer { ready, version: request_version(client).await, diagnosis }))
}

/// The version that the daemon sends at the start of its event stream.
async fn request_version(client: &ApiClient) -> Option<String> {
    #[derive(Deserialize)]
    struct Hello {
        version: String,
    }
    /// It is among the first frames.
    const FIRST_FRAMES: usize = 3;
    let mut frames = client.events(&[], None).await.ok()?;
    for _ in 0..FIRST_FRAMES {
        let frame = frames.next().await.ok()?;
        if frame.event == "hello" {
            return serde_json::from_str::<Hello>(&frame.data).ok().map(|hello| hello.version);
        }
    }
    None
}
