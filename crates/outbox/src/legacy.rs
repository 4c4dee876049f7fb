//! Journals that an earlier release still uses: read, and given commands, without changing their tables.

use rusqlite::Connection;

use super::migrations::{ATTEMPTS, PRESENT_NAMES};

/// The present names over the tables of schema version 2, as views of this connection alone.
const VIEWS: &str = "
    CREATE TEMP VIEW events AS SELECT seq, id, call, kind, at, recorded AS recorded_at, body FROM main.events;
    CREATE TEMP VIEW calls AS SELECT key, id, pbx, direction, caller, caller_name, called, queue, users,
        taker AS answered_by, began AS started_at, answered AS answered_at, ended AS ended_at, cause, recovered,
        erased FROM main.calls;
    CREATE TEMP VIEW deliveries AS SELECT id, endpoint AS target, event, call, state, failures, due AS due_at,
        changed AS changed_at, reason, body, NULL AS attempt FROM main.deliveries;
    CREATE TEMP VIEW attempts AS SELECT rowid, delivery, at, took AS duration_ms, outcome, status, reply
        FROM main.attempts;
    CREATE TEMP VIEW targets AS SELECT name, CASE standing WHEN 'held' THEN 'misconfigured' ELSE standing END AS state,
        reason, since FROM main.endpoints;
";

/// The same for the column that schema version 5 added.
const NO_ATTEMPTS: &str = "
    CREATE TEMP VIEW deliveries AS SELECT id, target, event, call, state, failures, due_at, changed_at, reason, body,
        NULL AS attempt FROM main.deliveries;
";

/// The same for the table that schema version 2 added.
const EXPLANATIONS: &str = "
    CREATE TEMP VIEW explanations AS SELECT rowid, call, body FROM main.stories;
";

/// Where the file lacks that table, nothing is in it.
const NO_EXPLANATIONS: &str = "
    CREATE TEMP VIEW explanations AS SELECT 0 AS rowid, '' AS call, '' AS body WHERE 0;
";

/// Gives a connection that only reads the present names of what a file of schema `version` holds.
pub(super) fn create_views(db: &Connection, version: usize) -> rusqlite::Result<()> {
    if version >= ATTEMPTS {
        return Ok(());
    }
    db.execute_batch("PRAGMA temp_store = MEMORY")?;
    if version >= PRESENT_NAMES {
        return db.execute_batch(NO_ATTEMPTS);
    }
    db.execute_batch(VIEWS)?;
    db.execute_batch(if version >= 2 { EXPLANATIONS } else { NO_EXPLANATIONS })
}

/// How to submit a command in a file of schema `version`: `?1` is the time, `?2` its kind, `?3` the target and `?4` the
/// delivery.
pub(super) fn insert_command(version: usize) -> &'static str {
    if version >= PRESENT_NAMES {
        "INSERT INTO commands (at, kind, target, delivery) VALUES (?1, ?2, ?3, ?4)"
    } else {
        "INSERT INTO orders (at, what, endpoint, delivery) VALUES (?1, ?2, ?3, ?4)"
    }
}

/// How to ask whether a command up to the number `?1` still waits in a file of schema `version`.
pub(super) fn is_command_waiting(version: usize) -> &'static str {
    if version >= PRESENT_NAMES {
        "SELECT count(*) > 0 FROM commands WHERE id <= ?1"
    } else {
        "SELECT count(*) > 0 FROM orders WHERE id <= ?1"
    }
}
