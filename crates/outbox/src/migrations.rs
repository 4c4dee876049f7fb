//! The tables, and the migrations that lead to them.

use rusqlite::Connection;

use super::channels;

/// Marks the file as ours (`PRAGMA application_id`): "ring" in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x7269_6e67;

/// The migrations from an empty file to the present tables, in order; `user_version` counts those that were applied.
///
/// Times are milliseconds since 1970 in UTC. Pending deliveries are in an index of their own, so that delivered ones
/// cost nothing.
const MIGRATIONS: [&str; 7] = [FIRST, EXPLANATIONS, NAMES, STAGED, ATTEMPT_STATES, CHANNELS, STEPS];

/// The schema version of this release.
pub(super) const CURRENT: usize = MIGRATIONS.len();

/// The first schema version with the present names of tables and columns.
pub(super) const PRESENT_NAMES: usize = 3;

/// The first schema version that records losses, and compresses explanations.
pub(super) const LOSSES: usize = 4;

/// The first schema version whose deliveries say what is known of the last attempt.
pub(super) const ATTEMPTS: usize = 5;

/// The first schema version with an index of channels.
pub(super) const CHANNEL_INDEX: usize = 6;

/// The first schema version with deliveries of several requests.
pub(super) const DELIVERY_STEPS: usize = 7;

const FIRST: &str = "
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        call TEXT NOT NULL,
        kind TEXT NOT NULL,
        at INTEGER,
        recorded INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX events_of_call ON events (call);

    CREATE TABLE calls (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        pbx TEXT NOT NULL,
        direction TEXT NOT NULL,
        caller TEXT NOT NULL,
        caller_name TEXT,
        called TEXT NOT NULL,
        queue TEXT,
        users TEXT NOT NULL,
        taker TEXT,
        began INTEGER NOT NULL,
        answered INTEGER,
        ended INTEGER,
        cause TEXT,
        recovered INTEGER NOT NULL,
        erased INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX calls_by_time ON calls (began);
    CREATE INDEX calls_living ON calls (key) WHERE ended IS NULL;
    CREATE INDEX calls_to_erase ON calls (ended) WHERE erased = 0 AND ended IS NOT NULL;

    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        endpoint TEXT NOT NULL,
        event INTEGER NOT NULL,
        call TEXT NOT NULL,
        state TEXT NOT NULL,
        failures INTEGER NOT NULL DEFAULT 0,
        due INTEGER,
        changed INTEGER NOT NULL,
        reason TEXT,
        body TEXT
    ) STRICT;
    CREATE INDEX deliveries_open ON deliveries (endpoint, id) WHERE state IN ('pending', 'retry');
    CREATE INDEX deliveries_lost ON deliveries (state, id) WHERE state IN ('dead', 'expired', 'dropped');
    CREATE INDEX deliveries_of_call ON deliveries (call);

    CREATE TABLE attempts (
        delivery INTEGER NOT NULL,
        at INTEGER NOT NULL,
        took INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        status INTEGER,
        reply TEXT
    ) STRICT;
    CREATE INDEX attempts_of_delivery ON attempts (delivery);

    CREATE TABLE endpoints (
        name TEXT PRIMARY KEY,
        standing TEXT NOT NULL,
        reason TEXT,
        since INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE orders (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        what TEXT NOT NULL,
        endpoint TEXT,
        delivery INTEGER
    ) STRICT;

    CREATE TABLE runs (
        started INTEGER NOT NULL,
        stopped INTEGER
    ) STRICT;

    CREATE TABLE secrets (
        name TEXT PRIMARY KEY,
        value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// The explanation of each call that has ended, as JSON.
const EXPLANATIONS: &str = "
    CREATE TABLE stories (
        call TEXT PRIMARY KEY,
        body TEXT NOT NULL
    ) STRICT;
";

/// The names that configuration, API and code use. It renames in the schema alone and rewrites no rows, but for those of
/// targets.
const NAMES: &str = "
    ALTER TABLE events RENAME COLUMN recorded TO recorded_at;

    ALTER TABLE calls RENAME COLUMN taker TO answered_by;
    ALTER TABLE calls RENAME COLUMN began TO started_at;
    ALTER TABLE calls RENAME COLUMN answered TO answered_at;
    ALTER TABLE calls RENAME COLUMN ended TO ended_at;

    ALTER TABLE deliveries RENAME COLUMN endpoint TO target;
    ALTER TABLE deliveries RENAME COLUMN due TO due_at;
    ALTER TABLE deliveries RENAME COLUMN changed TO changed_at;

    ALTER TABLE attempts RENAME COLUMN took TO duration_ms;

    ALTER TABLE endpoints RENAME TO targets;
    ALTER TABLE targets RENAME COLUMN standing TO state;
    UPDATE targets SET state = 'misconfigured' WHERE state = 'held';

    ALTER TABLE orders RENAME TO commands;
    ALTER TABLE commands RENAME COLUMN what TO kind;
    ALTER TABLE commands RENAME COLUMN endpoint TO target;

    ALTER TABLE stories RENAME TO explanations;

    ALTER TABLE runs RENAME COLUMN started TO started_at;
    ALTER TABLE runs RENAME COLUMN stopped TO stopped_at;
";

/// Entries that are not in their tables yet, a row for each group; and when and why the journal was begun anew. Explanations are compressed: `body` is
/// empty then, and `channels` has the Uniqueids in them, each between blanks.
const STAGED: &str = "
    CREATE TABLE staged (
        id INTEGER PRIMARY KEY,
        body TEXT NOT NULL
    ) STRICT;
    ALTER TABLE explanations ADD COLUMN channels TEXT;
    ALTER TABLE explanations ADD COLUMN packed BLOB;
    ALTER TABLE runs ADD COLUMN boot TEXT;
    CREATE TABLE losses (
        at INTEGER NOT NULL,
        found TEXT NOT NULL,
        aside TEXT
    ) STRICT;
";

/// What is known of the last attempt of a delivery that is not final: NULL, `open`, `unknown` or `delivered`.
const ATTEMPT_STATES: &str = "
    ALTER TABLE deliveries ADD COLUMN attempt TEXT;
    CREATE INDEX deliveries_unknown ON deliveries (id) WHERE state = 'unknown';
";

/// The index of channels, and the explanations that are not in it because they do not list theirs.
const CHANNELS: &str = "
    CREATE TABLE channels (
        channel INTEGER NOT NULL,
        call INTEGER NOT NULL,
        PRIMARY KEY (channel, call)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX explanations_unlisted ON explanations (call) WHERE channels IS NULL;
";

/// What a target's replies have said of a call, and which of its requests a delivery has behind it, both as JSON.
const STEPS: &str = "
    CREATE TABLE call_memory (
        call TEXT NOT NULL,
        target TEXT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (call, target)
    ) STRICT;
    ALTER TABLE deliveries ADD COLUMN progress TEXT;
";

/// Applies the migrations that the file lacks, each in a transaction of its own.
pub(super) fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    let applied: i32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let applied = usize::try_from(applied).unwrap_or(0);
    for (version, migration) in (1..).zip(MIGRATIONS).skip(applied) {
        let change = db.transaction()?;
        change.execute_batch(migration)?;
        if migration == CHANNELS {
            channels::add_all(&change)?;
        }
        change.pragma_update(None, "application_id", APPLICATION_ID)?;
        change.pragma_update(None, "user_version", version)?;
        change.commit()?;
    }
    Ok(())
}
