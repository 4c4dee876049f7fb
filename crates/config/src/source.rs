//! What a configuration is made of: text files and the environment.

use std::{
    ffi::OsString,
    fs::File,
    io::{ErrorKind, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use secrecy::zeroize::Zeroizing;

/// The longest file that is read as a configuration, as a list of users or as a secret, in bytes.
const LONGEST_FILE: u64 = 16 << 20;

/// How an environment variable is looked up.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// A file that was read. It may hold secrets, and forgets its text.
pub(super) struct TextFile {
    /// What is in it.
    pub(super) text: Zeroizing<String>,
    mode: u32,
}

impl TextFile {
    /// Whether nobody but its owner may do anything with it.
    pub(super) fn is_private(&self) -> bool {
        self.mode & 0o077 == 0
    }

    /// Whether everyone may read it.
    pub(super) fn is_public(&self) -> bool {
        self.mode & 0o004 != 0
    }
}

/// Reads a text file; the error says in words why not.
pub(super) fn read(path: &Path) -> Result<TextFile, String> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => "no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "is a directory".to_owned(),
        ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    let mut text = Zeroizing::new(String::new());
    let length = file.take(LONGEST_FILE + 1).read_to_string(&mut text).map_err(failed)?;
    if length as u64 > LONGEST_FILE {
        return Err(format!("longer than {LONGEST_FILE} bytes"));
    }
    Ok(TextFile { text, mode })
}
