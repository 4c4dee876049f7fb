//! Asking the daemon.

use std::{io::ErrorKind, time::Duration};

use jiff::Timestamp;
use ringwire_client::{ApiAddress, ApiClient, ApiError};
use serde::Deserialize;
use tokio::{net::UnixStream, time::timeout};

use crate::judge::daemon::{Answer, DaemonFacts, Ready, Reply};

/// What is known of a daemon without asking it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// Whether some daemon has the journal.
    pub(crate) has_journal: bool,
    /// Whether systemd says that it runs.
    pub(crate) is_active: bool,
    /// When the configuration, or a file that it names, was changed last.
    pub(crate) changed: Option<Timestamp>,
}

/// Asks the daemon how it does and what it has heard; `None`: it has no API.
pub(crate) async fn ask(client: Option<&ApiClient>, known: Known, step: Duration) -> DaemonFacts {
    let reply = match client {
        Some(client) => match timeout(step, Box::pin(reply(client))).await {
            Ok(reply) => reply,
            Err(_) => Reply::Silent,
        },
        None => Reply::Off,
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

async fn reply(client: &ApiClient) -> Reply {
    let is_socket = matches!(client.address(), ApiAddress::Socket(_));
    if let ApiAddress::Socket(path) = client.address()
        && let Err(error) = UnixStream::connect(path).await
    {
        return match error.kind() {
            ErrorKind::PermissionDenied => Reply::Denied,
            ErrorKind::NotFound => Reply::Absent,
            _ => Reply::Refused,
        };
    }
    let ready: Ready = match client.get("/readyz", &[]).await {
        Ok(ready) => ready,
        Err(ApiError::TimedOut { .. } | ApiError::Ended(_)) => return Reply::Silent,
        // At a socket somebody listens, as was just seen.
        Err(ApiError::Unreachable { .. }) if !is_socket => return Reply::Refused,
        Err(ApiError::Unreachable { why, .. }) => return Reply::Foreign(why),
        Err(ApiError::UnexpectedResponse { what, .. }) => return Reply::Foreign(what),
        Err(ApiError::Refused { status, why, .. }) => return Reply::Foreign(format!("HTTP {status}: {why}")),
    };
    let diagnosis = client.get("/api/v1/diagnosis", &[]).await.ok();
    Reply::Answered(Box::new(Answer { ready, version: version(client).await, diagnosis }))
}

/// The version that the daemon greets those with who follow its events.
async fn version(client: &ApiClient) -> Option<String> {
    #[derive(Deserialize)]
    struct Hello {
        version: String,
    }
    /// It is among the first frames.
    const FIRST: usize = 3;
    let mut frames = client.events(&[], None).await.ok()?;
    for _ in 0..FIRST {
        let frame = frames.next().await.ok()?;
        if frame.event == "hello" {
            return serde_json::from_str::<Hello>(&frame.data).ok().map(|hello| hello.version);
        }
    }
    None
}
