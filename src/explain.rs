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

const EXAMPLES: &str = "\
Examples:
  ringwire explain main-1795226702.0        the story of a call, from the journal; ids: ringwire calls --json
  ringwire explain call.ami                 of all calls of a recording
  ringwire explain --to zammad call.ami     with what Zammad would have been posted
  ringwire explain --brief busy-hour.ami    a line each; then: --call ID
  ringwire explain --json call.ami | jq .   for machines

Each event of the manager interface that mattered stands in bold, with the time since the call began and the headers
that decided. Under it is what was concluded, and after it the rule: [rules 4.2] is a section of the translation
rules, [AMI 3.12] one of the AMI contract, the names by which the source cites them. » marks what was said of the call,
and → to whom, with each try and its reply.

Numbers and names are shown as they are. To share a recording, leave them out of it first:
  ringwire capture --anonymise -o call.ami

A path that exists is a recording (FILE.times beside it gives the clock, see ringwire replay --help), and anything
else is a call: its id, or the Uniqueid of one of its channels. A stored call is read from the journal while the daemon runs
as well as while it does not; the story of one that is not over is asked of the daemon, as is everything where --api is given
and no --journal or --config, or where the journal is not ours to read.";

/// Tell the story of a call: what was heard, what was concluded by which rule, who was told, what they replied.
///
/// This is what belongs into a bug report. It takes a call of the journal, or a recording of the manager interface with any
/// number of calls, also those that were never announced, with why.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A recording, if there is such a file (`-` is standard input), else a call's id or Uniqueid
    #[arg(value_name = "CALL|FILE")]
    what: String,
    /// Only this call of the recording: its id, or the Uniqueid of one of its channels
    #[arg(long, value_name = "ID")]
    call: Option<String>,
    /// The PBX whose rules count for the recording, where the configuration has several
    #[arg(long, value_name = "NAME", requires = "config")]
    pbx: Option<String>,
    /// With what a dialect (zammad) or a configured endpoint would be sent of the recording
    #[arg(long, value_name = "NAME")]
    to: Option<String>,
    /// One line a call
    #[arg(long)]
    brief: bool,
    /// One JSON object a line, with the notes as the journal and the API have them
    #[arg(long, conflicts_with = "brief")]
    json: bool,
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
                    anyhow!("{option} is for recordings, and there is no file {}", args.what),
                ));
            }
        }
        stored::tell(args, &mut out)?;
    }
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
                    json!({"took": tried.took, "outcome": tried.outcome, "status": tried.status, "reply": tried.reply})
                })
                .collect();
            json!({
                "event": sent.event,
                "endpoint": sent.to,
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
        "story": known.notes,
        "remarks": known.remarks,
    })
}
