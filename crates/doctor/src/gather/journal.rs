//! Looking at the journal and its disk.

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
use crate::judge::{
    files::User,
    journal::{Content, Disk, JournalFacts},
};

/// Up to this size a whole journal is checked: more takes too long to wait for.
const CHECKED: u64 = 256 << 20;

/// Whether a journal can be kept at `path` by this user.
pub fn place(path: &Path) -> Result<JournalCondition, StoreError> {
    check_journal(path)
}

/// How the journal stands, for a daemon that runs as `user`.
pub(crate) fn look(settings: &Journal, user: Option<User>, now: Timestamp) -> JournalFacts {
    let path = settings.path.clone();
    let condition = place(&path);
    let directory = path.parent().unwrap_or(Path::new("."));
    let there = directory.ancestors().find(|directory| directory.is_dir());
    let places = [Some(path.as_path()), there].into_iter().flatten();
    let places = places.filter_map(|place| Some((place.to_owned(), files::status(place)?))).collect();
    let size = [path.clone(), with_wal(&path)]
        .iter()
        .filter_map(|file| fs::metadata(file).ok())
        .map(|file| file.len())
        .sum();
    let is_there = matches!(condition, Ok(JournalCondition::Writable { .. }));
    JournalFacts {
        places,
        user,
        disk: there.and_then(disk),
        size,
        limit: settings.retention.size,
        whole: match size {
            _ if !is_there => Ok(None),
            CHECKED.. => Err("it is large (the daemon checks it when it was not closed)"),
            _ => Ok(whole(&path)),
        },
        content: if is_there { content(&path) } else { Content::default() },
        condition,
        path,
        now,
    }
}

impl JournalFacts {
    /// Whether a daemon has it.
    pub(crate) fn is_taken(&self) -> bool {
        matches!(self.condition, Ok(JournalCondition::Writable { in_use: true }))
    }
}

fn disk(directory: &Path) -> Option<Disk> {
    let found = statvfs(directory).ok()?;
    Some(Disk {
        free: found.f_bavail.saturating_mul(found.f_frsize),
        total: found.f_blocks.saturating_mul(found.f_frsize),
        read_only: found.f_flag.contains(StatVfsMountFlags::RDONLY),
    })
}

/// What is broken in the file, if anything is.
fn whole(path: &Path) -> Option<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let check = || -> rusqlite::Result<String> {
        let db = Connection::open_with_flags(path, flags)?;
        db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
    };
    match check() {
        Ok(said) if said == "ok" => None,
        Ok(said) => Some(said),
        Err(error) => Some(error.to_string()),
    }
}

fn content(path: &Path) -> Content {
    let Ok(reader) = StoreReader::open(path) else { return Content::default() };
    Content { tallies: reader.tallies().unwrap_or_default(), standings: reader.targets().unwrap_or_default() }
}

fn with_wal(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}
