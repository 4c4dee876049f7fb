//! `ringwire explain`: why a call was told as it was.

mod asked;
mod recorded;
mod stored;

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::anyhow;
use ringwire_terminal::{Code, Failure};
use serde_json::json;

use super::journal::Place;
use crate::{
    access::Access,
    explanation::{self, Known},
};

/// Where the sections that an explanation cites can be read.
const RULES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/call-rules.md");

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
    what: String,
    /// Explain only this call of the recording: its id, or the Uniqueid of one of its channels
    #[arg(long, value_name = "ID")]
    call: Option<String>,
    /// Show what this dialect (zammad) or configured target would be sent for the recording
    #[arg(long, value_name = "NAME")]
    to: Option<String>,
    /// Print one line per call
    #[arg(long)]
    brief: bool,
    /// Print one JSON object per line
    #[arg(long, conflicts_with = "brief")]
    json: bool,
    /// PBX whose settings apply to the recording, if the configuration has several
    #[arg(long, value_name = "NAME", requires = "config")]
    pbx: Option<String>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    access: Access,
}

/// Runs the command.
///
/// # Errors
/// There is no such call, or the recording, the journal or the configuration cannot be used.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut out = Out { json: args.json, brief: args.brief, writer: anstream::stdout().lock(), told: false };
    if args.what == "-" || Path::new(&args.what).exists() {
        recorded::tell(args, &mut out)?;
    } else {
        for (given, option) in
            [(args.call.is_some(), "--call"), (args.to.is_some(), "--to"), (args.pbx.is_some(), "--pbx")]
        {
            if given {
                return Err(Failure::new(
                    Code::Usage,
                    anyhow!("{option} applies to recordings only, and there is no file {}", args.what),
                ));
            }
        }
        stored::tell(args, &mut out)?;
    }
    out.refer_to_rules()?;
    Ok(out.writer.flush()?)
}

/// Where stories go.
struct Out<W: Write> {
    json: bool,
    brief: bool,
    writer: W,
    /// Whether there was one before.
    told: bool,
}

impl<W: Write> Out<W> {
    fn tell(&mut self, known: &Known, record: Option<&serde_json::Value>) -> io::Result<()> {
        if self.json {
            serde_json::to_writer(&mut self.writer, &machine(known, record))?;
            return writeln!(self.writer);
        }
        if self.brief {
            return writeln!(self.writer, "{}", explanation::in_a_line(known));
        }
        if std::mem::replace(&mut self.told, true) {
            writeln!(self.writer)?;
        }
        explanation::lines(known).iter().try_for_each(|line| writeln!(self.writer, "{line}"))
    }

    /// Says where the cited sections can be read, if there was a call.
    fn refer_to_rules(&mut self) -> io::Result<()> {
        if self.told { writeln!(self.writer, "\nRules: {RULES}") } else { Ok(()) }
    }

    /// Something about the recording as a whole, for people.
    fn remark(&mut self, words: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { writeln!(self.writer, "{words}") }
    }
}

/// A story for machines: its parts are called as in the API.
fn machine(known: &Known, record: Option<&serde_json::Value>) -> serde_json::Value {
    let sent: Vec<_> = known
        .sent
        .iter()
        .map(|sent| {
            let tries: Vec<_> = sent
                .tries
                .iter()
                .map(|tried| {
                    json!({"durationMs": tried.took, "outcome": tried.outcome, "status": tried.status, "reply": tried.reply})
                })
                .collect();
            json!({
                "event": sent.event,
                "target": sent.to,
                "state": sent.state,
                "reason": sent.reason,
                "request": sent.fields.clone().flatten(),
                "attempts": tries,
            })
        })
        .collect();
    json!({
        "id": known.call,
        "uniqueid": known.root,
        "call": record,
        "events": known.events,
        "deliveries": sent,
        "explanation": known.notes,
        "remarks": known.remarks,
    })
}
