//! The events, in the order of the journal.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ringwire_event::CallEvent;
use rusqlite::{Connection, Row, params};

use super::{
    super::records::StreamRecord,
    columns::{from_json, time},
    connection::StoreReader,
};

impl StoreReader {
    /// The events after the cursor `seq`, at most `limit`, each with its cursor.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn events_after(&self, seq: i64, limit: usize) -> rusqlite::Result<Vec<(i64, CallEvent)>> {
        self.db
            .prepare_cached("SELECT seq, body FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2")?
            .query_map(params![seq, bound(limit)], |row| Ok((row.get(0)?, from_json(row, 1)?)))?
            .collect()
    }

    /// The same, each with its deliveries.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn stream_after(&self, seq: i64, limit: usize) -> rusqlite::Result<Vec<StreamRecord>> {
        let snapshot = self.db.unchecked_transaction()?;
        let events = snapshot
            .prepare_cached("SELECT seq, recorded_at, body FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2")?
            .query_map(params![seq, bound(limit)], read_event)?
            .collect::<rusqlite::Result<_>>()?;
        with_deliveries(&snapshot, events)
    }

    /// The events of `call`, in order, at most `limit`, each with its cursor and its deliveries.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn stream_of_call(&self, call: &str, limit: usize) -> rusqlite::Result<Vec<StreamRecord>> {
        let snapshot = self.db.unchecked_transaction()?;
        let events = snapshot
            .prepare_cached(
                "SELECT seq, recorded_at, body FROM events WHERE call = ?1 ORDER BY seq LIMIT ?2",
            )?
            .query_map(params![call, bound(limit)], read_event)?
            .collect::<rusqlite::Result<_>>()?;
        with_deliveries(&snapshot, events)
    }

    /// The cursor of the last event.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn last_event(&self) -> rusqlite::Result<i64> {
        self.db.query_row("SELECT coalesce(max(seq), 0) FROM events", [], |row| row.get(0))
    }

    /// The cursor of the last event before all that were recorded at `since` or later.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn cursor_at(&self, since: jiff::Timestamp) -> rusqlite::Result<i64> {
        // Cursors and times grow together, so it is found by halving.
        let (mut low, mut high) = self.db.query_row(
            "SELECT coalesce(min(seq), 1) - 1, coalesce(max(seq), 0) FROM events",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
        )?;
        let mut last_up_to = self.db.prepare_cached(
            "SELECT seq, recorded_at FROM events WHERE seq <= ?1 AND seq > ?2 ORDER BY seq DESC LIMIT 1",
        )?;
        let since = since.as_millisecond();
        while low < high {
            let middle = low + (high - low + 1) / 2;
            let found = last_up_to
                .query_map([middle, low], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?
                .next()
                .transpose()?;
            match found {
                Some((_, recorded_at)) if recorded_at < since => low = middle,
                Some((seq, _)) => high = seq - 1,
                None => low = middle,
            }
        }
        Ok(low)
    }
}

fn bound(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn read_event(row: &Row<'_>) -> rusqlite::Result<StreamRecord> {
    Ok(StreamRecord {
        seq: row.get(0)?,
        recorded_at: time(row, 1)?,
        event: Arc::new(from_json(row, 2)?),
        deliveries: Vec::new(),
    })
}

/// Adds the deliveries of `events`, which are in the order of the journal.
fn with_deliveries(db: &Connection, mut events: Vec<StreamRecord>) -> rusqlite::Result<Vec<StreamRecord>> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(events) };
    let (first, last) = (first.seq, last.seq);
    let calls: BTreeSet<_> = events.iter().map(|record| record.event.call.clone()).collect();
    let mut deliveries: BTreeMap<i64, Vec<(i64, String, String)>> = BTreeMap::new();
    // By call, for which there is an index.
    let mut statement = db.prepare_cached(
        "SELECT event, id, target, state FROM deliveries
         WHERE call = ?1 AND event BETWEEN ?2 AND ?3 ORDER BY id",
    )?;
    for call in calls {
        let mut rows = statement.query(params![call, first, last])?;
        while let Some(row) = rows.next()? {
            deliveries.entry(row.get(0)?).or_default().push((row.get(1)?, row.get(2)?, row.get(3)?));
        }
    }
    for record in &mut events {
        record.deliveries = deliveries.remove(&record.seq).unwrap_or_default();
    }
    Ok(events)
}
