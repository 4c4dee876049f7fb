//! What a daemon that starts must know about the one before it.

use ringwire_delivery::{DeliveryId, TargetName, TargetState};
use ringwire_event::{CallEvent, CallId};
use rusqlite::OptionalExtension;

use super::{
    columns::{from_json, target},
    connection::StoreReader,
};

/// How many call ids are remembered over a restart.
const RECENT_CALLS: i64 = 16_384;

/// What a daemon that starts must know about the one before it.
#[derive(Debug, Default)]
pub struct RecoveredState {
    /// The events of the calls that had not ended, by call, in order.
    pub live_events: Vec<CallEvent>,
    /// The targets that receive these calls.
    pub live_targets: Vec<(CallId, TargetName)>,
    /// The ids of the last calls, live or not: they must not be used again.
    pub recent_calls: Vec<CallId>,
    /// The targets that are not running.
    pub target_states: Vec<(TargetName, TargetState)>,
    /// The targets with pending deliveries.
    pub pending_targets: Vec<TargetName>,
    /// The last delivery that was committed.
    pub last_delivery: DeliveryId,
}

impl StoreReader {
    /// What a daemon that starts must know about the one before it.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn recovered_state(&self) -> rusqlite::Result<RecoveredState> {
        let live_events = self
            .db
            .prepare(
                "SELECT e.body FROM calls c JOIN events e ON e.call = c.id
                 WHERE c.ended_at IS NULL ORDER BY c.key, e.seq",
            )?
            .query_map([], |row| from_json(row, 0))?
            .collect::<rusqlite::Result<_>>()?;
        let live_targets = self
            .db
            .prepare(
                "SELECT DISTINCT d.call, d.target FROM calls c JOIN deliveries d ON d.call = c.id
                 WHERE c.ended_at IS NULL",
            )?
            .query_map([], |row| Ok((row.get(0)?, target(row, 1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let recent_calls = self
            .db
            .prepare("SELECT id FROM (SELECT key, id FROM calls ORDER BY key DESC LIMIT ?1) ORDER BY key")?
            .query_map([RECENT_CALLS], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let target_states = self
            .db
            .prepare("SELECT name, state, reason FROM targets WHERE state <> 'running'")?
            .query_map([], |row| {
                let word: String = row.get(1)?;
                Ok((target(row, 0)?, TargetState::parse(&word, row.get(2)?).unwrap_or_default()))
            })?
            .collect::<rusqlite::Result<_>>()?;
        let pending_targets = self
            .db
            .prepare("SELECT DISTINCT target FROM deliveries WHERE state IN ('pending', 'retry')")?
            .query_map([], |row| target(row, 0))?
            .collect::<rusqlite::Result<_>>()?;
        let last_delivery = self
            .db
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'deliveries'", [], |row| row.get(0))
            .optional()?;
        Ok(RecoveredState {
            live_events,
            live_targets,
            recent_calls,
            target_states,
            pending_targets,
            last_delivery: DeliveryId(last_delivery.unwrap_or(0)),
        })
    }
}
