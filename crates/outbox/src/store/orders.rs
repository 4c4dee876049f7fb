//! What the operator wants: left in the journal by the command line, taken up by the daemon.
//!
//! So it needs no way to reach the daemon but the file, and holds as well while the daemon is not running.

use std::{path::Path, thread, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{StoreError, place, reader, schema};
use crate::{
    EndpointName,
    delivery::{DeliveryId, Owed},
};

/// How long the daemon is waited for: it looks once a second.
const PATIENCE: Duration = Duration::from_secs(5);

/// Something that the operator wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Try a delivery again, from the first try.
    Retry(DeliveryId),
    /// Try all deliveries to an endpoint again that were given up.
    RetryAll(EndpointName),
    /// Take a delivery out.
    Drop(DeliveryId),
    /// Send nothing to an endpoint until told otherwise.
    Pause(EndpointName),
    /// Send to an endpoint again.
    Resume(EndpointName),
}

/// Something that the operator wanted, as it stands in the tables now.
#[derive(Clone, Debug)]
pub enum Requested {
    /// This is owed again.
    Retry(EndpointName, Owed),
    /// These are owed no more.
    Drop(EndpointName, DeliveryId),
    /// Nothing is sent to the endpoint.
    Pause(EndpointName),
    /// The endpoint is sent to.
    Resume(EndpointName),
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The daemon has taken it up.
    ByDaemon,
    /// No daemon runs; it stands in the journal and holds from the next start.
    AtNextStart,
    /// The daemon has not taken it up in time; it will, or its log says why not.
    NotYet,
}

impl Request {
    fn columns(&self) -> (&'static str, Option<&str>, Option<i64>) {
        match self {
            Self::Retry(id) => ("retry", None, Some(id.0)),
            Self::RetryAll(endpoint) => ("retry-all", Some(endpoint.as_str()), None),
            Self::Drop(id) => ("drop", None, Some(id.0)),
            Self::Pause(endpoint) => ("pause", Some(endpoint.as_str()), None),
            Self::Resume(endpoint) => ("resume", Some(endpoint.as_str()), None),
        }
    }

    fn read(what: &str, endpoint: Option<String>, delivery: Option<i64>) -> Option<Self> {
        let endpoint = endpoint.map(|name| EndpointName::from(name.as_str()));
        match (what, endpoint, delivery.map(DeliveryId)) {
            ("retry", _, Some(id)) => Some(Self::Retry(id)),
            ("retry-all", Some(endpoint), _) => Some(Self::RetryAll(endpoint)),
            ("drop", _, Some(id)) => Some(Self::Drop(id)),
            ("pause", Some(endpoint), _) => Some(Self::Pause(endpoint)),
            ("resume", Some(endpoint), _) => Some(Self::Resume(endpoint)),
            _ => None,
        }
    }
}

/// Leaves all that is `wanted` in the journal at `path`, at once, and waits until the daemon has taken it up.
///
/// # Errors
/// There is no journal, or it cannot be written.
pub fn request(path: &Path, wanted: &[Request], now: Timestamp) -> Result<Taken, StoreError> {
    let failed = |error| StoreError::sqlite(path, error);
    drop(schema::open_to_read(path)?);
    let mut db = schema::open(path)?;
    let id = leave(&mut db, wanted, now).map_err(failed)?;
    if !place::is_taken(path) {
        take(&mut db).map_err(failed)?;
        return Ok(Taken::AtNextStart);
    }
    for _ in 0..50 {
        let waits: bool = db
            .query_row("SELECT count(*) > 0 FROM orders WHERE id <= ?1", [id], |row| row.get(0))
            .map_err(failed)?;
        if !waits {
            return Ok(Taken::ByDaemon);
        }
        thread::sleep(PATIENCE / 50);
    }
    Ok(Taken::NotYet)
}

/// Writes down what is wanted; gives the number of the last order.
fn leave(db: &mut Connection, wanted: &[Request], now: Timestamp) -> rusqlite::Result<i64> {
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for request in wanted {
        let (what, endpoint, delivery) = request.columns();
        change
            .prepare_cached("INSERT INTO orders (at, what, endpoint, delivery) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![now.as_millisecond(), what, endpoint, delivery])?;
    }
    let last = change.last_insert_rowid();
    change.commit()?;
    Ok(last)
}

/// Makes what was ordered stand in the tables, and says what that is.
pub(super) fn take(db: &mut Connection) -> rusqlite::Result<Vec<Requested>> {
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let orders: Vec<(i64, Option<Request>)> = change
        .prepare_cached("SELECT at, what, endpoint, delivery FROM orders ORDER BY id")?
        .query_map([], |row| {
            let what: String = row.get(1)?;
            Ok((row.get(0)?, Request::read(&what, row.get(2)?, row.get(3)?)))
        })?
        .collect::<rusqlite::Result<_>>()?;
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let mut taken = Vec::new();
    for (at, request) in orders {
        match request {
            Some(Request::Retry(id)) => taken.extend(retry(&change, id, at)?),
            Some(Request::RetryAll(endpoint)) => {
                for id in given_up(&change, &endpoint)? {
                    taken.extend(retry(&change, id, at)?);
                }
            }
            Some(Request::Drop(id)) => taken.extend(drop_delivery(&change, id, at)?),
            Some(Request::Pause(endpoint)) => {
                stand(&change, &endpoint, "paused", Some("by the operator"), at)?;
                taken.push(Requested::Pause(endpoint));
            }
            Some(Request::Resume(endpoint)) => {
                stand(&change, &endpoint, "running", None, at)?;
                taken.push(Requested::Resume(endpoint));
            }
            None => {}
        }
    }
    change.execute("DELETE FROM orders", [])?;
    change.commit()?;
    Ok(taken)
}

fn stand(
    db: &Connection,
    endpoint: &EndpointName,
    standing: &str,
    reason: Option<&str>,
    at: i64,
) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO endpoints (name, standing, reason, since) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET standing = ?2, reason = ?3, since = ?4",
        params![endpoint.as_str(), standing, reason, at],
    )?;
    Ok(())
}

fn given_up(db: &Connection, endpoint: &EndpointName) -> rusqlite::Result<Vec<DeliveryId>> {
    db.prepare("SELECT id FROM deliveries WHERE state IN ('dead', 'expired', 'dropped') AND endpoint = ?1 ORDER BY id")?
        .query_map([endpoint.as_str()], |row| Ok(DeliveryId(row.get(0)?)))?
        .collect()
}

fn retry(db: &Connection, id: DeliveryId, at: i64) -> rusqlite::Result<Option<Requested>> {
    db.execute(
        "UPDATE deliveries SET state = 'pending', failures = 0, due = NULL, reason = NULL, changed = ?2
         WHERE id = ?1 AND state <> 'delivered'",
        params![id.0, at],
    )?;
    let owed = reader::owed_by_id(db, id).optional()?;
    Ok(owed.flatten().map(|(endpoint, owed)| Requested::Retry(endpoint, owed)))
}

fn drop_delivery(db: &Connection, id: DeliveryId, at: i64) -> rusqlite::Result<Option<Requested>> {
    let dropped: Option<String> = db
        .query_row(
            "UPDATE deliveries SET state = 'dropped', reason = 'by the operator', changed = ?2
             WHERE id = ?1 AND state IN ('pending', 'retry', 'dead', 'expired') RETURNING endpoint",
            params![id.0, at],
            |row| row.get(0),
        )
        .optional()?;
    Ok(dropped.map(|endpoint| Requested::Drop(EndpointName::from(endpoint.as_str()), id)))
}
