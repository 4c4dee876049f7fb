//! The list of deliveries, and the status of each target.

use std::io::Write;

use ringwire_outbox::{DeliveryFilter, DeliveryRecord, DeliveryTally, StoreReader, TargetRecord};
use ringwire_terminal::Failure;
use ringwire_terminal::plain;
use ringwire_terminal::{Cell, Column, Table, when};

use super::{
    list_args::{ListArgs, StateArg},
    state_text::state_style,
};
use crate::journal::JournalReader;

/// How many deliveries are listed by default.
const DEFAULT_LIMIT: u32 = 100;

/// The states that are listed by default.
const UNDELIVERED: [StateArg; 6] = [
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
            Cell::maybe(delivery.reason.as_ref()),
        ]);
    }
    table
}

/// A line for each target, or for the selected one.
fn target_table(journal: &JournalReader, only: Option<&str>) -> Result<Table, Failure> {
    let tallies = journal.read(StoreReader::tallies)?;
    let targets = journal.read(StoreReader::targets)?;
    let mut table = Table::new(&[
        Column::left("TARGET"),
        Column::right("PENDING"),
        Column::right("RETRYING"),
        Column::right("DEAD"),
        Column::right("EXPIRED"),
        Column::right("DROPPED"),
        Column::left("STATUS"),
    ]);
    for endpoint in journal.targets()?.iter().filter(|name| only.is_none_or(|only| only == *name)) {
        let count_cell = |state: &str| Cell::new(tally_count(&tallies, endpoint, state).to_string());
        let mut status = status_text(targets.iter().find(|stored| stored.target == *endpoint));
        if journal.config.is_some() && !journal.configured_targets().any(|name| name == endpoint) {
            status.push_str("; no longer configured");
        }
        table.row([
            Cell::new(endpoint),
            count_cell("pending"),
            count_cell("retry"),
            count_cell("dead"),
            count_cell("expired"),
            count_cell("dropped"),
            Cell::new(status),
        ]);
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
