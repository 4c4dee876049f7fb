//! The target or dialect that requests are shown for, without sending them.

use std::{fmt, sync::Arc};

use ringwire_dialects::{Dialect, TemplateDialect, dialect_by_name, dialect_names, shipped_names};
use ringwire_terminal::{Code, Failure};

use crate::{dialect_files::open_dialect, resolved::Config};

/// A target or dialect that requests are shown for.
pub struct RequestTarget {
    /// Its name.
    pub name: String,
    /// The dialect of its requests.
    pub dialect: Arc<dyn Dialect>,
}

impl fmt::Debug for RequestTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestTarget").field("name", &self.name).finish_non_exhaustive()
    }
}

impl RequestTarget {
    /// The target called `name` in `config`, else the dialect of that name, else the dialect file at that path; the
    /// settings of a dialect are those of its examples.
    ///
    /// # Errors
    /// There is none of them, or the file is wrong.
    pub fn find(config: &Config, name: &str) -> Result<Self, Failure> {
        if name.contains('/') || name.ends_with(".toml") {
            let file = open_dialect(name)?;
            let settings = file.example_settings();
            let dialect = TemplateDialect::new(Arc::clone(&file), &settings).map_err(|mistakes| {
                let lines = mistakes.iter().map(|mistake| {
                    format!("{name}: settings.{}: {}; {}", mistake.name, mistake.what, mistake.cure)
                });
                Failure::new(Code::Data, anyhow::anyhow!(lines.collect::<Vec<_>>().join("\n")))
            })?;
            return Ok(Self { name: file.name().to_owned(), dialect: Arc::new(dialect) });
        }
        let configured = config.targets.iter().find(|target| target.name == name);
        let dialect = configured
            .map(|target| Arc::clone(&target.dialect))
            .or_else(|| dialect_by_name(name).map(Arc::from));
        dialect.map(|dialect| Self { name: name.to_owned(), dialect }).ok_or_else(|| {
            let dialects = dialect_names().iter().copied().chain(shipped_names()).map(str::to_owned);
            let targets = config.targets.iter().map(|target| target.name.clone());
            let known = dialects.chain(targets).collect::<Vec<_>>().join(", ");
            let error = anyhow::anyhow!("--to {name}: neither a dialect nor a configured target");
            Failure::new(Code::Usage, error)
                .hint(format!("expected one of: {known}; or the path of a dialect file"))
        })
    }
}
