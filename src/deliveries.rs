//! `ringwire deliveries`: list undelivered events and give commands about them.

mod commands;
mod list;
mod list_args;
mod show;

use anyhow::anyhow;
use ringwire_terminal::{Code, Failure};

use self::list_args::ListArgs;
use super::journal::JournalArgs;

const EXAMPLES: &str = "\
Examples:
  ringwire deliveries                          undelivered events
  ringwire deliveries --state dead,expired     events that permanently failed
  ringwire deliveries --call 1795226772.37 --state delivered
  ringwire deliveries show 4711                the event, attempts and replies
  ringwire deliveries retry 4711 4712          retry these deliveries
  ringwire deliveries retry --target helpdesk  retry all that failed for good
  ringwire deliveries drop 4711                discard a delivery
  ringwire deliveries pause helpdesk           stop sending to a target
  ringwire deliveries resume helpdesk          send to it again

States:
  pending    waits for its first attempt, or for an earlier event of its call
  retry      failed, and will be retried
  paused     waits until its target is resumed
  delivered  accepted by the target
  dead       permanently failed: rejected, or 10 attempts within 2 days failed
  expired    not delivered in time: within 7 days, or what `expire` sets
  dropped    discarded by an operator
  unknown    may have arrived, so it is not repeated: look, then retry or drop

Deliveries are read from the journal, and commands are written to it: a running daemon executes them within a second, \
otherwise the next one does when it starts. Delivered events are kept as long as their call.";

/// List undelivered events; show, retry or drop them; pause and resume targets.
///
/// Without a command, lists undelivered events and the status of each target.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    journal: JournalArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show a delivery: the event, each attempt and its reply
    Show {
        /// ID of the delivery
        id: i64,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Retry deliveries, starting with a first attempt; what follows in their calls is sent after them
    #[command(group = clap::ArgGroup::new("deliveries").required(true))]
    Retry {
        /// IDs of the deliveries
        #[arg(value_name = "ID", group = "deliveries")]
        ids: Vec<i64>,
        /// Retry all deliveries to this target that are dead, expired or dropped
        #[arg(long, value_name = "NAME", group = "deliveries", alias = "endpoint")]
        target: Option<String>,
    },
    /// Discard deliveries: they are not attempted again
    Drop {
        /// IDs of the deliveries
        #[arg(value_name = "ID", required = true)]
        ids: Vec<i64>,
    },
    /// Stop sending to a target until it is resumed; its events are queued
    Pause {
        /// Name of the target
        target: String,
    },
    /// Send to a target again that was paused or that replied it is gone
    Resume {
        /// Name of the target
        target: String,
    },
}

/// Runs the command.
///
/// # Errors
/// The journal cannot be read or written, or a delivery or target does not exist.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let Some(command) = &args.command else {
        return list::run(&args.journal.open()?, &args.list);
    };
    if args.list.is_given() {
        let error = anyhow!("options of the list cannot be combined with a command");
        let hint = "put the options after the command: ringwire deliveries retry --target NAME";
        return Err(Failure::new(Code::Usage, error).hint(hint));
    }
    let journal = args.journal.open()?;
    match command {
        Command::Show { id, json } => show::run(&journal, *id, *json),
        Command::Retry { target: Some(target), .. } => commands::retry_all(&journal, target),
        Command::Retry { ids, target: None } => commands::retry(&journal, ids),
        Command::Drop { ids } => commands::drop_deliveries(&journal, ids),
        Command::Pause { target } => commands::pause(&journal, target),
        Command::Resume { target } => commands::resume(&journal, target),
    }
}
