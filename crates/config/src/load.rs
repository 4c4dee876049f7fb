//! Where a configuration comes from.

use std::path::{Path, PathBuf};

use super::{
    document::Document,
    finding::{ConfigError, Finding},
    raw::RawConfig,
    resolve::Resolver,
    resolved::{Config, Purpose},
    source::{self, Environment},
};

/// The file read unless another is named.
const DEFAULT_PATH: &str = "/etc/ringwire/ringwire.toml";

/// The environment variable that names another.
const PATH_VARIABLE: &str = "RINGWIRE_CONFIG";

/// The file to read: the one `given` on the command line, else the one that `$RINGWIRE_CONFIG` names, else the
/// default one.
pub fn path(given: Option<PathBuf>) -> PathBuf {
    let named = || std::env::var_os(PATH_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    given.or_else(named).unwrap_or_else(|| DEFAULT_PATH.into())
}

/// Whether `path` is the one that is read unless another is named.
pub fn is_default(path: &Path) -> bool {
    path == Path::new(DEFAULT_PATH)
}

impl Config {
    /// The configuration in the file at `path`, to be used for `purpose`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(path: &Path, purpose: Purpose) -> Result<Self, ConfigError> {
        Self::load_file(path, purpose, &|name| std::env::var_os(name))
    }

    /// The same with another `environment`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load_file(
        path: &Path,
        purpose: Purpose,
        environment: Environment<'_>,
    ) -> Result<Self, ConfigError> {
        let file = source::read(path).map_err(|what| {
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
