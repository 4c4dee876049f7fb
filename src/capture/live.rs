//! Recording a PBX.

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use ringwire_ami::{AmiClient, DisconnectError, IncomingPackets, resync_actions};
use ringwire_config::ConnectionSettings;
use ringwire_config::{Config, Pbx, Purpose};
use ringwire_daemon::Signal;
use ringwire_terminal::{Code, Failure};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::capture_file::CaptureFile;
use crate::runtime::block_on;

/// The event mask for all classes that the user may read, in any release.
const ALL_EVENTS: &str = "on";

/// The shortest time between two requests for the lists, however often a new file is started.
const RESYNC_INTERVAL: Duration = Duration::from_secs(60);

/// How long the logoff may take.
const LOGOFF_TIMEOUT: Duration = Duration::from_secs(2);

/// Records the configured PBX for `duration`, or until it is stopped or the connection ends.
pub(super) fn record(
    config: Option<PathBuf>,
    pbx: Option<&str>,
    duration: Option<Duration>,
    file: &mut CaptureFile,
) -> Result<(), Failure> {
    let config = Config::load(&ringwire_config::path(config), Purpose::Record)?;
    let pbx = find_pbx(&config, pbx)?;
    let Some(settings) = ConnectionSettings::of(pbx) else {
        let error = anyhow::anyhow!("pbx.{}: no login is configured", pbx.name);
        return Err(Failure::new(Code::Config, error).hint("set username and secret_file"));
    };
    block_on(async {
        let signals = ringwire_daemon::signals().context("cannot install signal handlers")?;
        Ok(connect(&settings, duration, signals, file).await)
    })?
}

async fn connect(
    settings: &ConnectionSettings,
    duration: Option<Duration>,
    mut signals: mpsc::Receiver<Signal>,
    file: &mut CaptureFile,
) -> Result<(), Failure> {
    let mut options = settings.options();
    ALL_EVENTS.clone_into(&mut options.login.events);
    let connected = tokio::select! {
        () = stop_signal(&mut signals) => return Ok(()),
        connected = AmiClient::connect(&options) => connected,
    };
    let (client, mut incoming) = connected.map_err(|error| {
        let hint = error.hint();
        Failure::new(Code::Unavailable, error).hint(hint)
    })?;
    file.start_clock();
    file.write_banner(incoming.version(), Some(Duration::ZERO))?;
    let ended = record_packets(&client, &mut incoming, duration, signals, file).await;
    file.add_lost_packets(incoming.stream_errors().lost_packets());
    match ended? {
        None => Ok(()),
        Some(error) => {
            let error = anyhow::Error::from(error).context("the recording ended early");
            Err(Failure::new(Code::Unavailable, error).hint("what was recorded so far can be replayed"))
        }
    }
}

/// Records until it is stopped or the connection ends; returns why the connection ended.
async fn record_packets(
    client: &AmiClient,
    incoming: &mut IncomingPackets,
    duration: Option<Duration>,
    mut signals: mpsc::Receiver<Signal>,
    file: &mut CaptureFile,
) -> Result<Option<DisconnectError>, Failure> {
    let started = Instant::now();
    let time_limit = async {
        match duration.and_then(|duration| started.checked_add(duration)) {
            Some(end) => sleep_until(end).await,
            None => std::future::pending().await,
        }
    };
    let resync_wanted = Notify::new();
    let mut resyncing = std::pin::pin!(resync_on_request(client, &resync_wanted));
    let mut time_limit = std::pin::pin!(time_limit);
    loop {
        let batch = tokio::select! {
            () = stop_signal(&mut signals) => break,
            () = &mut time_limit => break,
            () = &mut resyncing => continue,
            batch = incoming.next_batch() => batch,
        };
        match batch {
            Some(Ok(packets)) => {
                if file.write_packets(Some(started.elapsed()), &packets)? {
                    resync_wanted.notify_one();
                }
            }
            Some(Err(error)) => return Ok(Some(error)),
            None => return Ok(Some(DisconnectError::Closed)),
        }
    }
    // Packets until the logoff belong to the recording. A server that does not reply is not waited for.
    let end = Instant::now() + LOGOFF_TIMEOUT;
    let mut logoff = std::pin::pin!(timeout_at(end, client.logoff()));
    let mut is_logged_off = false;
    loop {
        let batch = tokio::select! {
            _ = &mut logoff, if !is_logged_off => {
                is_logged_off = true;
                continue;
            }
            batch = timeout_at(end, incoming.next_batch()) => batch,
        };
        let Ok(Some(Ok(packets))) = batch else { return Ok(None) };
        file.write_packets(Some(started.elapsed()), &packets)?;
    }
}

/// Requests the lists of channels and queues now and whenever they are `wanted`. Their events arrive with all others.
/// Never returns.
async fn resync_on_request(client: &AmiClient, wanted: &Notify) {
    loop {
        for action in resync_actions() {
            // A list that is refused or late is missing in the recording too.
            let _ = client.send(&action).await;
        }
        sleep(RESYNC_INTERVAL).await;
        wanted.notified().await;
    }
}

/// Returns when the process is asked to stop.
async fn stop_signal(signals: &mut mpsc::Receiver<Signal>) {
    while let Some(signal) = signals.recv().await {
        if signal == Signal::Stop {
            return;
        }
    }
}

fn find_pbx<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a Pbx, Failure> {
    let found = match (name, config.pbxs.as_slice()) {
        (None, [only]) => Ok(only),
        (None, _) => Err(anyhow::anyhow!("the configuration has several PBXs: choose one with --pbx NAME")),
        (Some(name), pbxs) => pbxs
            .iter()
            .find(|pbx| pbx.name == name)
            .ok_or_else(|| anyhow::anyhow!("--pbx {name}: not in the configuration")),
    };
    found.map_err(|error| {
        let names: Vec<_> = config.pbxs.iter().map(|pbx| pbx.name.as_str()).collect();
        Failure::new(Code::Usage, error).hint(format!("expected one of: {}", names.join(", ")))
    })
}
