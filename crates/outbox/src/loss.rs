//! A journal whose file was deleted or replaced while it is open: what is still pending goes into a new one.

use std::{fmt, path::Path};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params, params_from_iter, types::Value};

use super::tables::NextIds;

/// What became of the file of a journal that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileLoss {
    /// There is none any more.
    Deleted,
    /// Another one is in its place.
    Replaced,
}

impl fmt::Display for FileLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deleted => "its file was deleted while ringwire was running",
            Self::Replaced => "its file was replaced while ringwire was running",
        })
    }
}

/// Calls that have not ended, and calls that have a delivery which is pending, or which the operator may retry.
const PENDING: &str = "
    CREATE TEMP TABLE unfinished (call TEXT PRIMARY KEY) WITHOUT ROWID;
    INSERT OR IGNORE INTO unfinished SELECT id FROM main.calls WHERE ended_at IS NULL;
    INSERT OR IGNORE INTO unfinished SELECT call FROM main.deliveries WHERE state IN ('pending', 'retry');
    INSERT OR IGNORE INTO unfinished SELECT call FROM main.deliveries WHERE state = 'unknown';
    INSERT OR IGNORE INTO unfinished SELECT call FROM main.deliveries
        WHERE state IN ('dead', 'expired', 'dropped') AND state = 'dead';
";

/// What goes into the new journal: each table, and the condition on its rows.
const CARRIED: [(&str, &str); 8] = [
    ("calls", "id IN (SELECT call FROM unfinished)"),
    ("events", "call IN (SELECT call FROM unfinished)"),
    ("deliveries", "call IN (SELECT call FROM unfinished)"),
    ("attempts", "delivery IN (SELECT id FROM deliveries WHERE call IN (SELECT call FROM unfinished))"),
    ("call_memory", "call IN (SELECT call FROM unfinished)"),
    ("targets", "1"),
    ("commands", "1"),
    ("secrets", "1"),
];

/// Copies what is still pending from a journal whose file is lost, but still open, into a `new` one, under its numbers. `next`
/// are the numbers that come after all that were used.
pub(super) fn carry(old: &Connection, new: &mut Connection, next: NextIds) -> rusqlite::Result<()> {
    old.execute_batch("PRAGMA temp_store = MEMORY; DROP TABLE IF EXISTS temp.unfinished;")?;
    old.execute_batch(PENDING)?;
    let change = new.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (table, condition) in CARRIED {
        let mut select = old.prepare(&format!("SELECT * FROM {table} WHERE {condition} ORDER BY 1"))?;
        let columns = Vec::from_iter(select.column_names()).join(", ");
        let places = vec!["?"; select.column_count()].join(", ");
        let count = select.column_count();
        let mut insert =
            change.prepare(&format!("INSERT OR IGNORE INTO {table} ({columns}) VALUES ({places})"))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let values =
                (0..count).map(|column| row.get::<_, Value>(column)).collect::<Result<Vec<_>, _>>()?;
            insert.execute(params_from_iter(values))?;
        }
    }
    // Cursors and numbers go on, although what had the last ones may be gone.
    for (table, next) in [("events", next.event), ("deliveries", next.delivery)] {
        change.execute("DELETE FROM sqlite_sequence WHERE name = ?1", [table])?;
        change
            .execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", params![table, next - 1])?;
    }
    change.commit()
}

/// Whether a journal whose file is lost can still be read.
pub(super) fn is_readable(old: &Connection) -> bool {
    old.query_row("SELECT count(*) FROM main.runs", [], |_| Ok(())).is_ok()
}

/// Records that the journal was begun anew, for those who look for what is no longer in it.
pub(super) fn record(
    db: &Connection,
    at: Timestamp,
    found: &str,
    aside: Option<&Path>,
) -> rusqlite::Result<()> {
    let aside = aside.map(|path| path.display().to_string());
    db.execute(
        "INSERT INTO losses (at, found, aside) VALUES (?1, ?2, ?3)",
        params![at.as_millisecond(), found, aside],
    )?;
    Ok(())
}

/// When and why the journal was begun anew last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalLoss {
    /// When: what happened before is not in the journal, but for what was still pending.
    pub at: Timestamp,
    /// Why.
    pub found: String,
    /// Where the other file is now, if there was one.
    pub aside: Option<String>,
}

impl fmt::Display for JournalLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the journal was begun anew at {}: {}",
            self.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
            self.found
        )?;
        match &self.aside {
            Some(aside) => write!(f, "; the other file is now {aside}"),
            None => Ok(()),
        }
    }
}

/// The last loss that is recorded in a journal.
pub(super) fn last(db: &Connection) -> rusqlite::Result<Option<JournalLoss>> {
    db.query_row("SELECT at, found, aside FROM losses ORDER BY at DESC LIMIT 1", [], |row| {
        let at = Timestamp::from_millisecond(row.get(0)?).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(JournalLoss { at, found: row.get(1)?, aside: row.get(2)? })
    })
    .optional()
}
