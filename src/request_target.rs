//! The target or dialect that requests are built for.

use std::sync::Arc;

use ringwire_config::Config;
use ringwire_dialects::Dialect;
use ringwire_terminal::{Code, Failure};

/// A target or dialect that requests are built for.
pub(crate) struct RequestTarget {
    /// Its name.
    pub(crate) name: String,
    /// The dialect of its requests.
    pub(crate) dialect: Arc<dyn Dialect>,
}

impl RequestTarget {
    /// The target called `name` in `config`, or the dialect of that name.
    ///
    /// # Errors
    /// There is neither.
    pub(crate) fn find(config: &Config, name: &str) -> Result<Self, Failure> {
        let configured = config.targets.iter().find(|endpoint| endpoint.name == name);
        let dialect = configured
            .map(|endpoint| Arc::clone(&endpoint.dialect))
            .or_else(|| ringwire_dialects::dialect_by_name(name).map(Arc::from));
        dialect.map(|dialect| Self { name: name.to_owned(), dialect }).ok_or_else(|| {
            let dialects = ringwire_dialects::dialect_names().iter().copied();
            let dialects = dialects.chain(ringwire_dialects::shipped_names()).map(str::to_owned);
            let targets = config.targets.iter().map(|target| target.name.clone());
            let known = dialects.chain(targets).collect::<Vec<_>>().join(", ");
            Failure::new(
                Code::Usage,
                anyhow::anyhow!("--to {name}: neither a dialect nor a configured target"),
            )
            .hint(format!("expected one of: {known}"))
        })
    }
}
