//! Judges who can read the files that hold secrets, and whether the daemon's user can.

use std::path::Path;

use ringwire_terminal::Code;

use super::wording::plural;
use crate::{
    facts::files::{FileAccess, FileContent, FileFacts, FileStatus, SystemUser},
    finding::{Findings, Subject},
};

/// Judges `files`, for a daemon that runs as `user`.
pub(crate) fn judge(files: &[FileFacts], user: Option<&SystemUser>) -> Findings {
    let mut findings = Findings::new(Subject::Files);
    for file in files {
        let Some(status) = file.status else { continue };
        let (path, what) = (file.path.display(), describe(file));
        let mode = status.mode & 0o777;
        if file.content == FileContent::Secret && status.is_open_to_others(FileAccess::Read) {
            findings.fault(
                Code::Config,
                format!("{path} ({what}) can be read by everyone on this machine (mode {mode:04o})"),
                format!("chmod o= {path}"),
            );
        }
        if status.is_open_to_others(FileAccess::Write) {
            findings.fault(
                Code::Config,
                format!("{path} ({what}) can be changed by everyone on this machine (mode {mode:04o})"),
                format!("chmod o-w {path}"),
            );
        }
        if let Some(user) = user {
            judge_access(&mut findings, file, status, user);
        }
    }
    let count = files.iter().filter(|file| file.status.is_some()).count();
    if count > 0 && findings.is_empty() {
        let by = match user {
            Some(user) => format!("can be read by {}, the daemon's user", user.name),
            None => "are not readable for everyone".to_owned(),
        };
        findings.ok(match count {
            1 => format!("the configuration {}", by.replacen("are ", "is ", 1)),
            _ => format!("the configuration and the {} it names {by}", plural(count - 1, "file")),
        });
    }
    if user.is_none() {
        findings.not_checked_until(
            "the daemon's user is unknown, so its access to the files is not checked",
            "name the user: ringwire doctor --user USER",
        );
    }
    findings
}

fn judge_access(findings: &mut Findings, file: &FileFacts, status: FileStatus, user: &SystemUser) {
    let (path, what, name) = (file.path.display(), describe(file), &user.name);
    if let Some((closed, _)) = file.parents.iter().find(|(_, parent)| !parent.allows(user, FileAccess::Enter))
    {
        let closed = closed.display();
        findings.fault(
            Code::Config,
            format!(
                "{path} ({what}) cannot be reached by {name}, the daemon's user, who may not enter {closed}"
            ),
            format!("chgrp {name} {closed} && chmod g+x {closed}"),
        );
    } else if !status.allows(user, FileAccess::Read) {
        findings.fault(
            Code::Config,
            format!(
                "{path} ({what}) cannot be read by {name}, the daemon's user (mode {:04o})",
                status.mode & 0o777
            ),
            format!("chgrp {name} {path} && chmod 640 {path}"),
        );
    }
}

fn describe(file: &FileFacts) -> String {
    match file.content {
        FileContent::Configuration => "configuration".to_owned(),
        FileContent::Secret => format!("secret of {}", file.key),
        FileContent::Public => format!("file of {}", file.key),
    }
}

/// Whether `path` is one of `files` and everyone can read it.
pub(crate) fn is_public(files: &[FileFacts], path: &Path) -> bool {
    files.iter().any(|file| {
        file.path == path && file.status.is_some_and(|status| status.is_open_to_others(FileAccess::Read))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mode_bits_decide_the_access() {
        let user = SystemUser { name: "ringwire".to_owned(), uid: 900, gids: vec![900, 27] };
        let root = SystemUser { name: "root".to_owned(), uid: 0, gids: vec![0] };
        for (mode, uid, gid, readable) in [
            (0o600, 900, 0, true),
            (0o600, 0, 0, false),
            (0o640, 0, 27, true),
            (0o640, 0, 28, false),
            (0o604, 0, 27, false), // the group's bits apply to its members, even if others have more
            (0o044, 900, 27, false),
            (0o644, 0, 0, true),
        ] {
            let status = FileStatus { mode, uid, gid };
            assert_eq!(status.allows(&user, FileAccess::Read), readable, "{status:?}");
            assert!(status.allows(&root, FileAccess::Read));
        }
    }

    #[test]
    fn a_closed_directory_is_reported_before_the_file_in_it() {
        let user = SystemUser { name: "ringwire".to_owned(), uid: 900, gids: vec![900] };
        let status = |mode| FileStatus { mode, uid: 0, gid: 0 };
        let file = FileFacts {
            path: "/etc/ringwire/ami.secret".into(),
            key: "pbx.main.secret_file".to_owned(),
            content: FileContent::Secret,
            status: Some(status(0o600)),
            parents: vec![("/etc".into(), status(0o755)), ("/etc/ringwire".into(), status(0o700))],
        };
        let found = Vec::from(judge(&[file], Some(&user)));
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert!(finding.text.contains("who may not enter /etc/ringwire"), "{finding:?}");
        assert_eq!(finding.hint.as_deref(), Some("chgrp ringwire /etc/ringwire && chmod g+x /etc/ringwire"));
    }
}
