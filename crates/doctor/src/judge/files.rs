//! Who can read the files that hold secrets, and whether the daemon's user can.
//!
//! It is judged by the mode bits and not by trying: whoever asks may be root, who may read everything.

use std::path::{Path, PathBuf};

use ringwire_terminal::Code;

use super::finding::{Findings, Subject};

/// What is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// The configuration itself.
    Configuration,
    /// A secret.
    Secret,
    /// What anybody may know: certificates, a list of users.
    NoSecret,
}

/// A file that is read when the daemon starts.
#[derive(Clone, Debug)]
pub(crate) struct FileFacts {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// The key that names it; empty for the configuration.
    pub(crate) key: String,
    /// What is in it.
    pub(crate) holds: Holds,
    /// Whose it is; `None` where it is not there.
    pub(crate) status: Option<Status>,
    /// The directories on the way to it, the root first.
    pub(crate) parents: Vec<(PathBuf, Status)>,
}

/// Whose a file or a directory is, and who may do what with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// The mode bits, without the type.
    pub(crate) mode: u32,
    /// The owner.
    pub(crate) uid: u32,
    /// The group.
    pub(crate) gid: u32,
}

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    /// The name.
    pub(crate) name: String,
    /// The number.
    pub(crate) uid: u32,
    /// The groups.
    pub(crate) gids: Vec<u32>,
}

/// What may be done with a file, as one bit of the mode bits for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Its content read.
    Read = 4,
    /// Its content changed, or files made in a directory.
    Write = 2,
    /// Files in a directory reached.
    Enter = 1,
}

impl Status {
    /// Whether `user` may do that.
    pub(crate) fn allows(self, user: &User, access: Access) -> bool {
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

    /// Whether users who are neither the owner nor in the group may do that.
    fn is_open_to(self, access: Access) -> bool {
        self.mode & access as u32 != 0
    }
}

/// What is wrong with `files`, if the daemon runs as `user`.
pub(crate) fn judge(files: &[FileFacts], user: Option<&User>) -> Findings {
    let mut findings = Findings::new(Subject::Files);
    for file in files {
        let Some(status) = file.status else { continue };
        let (path, what) = (file.path.display(), what(file));
        let mode = status.mode & 0o777;
        if file.holds == Holds::Secret && status.is_open_to(Access::Read) {
            findings.fault(
                Code::Config,
                format!("{what}, {path}, can be read by everyone on this machine (mode {mode:04o})"),
                format!("chmod o= {path}"),
            );
        }
        if status.is_open_to(Access::Write) {
            findings.fault(
                Code::Config,
                format!("{what}, {path}, can be changed by everyone on this machine (mode {mode:04o})"),
                format!("chmod o-w {path}"),
            );
        }
        if let Some(user) = user {
            readable(&mut findings, file, status, user);
        }
    }
    let count = files.iter().filter(|file| file.status.is_some()).count();
    if count > 0 && findings.is_empty() {
        let by = match user {
            Some(user) => format!("can be read by {}, whom the daemon runs as", user.name),
            None => "are not open to everyone".to_owned(),
        };
        findings.ok(match count {
            1 => format!("the configuration {}", by.replacen("are ", "is ", 1)),
            _ => format!("the configuration and the {} it names {by}", plural(count - 1, "file")),
        });
    }
    if user.is_none() {
        findings.unchecked_until(
            "which user the daemon runs as is not known, so whether that one can read them is not checked",
            "ringwire doctor --user USER",
        );
    }
    findings
}

fn readable(findings: &mut Findings, file: &FileFacts, status: Status, user: &User) {
    let (path, what, name) = (file.path.display(), what(file), &user.name);
    if let Some((closed, _)) = file.parents.iter().find(|(_, parent)| !parent.allows(user, Access::Enter)) {
        let closed = closed.display();
        findings.fault(
            Code::Config,
            format!("{what}, {path}, cannot be reached by {name}, whom the daemon runs as: {closed} is closed to that user"),
            format!("chgrp {name} {closed} && chmod g+x {closed}"),
        );
    } else if !status.allows(user, Access::Read) {
        findings.fault(
            Code::Config,
            format!(
                "{what}, {path}, cannot be read by {name}, whom the daemon runs as (mode {:04o})",
                status.mode & 0o777
            ),
            format!("chgrp {name} {path} && chmod 640 {path}"),
        );
    }
}

fn what(file: &FileFacts) -> String {
    match file.holds {
        Holds::Configuration => "the configuration".to_owned(),
        Holds::Secret => format!("the secret of {}", file.key),
        Holds::NoSecret => format!("the file of {}", file.key),
    }
}

/// Whether `path` is one of the files that everyone can read.
pub(crate) fn is_public(files: &[FileFacts], path: &Path) -> bool {
    files
        .iter()
        .any(|file| file.path == path && file.status.is_some_and(|status| status.is_open_to(Access::Read)))
}

/// `1 file`, `2 files`.
pub(crate) fn plural(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_bits_decide_who_may_do_what() {
        let user = User { name: "ringwire".to_owned(), uid: 900, gids: vec![900, 27] };
        let root = User { name: "root".to_owned(), uid: 0, gids: vec![0] };
        for (mode, uid, gid, readable) in [
            (0o600, 900, 0, true),
            (0o600, 0, 0, false),
            (0o640, 0, 27, true),
            (0o640, 0, 28, false),
            (0o604, 0, 27, false), // the group's bits hold for who is in it, however many others have
            (0o044, 900, 27, false),
            (0o644, 0, 0, true),
        ] {
            let status = Status { mode, uid, gid };
            assert_eq!(status.allows(&user, Access::Read), readable, "{status:?}");
            assert!(status.allows(&root, Access::Read));
        }
    }

    #[test]
    fn a_closed_directory_is_named_before_the_file_in_it() {
        let user = User { name: "ringwire".to_owned(), uid: 900, gids: vec![900] };
        let status = |mode| Status { mode, uid: 0, gid: 0 };
        let file = FileFacts {
            path: "/etc/ringwire/ami.secret".into(),
            key: "pbx.main.secret_file".to_owned(),
            holds: Holds::Secret,
            status: Some(status(0o600)),
            parents: vec![("/etc".into(), status(0o755)), ("/etc/ringwire".into(), status(0o700))],
        };
        let found = Vec::from(judge(&[file], Some(&user)));
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert!(finding.says.contains("/etc/ringwire is closed to that user"), "{finding:?}");
        assert_eq!(finding.cure.as_deref(), Some("chgrp ringwire /etc/ringwire && chmod g+x /etc/ringwire"));
    }
}
