//! Opening the file, and what it says about itself.

use std::{fs, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, params};

use super::{
    error::StoreError,
    legacy,
    migrations::{APPLICATION_ID, CURRENT, migrate},
};

/// How long one connection waits for another: the command line writes, too.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Opens the file at `path` to write, creates it if need be, and migrates its tables.
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
    // secure_delete: what was erased is overwritten, where that costs no extra writing. Where personal data is erased, the
    // sweeps have all of it overwritten.
    db.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA journal_size_limit = 33554432;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA secure_delete = FAST;
         PRAGMA cache_size = -16384;",
    )
    .map_err(failed)?;
    migrate(&mut db).map_err(failed)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Opens the file at `path` to read; also gives its schema version. The tables of an earlier release are left to the
/// daemon to migrate, and read meanwhile.
///
/// # Errors
/// There is none, or it cannot be read, or it is not one of ours.
pub(super) fn open_to_read(path: &Path) -> Result<(Connection, usize), StoreError> {
    let failed = |error| StoreError::sqlite(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let (db, version) = open_existing(path, flags)?;
    legacy::create_views(&db, version).map_err(failed)?;
    Ok((db, version))
}

/// Opens the file at `path` to write into its tables as they are; also gives its schema version.
///
/// # Errors
/// There is none, or it cannot be opened, or it is not one of ours.
pub(super) fn open_as_is(path: &Path) -> Result<(Connection, usize), StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    open_existing(path, flags)
}

fn open_existing(path: &Path, flags: OpenFlags) -> Result<(Connection, usize), StoreError> {
    let failed = |error| StoreError::sqlite(path, error);
    let db = Connection::open_with_flags(path, flags).map_err(failed)?;
    db.busy_timeout(BUSY).map_err(failed)?;
    match check_owner(&db, path)? {
        0 => Err(StoreError::Empty { path: path.to_owned() }),
        version => Ok((db, version)),
    }
}

/// Gives the schema version of the file.
fn check_owner(db: &Connection, path: &Path) -> Result<usize, StoreError> {
    let pragma = |name| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
    let failed = |error| StoreError::sqlite(path, error);
    let owner = pragma("application_id").map_err(failed)?;
    let version = pragma("user_version").map_err(failed)?;
    let tables: i64 =
        db.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).map_err(failed)?;
    match (owner, usize::try_from(version).unwrap_or(usize::MAX)) {
        (0, 0) if tables == 0 => Ok(0),
        (APPLICATION_ID, version) if version > CURRENT => {
            Err(StoreError::Newer { path: path.to_owned(), version, known: CURRENT })
        }
        (APPLICATION_ID, version) => Ok(version),
        _ => Err(StoreError::Foreign { path: path.to_owned() }),
    }
}

/// Whether the last daemon ended in an orderly way.
pub(super) fn ended_cleanly(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT count(*) = 0 FROM runs WHERE stopped_at IS NULL", [], |row| row.get(0))
}

/// Whether the last daemon, which did not end in an orderly way, ran since the system was started: then the system has
/// written, or will, whatever that daemon wrote.
pub(super) fn ran_since_boot(db: &Connection) -> rusqlite::Result<bool> {
    let Some(boot) = boot_id() else { return Ok(false) };
    db.query_row("SELECT count(*) > 0 FROM runs WHERE stopped_at IS NULL AND boot = ?1", [boot], |row| {
        row.get(0)
    })
}

/// Stands for one start of the system.
fn boot_id() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned())
}

/// Records that the daemon has started. It also shows whether the disk can be written.
pub(super) fn begin_run(db: &Connection, started_at: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM runs", [])?;
    db.execute("INSERT INTO runs (started_at, boot) VALUES (?1, ?2)", params![started_at, boot_id()])?;
    Ok(())
}

/// Records that the daemon has ended in an orderly way.
pub(super) fn end_run(db: &Connection, now: i64) -> rusqlite::Result<()> {
    db.execute("UPDATE runs SET stopped_at = ?1", [now])?;
    // Everything is in the one file then, and the next start has nothing to recover.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// What is wrong with the file, if anything is.
pub(super) fn quick_check(db: &Connection) -> rusqlite::Result<Option<String>> {
    let found: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok((found != "ok").then_some(found))
}
