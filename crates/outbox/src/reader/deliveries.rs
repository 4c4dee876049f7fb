//! Deliveries, their attempts and their targets, as people look at them.

use ringwire_delivery::DeliveryId;
use rusqlite::{OptionalExtension, Row, named_params, params};

use super::{
    super::{
        records::{AttemptRecord, DeliveryDetail, DeliveryRecord, DeliveryTally, TargetRecord},
        write::StoredDeliveryState,
    },
    columns::{from_json, optional_time, time},
    connection::StoreReader,
};

/// Which deliveries to list.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// To this target.
    pub target: Option<String>,
    /// In one of these states; a delivery that waits for its target to be resumed is in none of them.
    pub states: Vec<StoredDeliveryState>,
    /// Also those that wait for their target to be resumed. Without it and any state, all are listed.
    pub paused: bool,
    /// Of this call.
    pub call: Option<String>,
    /// At most this many, the newest.
    pub limit: usize,
}

const DELIVERY: &str =
    "SELECT d.id, d.target, e.id, e.kind, d.call, d.state, d.failures, d.due_at, e.recorded_at,
     d.changed_at, d.reason, t.state
     FROM deliveries d JOIN events e ON e.seq = d.event LEFT JOIN targets t ON t.name = d.target";

impl StoreReader {
    /// The deliveries that match, oldest first.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn deliveries(&self, filter: &DeliveryFilter) -> rusqlite::Result<Vec<DeliveryRecord>> {
        let states = condition(filter);
        let mut statement = self.db.prepare(&format!(
            "SELECT * FROM ({DELIVERY} WHERE {states} AND (:target IS NULL OR d.target = :target)
             AND (:call IS NULL OR d.call = :call) ORDER BY d.id DESC LIMIT :limit) ORDER BY 1"
        ))?;
        let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
        statement
            .query_map(
                named_params! { ":target": filter.target, ":call": filter.call, ":limit": limit },
                read_delivery,
            )?
            .collect()
    }

    /// Everything about one delivery.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn delivery(&self, id: DeliveryId) -> rusqlite::Result<Option<DeliveryDetail>> {
        let delivery =
            self.db.query_row(&format!("{DELIVERY} WHERE d.id = ?1"), [id.0], read_delivery).optional()?;
        let Some(delivery) = delivery else { return Ok(None) };
        let sent_event = self.db.query_row(
            "SELECT coalesce(d.body, e.body) FROM deliveries d JOIN events e ON e.seq = d.event WHERE d.id = ?1",
            [id.0],
            |row| from_json(row, 0),
        )?;
        let attempts = self.attempts(id)?;
        Ok(Some(DeliveryDetail { delivery, sent_event, attempts }))
    }

    /// The deliveries of `call` with their attempts, oldest first, at most `limit`.
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

    /// The attempts of a delivery, in order.
    fn attempts(&self, id: DeliveryId) -> rusqlite::Result<Vec<AttemptRecord>> {
        self.db
            .prepare_cached(
                "SELECT at, duration_ms, outcome, status, reply FROM attempts WHERE delivery = ?1 ORDER BY rowid",
            )?
            .query_map([id.0], |row| {
                Ok(AttemptRecord {
                    at: time(row, 0)?,
                    duration_ms: row.get(1)?,
                    outcome: row.get(2)?,
                    status: row.get(3)?,
                    reply: row.get(4)?,
                })
            })?
            .collect()
    }

    /// How many deliveries each target has in each state but `delivered`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn tallies(&self) -> rusqlite::Result<Vec<DeliveryTally>> {
        self.db
            .prepare_cached(
                "SELECT target, state, count(*), min(changed_at) FROM (
                     SELECT target, state, changed_at FROM deliveries WHERE state IN ('pending', 'retry')
                     UNION ALL
                     SELECT target, state, changed_at FROM deliveries WHERE state IN ('dead', 'expired', 'dropped')
                     UNION ALL
                     SELECT target, state, changed_at FROM deliveries WHERE state = 'unknown'
                 ) GROUP BY 1, 2 ORDER BY 1, 2",
            )?
            .query_map([], |row| {
                let count: i64 = row.get(2)?;
                Ok(DeliveryTally {
                    target: row.get(0)?,
                    state: row.get(1)?,
                    count: count.unsigned_abs(),
                    oldest: time(row, 3)?,
                })
            })?
            .collect()
    }

    /// The targets whose state is known, by name.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn targets(&self) -> rusqlite::Result<Vec<TargetRecord>> {
        self.db
            .prepare_cached("SELECT name, state, reason, since FROM targets ORDER BY name")?
            .query_map([], |row| {
                Ok(TargetRecord {
                    target: row.get(0)?,
                    state: row.get(1)?,
                    reason: row.get(2)?,
                    since: time(row, 3)?,
                })
            })?
            .collect()
    }
}

/// The condition of `filter` on the states.
fn condition(filter: &DeliveryFilter) -> String {
    const IS_PENDING: &str = "d.state IN ('pending', 'retry')";
    const IS_RUNNING: &str = "coalesce(t.state, 'running') = 'running'";
    if filter.states.is_empty() && !filter.paused {
        return "1".to_owned();
    }
    let mut any: Vec<_> = filter
        .states
        .iter()
        .map(|state| {
            let is_pending = matches!(state, StoredDeliveryState::Pending | StoredDeliveryState::Retry);
            let target = if is_pending { IS_RUNNING } else { "1" };
            format!("d.state = '{}' AND {target}", state.as_str())
        })
        .collect();
    if filter.paused {
        any.push(format!("{IS_PENDING} AND NOT {IS_RUNNING}"));
    }
    let any = format!("({})", any.join(" OR "));
    if filter.states.contains(&StoredDeliveryState::Delivered) {
        return any;
    }
    // Delivered ones are not read: the indexes of the others skip them.
    format!(
        "d.id IN (SELECT id FROM deliveries WHERE state IN ('pending', 'retry') UNION ALL
         SELECT id FROM deliveries WHERE state IN ('dead', 'expired', 'dropped') UNION ALL
         SELECT id FROM deliveries WHERE state = 'unknown') AND {any}"
    )
}

fn read_delivery(row: &Row<'_>) -> rusqlite::Result<DeliveryRecord> {
    let (state, target_state): (String, Option<String>) = (row.get(5)?, row.get(11)?);
    let is_pending = matches!(state.as_str(), "pending" | "retry");
    let is_stopped = target_state.is_some_and(|state| state != "running");
    Ok(DeliveryRecord {
        id: row.get(0)?,
        target: row.get(1)?,
        event: row.get(2)?,
        kind: row.get(3)?,
        call: row.get(4)?,
        state: if is_pending && is_stopped { "paused".to_owned() } else { state },
        failures: row.get(6)?,
        due_at: optional_time(row, 7)?,
        recorded_at: time(row, 8)?,
        changed_at: time(row, 9)?,
        reason: row.get(10)?,
    })
}
