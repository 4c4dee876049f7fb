//! Where a configuration comes from.

use std::{
    ffi::OsString,
    fs::File,
    io::{ErrorKind, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use secrecy::zeroize::Zeroizing;

use super::{
    Config, ConfigError, Purpose, document::Document, finding::Finding, raw::RawConfig, resolve::Resolver,
};

/// The file read unless another is named.
const DEFAULT_PATH: &str = "/etc/ringwire/ringwire.toml";

/// The environment variable that names another.
const PATH_VARIABLE: &str = "RINGWIRE_CONFIG";

/// The longest file that is read as a configuration, as a list of users or as a secret, in bytes.
const LONGEST_FILE: u64 = 16 << 20;

/// How an environment variable is looked up.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The file to read: the one `given` on the command line, else the one that `$RINGWIRE_CONFIG` names, else the
/// default one.
pub(crate) fn path(given: Option<PathBuf>) -> PathBuf {
    let named = || std::env::var_os(PATH_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    given.or_else(named).unwrap_or_else(|| DEFAULT_PATH.into())
}

/// Whether `path` is the one that is read unless another is named.
pub(crate) fn is_default(path: &Path) -> bool {
    path == Path::new(DEFAULT_PATH)
}

impl Config {
    /// The configuration in the file at `path`, to be used for `purpose`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn load(path: &Path, purpose: Purpose) -> Result<Self, ConfigError> {
        Self::load_file(path, purpose, &|name| std::env::var_os(name))
    }

    /// The same with another `environment`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn load_file(
        path: &Path,
        purpose: Purpose,
        environment: Environment<'_>,
    ) -> Result<Self, ConfigError> {
        let file = read(path).map_err(|what| {
            Finding::new(path, what).expected("a configuration file").hint(format!(
                "name the file with --config or ${PATH_VARIABLE}, or start from examples/ringwire.toml"
            ))
        })?;
        let (document, root) = Document::parse(path, &file.text)?;
        let mut errors = Vec::new();
        let raw = RawConfig::read(&document, root, &mut errors);
        Resolver::new(&document, environment, purpose, file.is_private(), errors).config(raw)
    }
}

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
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        ErrorKind::InvalidData => "it is no UTF-8 text".to_owned(),
        _ => format!("it cannot be read: {error}"),
    };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    let mut text = Zeroizing::new(String::new());
    let length = file.take(LONGEST_FILE + 1).read_to_string(&mut text).map_err(failed)?;
    if length as u64 > LONGEST_FILE {
        return Err(format!("it is longer than {LONGEST_FILE} bytes"));
    }
    Ok(TextFile { text, mode })
}
