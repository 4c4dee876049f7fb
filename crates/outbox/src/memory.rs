//! What is remembered of calls for targets that need it, and how far deliveries of several requests have come.
//!
//! A reply may name what later requests of the call must name, such as the id of a record. That is kept by call and
//! target, and goes with the call. Both forms are the business of whoever sends; here they are JSON.

use ringwire_delivery::DeliveryId;
use rusqlite::{Connection, Result, params};

use super::write::{MemoryChange, MemoryUpdate};

/// Writes which requests of a delivery have arrived; none of it is on its way any more.
pub(super) fn write_progress(db: &Connection, delivery: DeliveryId, progress: &str) -> Result<()> {
    db.prepare_cached(
        "UPDATE deliveries SET progress = ?2, attempt = NULL WHERE id = ?1 AND state IN ('pending', 'retry')",
    )?
    .execute(params![delivery.0, progress])?;
    Ok(())
}

/// Writes what becomes of what is remembered of a call.
pub(super) fn write_memory(db: &Connection, update: &MemoryUpdate) -> Result<()> {
    let MemoryUpdate { target, call, change } = update;
    let place = params![call, target.as_str()];
    match change {
        MemoryChange::Set(body) => db
            .prepare_cached(
                "INSERT INTO call_memory (call, target, body) SELECT id, ?2, ?3 FROM calls WHERE id = ?1 AND erased = 0
                 ON CONFLICT (call, target) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![call, target.as_str(), body])?,
        MemoryChange::Forget => {
            db.prepare_cached("DELETE FROM call_memory WHERE call = ?1 AND target = ?2")?.execute(place)?
        }
        MemoryChange::EndOfCall => db
            .prepare_cached(
                "DELETE FROM call_memory WHERE call = ?1 AND target = ?2 AND NOT EXISTS (
                     SELECT 1 FROM deliveries d WHERE d.call = ?1 AND d.target = ?2
                     AND d.state IN ('pending', 'retry', 'dead', 'dropped', 'unknown'))",
            )?
            .execute(place)?,
    };
    Ok(())
}

/// Removes what is remembered of a call for all targets.
pub(super) fn remove(db: &Connection, call: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM call_memory WHERE call = ?1")?.execute([call])?;
    Ok(())
}
