//! The list of deliveries, and the status of each target.

use std::io::Write;

use ringwire_outbox::{DeliveryFilter, DeliveryRecord, DeliveryTally, StoreReader, TargetRecord};
use ringwire_terminal::{Cell, Column, Failure, Table, UNKNOWN_ADVICE, plain, state_style, when};

use super::list_args::{ListArgs, StateArg};
use crate::journal::JournalReader;

/// How many deliveries are listed by default.
const DEFAULT_LIMIT: u32 = 100;

/// The states that are listed by default.
const UNDELIVERED: [StateArg; 7] = [
    StateArg::Unknown,
    StateArg::Pending,
    StateArg::Retry,
    StateArg::Paused,
    StateArg::Dead,
    StateArg::Expired,
    StateArg::Dropped,
];

/// Prints the deliveries that `args` selects, and the status of their targets.
///
/// # Errors
/// The journal cannot be read, or the target is unknown.
pub(super) fn run(journal: &JournalReader, args: &ListArgs) -> Result<(), Failure> {
    let limit = usize::try_from(args.limit.unwrap_or(DEFAULT_LIMIT)).unwrap_or(usize::MAX);
    let states = if args.state.is_empty() { &UNDELIVERED[..] } else { &args.state };
    let filter = DeliveryFilter {
        target: args.target.clone(),
        states: states.iter().filter_map(|state| state.to_stored()).collect(),
        paused: states.contains(&StateArg::Paused),
        call: args.call.clone(),
        limit: limit.saturating_add(1),
    };
    let mut deliveries = journal.read(|reader| reader.deliveries(&filter))?;
    if let Some(target) = &args.target
        && deliveries.is_empty()
        && !journal.targets()?.contains(target)
    {
        return Err(journal.unknown_target(target)?);
    }
    let more = deliveries.len() > limit;
    if more {
        deliveries.remove(0);
    }
    let mut out = anstream::stdout().lock();
    if args.json {
        for delivery in &deliveries {
            serde_json::to_writer(&mut out, delivery).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
    } else {
        match deliveries.as_slice() {
            [] if args.state.is_empty() && args.call.is_none() => writeln!(out, "All events are delivered.")?,
            [] => writeln!(out, "No deliveries found.")?,
            deliveries => delivery_table(deliveries).print(&mut out)?,
        }
        if deliveries.iter().any(|delivery| delivery.state == "unknown") {
            writeln!(out, "\n{UNKNOWN_ADVICE}")?;
        }
        writeln!(out)?;
        target_table(journal, args.target.as_deref())?.print(&mut out)?;
    }
    out.flush()?;
    if more {
        writeln!(anstream::stderr(), "Only the newest {limit} are shown; use --limit N to see more.")?;
    }
    Ok(())
}

fn delivery_table(deliveries: &[DeliveryRecord]) -> Table {
    let mut table = Table::new(&[
        Column::right("ID"),
        Column::left("STATE"),
        Column::left("TARGET"),
        Column::left("EVENT"),
        Column::left("CALL"),
        Column::left("TIME"),
        Column::right("FAILURES"),
        Column::left("NEXT ATTEMPT"),
        Column::left("REASON"),
    ]);
    for delivery in deliveries {
        table.row([
            Cell::new(delivery.id.to_string()),
            Cell::new(&delivery.state).styled(state_style(&delivery.state)),
            Cell::new(&delivery.target),
            Cell::new(&delivery.kind),
            Cell::new(&delivery.call),
            Cell::new(when(delivery.recorded_at)),
            Cell::maybe((delivery.failures > 0).then(|| delivery.failures.to_string())),
            Cell::maybe(delivery.due_at.map(when)),
            delivery.reason.as_ref().map(Cell::sentences).unwrap_or_default(),
        ]);
    }
    table
}

/// A line for each target, or for the selected one.
fn target_table(journal: &JournalReader, only: Option<&str>) -> Result<Table, Failure> {
    let tallies = journal.read(StoreReader::tallies)?;
    let targets = journal.read(StoreReader::targets)?;
    // Few targets ever have one.
    let has_unknown = tallies.iter().any(|tally| tally.state == "unknown");
    let states = [
        ("PENDING", "pending"),
        ("RETRYING", "retry"),
        ("DEAD", "dead"),
        ("EXPIRED", "expired"),
        ("DROPPED", "dropped"),
        ("UNKNOWN", "unknown"),
    ];
    let states = || states.iter().filter(|(_, state)| *state != "unknown" || has_unknown);
    let mut columns = vec![Column::left("TARGET")];
    columns.extend(states().map(|(title, _)| Column::right(title)));
    columns.push(Column::left("STATUS"));
    let mut table = Table::new(&columns);
    for endpoint in journal.targets()?.iter().filter(|name| only.is_none_or(|only| only == *name)) {
        let count_cell = |state: &str| Cell::new(tally_count(&tallies, endpoint, state).to_string());
        let mut status = status_text(targets.iter().find(|stored| stored.target == *endpoint));
        if journal.config.is_some() && !journal.configured_targets().any(|name| name == endpoint) {
            status.push_str("; no longer configured");
        }
        let mut cells = vec![Cell::new(endpoint)];
        cells.extend(states().map(|(_, state)| count_cell(state)));
        cells.push(Cell::sentences(status));
        table.row(cells);
    }
    Ok(table)
}

fn tally_count(tallies: &[DeliveryTally], endpoint: &str, state: &str) -> u64 {
    let mut tallies = tallies.iter();
    tallies.find(|tally| tally.target == endpoint && tally.state == state).map_or(0, |tally| tally.count)
}

/// The status of a target in words, as it was last stored.
fn status_text(stored: Option<&TargetRecord>) -> String {
    let Some(stored) = stored.filter(|stored| stored.state != "running") else {
        return "OK".to_owned();
    };
    let reason = stored.reason.as_deref().filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!(": {}", plain(reason))).unwrap_or_default();
    format!("{} since {}{reason}", stored.state, when(stored.since))
}
