//! The explanations of calls.

use ringwire_event::{CallId, Explanation, ExplanationStep};
use rusqlite::{OptionalExtension, params};

use super::{
    super::{migrations::LOSSES, packed::unpack},
    columns::{from_json, parse},
    connection::StoreReader,
};

impl StoreReader {
    /// The explanation of `call`, in order; `None` while it lives, and where the journal does not have it: it is removed
    /// with its call and with personal data, and is not written while the disk fails.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn explanation(&self, call: &str) -> rusqlite::Result<Option<Vec<ExplanationStep>>> {
        let packed = if self.version >= LOSSES { "packed" } else { "NULL" };
        let explanation = self
            .db
            .prepare_cached(&format!("SELECT body, {packed} FROM explanations WHERE call = ?1"))?
            .query_row([call], |row| match row.get_ref(1)?.as_blob_or_null()? {
                Some(packed) => parse::<Explanation>(&unpack(packed)?, 1),
                None => from_json(row, 0),
            })
            .optional()?;
        Ok(explanation.map(|explanation| explanation.steps()))
    }

    /// The newest call in which the channel `uniqueid` appeared, or that it started. It searches all explanations, so it
    /// is for people, not for each event.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn call_with_channel(&self, uniqueid: &str) -> rusqlite::Result<Option<CallId>> {
        let started = self
            .db
            .prepare_cached(
                "SELECT id FROM calls WHERE id = ?1 OR id = pbx || '-' || ?1 ORDER BY key DESC LIMIT 1",
            )?
            .query_row([uniqueid], |row| row.get(0))
            .optional()?;
        if started.is_some() {
            return Ok(started);
        }
        if self.version >= LOSSES {
            let packed = self
                .db
                .prepare_cached(
                    "SELECT call FROM explanations WHERE instr(channels, ?1) > 0 ORDER BY rowid DESC LIMIT 1",
                )?
                .query_row([format!(" {uniqueid} ")], |row| row.get(0))
                .optional()?;
            if packed.is_some() {
                return Ok(packed);
            }
        }
        let quoted = serde_json::to_string(uniqueid)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.db
            .prepare_cached(
                "SELECT call FROM explanations WHERE instr(body, ?1) > 0 ORDER BY rowid DESC LIMIT 1",
            )?
            .query_row(params![format!("\"uniqueid\":{quoted}")], |row| row.get(0))
            .optional()
    }
}
