//! Inspects the journal and its disk.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use ringwire_config::Journal;
use ringwire_outbox::{JournalCondition, StoreError, StoreReader, check_journal};
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{StatVfsMountFlags, statvfs};

use super::files;
use crate::facts::{
    files::SystemUser,
    journal::{DiskSpace, JournalContent, JournalFacts},
};

/// Up to this size the whole file is checked: more takes too long.
const LARGEST_CHECKED: u64 = 256 << 20;

/// Checks whether this user can keep a journal at `path`.
pub fn check_journal_file(path: &Path) -> Result<JournalCondition, StoreError> {
    check_journal(path)
}

/// Gathers the facts about the journal, for a daemon that runs as `user`.
pub(crate) fn gather_journal(settings: &Journal, user: Option<SystemUser>, now: Timestamp) -> JournalFacts {
    let path = settings.path.clone();
    let condition = check_journal_file(&path);
    let directory = path.parent().unwrap_or(Path::new("."));
    let existing = directory.ancestors().find(|directory| directory.is_dir());
    let paths = [Some(path.as_path()), existing].into_iter().flatten();
    let paths = paths.filter_map(|path| Some((path.to_owned(), files::status(path)?))).collect();
    let size = [path.clone(), with_wal(&path)]
        .iter()
        .filter_map(|file| fs::metadata(file).ok())
        .map(|file| file.len())
        .sum();
    let exists = matches!(condition, Ok(JournalCondition::Writable { .. }));
    JournalFacts {
        paths,
        user,
        disk: existing.and_then(disk_space),
        size,
        limit: settings.retention.size,
        integrity: match size {
            _ if !exists => Ok(None),
            LARGEST_CHECKED.. => Err("the file is large (the daemon checks it after an unclean shutdown)"),
            _ => Ok(find_damage(&path)),
        },
        content: if exists { read_content(&path) } else { JournalContent::default() },
        condition,
        path,
        now,
    }
}

fn disk_space(directory: &Path) -> Option<DiskSpace> {
    let found = statvfs(directory).ok()?;
    Some(DiskSpace {
        free: found.f_bavail.saturating_mul(found.f_frsize),
        total: found.f_blocks.saturating_mul(found.f_frsize),
        is_read_only: found.f_flag.contains(StatVfsMountFlags::RDONLY),
    })
}

/// The damage of the file, if any.
fn find_damage(path: &Path) -> Option<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let check = || -> rusqlite::Result<String> {
        let db = Connection::open_with_flags(path, flags)?;
        db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
    };
    match check() {
        Ok(result) if result == "ok" => None,
        Ok(result) => Some(result),
        Err(error) => Some(error.to_string()),
    }
}

fn read_content(path: &Path) -> JournalContent {
    let Ok(reader) = StoreReader::open(path) else { return JournalContent::default() };
    JournalContent {
        tallies: reader.tallies().unwrap_or_default(),
        targets: reader.targets().unwrap_or_default(),
        loss: reader.last_loss().unwrap_or_default(),
    }
}

fn with_wal(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
