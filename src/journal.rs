//! The journal as commands read it, whether a daemon is writing it or not.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::anyhow;
use ringwire_config::{Config, Purpose};
use ringwire_outbox::{StoreError, StoreReader};
use ringwire_terminal::{Code, Failure};
use rusqlite::ErrorCode;

/// The hint where the permissions of the journal are not sufficient.
const OTHER_USER: &str = "run the command as the daemon's user or as root: sudo -u ringwire ringwire …";

/// Options that locate the journal.
#[derive(Debug, clap::Args)]
pub(super) struct JournalArgs {
    /// Configuration file [default: $RINGWIRE_CONFIG, or /etc/ringwire/ringwire.toml]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Journal file, instead of the one in the configuration
    #[arg(long, value_name = "FILE", global = true)]
    journal: Option<PathBuf>,
}

/// A journal that is open for reading.
pub(super) struct JournalReader {
    /// The path of the journal.
    pub(super) path: PathBuf,
    /// The configuration, if it exists.
    pub(super) config: Option<Config>,
    reader: StoreReader,
}

impl JournalArgs {
    /// The configuration file given on the command line.
    pub(super) fn config_path(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// Whether the command line locates the journal.
    pub(super) fn is_given(&self) -> bool {
        self.config.is_some() || self.journal.is_some()
    }

    /// Opens the journal.
    ///
    /// # Errors
    /// It does not exist, is not readable or not a journal; or the configuration is invalid.
    pub(super) fn open(&self) -> Result<JournalReader, Failure> {
        let config = self.config()?;
        let configured =
            config.as_ref().and_then(|config| config.journal.as_ref()).map(|journal| &journal.path);
        let path = match (&self.journal, configured) {
            (Some(path), _) | (None, Some(path)) => path.clone(),
            (None, None) => ringwire_config::Journal::default_path(),
        };
        if let Err(error) = File::open(&path) {
            let at = path.display();
            return Err(match error.kind() {
                ErrorKind::NotFound => {
                    let (what, hint) = ringwire_outbox::describe_absence(&path);
                    Failure::new(Code::NoInput, anyhow!("{at}: {what}")).hint(hint)
                }
                ErrorKind::PermissionDenied => {
                    Failure::new(Code::NoInput, anyhow!("{at}: permission denied")).hint(OTHER_USER)
                }
                _ => Failure::new(Code::NoInput, anyhow!("{at}: {error}")),
            });
        }
        let reader = StoreReader::open(&path).map_err(|error| store_failure(&error))?;
        if let Ok(Some(loss)) = reader.last_loss() {
            let _ = writeln!(anstream::stderr(), "warning: {loss}");
        }
        Ok(JournalReader { path, config, reader })
    }

    /// The configuration. The default one need not exist, and if the journal is given it need not be valid.
    fn config(&self) -> Result<Option<Config>, Failure> {
        let path = ringwire_config::path(self.config.clone());
        let absent = fs::metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
        if absent && ringwire_config::is_default(&path) {
            return Ok(None);
        }
        match Config::load(&path, Purpose::Inspect) {
            Ok(config) => Ok(Some(config)),
            Err(_) if self.journal.is_some() && self.config.is_none() => Ok(None),
            Err(error) => Err(Failure::from(error).hint(match is_unreadable(&path) {
                true => OTHER_USER,
                false => "use --journal FILE to name the journal directly",
            })),
        }
    }
}

impl JournalReader {
    /// The result of `read`.
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

    /// The targets of the configuration.
    pub(super) fn configured_targets(&self) -> impl Iterator<Item = &str> {
        self.config.iter().flat_map(|config| &config.targets).map(|endpoint| endpoint.name.as_str())
    }

    /// The targets of the configuration, of deliveries and of stored states.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(super) fn targets(&self) -> Result<BTreeSet<String>, Failure> {
        let delivered = self.read(StoreReader::tallies)?.into_iter().map(|tally| tally.target);
        let stored = self.read(StoreReader::targets)?.into_iter().map(|stored| stored.target);
        Ok(self.configured_targets().map(str::to_owned).chain(delivered).chain(stored).collect())
    }

    /// The failure for `name`, which is not a target.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(super) fn unknown_target(&self, name: &str) -> Result<Failure, Failure> {
        let known = Vec::from_iter(self.targets()?).join(", ");
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

fn is_unreadable(path: &Path) -> bool {
    File::open(path).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// The delivery `id` is not in the journal.
pub(super) fn unknown_delivery(id: i64) -> Failure {
    Failure::new(Code::Usage, anyhow!("delivery {id} not found in the journal"))
        .hint("run `ringwire deliveries` to list undelivered events, with --state delivered the others")
}

/// The failure for a journal that cannot be opened or written.
pub(super) fn store_failure(error: &StoreError) -> Failure {
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
        StoreError::Newer { .. }
        | StoreError::Lost { .. }
        | StoreError::Network { .. }
        | StoreError::Locked { .. } => (Code::Data, error.hint()),
    };
    // The message includes its cause.
    Failure::new(code, anyhow!("{error}")).hint(hint)
}
