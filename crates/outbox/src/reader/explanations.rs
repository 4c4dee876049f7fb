//! The explanations of calls.

use ringwire_event::{CallId, Explanation, ExplanationStep};
use rusqlite::{OptionalExtension, params};

use super::{
    super::{
        channels,
        migrations::{CHANNEL_INDEX, LOSSES},
        packed::unpack,
    },
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

    /// The newest call in which the channel `uniqueid` appeared, or that it started.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn call_with_channel(&self, uniqueid: &str) -> rusqlite::Result<Option<CallId>> {
        let started = self
            .db
            .prepare_cached(channels::FIND_STARTED)?
            .query_row([uniqueid], |row| row.get(0))
            .optional()?;
        if started.is_some() {
            return Ok(started);
        }
        let between_blanks = format!(" {uniqueid} ");
        let listed = match self.version {
            CHANNEL_INDEX.. => self
                .db
                .prepare_cached(channels::FIND)?
                .query_row(params![channels::channel_key(uniqueid), between_blanks], |row| row.get(0))
                .optional()?,
            LOSSES.. => self
                .db
                .prepare_cached(
                    "SELECT call FROM explanations WHERE instr(channels, ?1) > 0 ORDER BY rowid DESC LIMIT 1",
                )?
                .query_row([between_blanks], |row| row.get(0))
                .optional()?,
            _ => None,
        };
        if listed.is_some() {
            return Ok(listed);
        }
        // Explanations of earlier releases are read through.
        let unlisted = match self.version {
            CHANNEL_INDEX.. => channels::FIND_UNLISTED,
            _ => "SELECT call FROM explanations WHERE instr(body, ?1) > 0 ORDER BY rowid DESC LIMIT 1",
        };
        let quoted = serde_json::to_string(uniqueid)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.db
            .prepare_cached(unlisted)?
            .query_row(params![format!("\"uniqueid\":{quoted}")], |row| row.get(0))
            .optional()
    }
}
