//! What was concluded about calls.

use ringwire_event::{CallId, Explanation, ExplanationStep};
use rusqlite::{OptionalExtension, params};

use super::{Reader, from_json};

impl Reader {
    /// What was concluded about `call`, in order; `None` while it lives, and where the journal does not have it: it goes
    /// with its call, when personal data does, and is not written while the disk fails.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn story(&self, call: &str) -> rusqlite::Result<Option<Vec<ExplanationStep>>> {
        if !self.has_stories()? {
            return Ok(None);
        }
        self.db
            .prepare_cached("SELECT body FROM stories WHERE call = ?1")?
            .query_row([call], |row| from_json::<Explanation>(row, 0))
            .optional()
            .map(|found| found.map(|explanation| explanation.steps()))
    }

    /// The newest call in which the channel `uniqueid` was heard, or that it began. It searches all stories, so it is for
    /// people, not for each event.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn call_of_channel(&self, uniqueid: &str) -> rusqlite::Result<Option<CallId>> {
        let began = self
            .db
            .prepare_cached(
                "SELECT id FROM calls WHERE id = ?1 OR id = pbx || '-' || ?1 ORDER BY key DESC LIMIT 1",
            )?
            .query_row([uniqueid], |row| row.get(0))
            .optional()?;
        if began.is_some() || !self.has_stories()? {
            return Ok(began);
        }
        let quoted = serde_json::to_string(uniqueid)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.db
            .prepare_cached("SELECT call FROM stories WHERE instr(body, ?1) > 0 ORDER BY rowid DESC LIMIT 1")?
            .query_row(params![format!("\"uniqueid\":{quoted}")], |row| row.get(0))
            .optional()
    }

    /// Whether there is a place for them: an earlier release had none.
    fn has_stories(&self) -> rusqlite::Result<bool> {
        self.db
            .prepare_cached("SELECT count(*) > 0 FROM sqlite_master WHERE name = 'stories'")?
            .query_row([], |row| row.get(0))
    }
}
