//! Journals that were set aside, damaged or replaced: how long they are kept.
//!
//! Nothing can be erased from a damaged file for certain, so all of it goes when something in it would have to.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::location;

/// When a journal that was set aside is removed.
#[derive(Clone, Copy, Debug)]
pub(super) struct DamagedPolicy {
    /// It is removed if it was set aside before this time.
    pub(super) set_aside: Timestamp,
    /// It is removed if it has numbers and names of a call that ended before this time; `None`: it is kept for them.
    pub(super) personal_data: Option<Timestamp>,
}

/// Removes the journals that were set aside at the path of the journal and are past their time; gives how many.
pub(super) fn sweep(path: &Path, policy: DamagedPolicy) -> usize {
    let due = location::files_set_aside(path).into_iter().filter(|(file, set_aside)| {
        *set_aside < policy.set_aside || policy.personal_data.is_some_and(|cutoff| is_due(file, cutoff))
    });
    due.filter(|(file, _)| remove(file).is_ok()).count()
}

/// Whether the file has personal data of a call that ended before `cutoff`. One that cannot be read may have.
fn is_due(file: &Path, cutoff: Timestamp) -> bool {
    let oldest = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(|db| {
        let query = "SELECT min(coalesce(ended_at, started_at)) FROM calls WHERE erased = 0";
        db.query_row(query, [], |row| row.get::<_, Option<i64>>(0))
    });
    match oldest {
        Ok(oldest) => oldest.is_some_and(|oldest| oldest < cutoff.as_millisecond()),
        Err(_) => true,
    }
}

/// Removes the file and those that SQLite keeps beside it.
fn remove(file: &Path) -> io::Result<()> {
    for end in ["-wal", "-shm"] {
        let mut beside = file.as_os_str().to_owned();
        beside.push(end);
        match fs::remove_file(PathBuf::from(beside)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::remove_file(file)
}
