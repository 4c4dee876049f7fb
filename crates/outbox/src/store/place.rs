//! Where the journal lies: private, local, and ours alone.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rustix::fs::Access;

use super::{StoreError, schema};

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

/// Makes the file at `path` and its directory, for their owner alone, where they are missing.
///
/// # Errors
/// They cannot be made, or lie on a network file system.
pub(super) fn prepare(path: &Path) -> Result<(), StoreError> {
    let directory = directory(path);
    let mut builder = DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| StoreError::place(directory, error))?;
    refuse_network(directory, path)?;
    let failed = |error| StoreError::place(path, error);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => {
            file.sync_all().map_err(failed)?;
            sync(directory).map_err(|error| StoreError::place(directory, error))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => make_private(path).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

/// How the place of a journal was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is there, and this user can write it.
    Writable {
        /// Whether a daemon has it.
        taken: bool,
    },
    /// It is not there, and this user can make it.
    Absent,
}

/// Looks whether this user could keep a journal at `path`, and makes nothing.
///
/// # Errors
/// It cannot be made or written, is on a network file system, is none of ours, or is damaged.
pub fn check(path: &Path) -> Result<Condition, StoreError> {
    let directory = directory(path);
    let there = directory.ancestors().find(|directory| directory.exists()).unwrap_or(Path::new("."));
    refuse_network(there, path)?;
    match fs::metadata(path) {
        Ok(about) if about.is_file() => {}
        Ok(_) => return Err(StoreError::place(path, io::ErrorKind::IsADirectory.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let access = Access::WRITE_OK | Access::EXEC_OK;
            access_to(there, access).map_err(|error| StoreError::place(there, error))?;
            return Ok(Condition::Absent);
        }
        Err(error) => return Err(StoreError::place(path, error)),
    }
    access_to(path, Access::READ_OK | Access::WRITE_OK).map_err(|error| StoreError::place(path, error))?;
    // SQLite keeps files of its own beside it.
    access_to(directory, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| StoreError::place(directory, error))?;
    match schema::open_to_read(path) {
        // One that has no tables yet gets them from the daemon.
        Ok(_) | Err(StoreError::Empty { .. }) => Ok(Condition::Writable { taken: is_taken(path) }),
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

/// Takes the journal for this process until the lock is dropped, also by being killed.
///
/// # Errors
/// Another process has it, or the lock's file cannot be made.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let lock = beside(path, "lock");
    let failed = |error| StoreError::place(&lock, error);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&lock)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Taken { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Whether a daemon has the journal at `path`.
pub(super) fn is_taken(path: &Path) -> bool {
    File::open(beside(path, "lock"))
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Puts a damaged journal aside, with what SQLite keeps beside it; says where it is now.
pub(super) fn set_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    // A file that was set aside before is not replaced.
    let names = (0..).map(|later| beside(path, &format!("damaged-{}", now.as_millisecond() + later)));
    let aside = names.into_iter().find(|name| !name.exists()).unwrap_or_else(|| beside(path, "damaged"));
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

/// How much the journal takes up on disk, in bytes.
pub(super) fn size(path: &Path) -> u64 {
    [path.to_owned(), with_end(path, "-wal")]
        .iter()
        .filter_map(|file| fs::metadata(file).ok())
        .map(|file| file.len())
        .sum()
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

fn make_private(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(0o600))
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// The network file system that `directory` is on.
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
    fn a_journal_is_taken_once() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("journal.db");
        assert!(!is_taken(&path));
        let held = lock(&path).unwrap();
        assert!(is_taken(&path));
        assert!(matches!(lock(&path), Err(StoreError::Taken { .. })));
        drop(held);
        lock(&path).unwrap();
    }

    #[test]
    fn what_was_set_aside_is_not_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("journal.db");
        let aside = ["one", "two"].map(|text| {
            fs::write(&path, text).unwrap();
            set_aside(&path, Timestamp::UNIX_EPOCH).unwrap()
        });
        assert_eq!(aside.map(|file| fs::read_to_string(file).unwrap()), ["one", "two"]);
    }

    #[test]
    fn a_local_disk_is_no_network() {
        assert_eq!(network(tempfile::tempdir().unwrap().path()), None);
    }
}
