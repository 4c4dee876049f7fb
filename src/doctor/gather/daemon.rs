//! Asking the daemon.

use std::{env, fs, io::ErrorKind, path::PathBuf, time::Duration};

use jiff::Timestamp;
use reqwest::Client;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{net::UnixStream, time::timeout};

use crate::doctor::daemon::{Answer, DaemonFacts, Ready, Reply};

/// Where a daemon answers: a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) PathBuf);

impl Default for Address {
    /// Where it is unless told otherwise.
    fn default() -> Self {
        let directory =
            env::var_os("RUNTIME_DIRECTORY").map_or_else(|| PathBuf::from("/run/ringwire"), PathBuf::from);
        Self(directory.join("ringwire.sock"))
    }
}

/// Asks the daemon at `address` how it does and what it has heard.
pub(crate) async fn ask(
    address: Address,
    has_journal: bool,
    is_active: bool,
    changed: Option<Timestamp>,
    step: Duration,
) -> DaemonFacts {
    let reply = Box::pin(reply(&address, step)).await;
    DaemonFacts {
        address: address.0.display().to_string(),
        reply,
        has_journal,
        is_active,
        changed,
        version: env!("CARGO_PKG_VERSION"),
    }
}

async fn reply(address: &Address, step: Duration) -> Reply {
    if fs::symlink_metadata(&address.0).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Reply::Absent;
    }
    match timeout(step, UnixStream::connect(&address.0)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) if error.kind() == ErrorKind::PermissionDenied => return Reply::Denied,
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => return Reply::Absent,
        Ok(Err(_)) => return Reply::Refused,
        Err(_) => return Reply::Silent,
    }
    // It fails where there is a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().unix_socket(address.0.clone()).timeout(step).build();
    let client = match client {
        Ok(client) => client,
        Err(error) => return Reply::Foreign(error.to_string()),
    };
    let ready = match client.get("http://localhost/readyz").send().await {
        Ok(response) => {
            let status = response.status();
            match response.json_of::<Ready>().await {
                Some(ready) => ready,
                None => {
                    return Reply::Foreign(format!(
                        "HTTP {}, and not how a daemon says how it does",
                        status.as_u16()
                    ));
                }
            }
        }
        Err(error) if error.is_timeout() => return Reply::Silent,
        Err(_) => return Reply::Foreign("it does not speak HTTP".to_owned()),
    };
    let diagnosis = match client.get("http://localhost/api/v1/diagnosis").send().await {
        Ok(response) if response.status().is_success() => response.json_of().await,
        _ => None,
    };
    Reply::Answered(Box::new(Answer { ready, version: version(&client).await, diagnosis }))
}

/// The version that the daemon greets those with who follow its events.
async fn version(client: &Client) -> Option<String> {
    #[derive(Deserialize)]
    struct Hello {
        version: String,
    }
    const LONGEST: usize = 4096;
    let mut response = client.get("http://localhost/events").send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let mut said = String::new();
    while said.len() < LONGEST {
        said.push_str(&String::from_utf8_lossy(&response.chunk().await.ok()??));
        let mut frames = said.split("\n\n").filter(|frame| frame.lines().any(|line| line == "event: hello"));
        if let Some(data) =
            frames.find_map(|frame| frame.lines().find_map(|line| line.strip_prefix("data: ")))
        {
            return serde_json::from_str::<Hello>(data).ok().map(|hello| hello.version);
        }
    }
    None
}

/// Reading JSON of a bounded length.
trait JsonOf {
    async fn json_of<T: DeserializeOwned>(self) -> Option<T>;
}

impl JsonOf for reqwest::Response {
    async fn json_of<T: DeserializeOwned>(mut self) -> Option<T> {
        const LONGEST: usize = 4 << 20;
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await.ok()? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST {
                return None;
            }
        }
        serde_json::from_slice(&body).ok()
    }
}
