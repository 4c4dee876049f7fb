//! `ringwire tail`: what happens, a line an event: from the daemon, or of a recording that grows.

mod daemon;
mod file;
mod filter;
mod line;
mod merge;

use std::path::PathBuf;

use ringwire_terminal::Failure;

use crate::access::Access;

const EXAMPLES: &str = "\
Examples:
  ringwire tail                          what happens from now on, and who was told
  ringwire tail --missed                 only calls from outside that nobody took, as they end
  ringwire tail --user alice             calls from the moment that alice has to do with them
  ringwire tail --queue support,sales    calls from the moment that they are in one of these queues
  ringwire tail --json --after 0         all that the journal holds, and what comes, for machines
  ringwire tail capture.ami              the events of a recording that grows, without a daemon

An event's line ends with the endpoints that are told: \u{2713} has it; \u{2717} will never take it; \u{2013} it came too
late, or was dropped by order; \u{2026} not yet. What comes of that later has a line of its own.

With --json, an event stands as in the journal, with its place there (`journal`: what --after takes) and its
deliveries as they were when it was printed; what settles later is a line whose `event` is `delivery` and whose `of`
is the id of the event.

It goes on when the daemon is started again, without a gap: the journal knows what was missed. It ends on ctrl-c.
A FILE that was cut short or replaced is read again from its start.";

/// Print what happens to calls, one aligned line an event.
///
/// From the running daemon, with the deliveries to each endpoint. With a FILE, the translated events of a recording
/// that is being written: what is already in it is told by its own clock, what is added by the clock of this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A recording that is being written (raw bytes of the manager interface), in place of the daemon
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Configuration: where the daemon is; for a FILE, the rules of the PBX and its users
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The PBX whose rules count, where the configuration has several
    #[arg(long, value_name = "NAME", requires = "config", requires = "file")]
    pbx: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    daemon: daemon::Wanted,
    #[command(flatten)]
    access: Access,
}

/// Runs the command, until it is interrupted or nobody reads on.
///
/// # Errors
/// The daemon, the file or the configuration cannot be used.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.file {
        Some(file) => file::follow(file, args),
        None => daemon::follow(args),
    }
}
