//! `ringwire run`: the daemon.

use std::path::PathBuf;

use anyhow::Context;
use jiff::Timestamp;
use ringwire_config::{Config, Purpose};
use ringwire_daemon::Logging;
use ringwire_live::LiveState;
use ringwire_terminal::{Code, Failure};

use crate::runtime::block_on;

const EXAMPLES: &str = "\
Examples:
  ringwire run                          use /etc/ringwire/ringwire.toml
  ringwire run --config ringwire.toml   use another file
  RUST_LOG=ringwire=debug ringwire run  log each event and request

SIGHUP reloads the configuration; if the new one is invalid, the current one stays in use. SIGTERM and Ctrl-C \
disconnect from the PBXs and deliver what is due, for up to ten seconds; a second signal exits at once.

The log goes to standard error. $RUST_LOG takes precedence over log.level.";

/// Run the daemon.
///
/// Connects to each PBX, follows its calls and sends their events to the targets. Lost connections are re-established,
/// and events that cannot be delivered are queued and retried. Under systemd, the daemon reports when it is ready, its
/// status and that it is alive.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Configuration file [default: $RINGWIRE_CONFIG, or /etc/ringwire/ringwire.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command until it is stopped.
///
/// # Errors
/// The configuration is invalid, or the system denies a resource.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let config = Config::load(&ringwire_config::path(args.config.clone()), Purpose::Run)?;
    let logging = Logging::start(config.log).map_err(|error| Failure::new(Code::Config, error))?;
    block_on(async {
        let signals = ringwire_daemon::signals().context("cannot install signal handlers")?;
        Ok(ringwire_daemon::run(config, signals, Some(logging), LiveState::new(Timestamp::now())).await)
    })?
}
