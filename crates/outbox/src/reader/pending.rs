//! The pending deliveries, as the delivery machine loads them.

use std::sync::Arc;

use ringwire_delivery::{DeliveryId, PendingDelivery, PriorAttempt, TargetName};
use ringwire_event::CallEvent;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    super::{migrations::ATTEMPTS, records::PendingCount, tables::AttemptState},
    columns::{from_json, optional_time, target, time},
    connection::StoreReader,
};

/// Some of the pending deliveries of one target.
#[derive(Debug)]
pub struct PendingPage {
    /// The deliveries, in order.
    pub deliveries: Vec<PendingDelivery>,
    /// Whether there was nothing after them when this was read.
    pub is_complete: bool,
    /// The last delivery to any target that was committed when this was read.
    pub through: DeliveryId,
}

const PENDING: &str =
    "SELECT d.id, d.failures, d.due_at, e.recorded_at, coalesce(d.body, e.body), d.target, d.attempt
     FROM deliveries d JOIN events e ON e.seq = d.event";

impl StoreReader {
    /// The pending deliveries of `target` after the delivery `after`, at most `limit`.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn pending(
        &self,
        target: &TargetName,
        after: DeliveryId,
        limit: usize,
    ) -> rusqlite::Result<PendingPage> {
        let snapshot = self.db.unchecked_transaction()?;
        let through = snapshot
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'deliveries'", [], |row| row.get(0))
            .optional()?;
        let mut statement = snapshot.prepare_cached(&format!(
            "{PENDING} WHERE d.state IN ('pending', 'retry') AND d.target = ?1 AND d.id > ?2 ORDER BY d.id LIMIT ?3"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let deliveries = statement
            .query_map(params![target.as_str(), after.0, limit], read_pending)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let is_complete = i64::try_from(deliveries.len()).unwrap_or(i64::MAX) < limit;
        Ok(PendingPage { deliveries, is_complete, through: DeliveryId(through.unwrap_or(0)) })
    }

    /// What `call` began with: the newCall as it was sent to `target`, and the last answer if there is one. Empty without
    /// a newCall.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn opening_for(&self, target: &TargetName, call: &str) -> rusqlite::Result<Vec<Arc<CallEvent>>> {
        let snapshot = self.db.unchecked_transaction()?;
        let Some(new_call) = self.new_call_for(target, call)? else { return Ok(Vec::new()) };
        let answer = snapshot
            .prepare_cached(
                "SELECT body FROM events WHERE call = ?1 AND kind = 'answer' ORDER BY seq DESC LIMIT 1",
            )?
            .query_row([call], |row| from_json(row, 0))
            .optional()?;
        Ok([Some(new_call), answer].into_iter().flatten().map(Arc::new).collect())
    }

    fn new_call_for(&self, target: &TargetName, call: &str) -> rusqlite::Result<Option<CallEvent>> {
        self.db
            .prepare_cached(
                "SELECT coalesce(d.body, e.body) FROM events e
                 LEFT JOIN deliveries d ON d.call = e.call AND d.event = e.seq AND d.target = ?2
                 WHERE e.call = ?1 AND e.kind = 'newCall' ORDER BY d.id DESC LIMIT 1",
            )?
            .query_row(params![call, target.as_str()], |row| from_json(row, 0))
            .optional()
    }

    /// How many deliveries of each target are pending, and since when. Only pending ones are read.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn pending_counts(&self) -> rusqlite::Result<Vec<PendingCount>> {
        let snapshot = self.db.unchecked_transaction()?;
        // Pending deliveries are in an index of their own, which a view of older tables cannot be told to use. Then it is
        // one lookup for each target.
        let index = if self.version >= ATTEMPTS { "INDEXED BY deliveries_open" } else { "" };
        let mut counts = snapshot.prepare_cached(&format!(
            "SELECT target, count(*), min(id) FROM deliveries {index}
             WHERE state IN ('pending', 'retry') GROUP BY target"
        ))?;
        let mut oldest = snapshot.prepare_cached(
            "SELECT e.recorded_at FROM deliveries d JOIN events e ON e.seq = d.event WHERE d.id = ?1",
        )?;
        counts
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))?
            .map(|counted| {
                let (target, count, first) = counted?;
                let oldest = oldest.query_row([first], |row| time(row, 0)).optional()?;
                Ok(PendingCount { target, count: count.unsigned_abs(), oldest })
            })
            .collect()
    }
}

/// One delivery if it is pending, and its target.
pub(in super::super) fn pending_by_id(
    db: &Connection,
    id: DeliveryId,
) -> rusqlite::Result<Option<(TargetName, PendingDelivery)>> {
    db.prepare_cached(&format!("{PENDING} WHERE d.id = ?1 AND d.state IN ('pending', 'retry')"))?
        .query_row([id.0], |row| Ok((target(row, 5)?, read_pending(row)?)))
        .optional()
}

fn read_pending(row: &Row<'_>) -> rusqlite::Result<PendingDelivery> {
    Ok(PendingDelivery {
        id: DeliveryId(row.get(0)?),
        event: Arc::new(from_json(row, 4)?),
        failures: row.get(1)?,
        due_at: optional_time(row, 2)?,
        committed_at: time(row, 3)?,
        prior: match row.get::<_, Option<String>>(6)?.as_deref() {
            None => PriorAttempt::None,
            Some(AttemptState::OPEN) => PriorAttempt::Open,
            Some(AttemptState::DELIVERED) => PriorAttempt::Delivered,
            // A word of a later release: whatever it means, nothing is lost by care.
            Some(_) => PriorAttempt::Unknown,
        },
    })
}
