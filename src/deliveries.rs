//! `ringwire deliveries`: what is owed to endpoints, and orders about it.

mod list;
mod orders;
mod show;

use anstyle::{AnsiColor, Style};
use anyhow::anyhow;
use ringwire_outbox::StoredDeliveryState;
use ringwire_terminal::{Code, Failure};

use super::journal::Place;

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
  dead       permanently failed: rejected, or too many attempts failed
  expired    not delivered in time
  dropped    discarded by an operator

Deliveries are read from the journal, and commands are written to it: a running daemon executes them within a second, \
otherwise the next one does when it starts. Delivered events are kept as long as their call.";

/// List undelivered events; show, retry or drop them; pause and resume targets.
///
/// Without a command, lists undelivered events and the status of each target.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    list: Listing,
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to list.
#[derive(Debug, clap::Args)]
struct Listing {
    /// Only deliveries to this target
    #[arg(long, value_name = "NAME", alias = "endpoint")]
    target: Option<String>,
    /// Only deliveries in these states [default: all but delivered]
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    state: Vec<State>,
    /// Only events of this call
    #[arg(long, value_name = "CALL")]
    call: Option<String>,
    /// Show at most N deliveries, the newest [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Print one JSON object per line, times in UTC
    #[arg(long)]
    json: bool,
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
    /// Retry deliveries, starting with a first attempt
    #[command(group = clap::ArgGroup::new("what").required(true))]
    Retry {
        /// IDs of the deliveries
        #[arg(value_name = "ID", group = "what")]
        ids: Vec<i64>,
        /// Retry all deliveries to this target that are dead, expired or dropped
        #[arg(long, value_name = "NAME", group = "what", alias = "endpoint")]
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

/// A state, as the list shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum State {
    Pending,
    Retry,
    Paused,
    Delivered,
    Dead,
    Expired,
    Dropped,
}

impl State {
    /// The state as it is stored; `None` for what an endpoint makes of it.
    fn stored(self) -> Option<StoredDeliveryState> {
        match self {
            Self::Pending => Some(StoredDeliveryState::Pending),
            Self::Retry => Some(StoredDeliveryState::Retry),
            Self::Paused => None,
            Self::Delivered => Some(StoredDeliveryState::Delivered),
            Self::Dead => Some(StoredDeliveryState::Dead),
            Self::Expired => Some(StoredDeliveryState::Expired),
            Self::Dropped => Some(StoredDeliveryState::Dropped),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// The journal cannot be read or written, or what was asked for is not there.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let Some(command) = &args.command else {
        return list::run(&args.place.open()?, &args.list);
    };
    let Listing { target, state, call, limit, json } = &args.list;
    if target.is_some() || !state.is_empty() || call.is_some() || limit.is_some() || *json {
        let error = anyhow!("options of the list cannot be combined with a command");
        let hint = "put the options after the command: ringwire deliveries retry --target NAME";
        return Err(Failure::new(Code::Usage, error).hint(hint));
    }
    let journal = args.place.open()?;
    match command {
        Command::Show { id, json } => show::run(&journal, *id, *json),
        Command::Retry { target: Some(target), .. } => orders::retry_all(&journal, target),
        Command::Retry { ids, target: None } => orders::retry(&journal, ids),
        Command::Drop { ids } => orders::take_out(&journal, ids),
        Command::Pause { target } => orders::pause(&journal, target),
        Command::Resume { target } => orders::resume(&journal, target),
    }
}

/// There is no delivery `id`.
fn no_delivery(id: i64) -> Failure {
    Failure::new(Code::Usage, anyhow!("delivery {id} not found in the journal"))
        .hint("run `ringwire deliveries` to list undelivered events, with --state delivered the others")
}

/// A state in words.
fn describe(state: &str) -> &str {
    match state {
        "retry" => "failed, will be retried",
        "dead" => "permanently failed",
        "expired" => "not delivered in time",
        "dropped" => "dropped by an operator",
        state => state,
    }
}

/// How a state looks.
fn style(state: &str) -> Style {
    match state {
        "retry" => AnsiColor::Yellow.on_default(),
        "paused" => AnsiColor::Magenta.on_default(),
        "delivered" => AnsiColor::Green.on_default(),
        "dead" | "expired" => AnsiColor::Red.on_default().bold(),
        "dropped" => Style::new().dimmed(),
        _ => Style::new(),
    }
}
