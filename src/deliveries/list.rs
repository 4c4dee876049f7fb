//! The list, and how each endpoint stands.

use std::io::Write;

use ringwire_outbox::{DeliveryFilter, DeliveryRecord, DeliveryTally, StoreReader, TargetRecord};
use ringwire_terminal::Failure;
use ringwire_terminal::plain;
use ringwire_terminal::{Cell, Column, Table, when};

use super::{Listing, State, style};
use crate::journal::Journal;

/// How many are listed unless told otherwise.
const LIMIT: u32 = 100;

/// What is listed unless told otherwise.
const UNDELIVERED: [State; 6] =
    [State::Pending, State::Retry, State::Paused, State::Dead, State::Expired, State::Dropped];

/// Prints what `wanted` asks for.
///
/// # Errors
/// The journal cannot be read, or knows no such endpoint.
pub(super) fn run(journal: &Journal, wanted: &Listing) -> Result<(), Failure> {
    let limit = usize::try_from(wanted.limit.unwrap_or(LIMIT)).unwrap_or(usize::MAX);
    let states = if wanted.state.is_empty() { &UNDELIVERED[..] } else { &wanted.state };
    let filter = DeliveryFilter {
        target: wanted.target.clone(),
        states: states.iter().filter_map(|state| state.stored()).collect(),
        paused: states.contains(&State::Paused),
        call: wanted.call.clone(),
        limit: limit.saturating_add(1),
    };
    let mut deliveries = journal.read(|reader| reader.deliveries(&filter))?;
    if let Some(endpoint) = &wanted.target
        && deliveries.is_empty()
        && !journal.endpoints()?.contains(endpoint)
    {
        return Err(journal.no_endpoint(endpoint)?);
    }
    let more = deliveries.len() > limit;
    if more {
        deliveries.remove(0);
    }
    let mut out = anstream::stdout().lock();
    if wanted.json {
        for delivery in &deliveries {
            serde_json::to_writer(&mut out, delivery).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
    } else {
        match deliveries.as_slice() {
            [] if wanted.state.is_empty() && wanted.call.is_none() => {
                writeln!(out, "All events are delivered.")?
            }
            [] => writeln!(out, "No deliveries found.")?,
            deliveries => table(deliveries).print(&mut out)?,
        }
        writeln!(out)?;
        summary(journal, wanted.target.as_deref())?.print(&mut out)?;
    }
    out.flush()?;
    if more {
        writeln!(anstream::stderr(), "Only the newest {limit} are shown; use --limit N to see more.")?;
    }
    Ok(())
}

fn table(deliveries: &[DeliveryRecord]) -> Table {
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
            Cell::new(&delivery.state).styled(style(&delivery.state)),
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

/// A line for each endpoint, or for the one that is asked for.
fn summary(journal: &Journal, only: Option<&str>) -> Result<Table, Failure> {
    let tallies = journal.read(StoreReader::tallies)?;
    let standings = journal.read(StoreReader::targets)?;
    let mut table = Table::new(&[
        Column::left("TARGET"),
        Column::right("PENDING"),
        Column::right("RETRYING"),
        Column::right("DEAD"),
        Column::right("EXPIRED"),
        Column::right("DROPPED"),
        Column::left("STATUS"),
    ]);
    for endpoint in journal.endpoints()?.iter().filter(|name| only.is_none_or(|only| only == *name)) {
        let counted = |state: &str| Cell::new(counted(&tallies, endpoint, state).to_string());
        let mut status = status(standings.iter().find(|standing| standing.target == *endpoint));
        if journal.config.is_some() && !journal.configured().any(|name| name == endpoint) {
            status.push_str("; no longer configured");
        }
        table.row([
            Cell::new(endpoint),
            counted("pending"),
            counted("retry"),
            counted("dead"),
            counted("expired"),
            counted("dropped"),
            Cell::new(status),
        ]);
    }
    Ok(table)
}

fn counted(tallies: &[DeliveryTally], endpoint: &str, state: &str) -> u64 {
    let mut tallies = tallies.iter();
    tallies.find(|tally| tally.target == endpoint && tally.state == state).map_or(0, |tally| tally.count)
}

/// The status of a target in words, as it was last stored.
fn status(stored: Option<&TargetRecord>) -> String {
    let Some(stored) = stored.filter(|stored| stored.state != "running") else {
        return "OK".to_owned();
    };
    let reason = stored.reason.as_deref().filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!(": {}", plain(reason))).unwrap_or_default();
    format!("{} since {}{reason}", stored.state, when(stored.since))
}
