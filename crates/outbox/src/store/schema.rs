//! The tables, and how a file comes to have them.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::StoreError;

/// Marks the file as ours (`PRAGMA application_id`): "ring" in ASCII.
const APPLICATION_ID: i32 = 0x7269_6e67;

/// The changes that lead from an empty file to today's tables, in order; how many were made is `user_version`.
///
/// Times are milliseconds since 1970 in UTC. What is open of the deliveries is in an index of its own, so that
/// what lies delivered costs nothing.
const MIGRATIONS: [&str; 2] = [BEGINNING, STORIES];

const BEGINNING: &str = "
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

/// Of each call that is over, what was concluded about it and why: a JSON array of notes.
const STORIES: &str = "
    CREATE TABLE stories (
        call TEXT PRIMARY KEY,
        body TEXT NOT NULL
    ) STRICT;
";

/// How long one connection waits for another: the command line writes, too.
const BUSY: Duration = Duration::from_secs(5);

/// Opens the file at `path` to write, makes it if need be, and brings its tables up to date.
///
/// # Errors
/// It cannot be opened or written, is damaged, belongs to another program, or was written by a newer release.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error| StoreError::sqlite(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut db = Connection::open_with_flags(path, flags).map_err(failed)?;
    db.busy_timeout(BUSY).map_err(failed)?;
    check_owner(&db, path)?;
    // What was erased is overwritten, where that costs no extra writing.
    db.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA secure_delete = FAST;
         PRAGMA cache_size = -16384;",
    )
    .map_err(failed)?;
    migrate(&mut db).map_err(failed)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Opens the file at `path` to look at it.
///
/// # Errors
/// There is none, or it cannot be read, or it is not one of ours.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    let failed = |error| StoreError::sqlite(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(failed)?;
    db.busy_timeout(BUSY).map_err(failed)?;
    // The daemon brings the tables up to date; those of an earlier release can be read meanwhile.
    if check_owner(&db, path)? == 0 {
        return Err(StoreError::Empty { path: path.to_owned() });
    }
    Ok(db)
}

/// Says how many migrations the file has had.
fn check_owner(db: &Connection, path: &Path) -> Result<usize, StoreError> {
    let pragma = |name| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
    let failed = |error| StoreError::sqlite(path, error);
    let owner = pragma("application_id").map_err(failed)?;
    let version = pragma("user_version").map_err(failed)?;
    let tables: i64 =
        db.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).map_err(failed)?;
    match (owner, usize::try_from(version).unwrap_or(usize::MAX)) {
        (0, 0) if tables == 0 => Ok(0),
        (APPLICATION_ID, version) if version > MIGRATIONS.len() => {
            Err(StoreError::Newer { path: path.to_owned(), version, known: MIGRATIONS.len() })
        }
        (APPLICATION_ID, version) => Ok(version),
        _ => Err(StoreError::Foreign { path: path.to_owned() }),
    }
}

fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    let done: i32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(done).unwrap_or(0);
    for (version, migration) in (1..).zip(MIGRATIONS).skip(done) {
        let change = db.transaction()?;
        change.execute_batch(migration)?;
        change.pragma_update(None, "application_id", APPLICATION_ID)?;
        change.pragma_update(None, "user_version", version)?;
        change.commit()?;
    }
    Ok(())
}

/// Whether the daemon before this one ended in an orderly way.
pub(super) fn ended_well(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT count(*) = 0 FROM runs WHERE stopped IS NULL", [], |row| row.get(0))
}

/// Notes that the daemon runs from here on. It also shows whether the disk takes anything.
pub(super) fn begin_run(db: &Connection, started: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM runs", [])?;
    db.execute("INSERT INTO runs (started) VALUES (?1)", [started])?;
    Ok(())
}

/// Notes that the daemon has ended in an orderly way.
pub(super) fn end_run(db: &Connection, now: i64) -> rusqlite::Result<()> {
    db.execute("UPDATE runs SET stopped = ?1", [now])?;
    // Everything is in the one file then, and the next start has nothing to recover.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// What is wrong with the file, if anything is.
pub(super) fn quick_check(db: &Connection) -> rusqlite::Result<Option<String>> {
    let said: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((said != "ok").then_some(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_first_release_gets_the_tables_it_lacks_and_keeps_what_it_has() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("journal.db");
        let db = Connection::open(&path).unwrap();
        db.execute_batch(BEGINNING).unwrap();
        db.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        db.pragma_update(None, "user_version", 1).unwrap();
        begin_run(&db, 7).unwrap();
        drop(db);
        let tables = |db: &Connection| -> i64 {
            let of_stories = "SELECT count(*) FROM sqlite_master WHERE name = 'stories'";
            db.query_row(of_stories, [], |row| row.get(0)).unwrap()
        };
        assert_eq!(tables(&open_to_read(&path).unwrap()), 0, "it can be read as it is");
        let db = open(&path).unwrap();
        let kept: i64 = db.query_row("SELECT started FROM runs", [], |row| row.get(0)).unwrap();
        assert_eq!((tables(&db), kept, check_owner(&db, &path).unwrap()), (1, 7, MIGRATIONS.len()));
    }
}
