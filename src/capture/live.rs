//! Recording a PBX.

use std::time::Duration;

use anyhow::Context;
use ringwire_ami::{AmiClient, DisconnectError, IncomingPackets, resync_actions};
use ringwire_config::ConnectionSettings;
use ringwire_config::{Config, Pbx, Purpose};
use ringwire_daemon::Signal;
use ringwire_terminal::{Code, Failure};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::{Args, Tape};
use crate::run::block_on;

/// All classes of events that the user may read, of any release.
const EVERYTHING: &str = "on";

/// How long the lists are not asked for again, however often another file is begun.
const PAUSE: Duration = Duration::from_secs(60);

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Records the configured PBX until it is enough.
pub(super) fn record(args: &Args, tape: &mut Tape) -> Result<(), Failure> {
    let config = Config::load(&ringwire_config::path(args.config.clone()), Purpose::Record)?;
    let pbx = pbx(&config, args.pbx.as_deref())?;
    let Some(settings) = ConnectionSettings::of(pbx) else {
        let error = anyhow::anyhow!("pbx.{}: no login is configured", pbx.name);
        return Err(Failure::new(Code::Config, error).hint("set username and secret_file"));
    };
    block_on(async {
        let signals = ringwire_daemon::signals().context("cannot install signal handlers")?;
        Ok(connect(&settings, args.duration, signals, tape).await)
    })?
}

async fn connect(
    settings: &ConnectionSettings,
    duration: Option<Duration>,
    mut signals: mpsc::Receiver<Signal>,
    tape: &mut Tape,
) -> Result<(), Failure> {
    let mut options = settings.options();
    EVERYTHING.clone_into(&mut options.login.events);
    let connected = tokio::select! {
        () = stopped(&mut signals) => return Ok(()),
        connected = AmiClient::connect(&options) => connected,
    };
    let (client, mut incoming) = connected.map_err(|error| {
        let hint = error.hint();
        Failure::new(Code::Unavailable, error).hint(hint)
    })?;
    tape.began = std::time::Instant::now();
    tape.connected(incoming.version(), Some(Duration::ZERO))?;
    let ended = follow(&client, &mut incoming, duration, signals, tape).await;
    tape.lost = incoming.stream_errors().lost_packets();
    match ended? {
        None => Ok(()),
        Some(error) => {
            let error = anyhow::Error::from(error).context("the recording ended early");
            Err(Failure::new(Code::Unavailable, error).hint("what was recorded so far can be replayed"))
        }
    }
}

/// Records until it is stopped, or the connection ends; gives why that was.
async fn follow(
    client: &AmiClient,
    incoming: &mut IncomingPackets,
    duration: Option<Duration>,
    mut signals: mpsc::Receiver<Signal>,
    tape: &mut Tape,
) -> Result<Option<DisconnectError>, Failure> {
    let began = Instant::now();
    let enough = async {
        match duration.and_then(|duration| began.checked_add(duration)) {
            Some(end) => sleep_until(end).await,
            None => std::future::pending().await,
        }
    };
    let wish = Notify::new();
    let mut asking = std::pin::pin!(keep_asking(client, &wish));
    let mut enough = std::pin::pin!(enough);
    loop {
        let batch = tokio::select! {
            () = stopped(&mut signals) => break,
            () = &mut enough => break,
            () = &mut asking => continue,
            batch = incoming.next_batch() => batch,
        };
        match batch {
            Some(Ok(packets)) => {
                if tape.write(Some(began.elapsed()), &packets)? {
                    wish.notify_one();
                }
            }
            Some(Err(error)) => return Ok(Some(error)),
            None => return Ok(Some(DisconnectError::Closed)),
        }
    }
    // What comes until the farewell belongs to it. Whoever does not answer is left alone.
    let end = Instant::now() + FAREWELL;
    let mut logoff = std::pin::pin!(timeout_at(end, client.logoff()));
    let mut said = false;
    loop {
        let batch = tokio::select! {
            _ = &mut logoff, if !said => {
                said = true;
                continue;
            }
            batch = timeout_at(end, incoming.next_batch()) => batch,
        };
        let Ok(Some(Ok(packets))) = batch else { return Ok(None) };
        tape.write(Some(began.elapsed()), &packets)?;
    }
}

/// Asks what is going on, now and when it is wished for. What is answered comes with all that comes. Never returns.
async fn keep_asking(client: &AmiClient, wish: &Notify) {
    loop {
        for action in resync_actions() {
            // What is refused or late is missing in the recording too.
            let _ = client.send(&action).await;
        }
        sleep(PAUSE).await;
        wish.notified().await;
    }
}

/// Returns when the process is told to stop.
async fn stopped(signals: &mut mpsc::Receiver<Signal>) {
    while let Some(signal) = signals.recv().await {
        if signal == Signal::Stop {
            return;
        }
    }
}

fn pbx<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a Pbx, Failure> {
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
