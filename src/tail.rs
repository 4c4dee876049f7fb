//! `ringwire tail`: follow the events of the daemon, or of a recording that is being written.

mod daemon;
mod event_merger;
mod file;
mod filter;
mod filter_args;
mod line;
mod output;
#[cfg(test)]
mod test_events;

use std::path::PathBuf;

use ringwire_terminal::Failure;

use self::filter_args::FilterArgs;
use ringwire_client::ApiAccess;

const EXAMPLES: &str = "\
Examples:
  ringwire tail                        call events from now on
  ringwire tail --missed               only missed calls, as they end
  ringwire tail --user alice           calls from when alice is involved
  ringwire tail --queue support,sales  calls that are in one of these queues
  ringwire tail --json --after 0       all events of the journal and new ones
  ringwire tail capture.ami            events of a recording, without a daemon

The line of an event ends with the targets it is sent to: \u{2713} delivered; \u{2717} permanently failed; \u{2013} \
expired or dropped; \u{2026} not delivered yet. Later changes are printed on lines of their own.

With --json, each event is printed as the journal has it, with its cursor (`journal`, as --after takes it) and its \
deliveries at the time of printing; a later change of a delivery is an object whose `event` is `delivery` and whose \
`of` is the id of the call event.

If the daemon restarts, ringwire tail reconnects and continues from the journal without a gap. Ctrl-C ends it. A FILE \
that is truncated or replaced is read again from its start.";

/// Follow call events as they happen.
///
/// Prints one line per event of the running daemon, with its deliveries. With a FILE, prints the events of a recording
/// that is still being written: existing contents with the clock of the recording, new contents with that of this
/// machine.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Recording to follow, instead of the daemon
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    /// Configuration file: address of the daemon; for a FILE, PBX settings and users
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// PBX whose settings apply to the FILE, if the configuration has several
    #[arg(long, value_name = "NAME", requires = "config", requires = "file")]
    pbx: Option<String>,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    access: ApiAccess,
}

/// Runs the command until it is interrupted or the output is closed.
///
/// # Errors
/// The daemon, the file or the configuration cannot be used.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.file {
        Some(file) => file::follow(file, args.config.as_deref(), args.pbx.as_deref(), args.json),
        None => daemon::follow(&args.access.client(args.config.as_deref())?, &args.filter, args.json),
    }
}
