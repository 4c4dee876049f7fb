//! The location of the journal: private, on a local disk, and locked for one daemon.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rustix::fs::{Access, OFlags};

use super::{error::StoreError, schema};

/// File systems of other machines, by the number that `statfs` gives them.
const NETWORK: [(i64, &str); 9] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x5346_414f, "AFS"),
    (0x0102_1997, "9p"),
    (0x00c3_6400, "Ceph"),
    (0x7461_636f, "OCFS2"),
    (0x0bd0_0bd0, "Lustre"),
];

/// Creates the file at `path` and its directory where they are missing, for their owner alone.
///
/// # Errors
/// They cannot be created, or are on a network file system.
pub(super) fn prepare(path: &Path) -> Result<(), StoreError> {
    let directory = directory(path);
    let mut builder = DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| StoreError::location(directory, error))?;
    refuse_network(directory, path)?;
    let failed = |error| StoreError::location(path, error);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => {
            file.sync_all().map_err(failed)?;
            sync(directory).map_err(|error| StoreError::location(directory, error))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => make_private(path).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

/// What is at the path of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalCondition {
    /// A journal that this user can write.
    Writable {
        /// Whether a daemon uses it.
        in_use: bool,
    },
    /// Nothing, and this user can create it.
    Absent,
    /// Nothing, although a daemon uses it.
    Deleted,
}

/// Checks whether this user could have a journal at `path`, and creates nothing.
///
/// # Errors
/// It cannot be created or written, is on a network file system, is not one of ours, or is damaged.
pub fn check_journal(path: &Path) -> Result<JournalCondition, StoreError> {
    let directory = directory(path);
    let there = directory.ancestors().find(|directory| directory.exists()).unwrap_or(Path::new("."));
    refuse_network(there, path)?;
    match fs::metadata(path) {
        Ok(about) if about.is_file() => {}
        Ok(_) => return Err(StoreError::location(path, io::ErrorKind::IsADirectory.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let access = Access::WRITE_OK | Access::EXEC_OK;
            access_to(there, access).map_err(|error| StoreError::location(there, error))?;
            return Ok(if is_locked(path) { JournalCondition::Deleted } else { JournalCondition::Absent });
        }
        Err(error) => return Err(StoreError::location(path, error)),
    }
    access_to(path, Access::READ_OK | Access::WRITE_OK).map_err(|error| StoreError::location(path, error))?;
    // SQLite keeps files of its own beside it.
    access_to(directory, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| StoreError::location(directory, error))?;
    match schema::open_to_read(path) {
        // The daemon creates the tables of one that has none yet.
        Ok(_) | Err(StoreError::Empty { .. }) => Ok(JournalCondition::Writable { in_use: is_locked(path) }),
        Err(error) => Err(error),
    }
}

fn access_to(path: &Path, access: Access) -> io::Result<()> {
    Ok(rustix::fs::access(path, access)?)
}

fn refuse_network(directory: &Path, path: &Path) -> Result<(), StoreError> {
    match network(directory) {
        Some(kind) => Err(StoreError::Network { path: path.to_owned(), kind }),
        None => Ok(()),
    }
}

/// Locks the journal for this process until the lock is dropped, also by being killed.
///
/// # Errors
/// Another process has locked it, or the lock file cannot be created, or it is a link.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let lock = beside(path, "lock");
    let failed = |error| StoreError::location(&lock, error);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(no_link())
        .open(&lock)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Why there is no journal at `path`, and what to do about it.
#[must_use]
pub fn describe_absence(path: &Path) -> (&'static str, &'static str) {
    if is_locked(path) {
        (
            "the journal was deleted while ringwire was running",
            "the daemon begins a new one within a minute, with what is still to be delivered",
        )
    } else {
        (
            "the journal does not exist",
            "the daemon creates it when it starts; use --config or --journal to name another one",
        )
    }
}

/// Whether a daemon has locked the journal at `path`.
pub(super) fn is_locked(path: &Path) -> bool {
    OpenOptions::new()
        .read(true)
        .custom_flags(no_link())
        .open(beside(path, "lock"))
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Sets a journal that is not used any more aside, with SQLite's files beside it; gives where it is now. `why` is part of
/// its name.
pub(super) fn set_aside(path: &Path, why: &str, now: Timestamp) -> io::Result<PathBuf> {
    // A file that was set aside before is not replaced.
    let names = (0..).map(|later| beside(path, &format!("{why}-{}", now.as_millisecond() + later)));
    let aside = names.into_iter().find(|name| !name.exists()).unwrap_or_else(|| beside(path, why));
    for end in ["-wal", "-shm"] {
        match fs::rename(with_end(path, end), with_end(&aside, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, &aside)?;
    sync(directory(path))?;
    Ok(aside)
}

/// Removes what SQLite keeps beside a journal that was deleted: it belongs to no file any more.
pub(super) fn remove_log(path: &Path) -> io::Result<()> {
    for end in ["-wal", "-shm"] {
        match fs::remove_file(with_end(path, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Which file a path leads to: device and inode; `None` where it leads to none.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|about| (about.dev(), about.ino()))
}

/// The journals that were set aside at the path of the journal, each with the time of that.
pub(super) fn files_set_aside(path: &Path) -> Vec<(PathBuf, Timestamp)> {
    let prefixes = ["damaged-", "replaced-"].map(|why| {
        let prefix = beside(path, why);
        prefix.file_name().map(|name| name.as_encoded_bytes().to_vec()).unwrap_or_default()
    });
    let entries = fs::read_dir(directory(path)).into_iter().flatten().filter_map(Result::ok);
    let time = |name: &[u8]| {
        let milliseconds = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix.as_slice()))?;
        let milliseconds = std::str::from_utf8(milliseconds).ok()?.parse().ok()?;
        Timestamp::from_millisecond(milliseconds).ok()
    };
    entries.filter_map(|entry| Some((entry.path(), time(entry.file_name().as_encoded_bytes())?))).collect()
}

/// The size of the journal on disk, in bytes.
pub(super) fn size(path: &Path) -> u64 {
    [path.to_owned(), with_end(path, "-wal")]
        .iter()
        .filter_map(|file| fs::metadata(file).ok())
        .map(|file| file.len())
        .sum()
}

/// The size of the log beside the journal, in bytes.
pub(super) fn log_size(path: &Path) -> u64 {
    fs::metadata(with_end(path, "-wal")).map_or(0, |file| file.len())
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    with_end(path, &format!(".{extension}"))
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Makes the file private; a link is refused, whose target is not ours to change.
fn make_private(path: &Path) -> io::Result<()> {
    let about = fs::symlink_metadata(path)?;
    if about.permissions().mode() & 0o077 == 0 && about.is_file() {
        return Ok(());
    }
    let file = OpenOptions::new().read(true).custom_flags(no_link()).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))
}

/// Opens a file itself and nothing that a link leads to, and waits for nobody to write into a pipe: whoever can create
/// files in the directory could otherwise choose which file is created, or changed, as the daemon's user.
fn no_link() -> i32 {
    (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed()
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// The kind of network file system that `directory` is on, if it is on one.
fn network(directory: &Path) -> Option<&'static str> {
    let kind = rustix::fs::statfs(directory).ok()?.f_type;
    // The field is signed or not, wide or narrow, as the platform has it.
    #[allow(
        clippy::useless_conversion,
        clippy::unnecessary_fallible_conversions,
        reason = "not on every platform"
    )]
    let kind = i64::try_from(kind).ok()? & 0xffff_ffff;
    NETWORK.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_file_and_its_directory_are_for_their_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("state/ringwire/journal.db");
        prepare(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        prepare(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_journal_is_locked_once() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("journal.db");
        assert!(!is_locked(&path));
        let held = lock(&path).unwrap();
        assert!(is_locked(&path));
        assert!(matches!(lock(&path), Err(StoreError::Locked { .. })));
        drop(held);
        lock(&path).unwrap();
    }

    #[test]
    fn the_lock_and_the_journal_follow_no_link() {
        let home = tempfile::tempdir().unwrap();
        let (path, victim) = (home.path().join("journal.db"), home.path().join("victim"));
        symlink(&victim, beside(&path, "lock")).unwrap();
        assert!(matches!(lock(&path), Err(StoreError::Location { .. })));
        assert!(!victim.exists(), "the target of the link was created");
        assert!(!is_locked(&path));
        fs::write(&victim, "not ours").unwrap();
        fs::set_permissions(&victim, Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(lock(&path), Err(StoreError::Location { .. })));
        symlink(&victim, &path).unwrap();
        assert!(matches!(prepare(&path), Err(StoreError::Location { .. })));
        assert_eq!(fs::metadata(&victim).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "not ours");
    }

    #[test]
    fn a_file_that_was_set_aside_is_not_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("journal.db");
        let aside = ["one", "two"].map(|text| {
            fs::write(&path, text).unwrap();
            set_aside(&path, "damaged", Timestamp::UNIX_EPOCH).unwrap()
        });
        assert_eq!(aside.map(|file| fs::read_to_string(file).unwrap()), ["one", "two"]);
    }

    #[test]
    fn a_local_disk_is_no_network() {
        assert_eq!(network(tempfile::tempdir().unwrap().path()), None);
    }
}
