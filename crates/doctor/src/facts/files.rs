//! Which files the daemon reads, and who may access them.
//!
//! Access is decided by the mode bits, not by trying: the doctor may run as root, who may read everything.

use std::path::PathBuf;

/// A file that the daemon reads when it starts.
#[derive(Clone, Debug)]
pub(crate) struct FileFacts {
    /// Its path.
    pub(crate) path: PathBuf,
    /// The configuration key that names it; empty for the configuration itself.
    pub(crate) key: String,
    /// What it contains.
    pub(crate) content: FileContent,
    /// Its owner and mode; `None` if it does not exist.
    pub(crate) status: Option<FileStatus>,
    /// The directories above it, the root first.
    pub(crate) parents: Vec<(PathBuf, FileStatus)>,
}

/// What a file contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileContent {
    /// The configuration itself.
    Configuration,
    /// A secret.
    Secret,
    /// Public data: certificates, a list of users.
    Public,
}

/// Owner and mode of a file or a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileStatus {
    /// The mode bits, without the type.
    pub(crate) mode: u32,
    /// The owner.
    pub(crate) uid: u32,
    /// The group.
    pub(crate) gid: u32,
}

impl FileStatus {
    /// Whether `user` has this access.
    pub(crate) fn allows(self, user: &SystemUser, access: FileAccess) -> bool {
        let bit = access as u32;
        let bits = if user.uid == 0 {
            return true;
        } else if self.uid == user.uid {
            self.mode >> 6
        } else if user.gids.contains(&self.gid) {
            self.mode >> 3
        } else {
            self.mode
        };
        bits & bit != 0
    }

    /// Whether users who are neither the owner nor in the group have this access.
    pub(crate) fn is_open_to_others(self, access: FileAccess) -> bool {
        self.mode & access as u32 != 0
    }
}

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SystemUser {
    /// The user name.
    pub(crate) name: String,
    /// The user ID.
    pub(crate) uid: u32,
    /// The IDs of all groups.
    pub(crate) gids: Vec<u32>,
}

/// A kind of access, as its bit in the mode bits for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileAccess {
    /// Read the content.
    Read = 4,
    /// Change the content, or create files in a directory.
    Write = 2,
    /// Reach files in a directory.
    Enter = 1,
}
