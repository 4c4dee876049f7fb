//! What to explain.

use ringwire_client::ApiAccess;

use crate::journal::JournalArgs;

const EXAMPLES: &str = "\
Examples:
  ringwire explain main-1795226702.0        explain a call of the journal
  ringwire explain call.ami                 explain all calls of a recording
  ringwire explain --to zammad call.ami     with what Zammad would be sent
  ringwire explain --brief busy-hour.ami    one line per call
  ringwire explain --json call.ami | jq .   print JSON

Each manager event that mattered is printed in bold, with the time since the call started and the headers that \
decided. Below it are the decisions, each with its rule: [rules 4.2] is a section of docs/call-rules.md, [AMI 3.12] one \
of docs/asterisk-manager.md. » marks a call event, and → the target it was sent to, with each attempt and its reply.

Numbers and names are printed as they are. To share a recording, anonymise it first: \
`ringwire capture --anonymise --from call.ami -o shared.ami`.

An existing file is a recording (FILE.times beside it gives the clock, see `ringwire replay --help`). Anything else is \
the id of a call (`ringwire calls --json` lists them) or the Uniqueid of one of its channels. Calls are read from the \
journal, whether the daemon runs or not; the daemon is asked about calls in progress, and about all calls if --api is \
given without --journal or --config, or if the journal is not readable.";

/// Explain why a call was reported the way it was.
///
/// Shows the manager events received, the decisions made and their rules, the events sent to each target and the
/// replies. Takes a call of the journal, or a recording of the manager interface with any number of calls, including
/// those that were never announced. The output belongs into a bug report.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Recording, if such a file exists (`-` is standard input); otherwise the id of a call
    #[arg(value_name = "CALL|FILE")]
    pub(super) what: String,
    /// Explain only this call of the recording: its id, or the Uniqueid of one of its channels
    #[arg(long, value_name = "ID")]
    pub(super) call: Option<String>,
    /// Show what this configured target, dialect or dialect file would be sent for the recording
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) to: Option<String>,
    /// Print one line per call
    #[arg(long)]
    pub(super) brief: bool,
    /// Print one JSON object per line
    #[arg(long, conflicts_with = "brief")]
    pub(super) json: bool,
    /// PBX whose settings apply to the recording, if the configuration has several
    #[arg(long, value_name = "NAME", requires = "config")]
    pub(super) pbx: Option<String>,
    #[command(flatten)]
    pub(super) journal: JournalArgs,
    #[command(flatten)]
    pub(super) access: ApiAccess,
}
