//! Which events of the daemon to print.

use ringwire_event::{Direction, EventKind};

/// Which events of the daemon to print.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Filters for events of the daemon")]
pub(super) struct FilterArgs {
    /// Only calls of this user: part of an endpoint, extension, name, login or e-mail address
    #[arg(long, value_name = "USER", conflicts_with = "file")]
    pub(super) user: Option<String>,
    /// Only calls in these queues
    #[arg(long, value_name = "QUEUE", value_delimiter = ',', conflicts_with = "file")]
    pub(super) queue: Vec<String>,
    /// Only inbound, outbound or internal calls
    #[arg(long, value_name = "in|out|internal", value_delimiter = ',', value_parser = parse_direction, conflicts_with = "file")]
    pub(super) direction: Vec<Direction>,
    /// Only these events: newCall, ringing, answer, hold, unhold, transfer, hangup
    #[arg(long, value_name = "EVENT", value_delimiter = ',', value_parser = parse_event, conflicts_with = "file")]
    pub(super) event: Vec<String>,
    /// Only this call, by its id
    #[arg(long, value_name = "CALL", conflicts_with = "file")]
    pub(super) call: Option<String>,
    /// Only the ends of missed calls
    #[arg(long, conflicts_with_all = ["file", "event"])]
    pub(super) missed: bool,
    /// Start after this cursor of the journal instead of now; 0 starts with the oldest event
    #[arg(long, value_name = "CURSOR", conflicts_with = "file", value_parser = clap::value_parser!(i64).range(0..))]
    pub(super) after: Option<i64>,
    /// Do not wait for deliveries and do not print them
    #[arg(long, conflicts_with = "file")]
    pub(super) no_deliveries: bool,
}

fn parse_direction(text: &str) -> Result<Direction, String> {
    [Direction::In, Direction::Out, Direction::Internal]
        .into_iter()
        .find(|direction| direction.as_str() == text)
        .ok_or_else(|| "expected in, out or internal".to_owned())
}

fn parse_event(text: &str) -> Result<String, String> {
    let known = EventKind::NAMES.into_iter().find(|event| event.eq_ignore_ascii_case(text));
    known.map(str::to_owned).ok_or_else(|| format!("expected one of {}", EventKind::NAMES.join(", ")))
}
