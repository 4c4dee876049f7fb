//! The journal, as the command line reads it: beside a daemon that writes it, or without one.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::anyhow;
use ringwire_config::{Config, Purpose};
use ringwire_outbox::{StoreError, StoreReader};
use ringwire_terminal::{Code, Failure};
use rusqlite::ErrorCode;

/// What to do where the journal may not be read or written.
const OTHER_USER: &str = "run the command as the daemon's user or as root: sudo -u ringwire ringwire …";

/// Where the journal is.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// Configuration file [default: $RINGWIRE_CONFIG, or /etc/ringwire/ringwire.toml]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Journal file, instead of the one in the configuration
    #[arg(long, value_name = "FILE", global = true)]
    journal: Option<PathBuf>,
}

/// A journal that is open to be read.
pub(super) struct Journal {
    /// Where it is.
    pub(super) path: PathBuf,
    /// The configuration, if there is one.
    pub(super) config: Option<Config>,
    reader: StoreReader,
}

impl Place {
    /// The configuration that was named on the command line.
    pub(super) fn named(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// Whether the command line says where the journal is.
    pub(super) fn is_named(&self) -> bool {
        self.config.is_some() || self.journal.is_some()
    }

    /// Opens the journal.
    ///
    /// # Errors
    /// There is none, or this user may not read it, or it is none; or the configuration cannot be used.
    pub(super) fn open(&self) -> Result<Journal, Failure> {
        let config = self.config()?;
        let named = config.as_ref().and_then(|config| config.journal.as_ref()).map(|journal| &journal.path);
        let path = match (&self.journal, named) {
            (Some(path), _) | (None, Some(path)) => path.clone(),
            (None, None) => ringwire_config::Journal::default_path(),
        };
        if let Err(error) = File::open(&path) {
            let at = path.display();
            return Err(match error.kind() {
                ErrorKind::NotFound => {
                    Failure::new(Code::NoInput, anyhow!("{at}: the journal does not exist")).hint(
                        "the daemon creates it when it starts; use --config or --journal to name another one",
                    )
                }
                ErrorKind::PermissionDenied => {
                    Failure::new(Code::NoInput, anyhow!("{at}: permission denied")).hint(OTHER_USER)
                }
                _ => Failure::new(Code::NoInput, anyhow!("{at}: {error}")),
            });
        }
        let reader = StoreReader::open(&path).map_err(|error| unusable(&error))?;
        Ok(Journal { path, config, reader })
    }

    /// The configuration. One that nobody named need not be there, and where the journal is named it need not be
    /// right.
    fn config(&self) -> Result<Option<Config>, Failure> {
        let path = ringwire_config::path(self.config.clone());
        let absent = fs::metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
        if absent && ringwire_config::is_default(&path) {
            return Ok(None);
        }
        match Config::load(&path, Purpose::Inspect) {
            Ok(config) => Ok(Some(config)),
            Err(_) if self.journal.is_some() && self.config.is_none() => Ok(None),
            Err(error) => Err(Failure::from(error).hint(match may_not_read(&path) {
                true => OTHER_USER,
                false => "use --journal FILE to name the journal directly",
            })),
        }
    }
}

impl Journal {
    /// What `read` finds.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&StoreReader) -> rusqlite::Result<T>,
    ) -> Result<T, Failure> {
        let failed = |error| Failure::new(Code::Io, anyhow!("{}: {error}", self.path.display()));
        read(&self.reader).map_err(failed)
    }

    /// The endpoints of the configuration.
    pub(super) fn configured(&self) -> impl Iterator<Item = &str> {
        self.config.iter().flat_map(|config| &config.targets).map(|endpoint| endpoint.name.as_str())
    }

    /// The endpoints that the configuration names, that are owed something or of which something was noted.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(super) fn endpoints(&self) -> Result<BTreeSet<String>, Failure> {
        let owed = self.read(StoreReader::tallies)?.into_iter().map(|tally| tally.target);
        let noted = self.read(StoreReader::targets)?.into_iter().map(|standing| standing.target);
        Ok(self.configured().map(str::to_owned).chain(owed).chain(noted).collect())
    }

    /// `name` is no endpoint.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(super) fn no_endpoint(&self, name: &str) -> Result<Failure, Failure> {
        let known = Vec::from_iter(self.endpoints()?).join(", ");
        let failure = Failure::new(
            Code::Usage,
            anyhow!("unknown target {name:?}: neither in the configuration nor in the journal"),
        );
        Ok(failure.hint(match known.as_str() {
            "" => "there are no targets; use --config to name the configuration".to_owned(),
            known => format!("expected one of: {known}"),
        }))
    }
}

fn may_not_read(path: &Path) -> bool {
    File::open(path).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// Why a journal is of no use here.
pub(super) fn unusable(error: &StoreError) -> Failure {
    const ANOTHER: &str = "use --config or --journal to name another one";
    let (code, hint) = match error {
        StoreError::Sqlite { source, .. } => match source.sqlite_error_code() {
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                (Code::NoInput, OTHER_USER)
            }
            _ => (Code::Io, error.hint()),
        },
        StoreError::Location { .. } => (Code::Io, error.hint()),
        StoreError::Empty { .. } => (Code::NoInput, ANOTHER),
        StoreError::Foreign { .. } => (Code::Data, ANOTHER),
        StoreError::Damaged { .. } => {
            (Code::Data, "the daemon sets it aside when it starts; `sqlite3 FILE .recover` may still read it")
        }
        StoreError::Newer { .. } | StoreError::Network { .. } | StoreError::Locked { .. } => {
            (Code::Data, error.hint())
        }
    };
    // It tells its cause itself.
    Failure::new(code, anyhow!("{error}")).hint(hint)
}
