//! What is owed, and what became of it.

use std::sync::Arc;

use ringwire_event::CallEvent;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{
    super::{
        AttemptRecord, DeliveryDetail, DeliveryRecord, StandingRecord, StoredState, Tally, WaitingRecord,
    },
    Reader, from_json, name, optional_time, time,
};
use crate::{
    EndpointName,
    delivery::{DeliveryId, Owed},
};

/// Some of what one endpoint is owed.
#[derive(Debug)]
pub struct Page {
    /// What is owed, in order.
    pub owed: Vec<Owed>,
    /// Whether there was nothing after it when this was read.
    pub complete: bool,
    /// The last delivery to anybody that was committed when this was read.
    pub through: DeliveryId,
}

/// Which deliveries to list.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// To this endpoint.
    pub endpoint: Option<String>,
    /// In one of these states; one that waits for its endpoint to be resumed is in none of them.
    pub states: Vec<StoredState>,
    /// Also those that wait for their endpoint to be resumed. Without it and any state, all are listed.
    pub paused: bool,
    /// Of this call.
    pub call: Option<String>,
    /// At most so many, the newest.
    pub limit: usize,
}

const DELIVERY: &str =
    "SELECT d.id, d.endpoint, e.id, e.kind, d.call, d.state, d.failures, d.due, e.recorded,
     d.changed, d.reason, s.standing
     FROM deliveries d JOIN events e ON e.seq = d.event LEFT JOIN endpoints s ON s.name = d.endpoint";

const OWED: &str = "SELECT d.id, d.failures, d.due, e.recorded, coalesce(d.body, e.body), d.endpoint
     FROM deliveries d JOIN events e ON e.seq = d.event";

impl Reader {
    /// What `endpoint` is owed after the delivery `after`, at most `limit` of it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn owed(&self, endpoint: &EndpointName, after: DeliveryId, limit: usize) -> rusqlite::Result<Page> {
        let snapshot = self.db.unchecked_transaction()?;
        let through = snapshot
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'deliveries'", [], |row| row.get(0))
            .optional()?;
        let mut statement = snapshot.prepare_cached(&format!(
            "{OWED} WHERE d.state IN ('pending', 'retry') AND d.endpoint = ?1 AND d.id > ?2 ORDER BY d.id LIMIT ?3"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let owed = statement
            .query_map(params![endpoint.as_str(), after.0, limit], read_owed)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let complete = i64::try_from(owed.len()).unwrap_or(i64::MAX) < limit;
        Ok(Page { owed, complete, through: DeliveryId(through.unwrap_or(0)) })
    }

    /// The newCall of `call`, as `endpoint` was told it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn introduction(
        &self,
        endpoint: &EndpointName,
        call: &str,
    ) -> rusqlite::Result<Option<Arc<CallEvent>>> {
        self.db
            .prepare_cached(
                "SELECT coalesce(d.body, e.body) FROM events e
                 LEFT JOIN deliveries d ON d.call = e.call AND d.event = e.seq AND d.endpoint = ?2
                 WHERE e.call = ?1 AND e.kind = 'newCall' ORDER BY d.id DESC LIMIT 1",
            )?
            .query_row(params![call, endpoint.as_str()], |row| from_json(row, 0))
            .optional()
            .map(|event| event.map(Arc::new))
    }

    /// The deliveries that match, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn deliveries(&self, filter: &DeliveryFilter) -> rusqlite::Result<Vec<DeliveryRecord>> {
        let states = condition(filter);
        let mut statement = self.db.prepare(&format!(
            "SELECT * FROM ({DELIVERY} WHERE {states} AND (:endpoint IS NULL OR d.endpoint = :endpoint)
             AND (:call IS NULL OR d.call = :call) ORDER BY d.id DESC LIMIT :limit) ORDER BY 1"
        ))?;
        let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
        statement
            .query_map(
                named_params! { ":endpoint": filter.endpoint, ":call": filter.call, ":limit": limit },
                read_delivery,
            )?
            .collect()
    }

    /// All that is known of one delivery.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn delivery(&self, id: DeliveryId) -> rusqlite::Result<Option<DeliveryDetail>> {
        let delivery =
            self.db.query_row(&format!("{DELIVERY} WHERE d.id = ?1"), [id.0], read_delivery).optional()?;
        let Some(delivery) = delivery else { return Ok(None) };
        let told = self.db.query_row(
            "SELECT coalesce(d.body, e.body) FROM deliveries d JOIN events e ON e.seq = d.event WHERE d.id = ?1",
            [id.0],
            |row| from_json(row, 0),
        )?;
        let attempts = self.attempts(id)?;
        Ok(Some(DeliveryDetail { delivery, told, attempts }))
    }

    /// The deliveries of `call` with each try, oldest first, at most `limit`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn deliveries_of_call(
        &self,
        call: &str,
        limit: usize,
    ) -> rusqlite::Result<Vec<(DeliveryRecord, Vec<AttemptRecord>)>> {
        let snapshot = self.db.unchecked_transaction()?;
        let mut statement =
            snapshot.prepare_cached(&format!("{DELIVERY} WHERE d.call = ?1 ORDER BY d.id LIMIT ?2"))?;
        statement
            .query_map(params![call, i64::try_from(limit).unwrap_or(i64::MAX)], read_delivery)?
            .map(|delivery| {
                let delivery = delivery?;
                let attempts = self.attempts(DeliveryId(delivery.id))?;
                Ok((delivery, attempts))
            })
            .collect()
    }

    /// Each try of a delivery, in order.
    fn attempts(&self, id: DeliveryId) -> rusqlite::Result<Vec<AttemptRecord>> {
        self.db
            .prepare_cached(
                "SELECT at, took, outcome, status, reply FROM attempts WHERE delivery = ?1 ORDER BY rowid",
            )?
            .query_map([id.0], |row| {
                Ok(AttemptRecord {
                    at: time(row, 0)?,
                    took: row.get(1)?,
                    outcome: row.get(2)?,
                    status: row.get(3)?,
                    reply: row.get(4)?,
                })
            })?
            .collect()
    }

    /// How much each endpoint is owed, and since when. Only what is open is looked at.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn waiting(&self) -> rusqlite::Result<Vec<WaitingRecord>> {
        let snapshot = self.db.unchecked_transaction()?;
        // What is open is in an index of its own; then it is one lookup for each endpoint.
        let mut counts = snapshot.prepare_cached(
            "SELECT endpoint, count(*), min(id) FROM deliveries INDEXED BY deliveries_open
             WHERE state IN ('pending', 'retry') GROUP BY endpoint",
        )?;
        let mut oldest = snapshot.prepare_cached(
            "SELECT e.recorded FROM deliveries d JOIN events e ON e.seq = d.event WHERE d.id = ?1",
        )?;
        counts
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))?
            .map(|counted| {
                let (endpoint, count, first) = counted?;
                let oldest = oldest.query_row([first], |row| time(row, 0)).optional()?;
                Ok(WaitingRecord { endpoint, count: count.unsigned_abs(), oldest })
            })
            .collect()
    }

    /// How many deliveries there are to each endpoint in each state but `delivered`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn tallies(&self) -> rusqlite::Result<Vec<Tally>> {
        self.db
            .prepare_cached(
                "SELECT endpoint, state, count(*), min(changed) FROM (
                     SELECT endpoint, state, changed FROM deliveries WHERE state IN ('pending', 'retry')
                     UNION ALL
                     SELECT endpoint, state, changed FROM deliveries WHERE state IN ('dead', 'expired', 'dropped')
                 ) GROUP BY 1, 2 ORDER BY 1, 2",
            )?
            .query_map([], |row| {
                let count: i64 = row.get(2)?;
                Ok(Tally {
                    endpoint: row.get(0)?,
                    state: row.get(1)?,
                    count: count.unsigned_abs(),
                    oldest: time(row, 3)?,
                })
            })?
            .collect()
    }

    /// How the endpoints stand of which that is known, by name.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn standings(&self) -> rusqlite::Result<Vec<StandingRecord>> {
        self.db
            .prepare_cached("SELECT name, standing, reason, since FROM endpoints ORDER BY name")?
            .query_map([], |row| {
                Ok(StandingRecord {
                    endpoint: row.get(0)?,
                    standing: row.get(1)?,
                    reason: row.get(2)?,
                    since: time(row, 3)?,
                })
            })?
            .collect()
    }
}

/// The condition of `filter` on the states.
fn condition(filter: &DeliveryFilter) -> String {
    const OPEN: &str = "d.state IN ('pending', 'retry')";
    const RUNS: &str = "coalesce(s.standing, 'running') = 'running'";
    if filter.states.is_empty() && !filter.paused {
        return "1".to_owned();
    }
    let mut any: Vec<_> = filter
        .states
        .iter()
        .map(|state| {
            let runs = if matches!(state, StoredState::Pending | StoredState::Retry) { RUNS } else { "1" };
            format!("d.state = '{}' AND {runs}", state.as_str())
        })
        .collect();
    if filter.paused {
        any.push(format!("{OPEN} AND NOT {RUNS}"));
    }
    let any = format!("({})", any.join(" OR "));
    if filter.states.contains(&StoredState::Delivered) {
        return any;
    }
    // What lies delivered is not looked at: the indexes of the others lead past it.
    format!(
        "d.id IN (SELECT id FROM deliveries WHERE state IN ('pending', 'retry') UNION ALL
         SELECT id FROM deliveries WHERE state IN ('dead', 'expired', 'dropped')) AND {any}"
    )
}

/// One delivery that is open, and who is owed it.
pub(in super::super) fn owed_by_id(
    db: &Connection,
    id: DeliveryId,
) -> rusqlite::Result<Option<(EndpointName, Owed)>> {
    db.prepare_cached(&format!("{OWED} WHERE d.id = ?1 AND d.state IN ('pending', 'retry')"))?
        .query_row([id.0], |row| Ok((name(row, 5)?, read_owed(row)?)))
        .optional()
}

fn read_owed(row: &Row<'_>) -> rusqlite::Result<Owed> {
    Ok(Owed {
        id: DeliveryId(row.get(0)?),
        event: Arc::new(from_json(row, 4)?),
        failures: row.get(1)?,
        due: optional_time(row, 2)?,
        committed: time(row, 3)?,
    })
}

fn read_delivery(row: &Row<'_>) -> rusqlite::Result<DeliveryRecord> {
    let (state, standing): (String, Option<String>) = (row.get(5)?, row.get(11)?);
    let open = matches!(state.as_str(), "pending" | "retry");
    let held = standing.is_some_and(|standing| standing != "running");
    Ok(DeliveryRecord {
        id: row.get(0)?,
        endpoint: row.get(1)?,
        event: row.get(2)?,
        kind: row.get(3)?,
        call: row.get(4)?,
        state: if open && held { "paused".to_owned() } else { state },
        failures: row.get(6)?,
        due: optional_time(row, 7)?,
        recorded: time(row, 8)?,
        changed: time(row, 9)?,
        reason: row.get(10)?,
    })
}
