//! `ringwire calls`: list calls, past and in progress.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use anyhow::anyhow;
use jiff::Zoned;
use ringwire_outbox::{CallFilter, CallRecord};
use ringwire_terminal::{
    Cell, Code, Column, Failure, PAST_TIME_FORMS, Table, duration, parse_past_time, when,
};
use serde::Serialize;

use super::journal::{JournalArgs, JournalReader};
use crate::event_text;

const EXAMPLES: &str = "\
Examples:
  ringwire calls                           the last 100 calls, newest last
  ringwire calls --since today --missed    today's missed calls
  ringwire calls --living                  calls in progress
  ringwire calls --since 2h --user alice   alice's calls of the last two hours
  ringwire calls --number '0176 123456'    calls from and to a number
  ringwire calls --since 2026-11-01 --limit 100000 --json > november.jsonl

--since takes an age (90m, 2h, 3d, 1w), today, yesterday, a date (2026-11-21), or a date and time (2026-11-21T08:00, \
2026-11-21T08:00:00+01:00). Without an offset, times are in the time zone of this machine ($TZ).

A call is missed if it came from outside and ended before anybody answered it; a call that voicemail answered is not \
missed. A `~` marks times that may be too late, because part of the call happened while the PBX was not connected.

The calls are read from the journal, whether the daemon runs or not. journal.keep_days in the configuration sets how \
long calls are kept.";

/// List calls, past and in progress.
///
/// Shows for each call who called whom, how long it rang and was talked, who answered it and how it ended: one line a
/// call, oldest first.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Only calls that started at this time or later: 2h, today, 2026-11-21
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only calls from outside that nobody answered
    #[arg(long, conflicts_with = "living")]
    missed: bool,
    /// Only calls in progress
    #[arg(long)]
    living: bool,
    /// Only calls of this user: part of an endpoint, extension, name, login or e-mail address
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Only calls from or to a number that contains these digits, however it is written
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    /// Show at most N calls, the newest
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Print one JSON object per line: times in UTC, `rang` and `talked` in seconds
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    journal: JournalArgs,
}

/// A call as JSON.
#[derive(Serialize)]
struct CallJson<'a> {
    #[serde(flatten)]
    call: &'a CallRecord,
    #[serde(skip_serializing_if = "Option::is_none")]
    rang: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    talked: Option<i64>,
}

/// Runs the command.
///
/// # Errors
/// The journal cannot be read, or an option is invalid.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let since =
        args.since.as_deref().map(|text| parse_past_time(text, &Zoned::now())).transpose().map_err(
            |reason| Failure::new(Code::Usage, anyhow!("--since: {reason}")).hint(PAST_TIME_FORMS),
        )?;
    let journal = args.journal.open()?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let filter = CallFilter {
        since,
        missed: args.missed,
        live: args.living,
        user: args.user.clone(),
        numbers: args
            .number
            .as_deref()
            .map_or_else(|| Ok(Vec::new()), |number| number_variants(number, &journal))?,
        limit: limit.saturating_add(1),
        ..CallFilter::default()
    };
    let mut calls = journal.read(|reader| reader.calls(&filter))?;
    let more = calls.len() > limit;
    if more {
        calls.remove(0);
    }
    let mut out = anstream::stdout().lock();
    if args.json {
        for call in &calls {
            let json = CallJson { call, rang: call.ring_seconds(), talked: call.talk_seconds() };
            serde_json::to_writer(&mut out, &json).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
    } else if calls.is_empty() {
        writeln!(out, "No calls found.")?;
    } else {
        call_table(&calls).print(&mut out)?;
    }
    out.flush()?;
    if more {
        writeln!(anstream::stderr(), "Only the newest {limit} are shown; use --limit N to see more.")?;
    }
    Ok(())
}

/// The forms in which the journal may contain `number`: with the country code, as the PBX's rules normalise it, and
/// for the start of a number the digits after its leading zeros.
fn number_variants(number: &str, journal: &JournalReader) -> Result<Vec<String>, Failure> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let international = digits.strip_prefix("00").unwrap_or(&digits);
    if international.is_empty() {
        let error = anyhow!("--number {number:?}: contains no digits");
        return Err(
            Failure::new(Code::Usage, error).hint("expected a number or a part of one, such as 0176 123456")
        );
    }
    let mut numbers = vec![international.to_owned()];
    let pbxs = journal.config.iter().flat_map(|config| &config.pbxs);
    for pbx in pbxs.filter(|pbx| pbx.written.country.is_some()) {
        let whole = pbx.rules.numbers.normalise(number);
        // An incomplete number may be the start of one; most lose their leading zero in E.164 form.
        let meant = if whole == digits { digits.trim_start_matches('0').to_owned() } else { whole };
        if !meant.is_empty() && meant.chars().all(|c| c.is_ascii_digit()) && !numbers.contains(&meant) {
            numbers.push(meant);
        }
    }
    Ok(numbers)
}

fn call_table(calls: &[CallRecord]) -> Table {
    let mut table = Table::new(&[
        Column::left("STARTED"),
        Column::left("DIRECTION"),
        Column::left("FROM"),
        Column::left("TO"),
        Column::right("RANG"),
        Column::right("TALKED"),
        Column::left("ANSWERED BY"),
        Column::left("OUTCOME"),
        Column::left("QUEUE"),
    ]);
    for call in calls {
        let (outcome, style) = outcome(call);
        let from = match &call.from_name {
            Some(name) if *name != call.from => format!("{} {name}", call.from),
            _ => call.from.clone(),
        };
        let caller = if call.is_missed() { style } else { Style::new() };
        let duration_cell = |seconds: Option<i64>| {
            let about = if call.recovered { "~" } else { "" };
            Cell::maybe(seconds.map(|seconds| format!("{about}{}", duration(seconds))))
        };
        table.row([
            Cell::new(when(call.started_at)),
            Cell::new(&call.direction),
            Cell::new(from).styled(caller),
            Cell::new(&call.to),
            duration_cell(call.ring_seconds()),
            duration_cell(call.talk_seconds()),
            Cell::maybe(call.answered_by.as_ref().map(event_text::answered_by_text)),
            Cell::new(outcome).styled(style),
            Cell::maybe(call.queue.as_ref()),
        ]);
    }
    table
}

/// The outcome of a call, and its style.
fn outcome(call: &CallRecord) -> (String, Style) {
    let bold = |colour: AnsiColor| colour.on_default().bold();
    match (call.answered_at, call.ended_at) {
        (None, None) => ("ringing".to_owned(), bold(AnsiColor::Yellow)),
        (Some(_), None) => ("talking".to_owned(), bold(AnsiColor::Green)),
        (Some(_), Some(_)) => ("answered".to_owned(), AnsiColor::Green.on_default()),
        (None, Some(_)) => {
            let why = event_text::cause_text(call.cause.as_deref());
            match call.is_missed() {
                true => (format!("missed: {why}"), bold(AnsiColor::Red)),
                false => (why.to_owned(), Style::new().dimmed()),
            }
        }
    }
}
