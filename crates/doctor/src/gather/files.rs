//! Finds the files that the configuration names, their owners and modes.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use crate::facts::files::{FileContent, FileFacts, FileStatus, SystemUser};

/// Keys that name files without secrets.
const PUBLIC_KEYS: [&str; 4] = ["users_file", "ca_file", "tls_ca_file", "tls_certificate_file"];

/// The configuration at `path` and the files that it names, whether or not it is valid.
pub(crate) fn gather_files(path: &Path) -> Vec<FileFacts> {
    let mut files = vec![facts(path, String::new(), FileContent::Configuration)];
    let table = fs::read_to_string(path).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let mut named = Vec::new();
    if let Some(table) = table {
        collect_files(&table, "", &mut named);
    }
    for (key, file) in named {
        let last = key.rsplit('.').next().unwrap_or_default();
        let content = if PUBLIC_KEYS.contains(&last) { FileContent::Public } else { FileContent::Secret };
        let file = path.parent().unwrap_or(Path::new("")).join(file);
        files.push(facts(&file, key, content));
    }
    files
}

/// When one of `files` was last changed.
pub(crate) fn last_changed(files: &[FileFacts]) -> Option<Timestamp> {
    let modified =
        |file: &FileFacts| Timestamp::try_from(fs::metadata(&file.path).ok()?.modified().ok()?).ok();
    files.iter().filter_map(modified).max()
}

/// The user called `name` with its groups; `None` if it is not in this machine's files.
pub(crate) fn find_user(name: &str) -> Option<SystemUser> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    parse_user(name, &passwd, &groups)
}

fn parse_user(name: &str, passwd: &str, groups: &str) -> Option<SystemUser> {
    let entry = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|entry| entry.first() == Some(&name))?;
    let uid = entry.get(2)?.parse().ok()?;
    let mut gids = vec![entry.get(3)?.parse().ok()?];
    for group in groups.lines().map(|line| line.split(':').collect::<Vec<_>>()) {
        let [_, _, gid, members] = group.as_slice() else { continue };
        if members.split(',').any(|member| member == name) {
            gids.extend(gid.parse::<u32>());
        }
    }
    Some(SystemUser { name: name.to_owned(), uid, gids })
}

/// Owner and mode of `path`; `None` if it does not exist or is not accessible.
pub(crate) fn status(path: &Path) -> Option<FileStatus> {
    let metadata = fs::metadata(path).ok()?;
    Some(FileStatus { mode: metadata.mode() & 0o7777, uid: metadata.uid(), gid: metadata.gid() })
}

fn facts(path: &Path, key: String, content: FileContent) -> FileFacts {
    let absolute = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let parents = absolute.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty());
    let mut parents: Vec<_> =
        parents.filter_map(|parent| Some((parent.to_owned(), status(parent)?))).collect();
    parents.reverse();
    FileFacts { path: path.to_owned(), key, content, status: status(path), parents }
}

/// Collects all keys below `table` that name a file.
fn collect_files(table: &toml::Table, above: &str, named: &mut Vec<(String, PathBuf)>) {
    for (key, value) in table {
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        match value {
            toml::Value::Table(inner) => collect_files(inner, &path, named),
            toml::Value::String(file) if key.ends_with("_file") => named.push((path, file.into())),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_groups_that_list_it() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nringwire:x:900:901::/nonexistent:/bin/false\n";
        let groups = "root:x:0:\nssl-cert:x:27:www,ringwire\nother:x:5:ring\n";
        let user = parse_user("ringwire", passwd, groups).unwrap();
        assert_eq!((user.uid, user.gids), (900, vec![901, 27]));
        assert_eq!(parse_user("ring", passwd, groups), None);
    }

    #[test]
    fn every_named_file_is_found() {
        let text = "[pbx.a]\nsecret_file = \"s\"\nusers_file = \"u\"\n[target.b]\nurl_file = \"/x/url\"\nca_file = 1\n";
        let mut named = Vec::new();
        collect_files(&text.parse().unwrap(), "", &mut named);
        let named: Vec<_> = named.iter().map(|(key, file)| (key.as_str(), file.to_str().unwrap())).collect();
        assert_eq!(
            named,
            [("pbx.a.secret_file", "s"), ("pbx.a.users_file", "u"), ("target.b.url_file", "/x/url")]
        );
    }
}
