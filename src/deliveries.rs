//! `ringwire deliveries`: what is owed to endpoints, and orders about it.

mod list;
mod orders;
mod show;

use anstyle::{AnsiColor, Style};
use anyhow::anyhow;
use ringwire_outbox::store::StoredState;
use ringwire_terminal::{Code, Failure};

use super::journal::Place;

const EXAMPLES: &str = "\
Examples:
  ringwire deliveries                             what is not delivered, and how endpoints stand
  ringwire deliveries --state dead,expired        what was given up
  ringwire deliveries --call 1795226772.37 --state delivered
  ringwire deliveries show 4711                   the event, and each try with what was answered
  ringwire deliveries retry 4711 4712             try these again, from the first try
  ringwire deliveries retry --endpoint helpdesk   try all again that were given up there
  ringwire deliveries drop 4711                   never mind
  ringwire deliveries pause helpdesk              send nothing there until `resume helpdesk`

States: pending waits for its first try, or behind an earlier event of its call; retry failed and is
tried again; paused waits for its endpoint to be resumed; delivered; dead was refused, or failed
once too often; expired came to be worth nothing before it could be delivered; dropped was taken out
by hand.

It reads the journal, and leaves orders in it: the daemon takes them up within a second, or from its
next start on. What lies delivered is kept as long as its call.";

/// List what endpoints are owed; show, retry or drop it; pause and resume endpoints.
///
/// Without a command, lists what is not delivered and says how each endpoint stands.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    list: Listing,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to list.
#[derive(Debug, clap::Args)]
struct Listing {
    /// Only what is owed to this endpoint
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// Only what is in this state; may be given several times [default: all but delivered]
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    state: Vec<State>,
    /// Only what is told of this call
    #[arg(long, value_name = "CALL")]
    call: Option<String>,
    /// At most so many, the newest [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// One JSON object a line, times in UTC
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show one delivery: the event, and each try with what was answered
    Show {
        /// The number of the delivery, as it is listed
        id: i64,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Try deliveries again, from the first try
    #[command(group = clap::ArgGroup::new("what").required(true))]
    Retry {
        /// The numbers of the deliveries, as they are listed
        #[arg(value_name = "ID", group = "what")]
        ids: Vec<i64>,
        /// All that were given up for this endpoint: dead, expired and dropped
        #[arg(long, value_name = "NAME", group = "what")]
        endpoint: Option<String>,
    },
    /// Take deliveries out: they are tried no more
    Drop {
        /// The numbers of the deliveries, as they are listed
        #[arg(value_name = "ID", required = true)]
        ids: Vec<i64>,
    },
    /// Send nothing to an endpoint until it is resumed; what happens is kept for it
    Pause {
        /// The name of the endpoint
        endpoint: String,
    },
    /// Send to an endpoint again that was paused, or that said it is gone
    Resume {
        /// The name of the endpoint
        endpoint: String,
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
    fn stored(self) -> Option<StoredState> {
        match self {
            Self::Pending => Some(StoredState::Pending),
            Self::Retry => Some(StoredState::Retry),
            Self::Paused => None,
            Self::Delivered => Some(StoredState::Delivered),
            Self::Dead => Some(StoredState::Dead),
            Self::Expired => Some(StoredState::Expired),
            Self::Dropped => Some(StoredState::Dropped),
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
    let Listing { endpoint, state, call, limit, json } = &args.list;
    if endpoint.is_some() || !state.is_empty() || call.is_some() || limit.is_some() || *json {
        let error = anyhow!("what to list is said, and a command after it");
        let hint = "options of a command stand behind it: ringwire deliveries retry --endpoint NAME";
        return Err(Failure::new(Code::Usage, error).hint(hint));
    }
    let journal = args.place.open()?;
    match command {
        Command::Show { id, json } => show::run(&journal, *id, *json),
        Command::Retry { endpoint: Some(endpoint), .. } => orders::retry_all(&journal, endpoint),
        Command::Retry { ids, endpoint: None } => orders::retry(&journal, ids),
        Command::Drop { ids } => orders::take_out(&journal, ids),
        Command::Pause { endpoint } => orders::pause(&journal, endpoint),
        Command::Resume { endpoint } => orders::resume(&journal, endpoint),
    }
}

/// There is no delivery `id`.
fn no_delivery(id: i64) -> Failure {
    Failure::new(Code::Usage, anyhow!("there is no delivery {id} in the journal"))
        .hint("ringwire deliveries lists what is not delivered, and with --state delivered the rest")
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
